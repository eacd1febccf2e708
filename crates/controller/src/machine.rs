//! One machine of the controller: its relay, its current, its session and the tap that waits at it.
//!
//! Start with [`Machine`]. [`Relay::close`] is called in two places only: for a grant (`asking`) and for the offline
//! list (`offline`).

use alloc::string::{String, ToString};

use tremen_wire::StopPolicy;

use crate::asking::Tap;
use crate::io::Output;
use crate::session::Session;
use crate::time::Instant;
use crate::turn::Turn;

/// A relay that does not follow is commanded again after so many milliseconds.
const RELAY_PATIENCE_MS: u64 = 2_000;

/// One machine.
#[derive(Debug)]
pub(crate) struct Machine {
    /// What to do when contact is lost, as the latest welcome said; at once until one did.
    pub(crate) on_lost: StopPolicy,
    pub(crate) relay: Relay,
    pub(crate) load: Load,
    pub(crate) session: Option<Session>,
    pub(crate) tap: Option<Tap>,
}

impl Machine {
    pub(crate) fn new(feedback: bool, now: Instant) -> Self {
        Self {
            on_lost: StopPolicy::Immediate,
            relay: Relay { wanted: false, is: false, feedback, told_at: now, fault: false },
            load: Load::default(),
            session: None,
            tap: None,
        }
    }

    /// Notes when the relay has closed for the session.
    pub(crate) fn notice_closed(&mut self, now: Instant) {
        if let Some(session) = self.session.as_mut()
            && session.closed_at.is_none()
            && self.relay.wanted
            && self.relay.is
        {
            session.closed_at = Some(now);
            self.load.begin(now);
        }
    }

    /// Seconds that the session has used the machine: under load where that is measured.
    pub(crate) fn used_s(&self, session: &Session, measures_load: bool, idle_below_ma: u64, now: Instant) -> u64 {
        let Some(closed_at) = session.closed_at else { return 0 };
        let ms = if measures_load { self.load.busy_ms(idle_below_ma, now) } else { now.ms_since(closed_at) };
        ms / 1_000
    }
}

/// A relay: where it should be, and where it is.
#[derive(Debug)]
pub(crate) struct Relay {
    wanted: bool,
    is: bool,
    feedback: bool,
    told_at: Instant,
    fault: bool,
}

impl Relay {
    /// Whether the machine has power, as far as this device can know.
    pub(crate) fn is_closed(&self) -> bool {
        self.is
    }

    /// Whether it should be open.
    pub(crate) fn should_be_open(&self) -> bool {
        !self.wanted
    }

    /// Whether it is open and should be.
    pub(crate) fn at_rest(&self) -> bool {
        !self.wanted && !self.is
    }

    pub(crate) fn close(&mut self, machine: &str, turn: &mut Turn<'_>) {
        if !self.wanted {
            self.command(true, turn.now);
            turn.out.push(Output::CloseRelay { machine: machine.to_string() });
        }
    }

    pub(crate) fn open(&mut self, machine: &str, turn: &mut Turn<'_>) {
        self.command(false, turn.now);
        turn.out.push(Output::OpenRelay { machine: machine.to_string() });
    }

    fn command(&mut self, closed: bool, now: Instant) {
        self.wanted = closed;
        self.told_at = now;
        self.fault = false;
        if !self.feedback {
            self.is = closed;
        }
    }

    /// Takes the real position; true if that is news.
    pub(crate) fn seen(&mut self, closed: bool) -> bool {
        core::mem::replace(&mut self.is, closed) != closed
    }

    /// When a relay that should be open but is not has to be told again.
    pub(crate) fn tell_again_at(&self) -> Option<Instant> {
        (!self.wanted && self.is).then(|| self.told_at.plus_ms(RELAY_PATIENCE_MS))
    }

    /// Tells a relay again that does not open; true the first time, which is a fault.
    pub(crate) fn tell_again(&mut self, machine: &str, turn: &mut Turn<'_>) -> bool {
        if self.tell_again_at().is_none_or(|at| turn.now < at) {
            return false;
        }
        self.told_at = turn.now;
        turn.out.push(Output::OpenRelay { machine: machine.to_string() });
        !core::mem::replace(&mut self.fault, true)
    }
}

/// The current that a machine draws.
#[derive(Debug, Default)]
pub(crate) struct Load {
    now_ma: Option<u64>,
    read_at: Option<Instant>,
    idle_since: Option<Instant>,
    busy_ms: u64,
}

impl Load {
    /// Starts counting anew: the relay has closed.
    fn begin(&mut self, now: Instant) {
        *self = Self { now_ma: None, read_at: Some(now), idle_since: None, busy_ms: 0 };
    }

    pub(crate) fn read(&mut self, ma: u64, idle_below_ma: u64, now: Instant) {
        self.busy_ms = self.busy_ms(idle_below_ma, now);
        self.now_ma = Some(ma);
        self.read_at = Some(now);
        self.idle_since = if ma < idle_below_ma { self.idle_since.or(Some(now)) } else { None };
    }

    /// Since when a machine that is measured draws next to nothing.
    pub(crate) fn idle_since(&self) -> Option<Instant> {
        self.idle_since
    }

    pub(crate) fn now_ma(&self) -> Option<u64> {
        self.now_ma
    }

    fn busy_ms(&self, idle_below_ma: u64, now: Instant) -> u64 {
        let busy = self.now_ma.is_some_and(|ma| ma >= idle_below_ma);
        let since = self.read_at.filter(|_| busy).map_or(0, |at| now.ms_since(at));
        self.busy_ms.saturating_add(since)
    }
}

/// The name that goes into a message.
pub(crate) fn named(machine: &str) -> Option<String> {
    Some(machine.to_string())
}
