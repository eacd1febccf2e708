//! A session about to be opened: what the answer says of it, and its row.

use tremen_rules::network::Machine;
use tremen_rules::{Assurance, CardFacts, CardId, DenialReason, PersonFacts, ReadingFacts, Time};
use tremen_wire::{Outcome, SessionId};

use super::Asking;
use crate::flows::link_controller::LinkClock;
use crate::flows::{FlowError, sessions};
use crate::store::{NewSession, Tx};

/// A session about to be opened.
pub(super) struct Opening {
    pub id: SessionId,
    lease_s: u32,
    hard_end: Option<Time>,
    right_end: Option<(Time, DenialReason)>,
    policy: tremen_rules::network::StopPolicy,
}

impl Opening {
    pub fn of(tx: &Tx<'_>, machine: &Machine, right_end: Option<(Time, DenialReason)>) -> Self {
        let longest = machine.max_session_minutes.map(|minutes| tx.now().plus_seconds(i64::from(minutes) * 60));
        let policy = machine.stop_policy;
        Self { id: SessionId(tx.random()), lease_s: machine.lease_seconds, hard_end: longest, right_end, policy }
    }

    pub fn outcome(&self, tx: &Tx<'_>, asking: &Asking, clock: LinkClock) -> Result<Outcome, FlowError> {
        let ends = [self.hard_end, self.right_end.map(|end| end.0)];
        Ok(Outcome::Grant {
            session: self.id,
            lease_s: u64::from(self.lease_s),
            until_s: ends.into_iter().flatten().min().map(|end| clock.seconds(end)),
            on_lost: sessions::wire_policy(tx, &asking.sender.controller, self.policy)?,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "each is one fact of the session, and it is called from two places")]
    pub fn open(
        &self,
        tx: &mut Tx<'_>,
        machine: &Machine,
        asking: &Asking,
        person: &PersonFacts,
        reading: &ReadingFacts,
        card: Option<&CardId>,
        decision: i64,
    ) -> Result<(), FlowError> {
        let assurance = match &reading.card {
            CardFacts::Known { assurance, .. } => *assurance,
            CardFacts::NotAsked | CardFacts::Unknown => Assurance::A0,
        };
        let new = NewSession {
            session: self.id,
            machine: &machine.id,
            controller: &asking.sender.controller,
            person: &person.person,
            card,
            assurance,
            decision,
            hard_end: self.hard_end,
            right_end: self.right_end,
            idle_end: machine.idle_minutes.map(|minutes| tx.now().plus_seconds(i64::from(minutes) * 60)),
            lease_until: tx.now().plus_seconds(i64::from(self.lease_s)),
            spoke: asking.ask.link.map(|link| link.0).zip(asking.ask.n),
        };
        Ok(tx.open_session(&new)?)
    }
}
