//! Decisions: what was asked, what was answered, and what it rested on.

use tremen_rules::{CardId, ControllerId, MachineId, PersonId, Time};
use tremen_wire::SessionId;

use super::tx::{Row, StoreError, Tx};
use crate::params;

/// A decision to be recorded; its facts are in the payload of its journal entry.
#[derive(Debug, Clone)]
pub struct NewDecision<'a> {
    /// The journal entry.
    pub entry: i64,
    /// Who asked.
    pub controller: &'a ControllerId,
    /// The ask's nonce and the digest of its bytes; none when the nonce was used before.
    pub ask: Option<([u8; 16], [u8; 32])>,
    /// Which machine, as it was asked.
    pub machine: &'a str,
    /// Whose card.
    pub person: Option<&'a PersonId>,
    /// Which card.
    pub card: Option<&'a CardId>,
    /// What for.
    pub intent: &'a str,
    /// What was answered.
    pub verdict: &'a str,
    /// The reason shown.
    pub reason: Option<&'a str>,
    /// The session granted, or ended.
    pub session: Option<SessionId>,
    /// The answer, in the plain profile without link.
    pub answer: &'a str,
}

/// What was answered to a nonce before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierAnswer {
    /// Digest of the ask's bytes.
    pub digest: [u8; 32],
    /// When it was decided.
    pub at: Time,
    /// What was answered.
    pub verdict: String,
    /// The session granted, or ended.
    pub session: Option<SessionId>,
    /// The answer, in the plain profile without link.
    pub answer: String,
}

/// A decision as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionRecord {
    /// Its number.
    pub decision: i64,
    /// The journal entry whose payload holds the facts.
    pub entry: i64,
    /// When.
    pub at: Time,
    /// Who asked.
    pub controller: ControllerId,
    /// Which machine, as it was asked.
    pub machine: String,
    /// Whose card.
    pub person: Option<PersonId>,
    /// What for.
    pub intent: String,
    /// What was answered.
    pub verdict: String,
    /// The reason shown.
    pub reason: Option<String>,
    /// The session granted, or ended.
    pub session: Option<SessionId>,
}

const DECISION: &str =
    "SELECT decision, entry, at, controller, machine, person, intent, verdict, reason, session FROM decisions";

fn read_decision(row: &Row<'_, '_>) -> Result<DecisionRecord, StoreError> {
    Ok(DecisionRecord {
        decision: row.get(0)?,
        entry: row.get(1)?,
        at: row.get(2)?,
        controller: row.get(3)?,
        machine: row.get(4)?,
        person: row.get(5)?,
        intent: row.get(6)?,
        verdict: row.get(7)?,
        reason: row.get(8)?,
        session: row.get(9)?,
    })
}

impl Tx<'_> {
    /// Records a decision and tells its number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_decision(&mut self, new: &NewDecision<'_>) -> Result<i64, StoreError> {
        let (nonce, digest) = new.ask.unzip();
        let decision = self.query_one(
            "INSERT INTO decisions (entry, at, controller, nonce, digest, machine, person, card, intent, verdict,
                 reason, session, answer)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) RETURNING decision",
            params![
                new.entry,
                self.now(),
                new.controller,
                nonce,
                digest,
                new.machine,
                new.person.cloned(),
                new.card.cloned(),
                new.intent,
                new.verdict,
                new.reason,
                new.session,
                new.answer
            ],
            |row| row.get(0),
        )?;
        if let Ok(machine) = MachineId::parse(new.machine) {
            self.touch(super::Touched::Answer(machine));
        }
        decision.ok_or_else(|| StoreError::Engine("an inserted decision has no number".to_owned()))
    }

    /// What a controller was answered to this nonce before.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn earlier_answer(
        &self,
        controller: &ControllerId,
        nonce: [u8; 16],
    ) -> Result<Option<EarlierAnswer>, StoreError> {
        self.query_one(
            "SELECT digest, at, verdict, session, answer FROM decisions WHERE controller = $1 AND nonce = $2",
            params![controller, nonce],
            |row| {
                Ok(EarlierAnswer {
                    digest: row.get(0)?,
                    at: row.get(1)?,
                    verdict: row.get(2)?,
                    session: row.get(3)?,
                    answer: row.get(4)?,
                })
            },
        )
    }

    /// One decision.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn decision(&self, decision: i64) -> Result<Option<DecisionRecord>, StoreError> {
        self.query_one(&format!("{DECISION} WHERE decision = $1"), params![decision], read_decision)
    }

    /// Decisions after a number, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn decisions_after(&self, decision: i64, since: Time, limit: u32) -> Result<Vec<DecisionRecord>, StoreError> {
        self.query(
            &format!("{DECISION} WHERE decision > $1 AND at >= $2 ORDER BY decision LIMIT $3"),
            params![decision, since, limit],
            read_decision,
        )
    }

    /// Decisions at a machine by instant and number, after one.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn decisions_on_after(
        &self,
        machine: &MachineId,
        (at, decision): (Time, i64),
        limit: u32,
    ) -> Result<Vec<DecisionRecord>, StoreError> {
        self.query(
            &format!("{DECISION} WHERE machine = $1 AND (at, decision) > ($2, $3) ORDER BY at, decision LIMIT $4"),
            params![machine, at, decision, limit],
            read_decision,
        )
    }

    /// Decisions about a person by instant and number, after one.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn decisions_of_after(
        &self,
        person: &PersonId,
        (at, decision): (Time, i64),
        limit: u32,
    ) -> Result<Vec<DecisionRecord>, StoreError> {
        self.query(
            &format!("{DECISION} WHERE person = $1 AND (at, decision) > ($2, $3) ORDER BY at, decision LIMIT $4"),
            params![person, at, decision, limit],
            read_decision,
        )
    }

    /// The last decision on a machine and its answer, if it is not older than `since`.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn last_decision_on(
        &self,
        machine: &MachineId,
        since: Time,
    ) -> Result<Option<(DecisionRecord, String)>, StoreError> {
        self.query_one(
            "SELECT decision, entry, at, controller, machine, person, intent, verdict, reason, session, answer
             FROM decisions WHERE machine = $1 AND at >= $2 ORDER BY at DESC, decision DESC LIMIT 1",
            params![machine, since],
            |row| Ok((read_decision(row)?, row.get(10)?)),
        )
    }
}
