CREATE INDEX awards_by_author ON awards (awarded_by, issued_at);

CREATE UNIQUE INDEX awards_by_id ON awards (award);

CREATE INDEX awards_by_import ON awards (import) WHERE import IS NOT NULL;

CREATE INDEX card_blocks_by_card ON card_blocks (card);

CREATE INDEX cards_by_person ON cards (person);

CREATE INDEX decisions_by_machine ON decisions (machine, at);

CREATE UNIQUE INDEX decisions_by_nonce ON decisions (controller, nonce);

CREATE INDEX decisions_by_person ON decisions (person, at);

CREATE INDEX incident_notes_by_incident ON incident_notes (incident);

CREATE UNIQUE INDEX leaves_by_entry ON leaves (entry);

CREATE INDEX login_links_by_person ON login_links (person);

CREATE INDEX logins_by_person ON logins (person);

CREATE INDEX machine_locks_by_machine ON machine_locks (machine);

CREATE INDEX orders_by_entry ON orders (entry);

CREATE INDEX orders_open ON orders (next_at) WHERE settled_at IS NULL;

CREATE INDEX orders_open_of_controller ON orders (controller) WHERE settled_at IS NULL;

CREATE INDEX replies_by_age ON replies (at);

CREATE INDEX restrictions_by_person ON restrictions (person);

CREATE INDEX roles_by_person ON roles (person);

CREATE INDEX sessions_by_decision ON sessions (decision);

CREATE INDEX sessions_by_machine ON sessions (machine, opened_at);

CREATE INDEX sessions_due ON sessions (due_at) WHERE ended_at IS NULL;

CREATE UNIQUE INDEX sessions_open ON sessions (machine) WHERE ended_at IS NULL;

CREATE INDEX standbys_waiting ON standbys (machine, at) WHERE used_at IS NULL;

CREATE INDEX suspensions_by_award ON suspensions (award);

CREATE INDEX token_roles_by_role ON token_roles (held);

CREATE INDEX tokens_by_person ON tokens (person);

CREATE TABLE awards (
    person        TEXT NOT NULL REFERENCES people (person),
    award         TEXT NOT NULL,
    given_id      INTEGER NOT NULL, -- 1 when whoever made the award named it
    reference     TEXT NOT NULL,
    version       INTEGER NOT NULL,
    level         INTEGER NOT NULL,
    issuer        TEXT NOT NULL,
    issued_at     INTEGER NOT NULL,
    valid_until   INTEGER,
    awarded_by    TEXT REFERENCES people (person),
    supersedes    TEXT,
    superseded_at INTEGER, -- when its successor was issued
    revoked_at    INTEGER,
    why           TEXT, import INTEGER REFERENCES imports (import),    -- of the revocation, or as imported
    PRIMARY KEY (person, award)
) STRICT, WITHOUT ROWID;

CREATE TABLE card_blocks (
    block    INTEGER PRIMARY KEY AUTOINCREMENT,
    card     TEXT NOT NULL REFERENCES cards (card),
    since    INTEGER NOT NULL,
    ended_at INTEGER,
    why      TEXT NOT NULL
) STRICT;

CREATE TABLE cards (
    tag          BLOB PRIMARY KEY, -- HMAC-SHA-256 of the UID under the look-up key, 16 bytes
    card         TEXT NOT NULL UNIQUE, -- random
    person       TEXT NOT NULL REFERENCES people (person),
    kind         TEXT NOT NULL, -- uid, ntag424
    sealed_uid   BLOB NOT NULL, -- ChaCha20-Poly1305, the card's id as associated data
    label        TEXT,
    since        INTEGER NOT NULL,
    last_counter INTEGER -- the highest NTAG 424 counter seen
, read_at INTEGER, doubted_since INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoints (
    tree INTEGER PRIMARY KEY REFERENCES trees (tree),
    size INTEGER NOT NULL, -- leaves
    at   INTEGER NOT NULL,
    note TEXT NOT NULL     -- C2SP tlog-checkpoint
) STRICT;

CREATE TABLE clock (
    run       TEXT PRIMARY KEY, -- the kernel's name for the time since it was started
    steady_ms INTEGER NOT NULL, -- milliseconds of the steady clock
    at        INTEGER NOT NULL, -- the instant that was believed then
    doubt     TEXT              -- why the system's clock is not believed; NULL while it is
) STRICT, WITHOUT ROWID;

CREATE TABLE clock_steps (
    entry   INTEGER PRIMARY KEY REFERENCES entries (entry), -- its own journal entry
    step_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE cosignatures (
    tree  INTEGER NOT NULL REFERENCES trees (tree),
    size  INTEGER NOT NULL,
    key   TEXT NOT NULL,    -- verifier key of the cosigner
    at    INTEGER NOT NULL, -- as the cosigner says, a whole second
    line  TEXT NOT NULL,    -- C2SP tlog-cosignature
    note  TEXT NOT NULL,    -- the checkpoint with the registry's own signature
    entry INTEGER NOT NULL REFERENCES entries (entry),
    PRIMARY KEY (tree, size, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE credentials (
    controller TEXT NOT NULL,
    version    INTEGER NOT NULL, -- counts up from 1
    sealed_key BLOB,             -- ChaCha20-Poly1305; NULL in the plain profile
    password   BLOB NOT NULL,    -- HMAC-SHA-256 of 160 random bits
    since      INTEGER NOT NULL,
    ended_at   INTEGER,
    PRIMARY KEY (controller, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_counts (
    day     TEXT NOT NULL,    -- YYYY-MM-DD in the venue's time zone
    machine TEXT NOT NULL,
    what    TEXT NOT NULL,    -- grant, more, deny, done: decisions; session
    reason  TEXT NOT NULL,    -- of a decision the one shown, of a session why it ended; may be empty
    count   INTEGER NOT NULL,
    used_s  INTEGER NOT NULL, -- of sessions, seconds in use
    PRIMARY KEY (day, machine, what, reason)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    decision   INTEGER PRIMARY KEY, -- never reused: the newest is never deleted
    entry      INTEGER NOT NULL REFERENCES entries (entry), -- its payload holds the facts
    at         INTEGER NOT NULL,
    controller TEXT NOT NULL,
    nonce      BLOB,    -- NULL for an ask that repeats another one's
    digest     BLOB,    -- SHA-256 of the ask's bytes
    machine    TEXT NOT NULL,
    person     TEXT,
    card       TEXT,
    intent     TEXT NOT NULL,
    verdict    TEXT NOT NULL,
    reason     TEXT,
    session    BLOB,
    answer     TEXT NOT NULL -- JSON, the answer in the plain profile without link
) STRICT;

CREATE TABLE declarations (
    kind           TEXT NOT NULL, -- network, issuer, venue, reference, machine, acceptance, controller
    id             TEXT NOT NULL, -- for acceptance: venue/issuer/references
    since_revision INTEGER NOT NULL REFERENCES revisions (revision),
    until_revision INTEGER REFERENCES revisions (revision),
    spec           TEXT NOT NULL, -- JSON
    PRIMARY KEY (kind, id, since_revision)
) STRICT, WITHOUT ROWID;

CREATE TABLE entries (
    entry   INTEGER PRIMARY KEY, -- never reused: no entry is ever deleted
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL,
    digest  BLOB NOT NULL -- SHA-256 of salt and payload
) STRICT;

CREATE TABLE erased_payloads (
    entry    INTEGER PRIMARY KEY REFERENCES entries (entry),
    cause    INTEGER NOT NULL REFERENCES entries (entry), -- the entry that tells of the erasure
    decision INTEGER UNIQUE -- the decision whose facts it held, and that went with it
) STRICT;

CREATE TABLE erasures (
    person   TEXT PRIMARY KEY REFERENCES people (person),
    asked_at INTEGER NOT NULL,
    cause    INTEGER NOT NULL REFERENCES entries (entry),
    done_at  INTEGER -- NULL while something is left
) STRICT, WITHOUT ROWID;

CREATE TABLE handovers (
    person  TEXT NOT NULL REFERENCES people (person),
    machine TEXT NOT NULL,
    at      INTEGER NOT NULL,
    by      TEXT REFERENCES people (person),
    PRIMARY KEY (person, machine, at)
) STRICT, WITHOUT ROWID;

CREATE TABLE imports (
    import       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,    -- awards
    begun_at     INTEGER NOT NULL,
    beat_at      INTEGER NOT NULL, -- when its last slice was staged: one that is silent is abandoned
    entry        INTEGER NOT NULL REFERENCES entries (entry), -- the entry that tells of its beginning
    activated_at INTEGER,          -- from then on its rows count
    abandoned_at INTEGER           -- from then on its rows are cleared away
) STRICT;

CREATE TABLE incident_notes (
    note     INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incidents (incident),
    at       INTEGER NOT NULL,
    by       TEXT REFERENCES people (person), -- NULL: the operator
    text     TEXT NOT NULL
) STRICT;

CREATE TABLE incident_people (
    incident INTEGER NOT NULL REFERENCES incidents (incident),
    person   TEXT NOT NULL REFERENCES people (person),
    PRIMARY KEY (incident, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE incidents (
    incident   INTEGER PRIMARY KEY AUTOINCREMENT,
    machine    TEXT NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    opened_at  INTEGER NOT NULL,
    opened_by  TEXT REFERENCES people (person), -- NULL: the operator
    entry      INTEGER NOT NULL REFERENCES entries (entry),
    why        TEXT NOT NULL,
    closed_at  INTEGER,
    outcome    TEXT,
    keep_until INTEGER -- it holds until then; NULL while it is open
) STRICT;

CREATE TABLE leaves (
    tree  INTEGER NOT NULL REFERENCES trees (tree),
    leaf  INTEGER NOT NULL, -- counts up from 0 without a gap
    entry INTEGER NOT NULL REFERENCES entries (entry),
    hash  BLOB NOT NULL,    -- 32 bytes
    PRIMARY KEY (tree, leaf)
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
    controller    TEXT NOT NULL,
    link          BLOB NOT NULL, -- 8 bytes
    challenge     BLOB NOT NULL, -- 16 bytes; names one link for ever
    number        INTEGER NOT NULL, -- counts up per controller: newer is higher
    state         TEXT NOT NULL, -- pending, current, gone
    at            INTEGER NOT NULL,
    hello         TEXT NOT NULL, -- JSON: running sessions
    highest_n     INTEGER NOT NULL DEFAULT 0,
    seen          INTEGER NOT NULL DEFAULT 0, stepped_ms INTEGER NOT NULL DEFAULT 0, -- RFC 4303 section 3.4.3: bit k is highest_n - k
    PRIMARY KEY (controller, challenge)
) STRICT, WITHOUT ROWID;

CREATE TABLE login_links (
    link     INTEGER PRIMARY KEY AUTOINCREMENT,
    person   TEXT REFERENCES people (person), -- who signs in; NULL: the first administrator, who says then who they are
    tag      BLOB NOT NULL UNIQUE, -- HMAC-SHA-256 of 256 random bits, 16 bytes
    since    INTEGER NOT NULL,
    until    INTEGER NOT NULL,
    ended_at INTEGER -- redeemed, or a newer one took its place
) STRICT;

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

CREATE TABLE machine_locks (
    lock     INTEGER PRIMARY KEY AUTOINCREMENT,
    machine  TEXT NOT NULL,
    since    INTEGER NOT NULL,
    until    INTEGER,
    ended_at INTEGER,
    why      TEXT NOT NULL
) STRICT;

CREATE TABLE memberships (
    person TEXT NOT NULL REFERENCES people (person),
    venue  TEXT NOT NULL,
    since  INTEGER NOT NULL,
    until  INTEGER,
    PRIMARY KEY (person, venue, since)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE orders (
    controller TEXT NOT NULL,
    number     INTEGER NOT NULL, -- counts up per controller
    action     TEXT NOT NULL,    -- stop, lock, unlock, identify
    machine    TEXT,
    session    BLOB,
    reason     TEXT,
    stop       TEXT,             -- JSON stop policy
    lcd        TEXT,             -- JSON array of two lines
    at         INTEGER NOT NULL,
    entry      INTEGER NOT NULL REFERENCES entries (entry),
    tries      INTEGER NOT NULL DEFAULT 0,
    next_at    INTEGER NOT NULL, -- when it is sent (again)
    settled_at INTEGER,
    settled    TEXT,             -- confirmed, refused, obsolete
    PRIMARY KEY (controller, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE outliving_restrictions (
    tag         BLOB NOT NULL,    -- HMAC of the key, the e-mail address, or name and birth date, 16 bytes
    restriction INTEGER NOT NULL, -- the number that it had
    scope       TEXT NOT NULL,
    since       INTEGER NOT NULL,
    until       INTEGER,
    PRIMARY KEY (tag, restriction)
) STRICT, WITHOUT ROWID;

CREATE TABLE payloads (
    entry INTEGER PRIMARY KEY REFERENCES entries (entry),
    salt  BLOB NOT NULL, -- 16 random bytes
    body  TEXT NOT NULL  -- JSON: who, what, why
) STRICT;

CREATE TABLE people (
    person           TEXT PRIMARY KEY, -- random
    key              TEXT NOT NULL UNIQUE, -- the venue's own key
    name             TEXT NOT NULL,
    email            TEXT,
    birth_date       TEXT, -- YYYY-MM-DD
    language         TEXT,
    guardian         TEXT REFERENCES people (person),
    guardian_consent TEXT, -- YYYY-MM-DD
    since            INTEGER NOT NULL
, seen_at INTEGER) STRICT, WITHOUT ROWID;

CREATE TABLE presence (
    controller   TEXT PRIMARY KEY,
    firmware     TEXT NOT NULL DEFAULT '',
    capabilities TEXT NOT NULL DEFAULT '[]', -- JSON array
    last_order   INTEGER NOT NULL DEFAULT 0, -- highest order number given out or seen
    online       INTEGER NOT NULL DEFAULT 0,
    online_since INTEGER,
    silent_since INTEGER -- a session's lease ran out; NULL once it speaks
) STRICT, WITHOUT ROWID;

CREATE TABLE replies (
    token  INTEGER NOT NULL REFERENCES tokens (token),
    key    TEXT NOT NULL,
    digest BLOB NOT NULL,    -- SHA-256 of the request
    at     INTEGER NOT NULL,
    sealed BLOB NOT NULL,    -- ChaCha20-Poly1305: an answer may hold a secret that is shown once
    PRIMARY KEY (token, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE restrictions (
    restriction INTEGER PRIMARY KEY AUTOINCREMENT,
    person      TEXT NOT NULL REFERENCES people (person),
    scope       TEXT NOT NULL, -- network, venue:ID, machine:ID, reference:ID
    since       INTEGER NOT NULL,
    until       INTEGER,
    ended_at    INTEGER,
    why         TEXT
) STRICT;

CREATE TABLE retired_cards (
    tag          BLOB PRIMARY KEY, -- as in cards
    last_counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revisions (
    revision INTEGER PRIMARY KEY, -- counts up from 1
    at       INTEGER NOT NULL,
    entry    INTEGER NOT NULL REFERENCES entries (entry),
    source   TEXT NOT NULL        -- 'file' or 'page'
) STRICT;

CREATE TABLE roles (
    held     INTEGER PRIMARY KEY AUTOINCREMENT,
    person   TEXT NOT NULL REFERENCES people (person),
    role     TEXT NOT NULL,
    scope    TEXT NOT NULL,
    since    INTEGER NOT NULL,
    until    INTEGER,
    ended_at INTEGER
) STRICT;

CREATE TABLE sessions (
    session     BLOB PRIMARY KEY, -- 8 random bytes
    machine     TEXT NOT NULL,
    controller  TEXT NOT NULL,
    person      TEXT NOT NULL,
    card        TEXT,
    assurance   TEXT NOT NULL,
    decision    INTEGER NOT NULL REFERENCES decisions (decision),
    opened_at   INTEGER NOT NULL,
    hard_end    INTEGER,          -- longest session
    right_end   INTEGER,          -- the next instant at which the right ends
    right_why   TEXT,
    lease_until INTEGER NOT NULL,
    active_at   INTEGER NOT NULL, -- last seen under load
    used_s      INTEGER NOT NULL DEFAULT 0,
    stop_order  INTEGER,          -- number of its stop order
    stop_why    TEXT,
    due_at      INTEGER NOT NULL, -- when the registry must look at it again
    spoke_link  BLOB,             -- the link in which a report last spoke of it
    spoke_n     INTEGER,          -- and that report's counter
    ended_at    INTEGER,
    end_why     TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE spent_challenges (
    controller TEXT NOT NULL,
    challenge  BLOB NOT NULL, -- 16 bytes
    at         INTEGER NOT NULL, -- of its welcome
    PRIMARY KEY (controller, challenge)
) STRICT, WITHOUT ROWID;

CREATE TABLE spent_nonces (
    controller TEXT NOT NULL,
    nonce      BLOB NOT NULL,
    PRIMARY KEY (controller, nonce)
) STRICT, WITHOUT ROWID;

CREATE TABLE standbys (
    decision  INTEGER PRIMARY KEY REFERENCES decisions (decision),
    machine   TEXT NOT NULL,
    part      TEXT NOT NULL, -- supervisor, learner, trainer
    person    TEXT NOT NULL,
    card      TEXT,
    reading   TEXT NOT NULL, -- JSON
    at        INTEGER NOT NULL,
    used_at   INTEGER
) STRICT;

CREATE TABLE subtrees (
    tree     INTEGER NOT NULL REFERENCES trees (tree),
    level    INTEGER NOT NULL, -- 8, 16 ...: it has 2^level leaves
    position INTEGER NOT NULL, -- counted from the left, from 0
    hash     BLOB NOT NULL,    -- 32 bytes
    PRIMARY KEY (tree, level, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE suspensions (
    suspension INTEGER PRIMARY KEY AUTOINCREMENT,
    award      TEXT NOT NULL,
    since      INTEGER NOT NULL,
    until      INTEGER,
    ended_at   INTEGER, -- resumed before its end
    why        TEXT
) STRICT;

CREATE TABLE token_roles (
    token INTEGER NOT NULL REFERENCES tokens (token),
    held  INTEGER NOT NULL REFERENCES roles (held),
    PRIMARY KEY (token, held)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE trees (
    tree   INTEGER PRIMARY KEY, -- counts up from 1
    origin TEXT NOT NULL UNIQUE,
    key    TEXT NOT NULL,       -- verifier key of its checkpoints, C2SP signed-note
    entry  INTEGER NOT NULL REFERENCES entries (entry) -- journal_opened or journal_continued
) STRICT;

CREATE TRIGGER awards_remain BEFORE DELETE ON awards
WHEN OLD.import IS NULL OR NOT EXISTS (SELECT 1 FROM imports i WHERE i.import = OLD.import AND i.abandoned_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'awards are kept'); END;

CREATE TRIGGER declarations_remain BEFORE DELETE ON declarations BEGIN SELECT RAISE(ABORT, 'declarations are kept'); END;

CREATE TRIGGER declarations_stay BEFORE UPDATE OF kind, id, since_revision, spec ON declarations
BEGIN SELECT RAISE(ABORT, 'declarations are versioned'); END;

CREATE TRIGGER entries_remain BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER entries_stay BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER erasures_told BEFORE DELETE ON erased_payloads BEGIN SELECT RAISE(ABORT, 'erasures are told for ever'); END;

CREATE TRIGGER imports_end_once BEFORE UPDATE OF activated_at, abandoned_at ON imports
WHEN OLD.activated_at IS NOT NULL OR OLD.abandoned_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an import ends once'); END;

CREATE TRIGGER imports_remain BEFORE DELETE ON imports BEGIN SELECT RAISE(ABORT, 'imports are kept'); END;

CREATE TRIGGER incidents_remain BEFORE DELETE ON incidents BEGIN SELECT RAISE(ABORT, 'incidents are kept'); END;

CREATE TRIGGER leaves_remain BEFORE DELETE ON leaves BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER leaves_stay BEFORE UPDATE ON leaves BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER payloads_stay BEFORE UPDATE ON payloads
BEGIN SELECT RAISE(ABORT, 'a payload is erased whole or not at all'); END;

CREATE TRIGGER subtrees_remain BEFORE DELETE ON subtrees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER subtrees_stay BEFORE UPDATE ON subtrees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER trees_remain BEFORE DELETE ON trees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

CREATE TRIGGER trees_stay BEFORE UPDATE ON trees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
