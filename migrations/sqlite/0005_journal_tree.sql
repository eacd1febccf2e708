-- The journal as a transparency log: each entry becomes a leaf of a Merkle tree (RFC 9162). All but checkpoints only grow.

-- One tree for each origin: a restore begins a new one. The newest is the one that grows.
CREATE TABLE trees (
    tree   INTEGER PRIMARY KEY, -- counts up from 1
    origin TEXT NOT NULL UNIQUE,
    key    TEXT NOT NULL,       -- verifier key of its checkpoints, C2SP signed-note
    entry  INTEGER NOT NULL REFERENCES entries (entry) -- journal_opened or journal_continued
) STRICT;

CREATE TABLE leaves (
    tree  INTEGER NOT NULL REFERENCES trees (tree),
    leaf  INTEGER NOT NULL, -- counts up from 0 without a gap
    entry INTEGER NOT NULL REFERENCES entries (entry),
    hash  BLOB NOT NULL,    -- 32 bytes
    PRIMARY KEY (tree, leaf)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX leaves_by_entry ON leaves (entry);

-- Roots of complete subtrees of 256, 65,536 ... leaves, so that neither sealing nor proving reads all leaves.
CREATE TABLE subtrees (
    tree     INTEGER NOT NULL REFERENCES trees (tree),
    level    INTEGER NOT NULL, -- 8, 16 ...: it has 2^level leaves
    position INTEGER NOT NULL, -- counted from the left, from 0
    hash     BLOB NOT NULL,    -- 32 bytes
    PRIMARY KEY (tree, level, position)
) STRICT, WITHOUT ROWID;

-- The last signed checkpoint of each tree; it speaks for all before it.
CREATE TABLE checkpoints (
    tree INTEGER PRIMARY KEY REFERENCES trees (tree),
    size INTEGER NOT NULL, -- leaves
    at   INTEGER NOT NULL,
    note TEXT NOT NULL     -- C2SP tlog-checkpoint
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

CREATE TRIGGER trees_stay BEFORE UPDATE ON trees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER trees_remain BEFORE DELETE ON trees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER leaves_stay BEFORE UPDATE ON leaves BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER leaves_remain BEFORE DELETE ON leaves BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER subtrees_stay BEFORE UPDATE ON subtrees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER subtrees_remain BEFORE DELETE ON subtrees BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER payloads_stay BEFORE UPDATE ON payloads
BEGIN SELECT RAISE(ABORT, 'a payload is erased whole or not at all'); END;
