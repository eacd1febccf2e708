//! The registry's time in the database: where it hangs in this run of the machine, and what moves when it is set.
//!
//! Every process on the machine reads the same row, so that a command beside the server tells the same time.

use std::sync::{Arc, Mutex, PoisonError};

use tremen_rules::Time;

use super::tx::{Row, StoreError, Touched, Tx};
use crate::clock::{Belief, Clock, Doubt, Finding};
use crate::params;

/// Tells the time to all transactions of a process.
#[derive(Debug)]
pub(super) struct Timekeeper {
    pub clock: Arc<dyn Clock>,
    belief: Mutex<Belief>,
}

impl Timekeeper {
    pub(super) fn new(clock: Arc<dyn Clock>, belief: Belief) -> Self {
        Self { clock, belief: Mutex::new(belief) }
    }

    pub(super) fn belief(&self) -> Belief {
        *self.belief.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set(&self, belief: Belief) {
        *self.belief.lock().unwrap_or_else(PoisonError::into_inner) = belief;
    }

    pub(super) fn now(&self) -> Time {
        self.belief().time(self.clock.steady_ms())
    }
}

/// What an act began or ended at its own instant. What an act said of another day has another instant.
const ACTS: [(&str, &str); 19] = [
    ("awards", "issued_at"),
    ("awards", "superseded_at"),
    ("awards", "revoked_at"),
    ("suspensions", "since"),
    ("suspensions", "ended_at"),
    ("card_blocks", "since"),
    ("card_blocks", "ended_at"),
    ("restrictions", "since"),
    ("restrictions", "ended_at"),
    ("handovers", "at"),
    ("roles", "since"),
    ("roles", "ended_at"),
    ("machine_locks", "since"),
    ("machine_locks", "ended_at"),
    ("tokens", "since"),
    ("tokens", "ended_at"),
    ("incidents", "opened_at"),
    ("incidents", "closed_at"),
    ("outliving_restrictions", "since"),
];

/// What runs, and by which instants it is measured; the condition names the rows that still run.
const RUNNING: [(&str, &str, &str); 10] = [
    ("sessions", "opened_at, hard_end, lease_until, active_at, due_at", "ended_at IS NULL"),
    ("orders", "next_at", "settled_at IS NULL"),
    ("standbys", "at", "used_at IS NULL AND at > $2"),
    ("presence", "online_since", "online_since IS NOT NULL"),
    ("presence", "silent_since", "silent_since IS NOT NULL"),
    ("replies", "at", "at IS NOT NULL"),
    ("imports", "beat_at", "activated_at IS NULL AND abandoned_at IS NULL"),
    ("links", "stepped_ms", "TRUE"),
    ("login_links", "since, until", "ended_at IS NULL"),
    ("logins", "since, until, seen_at", "ended_at IS NULL"),
];

/// A first card waits for the second for less than this, in milliseconds.
const LONGEST_STANDBY_MS: i64 = 60_000;

fn read_belief(row: &Row<'_, '_>) -> Result<Belief, StoreError> {
    let doubt: Option<String> = row.get(2)?;
    Ok(Belief { steady_ms: row.get(0)?, at: row.get(1)?, doubt: doubt.as_deref().and_then(Doubt::parse) })
}

impl Tx<'_> {
    /// What is believed in this run of the machine; at its first start the wall is compared with the last entry.
    pub(super) fn begin_clock(&mut self) -> Result<Belief, StoreError> {
        if let Some(belief) = self.stored_belief()? {
            return Ok(belief);
        }
        let (wall, steady_ms) = self.clock.hands();
        let belief = Belief::begin(self.last_entry()?.map(|last| last.at), wall, steady_ms);
        self.keep_belief(belief)?;
        Ok(belief)
    }

    /// What is believed in this run of the machine, as the database has it.
    pub(super) fn stored_belief(&self) -> Result<Option<Belief>, StoreError> {
        self.query_one("SELECT steady_ms, at, doubt FROM clock WHERE run = $1", params![self.clock.run()], read_belief)
    }

    fn keep_belief(&mut self, belief: Belief) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO clock (run, steady_ms, at, doubt) VALUES ($1, $2, $3, $4)
             ON CONFLICT (run) DO UPDATE SET steady_ms = $2, at = $3, doubt = $4",
            params![self.clock.run(), belief.steady_ms, belief.at, belief.doubt.map(Doubt::code)],
        )?;
        self.belief = belief;
        Ok(())
    }

    /// Why the system's clock is not believed; none while it is.
    #[must_use]
    pub const fn clock_doubt(&self) -> Option<Doubt> {
        self.belief.doubt
    }

    /// What the system says the time is, and what that is beside the registry's time.
    #[must_use]
    pub fn look_at_clock(&self) -> (Time, Finding) {
        let (wall, steady_ms) = self.clock.hands();
        (wall, self.belief.look(wall, steady_ms))
    }

    /// Begins or ends to doubt the system's clock; the registry's time goes on as it did.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn doubt_clock(&mut self, doubt: Option<Doubt>) -> Result<(), StoreError> {
        self.touch(Touched::Everything);
        self.keep_belief(Belief { doubt, ..self.belief })
    }

    /// Sets the registry's time to the system's: from here on this transaction has the new instant, and so has all that
    /// comes after its commit. What runs is moved with it, and so is what acts began in a time that is still to come now.
    /// Tells by how many milliseconds; [`Tx::note_clock_step`] must follow in the same transaction.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn set_clock(&mut self) -> Result<i64, StoreError> {
        let (wall, steady_ms) = self.clock.hands();
        let before = self.belief.time(steady_ms);
        let step_ms = wall.since(before);
        let earlier = wall.min(before).plus_millis(-LONGEST_STANDBY_MS);
        for (table, columns, running) in RUNNING {
            let moved: Vec<_> = columns.split(", ").map(|column| format!("{column} = {column} + $1")).collect();
            let sql = format!("UPDATE {table} SET {} WHERE {running}", moved.join(", "));
            let parameters: &[_] = if running.contains("$2") { params![step_ms, earlier] } else { params![step_ms] };
            self.execute(&sql, parameters)?;
        }
        if let Some(first) = self.first_entry_after(wall)? {
            for (table, column) in ACTS {
                self.execute(
                    &format!(
                        "UPDATE {table} SET {column} = {column} + $1
                         WHERE {column} > $2 AND {column} IN (SELECT at FROM entries WHERE entry >= $3 AND at > $2)"
                    ),
                    params![step_ms, wall, first],
                )?;
            }
        }
        self.keep_belief(Belief::believing(wall, steady_ms))?;
        self.now = wall;
        self.touch(Touched::Everything);
        Ok(step_ms)
    }

    /// Notes by how much the clock was set, under its journal entry.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn note_clock_step(&mut self, entry: i64, step_ms: i64) -> Result<(), StoreError> {
        self.execute("INSERT INTO clock_steps (entry, step_ms) VALUES ($1, $2)", params![entry, step_ms])?;
        Ok(())
    }

    /// The oldest of the entries at the journal's end that were written in a time that is still to come.
    fn first_entry_after(&self, now: Time) -> Result<Option<i64>, StoreError> {
        // Past the newest entry that is not, there can be others of an earlier false time: their acts were moved then.
        self.query_one(
            "SELECT MIN(entry) FROM entries WHERE at > $1 AND entry > COALESCE(
                 (SELECT entry FROM entries WHERE at <= $1 ORDER BY entry DESC LIMIT 1), 0)",
            params![now],
            |row| row.get::<Option<i64>>(0),
        )
        .map(Option::flatten)
    }
}

#[cfg(test)]
mod tests {
    use super::{ACTS, RUNNING};

    /// Instants that a step of the clock leaves alone, and why.
    const STAYS: [(&str, &[&str]); 4] = [
        ("history: what was written then, by the clock of then", HISTORY),
        ("days of the calendar that somebody set", DAYS),
        ("computed anew in the same transaction", &["sessions.right_end"]),
        ("looked at for its being there, never for when", PRESENT),
    ];
    const HISTORY: &[&str] = &[
        "entries.at",
        "revisions.at",
        "decisions.at",
        "sessions.ended_at",
        "orders.at",
        "orders.settled_at",
        "standbys.used_at",
        "links.at",
        "spent_challenges.at",
        "people.since",
        "cards.since",
        "erasures.asked_at",
        "erasures.done_at",
        "incident_notes.at",
        "imports.begun_at",
        "clock.at",
        "checkpoints.at",
        "cosignatures.at",
    ];
    const DAYS: &[&str] = &[
        "awards.valid_until",
        "suspensions.until",
        "memberships.since",
        "memberships.until",
        "restrictions.until",
        "roles.until",
        "machine_locks.until",
        "tokens.until",
        "incidents.since",
        "incidents.until",
        "incidents.keep_until",
        "outliving_restrictions.until",
    ];
    const PRESENT: &[&str] = &[
        "credentials.since",
        "credentials.ended_at",
        "imports.activated_at",
        "imports.abandoned_at",
        "login_links.ended_at",
        "logins.ended_at",
    ];

    #[test]
    fn every_instant_of_the_tables_is_moved_by_a_step_of_the_clock_or_has_a_reason_to_stay() {
        let schema = include_str!("../../../../migrations/sqlite/schema.sql");
        let mut known: Vec<String> = ACTS.iter().map(|(table, column)| format!("{table}.{column}")).collect();
        for (table, columns, _) in RUNNING {
            known.extend(columns.split(", ").map(|column| format!("{table}.{column}")));
        }
        known.extend(STAYS.iter().flat_map(|(_, columns)| columns.iter().map(|&column| column.to_owned())));
        let mut table = "";
        let mut found = Vec::new();
        for line in schema.lines() {
            if let Some(rest) = line.strip_prefix("CREATE ") {
                table = rest.strip_prefix("TABLE ").and_then(|rest| rest.split([' ', '(']).next()).unwrap_or("");
            }
            let mut words = line.split_whitespace();
            let (Some(column), Some(kind)) = (words.next(), words.next()) else { continue };
            if kind.trim_end_matches(',') != "INTEGER" {
                continue;
            }
            let is_instant = ["at", "since", "until"].contains(&column)
                || ["_at", "_since", "_until", "_end"].iter().any(|end| column.ends_with(end));
            if is_instant && !table.is_empty() {
                found.push(format!("{table}.{column}"));
            }
        }
        let unknown: Vec<_> = found.iter().filter(|column| !known.contains(column)).collect();
        assert!(unknown.is_empty(), "say in store/clock.rs what a step of the clock does to {unknown:?}");
        let is_there = |column: &&String| found.contains(column) || column.as_str() == "links.stepped_ms";
        let gone: Vec<_> = known.iter().filter(|column| !is_there(column)).collect();
        assert!(gone.is_empty(), "store/clock.rs names what is not there: {gone:?}");
    }
}
