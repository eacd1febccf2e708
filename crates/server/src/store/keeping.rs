//! What may go because its time is over, and what is left of it: counts without names. What may go is for the flows to say.

use tremen_rules::{ControllerId, MachineId, PersonId, Span, Time};
use tremen_wire::SessionId;

use super::tx::{Row, StoreError, Tx};
use crate::params;

/// A decision as far as forgetting it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldDecision {
    /// Its number.
    pub decision: i64,
    /// The journal entry whose payload holds the facts.
    pub entry: i64,
    /// When.
    pub at: Time,
    /// Who asked.
    pub controller: ControllerId,
    /// The ask's nonce; none where it had been used before.
    pub nonce: Option<[u8; 16]>,
    /// Which machine, as it was asked.
    pub machine: String,
    /// Whose card.
    pub person: Option<PersonId>,
    /// What was answered.
    pub verdict: String,
    /// The reason shown.
    pub reason: Option<String>,
    /// Whether it is the newest of all: its number must not be given again.
    pub newest: bool,
}

/// Something that is counted by day and machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DailyCount {
    /// The day, YYYY-MM-DD in the venue's time zone.
    pub day: String,
    /// The machine, as it was asked.
    pub machine: String,
    /// A decision's verdict, or `session`.
    pub what: String,
    /// Of a decision the reason shown, of a session why it ended; may be empty.
    pub reason: String,
    /// How many.
    pub count: u64,
    /// Of sessions, seconds in use.
    pub used_s: u64,
}

/// The erasure of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedPayload {
    /// The entry whose payload went.
    pub entry: i64,
    /// The entry that tells of the erasure.
    pub cause: i64,
    /// When.
    pub at: Time,
    /// Of what kind that entry is: `retention_applied`, `person_erased`.
    pub kind: String,
}

fn read_old(row: &Row<'_, '_>) -> Result<OldDecision, StoreError> {
    Ok(OldDecision {
        decision: row.get(0)?,
        entry: row.get(1)?,
        at: row.get(2)?,
        controller: row.get(3)?,
        nonce: row.get(4)?,
        machine: row.get(5)?,
        person: row.get(6)?,
        verdict: row.get(7)?,
        reason: row.get(8)?,
        newest: row.get(9)?,
    })
}

fn read_erased(row: &Row<'_, '_>) -> Result<ErasedPayload, StoreError> {
    Ok(ErasedPayload { entry: row.get(0)?, cause: row.get(1)?, at: row.get(2)?, kind: row.get(3)? })
}

impl Tx<'_> {
    /// Decisions after a number, the oldest first: number and instant.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn decision_instants(&self, after: i64, limit: u32) -> Result<Vec<(i64, Time)>, StoreError> {
        self.query(
            "SELECT decision, at FROM decisions WHERE decision > $1 ORDER BY decision LIMIT $2",
            params![after, limit],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Decisions about a person's cards, after a number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn decisions_about(&self, person: &PersonId, after: i64, limit: u32) -> Result<Vec<i64>, StoreError> {
        self.query(
            "SELECT decision FROM decisions WHERE person = $1 AND decision > $2 ORDER BY decision LIMIT $3",
            params![person, after, limit],
            |row| row.get(0),
        )
    }

    /// One decision as far as forgetting it goes.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn old_decision(&self, decision: i64) -> Result<Option<OldDecision>, StoreError> {
        self.query_one(
            "SELECT decision, entry, at, controller, nonce, machine, person, verdict, reason,
                 CASE WHEN decision = (SELECT MAX(decision) FROM decisions) THEN 1 ELSE 0 END
             FROM decisions WHERE decision = $1",
            params![decision],
            read_old,
        )
    }

    /// The sessions that a decision opened; none or one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn sessions_of_decision(&self, decision: i64) -> Result<Vec<SessionId>, StoreError> {
        self.query("SELECT session FROM sessions WHERE decision = $1", params![decision], |row| row.get(0))
    }

    /// Forgets a decision and what waited on it. The caller has forgotten its session, and counted it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn forget_decision(&self, decision: i64) -> Result<(), StoreError> {
        self.execute("DELETE FROM standbys WHERE decision = $1", params![decision])?;
        self.execute("DELETE FROM decisions WHERE decision = $1", params![decision])?;
        Ok(())
    }

    /// Forgets whose a decision was, but not that it was made.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn blank_decision(&self, decision: i64) -> Result<(), StoreError> {
        self.execute("DELETE FROM standbys WHERE decision = $1", params![decision])?;
        self.execute("UPDATE decisions SET person = NULL, card = NULL WHERE decision = $1", params![decision])?;
        Ok(())
    }

    /// Forgets a session that is over. The caller has counted it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn forget_session(&self, session: SessionId) -> Result<(), StoreError> {
        self.execute("DELETE FROM sessions WHERE session = $1 AND ended_at IS NOT NULL", params![session])?;
        Ok(())
    }

    /// Keeps a nonce whose decision goes, so that it is never taken for a new one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keep_nonce(&self, controller: &ControllerId, nonce: [u8; 16]) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO spent_nonces (controller, nonce) VALUES ($1, $2) ON CONFLICT (controller, nonce) DO NOTHING",
            params![controller, nonce],
        )?;
        Ok(())
    }

    /// Whether a nonce was used in an ask whose decision is forgotten.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn nonce_is_kept(&self, controller: &ControllerId, nonce: [u8; 16]) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM spent_nonces WHERE controller = $1 AND nonce = $2",
            params![controller, nonce],
            |row| row.get::<i64>(0),
        )?;
        Ok(found.is_some())
    }

    /// Adds to a day's counts.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn count(&self, it: &DailyCount) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO daily_counts (day, machine, what, reason, count, used_s) VALUES ($1, $2, $3, $4, $5, $6)
             ON CONFLICT (day, machine, what, reason) DO UPDATE
                 SET count = daily_counts.count + excluded.count, used_s = daily_counts.used_s + excluded.used_s",
            params![it.day, it.machine, it.what, it.reason, it.count, it.used_s],
        )?;
        Ok(())
    }

    /// All counts from a day on, in the order of days.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn daily_counts(&self, since: &str) -> Result<Vec<DailyCount>, StoreError> {
        self.query(
            "SELECT day, machine, what, reason, count, used_s FROM daily_counts WHERE day >= $1
             ORDER BY day, machine, what, reason",
            params![since],
            |row| {
                Ok(DailyCount {
                    day: row.get(0)?,
                    machine: row.get(1)?,
                    what: row.get(2)?,
                    reason: row.get(3)?,
                    count: row.get(4)?,
                    used_s: row.get(5)?,
                })
            },
        )
    }

    /// Notes that somebody came, where that is later than what is known.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn saw_person(&self, person: &PersonId, at: Time) -> Result<(), StoreError> {
        self.execute(
            "UPDATE people SET seen_at = $1 WHERE person = $2 AND (seen_at IS NULL OR seen_at < $1)",
            params![at, person],
        )?;
        Ok(())
    }

    /// Entries that have a payload, after a number: number, instant and kind.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn payloads_after(&self, entry: i64, limit: u32) -> Result<Vec<(i64, Time, String)>, StoreError> {
        self.query(
            "SELECT p.entry, e.at, e.kind FROM payloads p JOIN entries e ON e.entry = p.entry
             WHERE p.entry > $1 ORDER BY p.entry LIMIT $2",
            params![entry, limit],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// Erases an entry's payload and its salt, and notes on whose word; false when it has none.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn erase_payload(&self, entry: i64, cause: i64, decision: Option<i64>) -> Result<bool, StoreError> {
        let gone = self.execute("DELETE FROM payloads WHERE entry = $1", params![entry])? == 1;
        if gone || decision.is_some() {
            self.execute(
                "INSERT INTO erased_payloads (entry, cause, decision) VALUES ($1, $2, $3)
                 ON CONFLICT (entry) DO UPDATE SET decision = excluded.decision",
                params![entry, cause, decision],
            )?;
        }
        Ok(gone)
    }

    /// How an entry's payload went; none where it did not, or nobody knows how.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn erasure_of_payload(&self, entry: i64) -> Result<Option<ErasedPayload>, StoreError> {
        self.query_one(
            "SELECT p.entry, p.cause, e.at, e.kind FROM erased_payloads p JOIN entries e ON e.entry = p.cause
             WHERE p.entry = $1",
            params![entry],
            read_erased,
        )
    }

    /// How a decision went; none where it did not.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn erasure_of_decision(&self, decision: i64) -> Result<Option<ErasedPayload>, StoreError> {
        self.query_one(
            "SELECT p.entry, p.cause, e.at, e.kind FROM erased_payloads p JOIN entries e ON e.entry = p.cause
             WHERE p.decision = $1",
            params![decision],
            read_erased,
        )
    }

    /// Orders that were settled before an instant, after a controller and number: with their machine and instant.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn settled_orders(
        &self,
        after: (&str, u64),
        before: Time,
        limit: u32,
    ) -> Result<Vec<(ControllerId, u64)>, StoreError> {
        self.query(
            "SELECT controller, number FROM orders
             WHERE (controller > $1 OR (controller = $1 AND number > $2)) AND settled_at < $3
             ORDER BY controller, number LIMIT $4",
            params![after.0, after.1, before, limit],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Forgets an order that is settled; false when it is none.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn forget_order(&self, controller: &ControllerId, number: u64) -> Result<bool, StoreError> {
        let gone = self.execute(
            "DELETE FROM orders WHERE controller = $1 AND number = $2 AND settled_at IS NOT NULL",
            params![controller, number],
        )?;
        Ok(gone == 1)
    }

    /// When retention last ran to its end.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn retained_at(&self) -> Result<Option<Time>, StoreError> {
        let text =
            self.query_one("SELECT value FROM meta WHERE name = 'retained_at'", params![], |row| row.get::<String>(0))?;
        let read = |text: String| text.parse().map_err(|_| StoreError::Unreadable(format!("retained_at {text}")));
        Ok(text.map(read).transpose()?.map(Time::from_millis))
    }

    /// Notes that retention ran to its end now.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn note_retained(&self) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO meta (name, value) VALUES ('retained_at', $1) ON CONFLICT (name) DO UPDATE SET value = $1",
            params![self.now().millis().to_string()],
        )?;
        Ok(())
    }

    /// The machine of an order, and when it was given and settled.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn order_time(
        &self,
        controller: &ControllerId,
        number: u64,
    ) -> Result<Option<(Option<MachineId>, Span)>, StoreError> {
        self.query_one(
            "SELECT machine, at, settled_at FROM orders WHERE controller = $1 AND number = $2",
            params![controller, number],
            |row| Ok((row.get(0)?, Span::new(row.get(1)?, row.get(2)?))),
        )
    }
}
