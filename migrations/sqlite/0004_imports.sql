-- Large imports: rows are staged in slices and count from one instant on, that of their activation.

CREATE TABLE imports (
    import       INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT NOT NULL,    -- awards
    begun_at     INTEGER NOT NULL,
    beat_at      INTEGER NOT NULL, -- when its last slice was staged: one that is silent is abandoned
    entry        INTEGER NOT NULL REFERENCES entries (entry), -- the entry that tells of its beginning
    activated_at INTEGER,          -- from then on its rows count
    abandoned_at INTEGER           -- from then on its rows are cleared away
) STRICT;

-- NULL: the award counts as it stands. Else from its import's activation on, and never without it.
ALTER TABLE awards ADD COLUMN import INTEGER REFERENCES imports (import);
CREATE INDEX awards_by_import ON awards (import) WHERE import IS NOT NULL;

DROP TRIGGER awards_remain;
CREATE TRIGGER awards_remain BEFORE DELETE ON awards
WHEN OLD.import IS NULL OR NOT EXISTS (SELECT 1 FROM imports i WHERE i.import = OLD.import AND i.abandoned_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'awards are kept'); END;

CREATE TRIGGER imports_remain BEFORE DELETE ON imports BEGIN SELECT RAISE(ABORT, 'imports are kept'); END;
CREATE TRIGGER imports_end_once BEFORE UPDATE OF activated_at, abandoned_at ON imports
WHEN OLD.activated_at IS NOT NULL OR OLD.abandoned_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an import ends once'); END;
