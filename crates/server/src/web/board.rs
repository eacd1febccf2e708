//! What the public pages know: each machine's state at one instant, and no person. Start at [`Board::read`].
//!
//! INVARIANT (public screens say less): no name, no person's id, no motive of a refusal and no date of somebody's award
//! enters a [`Board`], so no page that is made from one can show any.

use std::collections::BTreeMap;
use std::sync::Arc;

use tremen_rules::network::{Machine, Venue};
use tremen_rules::{DenialReason, MachineId, Network, Time};

use crate::store::{DecisionRecord, MachineNow, Part, Snapshot, StoreError, Tx};

/// A refusal stays on the kiosk for so many milliseconds.
const REFUSAL_SHOWN_MS: i64 = 20_000;
/// A grant, and what else was done.
const GRANT_SHOWN_MS: i64 = 6_000;
/// The wait for a second card, as long as that card has.
const WAIT_SHOWN_MS: i64 = 30_000;

/// The network and all its machines at one instant.
#[derive(Debug, Clone)]
pub struct Board {
    /// When.
    pub now: Time,
    snapshot: Arc<Snapshot>,
    machines: BTreeMap<MachineId, Shown>,
}

/// A machine as the public sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its state.
    pub state: State,
    /// The last answer at it, while it is shown.
    pub answer: Option<Answer>,
}

/// The state of a machine, opening hours aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nobody uses it.
    Free,
    /// A session is open on it.
    InUse {
        /// Since when.
        since: Time,
        /// It was told to stop.
        stopping: bool,
    },
    /// It is locked.
    OutOfService {
        /// Since when.
        since: Time,
        /// Until when, where that is known.
        until: Option<Time>,
        /// Why: of the machine, never of a person.
        why: String,
    },
    /// Its controller is not heard.
    Silent {
        /// Since when; none when it never said hello.
        since: Option<Time>,
    },
}

/// The last answer at a machine, without whose it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What was answered.
    pub said: Said,
    /// Until when it is shown.
    pub until: Time,
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// The machine may start.
    Granted,
    /// A second card is awaited.
    Wait,
    /// No, with the reason that is shown.
    Refused(DenialReason),
    /// A session was ended.
    Ended,
    /// There was nothing to end.
    NothingToEnd,
    /// A supervisor stands by.
    SupervisorReady,
    /// A trainer stands by to induct.
    TrainerReady,
    /// A trainee was inducted.
    Inducted,
}

impl Board {
    /// Reads all machines.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        let snapshot = tx.network()?;
        let mut machines = BTreeMap::new();
        for machine in snapshot.network.machines.keys() {
            machines.insert(machine.clone(), Shown::read(tx, &snapshot, machine)?);
        }
        Ok(Self { now: tx.now(), snapshot, machines })
    }

    /// Reads some machines again, the others stay as they were; all of them when the network was declared anew.
    ///
    /// # Errors
    /// When the store fails.
    pub fn read_again(mut self, tx: &mut Tx<'_>, changed: &[MachineId]) -> Result<Self, StoreError> {
        if tx.network()?.revision != self.snapshot.revision {
            return Self::read(tx);
        }
        self.now = tx.now();
        for machine in changed {
            if self.snapshot.network.machines.contains_key(machine) {
                let shown = Shown::read(tx, &self.snapshot, machine)?;
                self.machines.insert(machine.clone(), shown);
            }
        }
        Ok(self)
    }

    /// The network in force.
    #[must_use]
    pub fn network(&self) -> &Network {
        &self.snapshot.network
    }

    /// The revision of the network in force.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.snapshot.revision
    }

    /// A machine with its venue and what is shown of it.
    #[must_use]
    pub fn machine(&self, id: &str) -> Option<Standing<'_>> {
        let network = self.network();
        let machine = network.machines.get(id)?;
        let shown = self.machines.get(id)?;
        Some(Standing { network, machine, venue: network.venues.get(&machine.venue)?, shown, now: self.now })
    }

    /// The machines of a venue, in the order of their names.
    #[must_use]
    pub fn machines_of(&self, venue: &Venue) -> Vec<Standing<'_>> {
        let here = self.network().machines.values().filter(|machine| machine.venue == venue.id);
        let mut standing: Vec<_> = here.filter_map(|machine| self.machine(machine.id.as_str())).collect();
        standing.sort_by(|a, b| (&a.machine.name, &a.machine.id).cmp(&(&b.machine.name, &b.machine.id)));
        standing
    }

    /// Another machine of the same kind that could be used now, the nearest one where positions are known.
    #[must_use]
    pub fn free_one_like(&self, than: &Standing<'_>) -> Option<Standing<'_>> {
        let alike = self.network().machines.values();
        let alike = alike.filter(|other| other.kind == than.machine.kind && other.id != than.machine.id);
        let free =
            alike.filter_map(|other| self.machine(other.id.as_str())).filter(|other| other.glance() == Glance::Free);
        let distance = |other: &Standing<'_>| squared_distance(than.venue.position, other.venue.position);
        free.min_by(|a, b| distance(a).total_cmp(&distance(b)).then_with(|| a.machine.id.cmp(&b.machine.id)))
    }

    /// When the next answer leaves a kiosk.
    #[must_use]
    pub fn next_change(&self) -> Option<Time> {
        let answers = self.machines.values().filter_map(|shown| shown.answer.as_ref());
        answers.map(|answer| answer.until).filter(|until| *until > self.now).min()
    }

    /// The machines whose answer is over by `now`.
    #[must_use]
    pub fn answers_over(&self, now: Time) -> Vec<MachineId> {
        let over = |shown: &Shown| shown.answer.as_ref().is_some_and(|answer| answer.until <= now);
        self.machines.iter().filter(|(_, shown)| over(shown)).map(|(id, _)| id.clone()).collect()
    }
}

/// Good enough to tell which of a city's venues is nearer; the last where a position is unknown.
fn squared_distance(from: Option<[f64; 2]>, to: Option<[f64; 2]>) -> f64 {
    let (Some([lat, lon]), Some([other_lat, other_lon])) = (from, to) else { return f64::MAX };
    let east = (lon - other_lon) * lat.to_radians().cos();
    (lat - other_lat).powi(2) + east.powi(2)
}

/// A machine where it stands, at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'b> {
    /// The rules in force.
    pub network: &'b Network,
    /// The machine.
    pub machine: &'b Machine,
    /// Its venue.
    pub venue: &'b Venue,
    /// What is shown of it.
    pub shown: &'b Shown,
    /// When.
    pub now: Time,
}

/// The one word for a machine: what a passer-by needs first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Glance {
    /// It can be used now.
    Free,
    /// Somebody uses it.
    InUse,
    /// Its venue is closed.
    Closed,
    /// It is locked.
    OutOfService,
    /// Its controller is not heard.
    Silent,
}

impl Glance {
    /// All, in the order in which they are counted.
    pub const ALL: [Self; 5] = [Self::Free, Self::InUse, Self::Closed, Self::OutOfService, Self::Silent];
}

impl Standing<'_> {
    /// The one word for it.
    #[must_use]
    pub fn glance(&self) -> Glance {
        match self.shown.state {
            State::OutOfService { .. } => Glance::OutOfService,
            State::Silent { .. } => Glance::Silent,
            State::InUse { .. } => Glance::InUse,
            State::Free if !self.venue.opening().is_open(self.now) => Glance::Closed,
            State::Free => Glance::Free,
        }
    }
}

impl Shown {
    fn read(tx: &Tx<'_>, snapshot: &Snapshot, machine: &MachineId) -> Result<Self, StoreError> {
        let controllers = snapshot.network.controllers.values();
        let mut serving = controllers.filter(|controller| controller.machines.contains(machine));
        let at = tx.machine_now(machine, serving.next().map(|controller| &controller.id))?;
        let last = tx.last_answer(machine, tx.now().plus_millis(-WAIT_SHOWN_MS))?;
        let last = last.and_then(|last| {
            let said = said(&last.decision)?;
            Some((last.decision, said))
        });
        let answer = match last {
            // A trainer's card and the trainee's are both `done`: the first one still waits.
            Some((decision, Said::Inducted)) => {
                let waiting = tx.standbys(Part::Trainer, machine.as_str(), decision.at.plus_millis(-1))?;
                let first = waiting.iter().any(|trainer| trainer.decision == decision.decision);
                Some((decision, if first { Said::TrainerReady } else { Said::Inducted }))
            }
            other => other,
        };
        let answer = answer.map(|(decision, said)| Answer { said, until: decision.at.plus_millis(shown_ms(said)) });
        Ok(Self { state: state(at), answer: answer.filter(|answer| tx.now() < answer.until) })
    }
}

/// A lock comes first, then silence: of what is not heard nobody knows whether it runs.
fn state(at: MachineNow) -> State {
    if let Some(lock) = at.lock {
        return State::OutOfService { since: lock.span.from, until: lock.span.until, why: lock.why };
    }
    if at.silent_since.is_some() || !at.online {
        return State::Silent { since: at.silent_since.or(at.online_since) };
    }
    match at.session {
        Some(session) => State::InUse { since: session.opened_at, stopping: session.stop_order.is_some() },
        None => State::Free,
    }
}

/// What an answer says in public.
fn said(decision: &DecisionRecord) -> Option<Said> {
    match (decision.verdict.as_str(), decision.intent.as_str()) {
        ("grant", _) => Some(Said::Granted),
        ("more", _) => Some(Said::Wait),
        ("deny", _) => decision.reason.as_deref().and_then(DenialReason::parse).map(Said::Refused),
        ("done", "supervise") => Some(Said::SupervisorReady),
        ("done", "induct") => Some(Said::Inducted),
        ("done", _) if decision.session.is_some() => Some(Said::Ended),
        ("done", _) => Some(Said::NothingToEnd),
        _ => None,
    }
}

const fn shown_ms(said: Said) -> i64 {
    match said {
        Said::Granted | Said::Ended | Said::NothingToEnd | Said::Inducted => GRANT_SHOWN_MS,
        Said::Wait | Said::SupervisorReady | Said::TrainerReady => WAIT_SHOWN_MS,
        Said::Refused(_) => REFUSAL_SHOWN_MS,
    }
}
