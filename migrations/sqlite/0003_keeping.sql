-- How long things are kept: retention by schedule, erasure of a person, and the incidents that hold back both.
-- Deleting here changes no state: what goes has ended and is nobody's business any more.

-- Which payloads went, and on which event's word. An entry without payload that is not named here is a loss.
CREATE TABLE erased_payloads (
    entry    INTEGER PRIMARY KEY REFERENCES entries (entry),
    cause    INTEGER NOT NULL REFERENCES entries (entry), -- the entry that tells of the erasure
    decision INTEGER UNIQUE -- the decision whose facts it held, and that went with it
) STRICT;

-- What is left of taps and sessions: counts without names.
CREATE TABLE daily_counts (
    day     TEXT NOT NULL,    -- YYYY-MM-DD in the venue's time zone
    machine TEXT NOT NULL,
    what    TEXT NOT NULL,    -- grant, more, deny, done: decisions; session
    reason  TEXT NOT NULL,    -- of a decision the one shown, of a session why it ended; may be empty
    count   INTEGER NOT NULL,
    used_s  INTEGER NOT NULL, -- of sessions, seconds in use
    PRIMARY KEY (day, machine, what, reason)
) STRICT, WITHOUT ROWID;

-- A nonce is used once for ever: what is left of the asks of plain controllers, whose replay nothing else refuses.
CREATE TABLE spent_nonces (
    controller TEXT NOT NULL,
    nonce      BLOB NOT NULL,
    PRIMARY KEY (controller, nonce)
) STRICT, WITHOUT ROWID;

-- Cards of people who were erased, so that an old message of such a card never counts as a new one.
CREATE TABLE retired_cards (
    tag          BLOB PRIMARY KEY, -- as in cards
    last_counter INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An accident or near miss: holds what is around it back from retention and erasure.
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

-- Who was there besides those whose cards the machine saw.
CREATE TABLE incident_people (
    incident INTEGER NOT NULL REFERENCES incidents (incident),
    person   TEXT NOT NULL REFERENCES people (person),
    PRIMARY KEY (incident, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE incident_notes (
    note     INTEGER PRIMARY KEY AUTOINCREMENT,
    incident INTEGER NOT NULL REFERENCES incidents (incident),
    at       INTEGER NOT NULL,
    by       TEXT REFERENCES people (person), -- NULL: the operator
    text     TEXT NOT NULL
) STRICT;
CREATE INDEX incident_notes_by_incident ON incident_notes (incident);

-- People who were erased, or are being: the rest of what is known of them goes once nothing holds it.
CREATE TABLE erasures (
    person   TEXT PRIMARY KEY REFERENCES people (person),
    asked_at INTEGER NOT NULL,
    cause    INTEGER NOT NULL REFERENCES entries (entry),
    done_at  INTEGER -- NULL while something is left
) STRICT, WITHOUT ROWID;

-- A restriction for safety outlives an erasure as a keyed hash only: whoever is entered under it again meets it again.
CREATE TABLE outliving_restrictions (
    tag         BLOB NOT NULL,    -- HMAC of the key, the e-mail address, or name and birth date, 16 bytes
    restriction INTEGER NOT NULL, -- the number that it had
    scope       TEXT NOT NULL,
    since       INTEGER NOT NULL,
    until       INTEGER,
    PRIMARY KEY (tag, restriction)
) STRICT, WITHOUT ROWID;

-- When somebody last came, as far as the taps that told so are gone.
ALTER TABLE people ADD COLUMN seen_at INTEGER;

-- A decision goes only after its session.
CREATE INDEX sessions_by_decision ON sessions (decision);

CREATE TRIGGER erasures_told BEFORE DELETE ON erased_payloads BEGIN SELECT RAISE(ABORT, 'erasures are told for ever'); END;
CREATE TRIGGER incidents_remain BEFORE DELETE ON incidents BEGIN SELECT RAISE(ABORT, 'incidents are kept'); END;
