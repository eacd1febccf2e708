-- Links that are over keep nothing but their challenge, which names one link for ever: `links` holds what is alive, at most
-- nine rows for each controller, and needs no index beside its key.

CREATE TABLE spent_challenges (
    controller TEXT NOT NULL,
    challenge  BLOB NOT NULL, -- 16 bytes
    at         INTEGER NOT NULL, -- of its welcome
    PRIMARY KEY (controller, challenge)
) STRICT, WITHOUT ROWID;

INSERT INTO spent_challenges (controller, challenge, at) SELECT controller, challenge, at FROM links WHERE state = 'gone';
DELETE FROM links WHERE state = 'gone';
DROP INDEX links_live;
DROP INDEX links_by_link;
DROP INDEX links_by_number;
