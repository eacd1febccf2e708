-- Sign-in on pages: links that are good once, and the logins that they become.

CREATE TABLE login_links (
    link     INTEGER PRIMARY KEY AUTOINCREMENT,
    person   TEXT REFERENCES people (person), -- who signs in; NULL: the first administrator, who says then who they are
    tag      BLOB NOT NULL UNIQUE, -- HMAC-SHA-256 of 256 random bits, 16 bytes
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    ended_at INTEGER -- redeemed, or a newer one took its place
) STRICT;
CREATE INDEX login_links_by_person ON login_links (person);

CREATE TABLE logins (
    login    INTEGER PRIMARY KEY AUTOINCREMENT,
    person   TEXT NOT NULL REFERENCES people (person),
    tag      BLOB NOT NULL UNIQUE, -- as above, of what the browser's cookie holds
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    seen_at  INTEGER NOT NULL, -- to the hour: a page is read without a write
    ended_at INTEGER,
    end_why  TEXT
) STRICT;
CREATE INDEX logins_by_person ON logins (person);
