-- The journal as a transparency log: each entry becomes a leaf of a Merkle tree (RFC 9162). All but checkpoints only grow.

-- One tree for each origin: a restore begins a new one. The newest is the one that grows.
CREATE TABLE trees (
    tree   BIGINT PRIMARY KEY, -- counts up from 1
    origin TEXT NOT NULL UNIQUE,
    key    TEXT NOT NULL,       -- verifier key of its checkpoints, C2SP signed-note
    entry  BIGINT NOT NULL REFERENCES entries (entry) -- journal_opened or journal_continued
);

CREATE TABLE leaves (
    tree  BIGINT NOT NULL REFERENCES trees (tree),
    leaf  BIGINT NOT NULL, -- counts up from 0 without a gap
    entry BIGINT NOT NULL REFERENCES entries (entry),
    hash  BYTEA NOT NULL,    -- 32 bytes
    PRIMARY KEY (tree, leaf)
);
CREATE UNIQUE INDEX leaves_by_entry ON leaves (entry);

-- Roots of complete subtrees of 256, 65,536 ... leaves, so that neither sealing nor proving reads all leaves.
CREATE TABLE subtrees (
    tree     BIGINT NOT NULL REFERENCES trees (tree),
    level    BIGINT NOT NULL, -- 8, 16 ...: it has 2^level leaves
    position BIGINT NOT NULL, -- counted from the left, from 0
    hash     BYTEA NOT NULL,    -- 32 bytes
    PRIMARY KEY (tree, level, position)
);

-- The last signed checkpoint of each tree; it speaks for all before it.
CREATE TABLE checkpoints (
    tree BIGINT PRIMARY KEY REFERENCES trees (tree),
    size BIGINT NOT NULL, -- leaves
    at   BIGINT NOT NULL,
    note TEXT NOT NULL     -- C2SP tlog-checkpoint
);

CREATE TABLE cosignatures (
    tree  BIGINT NOT NULL REFERENCES trees (tree),
    size  BIGINT NOT NULL,
    key   TEXT NOT NULL,    -- verifier key of the cosigner
    at    BIGINT NOT NULL, -- as the cosigner says, a whole second
    line  TEXT NOT NULL,    -- C2SP tlog-cosignature
    note  TEXT NOT NULL,    -- the checkpoint with the registry's own signature
    entry BIGINT NOT NULL REFERENCES entries (entry),
    PRIMARY KEY (tree, size, key)
);

CREATE TRIGGER trees_stay BEFORE UPDATE ON trees FOR EACH ROW EXECUTE FUNCTION refuse('the journal is append-only');
CREATE TRIGGER trees_remain BEFORE DELETE ON trees FOR EACH ROW EXECUTE FUNCTION refuse('the journal is append-only');
CREATE TRIGGER leaves_stay BEFORE UPDATE ON leaves FOR EACH ROW EXECUTE FUNCTION refuse('the journal is append-only');
CREATE TRIGGER leaves_remain BEFORE DELETE ON leaves FOR EACH ROW EXECUTE FUNCTION refuse('the journal is append-only');
CREATE TRIGGER subtrees_stay BEFORE UPDATE ON subtrees FOR EACH ROW EXECUTE FUNCTION refuse('the journal is append-only');
CREATE TRIGGER subtrees_remain BEFORE DELETE ON subtrees FOR EACH ROW EXECUTE FUNCTION refuse('the journal is append-only');
CREATE TRIGGER payloads_stay BEFORE UPDATE ON payloads FOR EACH ROW EXECUTE FUNCTION refuse('a payload is erased whole or not at all');
