-- Tokens with which scripts do what a person may do, the roles that they rest on, and what their requests were answered.

CREATE TABLE tokens (
    token    INTEGER PRIMARY KEY AUTOINCREMENT,
    name     TEXT NOT NULL,
    person   TEXT NOT NULL REFERENCES people (person), -- whose rights it has
    tag      BLOB NOT NULL UNIQUE, -- HMAC-SHA-256 of 160 random bits, 16 bytes
    scopes   TEXT NOT NULL,        -- with a space between
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    ended_at INTEGER,
    end_why  TEXT
) STRICT;
CREATE INDEX tokens_by_person ON tokens (person);

-- The roles that its person held when a token was made: it ends with the first of them.
CREATE TABLE token_roles (
    token INTEGER NOT NULL REFERENCES tokens (token),
    held  INTEGER NOT NULL REFERENCES roles (held),
    PRIMARY KEY (token, held)
) STRICT, WITHOUT ROWID;
CREATE INDEX token_roles_by_role ON token_roles (held);

-- Answers to requests with an Idempotency-Key, kept for a day. No history: they only keep a repeat from being done twice.
CREATE TABLE replies (
    token  INTEGER NOT NULL REFERENCES tokens (token),
    key    TEXT NOT NULL,
    digest BLOB NOT NULL,    -- SHA-256 of the request
    at     INTEGER NOT NULL,
    sealed BLOB NOT NULL,    -- ChaCha20-Poly1305: an answer may hold a secret that is shown once
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX replies_by_age ON replies (at);
