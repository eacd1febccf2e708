//! Locks of machines.

use tremen_rules::{MachineId, Span, Time};

use super::awards::ended;
use super::tx::{StoreError, Tx};
use crate::params;

impl Tx<'_> {
    /// The locks of a machine that are not over at an instant.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn locks(&self, machine: &str, at: Time) -> Result<Vec<Span>, StoreError> {
        self.query(
            "SELECT since, until, ended_at FROM machine_locks
             WHERE machine = $1 AND COALESCE(ended_at, until, 9223372036854775807) > $2 ORDER BY lock",
            params![machine, at],
            |row| Ok(Span::new(row.get(0)?, ended(row.get(1)?, row.get(2)?))),
        )
    }

    /// Locks a machine from now on, and tells the lock's number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_lock(&mut self, machine: &MachineId, until: Option<Time>, why: &str) -> Result<i64, StoreError> {
        let lock = self.insert_numbered(
            "INSERT INTO machine_locks (machine, since, until, why) VALUES ($1, $2, $3, $4)",
            params![machine, self.now(), until, why],
        )?;
        if until.is_some() {
            self.touch(super::Touched::Sessions); // the timer has one instant more to wait for
        }
        Ok(lock)
    }

    /// Ends now the locks of a machine that are not over; tells their numbers.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_locks(&self, machine: &MachineId) -> Result<Vec<i64>, StoreError> {
        self.query(
            "UPDATE machine_locks SET ended_at = $1
             WHERE machine = $2 AND ended_at IS NULL AND (until IS NULL OR until > $1)
             RETURNING lock",
            params![self.now(), machine],
            |row| row.get(0),
        )
    }

    /// Why a machine is locked at an instant: since when, until when, why.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn lock_reason(&self, machine: &str, at: Time) -> Result<Option<(Span, String)>, StoreError> {
        self.query_one(
            "SELECT since, until, ended_at, why FROM machine_locks
             WHERE machine = $1 AND since <= $2 AND COALESCE(ended_at, until, 9223372036854775807) > $2
             ORDER BY lock DESC LIMIT 1",
            params![machine, at],
            |row| Ok((Span::new(row.get(0)?, ended(row.get(1)?, row.get(2)?)), row.get(3)?)),
        )
    }

    /// Notes the end of the locks whose time is over, and tells on which machines, each once.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn settle_due_locks(&self) -> Result<Vec<MachineId>, StoreError> {
        let mut machines = self.query(
            "UPDATE machine_locks SET ended_at = until WHERE ended_at IS NULL AND until <= $1 RETURNING machine",
            params![self.now()],
            |row| row.get(0),
        )?;
        machines.sort();
        machines.dedup();
        Ok(machines)
    }

    /// When the next lock ends by itself.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn next_lock_end(&self) -> Result<Option<Time>, StoreError> {
        let next = self.query_one("SELECT MIN(until) FROM machine_locks WHERE ended_at IS NULL", params![], |row| {
            row.get::<Option<Time>>(0)
        })?;
        Ok(next.flatten())
    }
}
