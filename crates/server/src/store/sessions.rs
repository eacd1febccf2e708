//! Sessions: grants in use, each on a lease.

use tremen_rules::{Assurance, CardId, ControllerId, DenialReason, MachineId, PersonId, Time};
use tremen_wire::SessionId;

use super::links::{from_bits, to_bits};
use super::tx::{Row, StoreError, Touched, Tx};
use crate::params;

/// After so many milliseconds without a word beyond its lease the registry closes a session.
pub const SILENCE_MS: i64 = 10_000;

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession<'a> {
    /// Its random name.
    pub session: SessionId,
    /// On which machine.
    pub machine: &'a MachineId,
    /// Through which controller.
    pub controller: &'a ControllerId,
    /// Whose.
    pub person: &'a PersonId,
    /// With which card.
    pub card: Option<&'a CardId>,
    /// How surely the card was read.
    pub assurance: Assurance,
    /// The decision that granted it.
    pub decision: i64,
    /// The longest it may last.
    pub hard_end: Option<Time>,
    /// The next instant at which the right ends, and why.
    pub right_end: Option<(Time, DenialReason)>,
    /// When it ends for want of load.
    pub idle_end: Option<Time>,
    /// The end of its first lease.
    pub lease_until: Time,
    /// Link and counter of the ask: what was said before speaks of an earlier session.
    pub spoke: Option<([u8; 8], u64)>,
}

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its random name.
    pub session: SessionId,
    /// On which machine.
    pub machine: MachineId,
    /// Through which controller.
    pub controller: ControllerId,
    /// Whose.
    pub person: PersonId,
    /// With which card.
    pub card: Option<CardId>,
    /// How surely the card was read.
    pub assurance: Assurance,
    /// The decision that granted it.
    pub decision: i64,
    /// When it was granted.
    pub opened_at: Time,
    /// The longest it may last.
    pub hard_end: Option<Time>,
    /// The next instant at which the right ends.
    pub right_end: Option<Time>,
    /// Why it ends then.
    pub right_why: Option<DenialReason>,
    /// The end of its lease.
    pub lease_until: Time,
    /// When it was last seen under load.
    pub active_at: Time,
    /// Seconds under load, or with the relay closed.
    pub used_s: u64,
    /// The number of its stop order.
    pub stop_order: Option<u64>,
    /// Why it was told to stop.
    pub stop_why: Option<String>,
    /// The last report that spoke of it: its link and counter.
    pub spoke: Option<([u8; 8], u64)>,
    /// When it ended.
    pub ended_at: Option<Time>,
    /// Why it ended.
    pub end_why: Option<String>,
}

impl SessionRow {
    /// The instant past which the controller may not go on by itself, for the `until` of the wire.
    #[must_use]
    pub fn until(&self) -> Option<Time> {
        match (self.hard_end, self.right_end) {
            (Some(hard), Some(right)) => Some(hard.min(right)),
            (hard, right) => hard.or(right),
        }
    }
}

const SESSION: &str = "SELECT session, machine, controller, person, card, assurance, decision, opened_at, hard_end,
    right_end, right_why, lease_until, active_at, used_s, stop_order, stop_why, ended_at, end_why,
    spoke_link, spoke_n FROM sessions";

fn read_session(row: &Row<'_, '_>) -> Result<SessionRow, StoreError> {
    let assurance: String = row.get(5)?;
    Ok(SessionRow {
        session: row.get(0)?,
        machine: row.get(1)?,
        controller: row.get(2)?,
        person: row.get(3)?,
        card: row.get(4)?,
        assurance: Assurance::parse(&assurance)
            .ok_or_else(|| StoreError::Unreadable(format!("assurance {assurance}")))?,
        decision: row.get(6)?,
        opened_at: row.get(7)?,
        hard_end: row.get(8)?,
        right_end: row.get(9)?,
        right_why: row.get::<Option<String>>(10)?.as_deref().and_then(DenialReason::parse),
        lease_until: row.get(11)?,
        active_at: row.get(12)?,
        used_s: row.get(13)?,
        stop_order: row.get(14)?,
        stop_why: row.get(15)?,
        ended_at: row.get(16)?,
        end_why: row.get(17)?,
        spoke: row.get::<Option<_>>(18)?.zip(row.get::<Option<i64>>(19)?.map(from_bits)),
    })
}

/// When the registry must look at a session: at the first of its ends, or when it counts as silent.
fn due_at<const N: usize>(lease_until: Time, ends: [Option<Time>; N]) -> Time {
    ends.into_iter().flatten().fold(lease_until.plus_millis(SILENCE_MS), Time::min)
}

impl Tx<'_> {
    /// Opens a session.
    ///
    /// # Errors
    /// When the engine fails, or another session is open on the machine.
    pub fn open_session(&mut self, new: &NewSession<'_>) -> Result<(), StoreError> {
        let (right_end, right_why) = new.right_end.unzip();
        let (spoke_link, spoke_n) = new.spoke.unzip();
        self.execute(
            "INSERT INTO sessions (session, machine, controller, person, card, assurance, decision, opened_at, hard_end,
                 right_end, right_why, lease_until, active_at, due_at, spoke_link, spoke_n)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $8, $13, $14, $15)",
            params![
                new.session,
                new.machine,
                new.controller,
                new.person,
                new.card.cloned(),
                new.assurance.as_str(),
                new.decision,
                self.now(),
                new.hard_end,
                right_end,
                right_why.map(DenialReason::code),
                new.lease_until,
                due_at(new.lease_until, [new.hard_end, right_end, new.idle_end]),
                spoke_link,
                spoke_n.map(to_bits)
            ],
        )?;
        self.touch(Touched::Machine(new.machine.clone()));
        self.touch(Touched::Sessions);
        Ok(())
    }

    /// One session, open or over.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn session(&self, session: SessionId) -> Result<Option<SessionRow>, StoreError> {
        self.query_one(&format!("{SESSION} WHERE session = $1"), params![session], read_session)
    }

    /// The session that is open on a machine.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn open_session_on(&self, machine: &str) -> Result<Option<SessionRow>, StoreError> {
        self.query_one(&format!("{SESSION} WHERE machine = $1 AND ended_at IS NULL"), params![machine], read_session)
    }

    /// The sessions on a machine, open or over, by beginning and name, after one.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn sessions_on_after(
        &self,
        machine: &MachineId,
        (opened_at, session): (Time, SessionId),
        limit: u32,
    ) -> Result<Vec<SessionRow>, StoreError> {
        self.query(
            &format!(
                "{SESSION} WHERE machine = $1 AND (opened_at, session) > ($2, $3) ORDER BY opened_at, session LIMIT $4"
            ),
            params![machine, opened_at, session, limit],
            read_session,
        )
    }

    /// Who had a session open on a machine at an instant.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn in_use_at(&self, machine: &str, at: Time) -> Result<Option<PersonId>, StoreError> {
        self.query_one(
            "SELECT person FROM sessions
             WHERE machine = $1 AND opened_at <= $2 AND (ended_at IS NULL OR ended_at > $2)
             ORDER BY opened_at DESC LIMIT 1",
            params![machine, at],
            |row| row.get(0),
        )
    }

    /// All open sessions, in the order of machines.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        self.query(&format!("{SESSION} WHERE ended_at IS NULL ORDER BY machine"), params![], read_session)
    }

    /// The open sessions of a person.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn open_sessions_of(&self, person: &PersonId) -> Result<Vec<SessionRow>, StoreError> {
        self.query(
            &format!("{SESSION} WHERE person = $1 AND ended_at IS NULL ORDER BY machine"),
            params![person],
            read_session,
        )
    }

    /// The open sessions through a controller.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn open_sessions_through(&self, controller: &ControllerId) -> Result<Vec<SessionRow>, StoreError> {
        self.query(
            &format!("{SESSION} WHERE controller = $1 AND ended_at IS NULL ORDER BY machine"),
            params![controller],
            read_session,
        )
    }

    /// The open sessions that the registry must look at by now.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn due_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        self.query(
            &format!("{SESSION} WHERE ended_at IS NULL AND due_at <= $1 ORDER BY due_at, machine LIMIT 256"),
            params![self.now()],
            read_session,
        )
    }

    /// When the registry must next look at an open session.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn next_due(&self) -> Result<Option<Time>, StoreError> {
        let due = self.query_one("SELECT MIN(due_at) FROM sessions WHERE ended_at IS NULL", params![], |row| {
            row.get::<Option<Time>>(0)
        })?;
        Ok(due.flatten())
    }

    /// Writes what changes in an open session, and when it must be looked at next.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keep_session(&mut self, row: &SessionRow, idle_end: Option<Time>) -> Result<(), StoreError> {
        let due_at = match row.stop_order {
            Some(_) => due_at(row.lease_until, []), // told to stop: only its silence is left to look at
            None => due_at(row.lease_until, [row.hard_end, row.right_end, idle_end]),
        };
        let (spoke_link, spoke_n) = row.spoke.unzip();
        self.execute(
            "UPDATE sessions SET right_end = $1, right_why = $2, lease_until = $3, active_at = $4, used_s = $5,
                 stop_order = $6, stop_why = $7, due_at = $8, spoke_link = $9, spoke_n = $10,
                 hard_end = $11
             WHERE session = $12 AND ended_at IS NULL",
            params![
                row.right_end,
                row.right_why.map(DenialReason::code),
                row.lease_until,
                row.active_at,
                row.used_s,
                row.stop_order,
                row.stop_why,
                due_at,
                spoke_link,
                spoke_n.map(to_bits),
                row.hard_end,
                row.session
            ],
        )?;
        self.touch(Touched::Sessions);
        Ok(())
    }

    /// Closes a session; false when it is over already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn close_session(&mut self, row: &SessionRow, why: &str) -> Result<bool, StoreError> {
        let (spoke_link, spoke_n) = row.spoke.unzip();
        let changed = self.execute(
            "UPDATE sessions SET ended_at = $1, end_why = $2, used_s = $3, spoke_link = $4, spoke_n = $5
             WHERE session = $6 AND ended_at IS NULL",
            params![self.now(), why, row.used_s, spoke_link, spoke_n.map(to_bits), row.session],
        )?;
        self.touch(Touched::Machine(row.machine.clone()));
        self.touch(Touched::Sessions);
        Ok(changed == 1)
    }

    /// Notes how long a session that is over was used, where that is longer than was known.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn note_used(&self, session: SessionId, used_s: u64) -> Result<(), StoreError> {
        self.execute("UPDATE sessions SET used_s = $1 WHERE session = $2 AND used_s < $1", params![used_s, session])?;
        Ok(())
    }

    /// Sessions that were open at some time since an instant, the oldest first, after a page's last.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn sessions_since(&self, since: Time) -> Result<Vec<SessionRow>, StoreError> {
        self.query(
            &format!("{SESSION} WHERE opened_at >= $1 ORDER BY opened_at, session"),
            params![since],
            read_session,
        )
    }
}
