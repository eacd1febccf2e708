//! What was turned away, counted by door and cause, and told in the log once a minute for each cause: a flood of refusals is
//! no flood of lines.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::metrics::Metrics;

/// A cause is told in the log once in this time.
const QUIET: Duration = Duration::from_secs(60);

macro_rules! refusals {
    ($($variant:ident = $door:literal, $why:literal, $what:literal;)*) => {
        /// What was turned away, and why.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Refusal {
            $(#[doc = $what] $variant,)*
        }

        impl Refusal {
            /// All of them, in the order in which they are told.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The door at which it happened.
            #[must_use]
            pub const fn door(self) -> &'static str {
                match self { $(Self::$variant => $door,)* }
            }

            /// Why, in a word.
            #[must_use]
            pub const fn why(self) -> &'static str {
                match self { $(Self::$variant => $why,)* }
            }

            /// What happened, in a sentence.
            const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }
        }
    };
}

refusals! {
    MqttFull = "mqtt", "full", "connections to the broker are closed: as many as it keeps are logged in";
    MqttAddress = "mqtt", "address", "connections to the broker are closed: their address has as many as it may";
    MqttDisplaced = "mqtt", "displaced", "connections to the broker that had not logged in gave way to newer ones";
    MqttLate = "mqtt", "late", "connections to the broker are closed: they did not log in in time";
    MqttGarbage = "mqtt", "garbage", "connections to the broker are closed: what they said is no MQTT, or broke its rules";
    MqttLogin = "mqtt", "login", "logins at the broker are refused: a wrong password, an unknown name, or a client id that is not the name";
    WebFull = "web", "full", "connections to the pages are answered 503: as many as are kept are open";
    WebAddress = "web", "address", "connections to the pages are answered 503: their address has as many as it may";
    WebDisplaced = "web", "displaced", "connections to the pages that had not been answered gave way to newer ones";
    WebLate = "web", "late", "connections to the pages are closed: the head of a request did not come in time";
    WebGarbage = "web", "garbage", "connections to the pages are closed: what they said is no HTTP, or its head is too large";
    WebRequests = "web", "requests", "requests are answered 429: their address sends more than it may";
    WebBodyLate = "web", "body_late", "requests are answered 408: what they carry did not come in time";
    WebStreams = "web", "streams", "streams of events are answered 503: as many as may be are open";
    ControllerAsks = "controller", "asks", "asks of a controller are answered registry_unreachable: it sends more than it may";
    ControllerReports = "controller", "reports", "reports of a controller are dropped: it sends more than it may";
    ControllerHellos = "controller", "hellos", "hellos of a controller are dropped: it sends more than it may";
    ControllerPresence = "controller", "presence", "words of a controller's presence are dropped: it sends more than it may";
}

/// What was turned away since the process began.
#[derive(Debug, Default)]
pub struct Refusals {
    counts: [AtomicU64; Refusal::ALL.len()],
    told: Mutex<BTreeMap<Refusal, (Instant, u64)>>,
}

impl Refusals {
    /// Each refusal with its count.
    pub fn counts(&self) -> impl Iterator<Item = (Refusal, u64)> + '_ {
        Refusal::ALL.iter().zip(&self.counts).map(|(refusal, count)| (*refusal, count.load(Ordering::Relaxed)))
    }

    /// How often this happened.
    #[must_use]
    pub fn count(&self, refusal: Refusal) -> u64 {
        self.counts().find(|(it, _)| *it == refusal).map_or(0, |(_, count)| count)
    }

    /// Counts one; tells how many came since the log heard of it last, when it is time that it hears again.
    fn add(&self, refusal: Refusal, now: Instant) -> Option<u64> {
        let at = Refusal::ALL.iter().position(|it| *it == refusal)?;
        let count = self.counts.get(at)?.fetch_add(1, Ordering::Relaxed) + 1;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let last = told.get(&refusal).copied();
        if last.is_some_and(|(then, _)| now.duration_since(then) < QUIET) {
            return None;
        }
        told.insert(refusal, (now, count));
        Some(count - last.map_or(0, |(_, count)| count))
    }
}

/// Counts what is turned away, and tells the log once a minute.
pub fn refuse(metrics: &Metrics, refusal: Refusal) {
    if let Some(times) = metrics.refusals.add(refusal, Instant::now()) {
        tracing::warn!(door = refusal.door(), why = refusal.why(), times, "{}", refusal.sentence());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Instant;

    use super::{QUIET, Refusal, Refusals};

    #[test]
    fn every_refusal_is_counted_and_told_once_a_minute_with_how_many_there_were() {
        let (refusals, now) = (Refusals::default(), Instant::now());
        assert_eq!(refusals.add(Refusal::MqttLate, now), Some(1));
        for _ in 0..10_000 {
            assert_eq!(refusals.add(Refusal::MqttLate, now + QUIET / 2), None);
        }
        assert_eq!(refusals.add(Refusal::MqttFull, now + QUIET / 2), Some(1), "each cause by itself");
        assert_eq!(refusals.add(Refusal::MqttLate, now + QUIET), Some(10_001));
        assert_eq!(refusals.count(Refusal::MqttLate), 10_002);
    }

    #[test]
    fn no_two_refusals_have_the_same_labels() {
        let labels: BTreeSet<_> = Refusal::ALL.iter().map(|it| (it.door(), it.why())).collect();
        assert_eq!(labels.len(), Refusal::ALL.len());
    }
}
