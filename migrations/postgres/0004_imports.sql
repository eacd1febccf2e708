-- Large imports: rows are staged in slices and count from one instant on, that of their activation.

CREATE TABLE imports (
    import       BIGSERIAL PRIMARY KEY,
    kind         TEXT NOT NULL,   -- awards
    begun_at     BIGINT NOT NULL,
    beat_at      BIGINT NOT NULL, -- when its last slice was staged: one that is silent is abandoned
    entry        BIGINT NOT NULL REFERENCES entries (entry), -- the entry that tells of its beginning
    activated_at BIGINT,          -- from then on its rows count
    abandoned_at BIGINT           -- from then on its rows are cleared away
);

-- NULL: the award counts as it stands. Else from its import's activation on, and never without it.
ALTER TABLE awards ADD COLUMN import BIGINT REFERENCES imports (import);
CREATE INDEX awards_by_import ON awards (import) WHERE import IS NOT NULL;

DROP TRIGGER awards_remain ON awards;
CREATE FUNCTION refuse_unless_abandoned() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.import IS NOT NULL
        AND EXISTS (SELECT 1 FROM imports i WHERE i.import = OLD.import AND i.abandoned_at IS NOT NULL)
    THEN RETURN OLD;
    END IF;
    RAISE EXCEPTION 'awards are kept';
END $$;
CREATE TRIGGER awards_remain BEFORE DELETE ON awards FOR EACH ROW EXECUTE FUNCTION refuse_unless_abandoned();

CREATE TRIGGER imports_remain BEFORE DELETE ON imports FOR EACH ROW EXECUTE FUNCTION refuse('imports are kept');
CREATE TRIGGER imports_end_once BEFORE UPDATE OF activated_at, abandoned_at ON imports FOR EACH ROW
WHEN (OLD.activated_at IS NOT NULL OR OLD.abandoned_at IS NOT NULL) EXECUTE FUNCTION refuse('an import ends once');
