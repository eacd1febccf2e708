-- What a registry that was restored from a backup does not know any more.

ALTER TABLE cards ADD COLUMN read_at BIGINT; -- when last_counter was read
ALTER TABLE cards ADD COLUMN doubted_since BIGINT; -- messages of it may be known to others; NULL when they cannot
