//! What pages show: rows joined for reading, nothing decided.

use tremen_rules::{ControllerId, MachineId, Span, Time};

use super::decisions::DecisionRecord;
use super::sessions::SessionRow;
use super::tx::{StoreError, Tx};
use crate::params;

/// A lock that is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockView {
    /// When.
    pub span: Span,
    /// Why.
    pub why: String,
}

/// What is counted in the tables when somebody asks for the metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gauges {
    /// Orders that are neither confirmed nor refused.
    pub orders_open: u64,
    /// Sessions that are open.
    pub sessions_open: u64,
}

/// A machine at this instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineNow {
    /// Which.
    pub machine: MachineId,
    /// The lock in force.
    pub lock: Option<LockView>,
    /// The session that is open on it.
    pub session: Option<SessionRow>,
    /// Since when its controller is silent.
    pub silent_since: Option<Time>,
    /// Whether its controller's connection stands.
    pub online: bool,
    /// Since when its connection stands, or is gone.
    pub online_since: Option<Time>,
}

/// The last answer at a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionView {
    /// The decision.
    pub decision: DecisionRecord,
    /// The answer, in the plain profile without link.
    pub answer: String,
}

impl Tx<'_> {
    /// Counts what is open, by indexes that hold nothing else.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn gauges(&self) -> Result<Gauges, StoreError> {
        let count = |sql: &str| Ok::<_, StoreError>(self.query_one(sql, params![], |row| row.get(0))?.unwrap_or(0));
        Ok(Gauges {
            orders_open: count("SELECT COUNT(*) FROM orders WHERE settled_at IS NULL")?,
            sessions_open: count("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL")?,
        })
    }

    /// A machine at this instant.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn machine_now(
        &self,
        machine: &MachineId,
        controller: Option<&ControllerId>,
    ) -> Result<MachineNow, StoreError> {
        let presence = controller.map(|it| self.presence(it)).transpose()?.flatten().unwrap_or_default();
        Ok(MachineNow {
            machine: machine.clone(),
            lock: self.lock_reason(machine.as_str(), self.now())?.map(|(span, why)| LockView { span, why }),
            session: self.open_session_on(machine.as_str())?,
            silent_since: presence.silent_since,
            online: presence.online,
            online_since: presence.online_since,
        })
    }

    /// The last answer at a machine since an instant.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn last_answer(&self, machine: &MachineId, since: Time) -> Result<Option<DecisionView>, StoreError> {
        Ok(self.last_decision_on(machine, since)?.map(|(decision, answer)| DecisionView { decision, answer }))
    }
}
