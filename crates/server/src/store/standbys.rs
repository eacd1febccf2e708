//! First cards of acts that need two cards. A tap serves once, within 30 s.

use tremen_rules::{CardId, MachineId, PersonId, ReadingFacts, Time};

use super::tx::{StoreError, Tx};
use crate::params;

/// What the first card was held out for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A supervisor who stands by.
    Supervisor,
    /// A learner who was answered `more`.
    Learner,
    /// A trainer who inducts.
    Trainer,
}

impl Part {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Supervisor => "supervisor",
            Self::Learner => "learner",
            Self::Trainer => "trainer",
        }
    }
}

/// A first card that waits for the second.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandbyRow {
    /// The decision that it belongs to.
    pub decision: i64,
    /// Whose card.
    pub person: PersonId,
    /// Which card.
    pub card: Option<CardId>,
    /// What was known of the reading.
    pub reading: ReadingFacts,
    /// When it was held to the reader.
    pub at: Time,
}

impl Tx<'_> {
    /// Notes a first card.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_standby(&self, part: Part, machine: &MachineId, row: &StandbyRow) -> Result<(), StoreError> {
        let reading = serde_json::to_string(&row.reading).map_err(|error| StoreError::Engine(error.to_string()))?;
        self.execute(
            "INSERT INTO standbys (decision, machine, part, person, card, reading, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            params![row.decision, machine, part.as_str(), row.person, row.card, reading, row.at],
        )?;
        Ok(())
    }

    /// First cards on a machine that are unused and were held out after an instant, the newest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn standbys(&self, part: Part, machine: &str, after: Time) -> Result<Vec<StandbyRow>, StoreError> {
        self.query(
            "SELECT decision, person, card, reading, at FROM standbys
             WHERE machine = $1 AND at > $2 AND used_at IS NULL AND part = $3 ORDER BY at DESC, decision DESC",
            params![machine, after, part.as_str()],
            |row| {
                let reading: String = row.get(3)?;
                Ok(StandbyRow {
                    decision: row.get(0)?,
                    person: row.get(1)?,
                    card: row.get(2)?,
                    reading: serde_json::from_str(&reading)
                        .map_err(|error| StoreError::Unreadable(format!("reading {reading}: {error}")))?,
                    at: row.get(4)?,
                })
            },
        )
    }

    /// Uses up all first cards that wait.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn use_all_standbys(&self) -> Result<(), StoreError> {
        self.execute("UPDATE standbys SET used_at = $1 WHERE used_at IS NULL", params![self.now()])?;
        Ok(())
    }

    /// Uses up the unused first cards of a person on a machine.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn use_standbys(&self, part: Part, machine: &MachineId, person: &PersonId) -> Result<(), StoreError> {
        self.execute(
            "UPDATE standbys SET used_at = $1 WHERE machine = $2 AND person = $3 AND part = $4 AND used_at IS NULL",
            params![self.now(), machine, person, part.as_str()],
        )?;
        Ok(())
    }
}
