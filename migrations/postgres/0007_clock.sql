-- The registry's clock: where its time hangs, and by how much it was set.

-- One row for each run of the machine (one boot): its steady clock, which nobody can set, and the instant believed then.
CREATE TABLE clock (
    run       TEXT PRIMARY KEY, -- the kernel's name for the time since it was started
    steady_ms BIGINT NOT NULL,  -- milliseconds of the steady clock
    at        BIGINT NOT NULL,  -- the instant that was believed then
    doubt     TEXT              -- why the system's clock is not believed; NULL while it is
);

-- Each time that the registry's time was set. What runs is moved with it; what was recorded before is read with it.
CREATE TABLE clock_steps (
    entry   BIGINT PRIMARY KEY REFERENCES entries (entry), -- its own journal entry
    step_ms BIGINT NOT NULL
);

-- By how much the registry's time was set since the link's welcome told it to the controller.
ALTER TABLE links ADD COLUMN stepped_ms BIGINT NOT NULL DEFAULT 0;
