//! A tap: from the ask to its answer. Everything happens in one transaction; the answer leaves after its commit.
//!
//! Read [`run`]: who asks, whether it was asked before, whose card it is (`reading.rs`), what `rules` says, what is recorded
//! (`record.rs`). `use`, `toggle` and `end` are here; `supervise` and `induct` take two cards (`two_cards.rs`).

mod opening;
mod reading;
mod record;
mod two_cards;

use tremen_rules::authority::{Act, may};
use tremen_rules::network::{Hazard, Machine, Profile};
use tremen_rules::{
    CardId, Decision, DenialReason, Dossier, Network, PersonFacts, ReadingFacts, Reasons, decide, end_of_grant,
};
use tremen_wire::{Answer, Ask, Intent, Outcome};

use super::link_controller::{Entrance, LinkClock, Sender, enter};
use super::{FlowError, sessions};
use crate::store::{Part, SessionRow, StoreError, Tx};
use crate::words::Done;
use opening::Opening;
use reading::{Read, read_card, standbys};
pub use record::refuse_malformed;
use record::{deny, repeat, stopping_reason};

/// A stored answer is given again for so many milliseconds.
const ANSWER_LIVES_MS: i64 = 10_000;
/// A sealed ask so many seconds behind the registry's clock is a replay.
const STALE_S: u64 = 20;
/// A first card waits for the second for so many milliseconds.
const SECOND_CARD_MS: i64 = 30_000;

/// An ask as it came in.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Who asks.
    pub sender: Sender,
    /// What is asked.
    pub ask: Ask,
    /// SHA-256 of the ask's bytes: a repeat has the same.
    pub digest: [u8; 32],
}

/// Answers an ask; `None` where the wire says that nothing is answered.
///
/// # Errors
/// When the store fails; nothing is recorded then.
pub fn run(tx: &mut Tx<'_>, asking: &Asking) -> Result<Option<Answer>, FlowError> {
    let network = super::network(tx)?;
    let Asking { sender, ask, digest } = asking;
    let trusted = sender.is_trusted(tx, &network)?;
    let earlier = tx.earlier_answer(&sender.controller, ask.nonce.0)?;
    let mut clock = LinkClock::default();
    if trusted {
        match enter(tx, sender, ask.link, ask.n)? {
            Entrance::New(told) => clock = told,
            Entrance::Seen if earlier.is_some() => {}
            Entrance::Seen | Entrance::Dropped => return Ok(None),
        }
    } else if sender.profile == Profile::Sealed {
        return Ok(None); // opened with a key that is not in force any more
    }
    let now = tx.now();
    if let Some(earlier) = &earlier
        && earlier.digest == *digest
        && now.since(earlier.at) < ANSWER_LIVES_MS
    {
        return repeat(tx, &network, asking, earlier).map(Some);
    }
    let behind = |at_s| clock.seconds(now).saturating_sub(at_s) >= STALE_S;
    let stale = sender.profile == Profile::Sealed && ask.at_s.is_some_and(behind);
    let read = if trusted { read_card(tx, &ask.reading)? } else { Read::unknown() };
    let reading = ReadingFacts {
        controller_trusted: trusted,
        replayed: earlier.is_some() || stale || read.replayed || used_long_ago(tx, asking)?,
        serves_machine: network
            .controllers
            .get(&sender.controller)
            .is_some_and(|controller| controller.machines.iter().any(|machine| machine.as_str() == ask.machine)),
        card: read.facts,
    };
    let person = read.owner.map(|(card, person)| Ok::<_, StoreError>((card, tx.person_facts(&person)?))).transpose()?;
    let (card, facts) = person.unzip();
    let session = tx.open_session_on(&ask.machine)?;
    let machine = network.machines.get(ask.machine.as_str());
    let tap = Tap {
        asking,
        clock,
        revision: network.revision(),
        network: &network,
        machine,
        nonce: earlier.is_none().then_some((ask.nonce.0, *digest)),
        card,
        reading,
        dossier: Dossier {
            network: &network,
            machine: &ask.machine,
            person: facts,
            locks: tx.locks(&ask.machine, now)?,
            in_use_by: session.as_ref().map(|session| session.person.clone()),
            standbys: standbys(tx, machine, ask.intent)?,
        },
        session,
    };
    // INVARIANT (a clock that steps starts nothing dangerous): by a doubted clock a red machine can only be ended.
    if tx.clock_doubt().is_some() && machine.is_some_and(|it| it.hazard == Hazard::Red) && !tap.only_ends() {
        return Err(FlowError::ClockDoubted);
    }
    tap.answer(tx).map(Some)
}

/// Whether the nonce was used in an ask whose decision is forgotten; a sealed ask of that age is stale already.
fn used_long_ago(tx: &Tx<'_>, asking: &Asking) -> Result<bool, StoreError> {
    let plain = asking.sender.profile == Profile::Plain;
    Ok(plain && tx.nonce_is_kept(&asking.sender.controller, asking.ask.nonce.0)?)
}

/// One tap and all that is known about it.
struct Tap<'t> {
    asking: &'t Asking,
    clock: LinkClock,
    revision: u64,
    network: &'t Network,
    machine: Option<&'t Machine>,
    nonce: Option<([u8; 16], [u8; 32])>,
    card: Option<CardId>,
    reading: ReadingFacts,
    dossier: Dossier<'t>,
    session: Option<SessionRow>,
}

impl Tap<'_> {
    /// Whether this tap can end a session and do nothing else.
    fn only_ends(&self) -> bool {
        match self.asking.ask.intent {
            Intent::End => true,
            Intent::Toggle => self.owns_the_session(),
            Intent::Use | Intent::Supervise | Intent::Induct => false,
        }
    }

    fn owns_the_session(&self) -> bool {
        let person = self.dossier.person.as_ref().map(|facts| &facts.person);
        self.session.as_ref().is_some_and(|session| Some(&session.person) == person)
    }

    fn answer(&self, tx: &mut Tx<'_>) -> Result<Answer, FlowError> {
        let decision = decide(&self.dossier, &self.reading, tx.now());
        let distrusted = decision.reasons().filter(|reasons| reasons.first() <= DenialReason::CardBlocked);
        let (Some(person), Some(machine), None) = (&self.dossier.person, self.machine, distrusted) else {
            // 1 to 5 end it for every intent; a decision without them has person and machine.
            let reasons = decision.reasons().cloned();
            return self.deny(tx, &reasons.unwrap_or_else(|| Reasons::one(DenialReason::UnknownCard)));
        };
        match self.asking.ask.intent {
            Intent::Use => self.use_machine(tx, machine, person, decision),
            Intent::Toggle if self.owns_the_session() => self.end_session(tx, machine, person),
            Intent::Toggle => self.use_machine(tx, machine, person, decision),
            Intent::End => self.end_session(tx, machine, person),
            Intent::Supervise => self.supervise(tx, machine, person),
            Intent::Induct => self.induct(tx, machine, person),
        }
    }

    /// `use`: a new session, the same one again for its owner, a need for a supervisor, or a denial.
    fn use_machine(
        &self,
        tx: &mut Tx<'_>,
        machine: &Machine,
        person: &PersonFacts,
        decision: Decision,
    ) -> Result<Answer, FlowError> {
        let own = self.session.as_ref().filter(|session| session.person == person.person);
        match (decision, own) {
            (Decision::Deny(reasons), _) => self.deny(tx, &reasons),
            (Decision::Grant(_) | Decision::More(_), Some(over)) if over.stop_order.is_some() => {
                self.deny(tx, &Reasons::one(stopping_reason(over)))
            }
            // A session that runs needs no supervisor a second time.
            (Decision::Grant(_) | Decision::More(_), Some(running)) => self.go_on(tx, machine, running),
            (Decision::More(reasons), None) => {
                let Outcome::Deny { reason, reasons: codes } = deny(&reasons) else { return self.deny(tx, &reasons) };
                let outcome = Outcome::More { reason, reasons: codes };
                let (answer, decision) = self.record_objected(tx, outcome, &reasons)?;
                self.wait(tx, Part::Learner, machine, person, decision)?;
                Ok(answer)
            }
            (Decision::Grant(grant), None) => {
                if let Some(supervisor) = grant.supervisor() {
                    tx.use_standbys(Part::Supervisor, &machine.id, supervisor)?;
                }
                // A tap serves once: no supervisor who comes later starts the machine for an earlier one.
                tx.use_standbys(Part::Learner, &machine.id, &person.person)?;
                let end = end_of_grant(&self.dossier, &self.reading, tx.now());
                let session = Opening::of(tx, machine, end);
                let outcome = session.outcome(tx, self.asking, self.clock)?;
                let (answer, decision) = self.record_grant(tx, outcome)?;
                session.open(tx, machine, self.asking, person, &self.reading, self.card.as_ref(), decision)?;
                Ok(answer)
            }
        }
    }

    /// The owner of the open session taps again: the same session, with a new lease.
    fn go_on(&self, tx: &mut Tx<'_>, machine: &Machine, running: &SessionRow) -> Result<Answer, FlowError> {
        let mut running = running.clone();
        (running.right_end, running.right_why) = end_of_grant(&self.dossier, &self.reading, tx.now()).unzip();
        running.lease_until = running.lease_until.max(tx.now().plus_seconds(i64::from(machine.lease_seconds)));
        let outcome = Outcome::Grant {
            session: running.session,
            lease_s: u64::from(machine.lease_seconds),
            until_s: running.until().map(|end| self.clock.seconds(end)),
            on_lost: sessions::wire_policy(tx, &self.asking.sender.controller, machine.stop_policy)?,
        };
        let idle_end = sessions::idle_end(self.network, &running);
        tx.keep_session(&running, idle_end)?;
        Ok(self.record_grant(tx, outcome)?.0)
    }

    /// `end`: the owner's own session, or anybody's for a manager or trainer of the venue.
    fn end_session(&self, tx: &mut Tx<'_>, machine: &Machine, person: &PersonFacts) -> Result<Answer, FlowError> {
        let Some(session) = &self.session else {
            return self.done(tx, Done::NothingToEnd, None);
        };
        let act = Act::EndSession { venue: machine.venue.clone(), of: session.person.clone() };
        if session.person != person.person && may(person, &act, self.network, tx.now()).is_err() {
            return self.deny(tx, &Reasons::one(DenialReason::MachineBusy));
        }
        sessions::close(tx, session, if session.person == person.person { "tap" } else { "staff" })?;
        self.done(tx, Done::SessionEnded, Some(session.session))
    }
}
