//! A session at this controller: its lease, the policy that stops it, and the reports that keep it alive.
//!
//! Start with [`Session`]; [`Session::renew`] and [`Session::stop`] are what may happen to one. A session never closes
//! a relay: it only says when the relay has to open.
//!
//! INVARIANT (a stop is never put off): once `stop` is set, `opens_at` only ever gets earlier.

use tremen_wire::{EntryTag, Lease, SessionId, StopPolicy};

use crate::machine::Load;
use crate::time::{Clock, Instant};

/// What a session rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    /// A grant of the registry.
    Granted(SessionId),
    /// The offline list with this salt, since the Unix second `at_s`.
    Listed { entry: EntryTag, salt: [u8; 16], at_s: u64 },
}

/// For how long, and what then.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    /// The first sending of what these terms answer.
    from: Instant,
    /// When they run out.
    ends: Instant,
    every_ms: u64,
    on_lost: StopPolicy,
}

impl Terms {
    /// A lease counts from the first sending of what it answers, and never past `until`.
    pub(crate) fn leased(
        from: Instant,
        lease_s: u64,
        until_s: Option<u64>,
        on_lost: StopPolicy,
        clock: Option<Clock>,
    ) -> Self {
        // Without a clock an `until` can't be kept, so the lease is over before it begins.
        let until = until_s.map(|s| clock.map_or(from, |clock| clock.instant_of(s)));
        let ends = from.plus_s(lease_s);
        let every_ms = (lease_s.saturating_mul(1_000) / 3).max(1);
        Self { from, ends: until.map_or(ends, |until| ends.min(until)), every_ms, on_lost }
    }

    /// A use by the offline list is not renewed: it has an end.
    pub(crate) fn listed(from: Instant, ends: Instant, on_lost: StopPolicy) -> Self {
        Self { from, ends, every_ms: u64::MAX, on_lost }
    }

    pub(crate) fn live(&self, now: Instant) -> bool {
        now < self.ends
    }
}

/// A stop that has begun.
#[derive(Clone, Copy, Debug)]
struct Stop {
    latest: Instant,
    when_idle: bool,
}

/// The latest `started` or `alive`, while no lease has answered it.
#[derive(Clone, Copy, Debug)]
struct Awaited {
    n: u64,
    sent: Instant,
    /// When an alive counts as unanswered; none for `started`, and once it was counted.
    counts_at: Option<Instant>,
}

/// A load that has been idle for so long lets a `finish_job` end.
const IDLE_S: u64 = 30;

/// A session that is open here.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) right: Right,
    /// Since when the relay is closed for it.
    pub(crate) closed_at: Option<Instant>,
    terms: Terms,
    stop: Option<Stop>,
    /// Whether `on_lost` has begun.
    lost: bool,
    started_sent: bool,
    awaited: Option<Awaited>,
    next_alive: Instant,
    unanswered: u32,
}

impl Session {
    pub(crate) fn open(right: Right, terms: Terms, now: Instant) -> Self {
        Self {
            right,
            closed_at: None,
            terms,
            stop: None,
            lost: false,
            started_sent: false,
            awaited: None,
            next_alive: now,
            unanswered: 0,
        }
    }

    /// The id that the registry knows it by, if it granted it.
    pub(crate) fn id(&self) -> Option<SessionId> {
        match self.right {
            Right::Granted(id) => Some(id),
            Right::Listed { .. } => None,
        }
    }

    /// Goes on under newer terms; false while a stop runs, because nothing puts that off.
    pub(crate) fn renew(&mut self, terms: Terms) -> bool {
        let goes_on = self.stop.is_none();
        // Terms that answer something older than the present ones say nothing new.
        if goes_on && terms.from >= self.terms.from {
            self.next_alive = self.next_alive.min(terms.from.plus_ms(terms.every_ms));
            self.terms = terms;
        }
        goes_on
    }

    /// Begins a stop at `from`; of several, the earliest end counts.
    pub(crate) fn stop(&mut self, policy: StopPolicy, from: Instant, measures_load: bool) {
        let begun = match policy {
            StopPolicy::Immediate => Stop { latest: from, when_idle: false },
            StopPolicy::Graceful { seconds } => Stop { latest: from.plus_s(seconds), when_idle: false },
            StopPolicy::FinishJob { longest_s } if measures_load => {
                Stop { latest: from.plus_s(longest_s), when_idle: true }
            }
            StopPolicy::FinishJob { .. } => Stop { latest: from, when_idle: false },
        };
        self.stop = Some(match self.stop {
            None => begun,
            Some(running) => {
                Stop { latest: running.latest.min(begun.latest), when_idle: running.when_idle || begun.when_idle }
            }
        });
    }

    /// Begins `on_lost` if the lease has run out, at the instant when it did; also if a slower stop runs already.
    pub(crate) fn stop_if_lost(&mut self, now: Instant, measures_load: bool) {
        if !self.lost && !self.terms.live(now) {
            self.lost = true;
            self.stop(self.terms.on_lost, self.terms.ends, measures_load);
        }
    }

    /// When the relay has to open, as far as it is known now.
    pub(crate) fn opens_at(&self, load: &Load) -> Option<Instant> {
        let stop = self.stop?;
        let idle = if stop.when_idle { load.idle_since() } else { None };
        Some(idle.map_or(stop.latest, |since| stop.latest.min(since.plus_s(IDLE_S))))
    }

    /// The next instant at which this session has to be looked at, its reports aside.
    pub(crate) fn ends_at(&self, load: &Load) -> Instant {
        let lost = if self.lost { None } else { Some(self.terms.ends) };
        self.opens_at(load).into_iter().chain(lost).min().unwrap_or(self.terms.ends)
    }

    /// Whether `started` or an `alive` is due.
    pub(crate) fn report_at(&self) -> Option<Instant> {
        self.closed_at?;
        self.id()?;
        Some(self.next_alive)
    }

    /// Whether the first report is still to be made.
    pub(crate) fn unreported(&self) -> bool {
        !self.started_sent
    }

    /// Notes that `started` or `alive` went out as number `n`; only this one may still be answered.
    pub(crate) fn reported(&mut self, n: u64, now: Instant) {
        let every_ms = self.terms.every_ms;
        let patience_ms = (every_ms / 2).min(10_000);
        let counts_at = self.started_sent.then(|| now.plus_ms(patience_ms));
        self.started_sent = true;
        self.awaited = Some(Awaited { n, sent: now, counts_at });
        self.next_alive = now.plus_ms(every_ms);
    }

    /// When the present alive will count as unanswered.
    pub(crate) fn counts_at(&self) -> Option<Instant> {
        self.awaited?.counts_at
    }

    /// Counts an alive that stayed unanswered; true at every second one in a row.
    pub(crate) fn count_unanswered(&mut self, now: Instant) -> bool {
        let Some(awaited) = self.awaited.as_mut().filter(|a| a.counts_at.is_some_and(|at| at <= now)) else {
            return false;
        };
        awaited.counts_at = None;
        self.unanswered = (self.unanswered + 1) % 2;
        self.unanswered == 0
    }

    /// The registry spoke of this session, if only to stop it.
    pub(crate) fn heard(&mut self) {
        self.unanswered = 0;
        if let Some(awaited) = self.awaited.as_mut() {
            awaited.counts_at = None;
        }
    }

    /// A new link: what was sent in the old one is answered no more, and the registry hears of this session at once.
    pub(crate) fn speak_anew(&mut self, now: Instant) {
        self.awaited = None;
        self.unanswered = 0;
        self.next_alive = now;
    }

    /// The instant from which `lease` counts, if it answers the latest `started` or `alive`, and did not before.
    pub(crate) fn answered_by(&mut self, lease: &Lease, now: Instant) -> Option<Instant> {
        let awaited = self.awaited?;
        if lease.n.is_some_and(|n| n != awaited.n) {
            return None;
        }
        self.awaited = None;
        self.unanswered = 0;
        // Plain may leave `n` out: we do not know then which report was answered.
        Some(if lease.n.is_some() { awaited.sent } else { now })
    }
}
