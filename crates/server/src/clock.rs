//! The clock at the door: the only place that reads the time.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tremen_rules::Time;

/// Tells what time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> Time;
}

/// A step of the system's clock by more than this is not believed while the program runs, in milliseconds.
const BELIEVED_STEP_MS: i64 = 60_000;

/// The system's clock, moved by a fixed number of milliseconds: zero in earnest, anything in a rehearsal.
///
/// It goes on by the monotonic clock from the last instant that it believed. Small corrections of the system's clock are
/// followed; a step of more than 60 s is not, and is told in the log once. It is believed again at the next start.
#[derive(Debug)]
pub struct WallClock {
    ahead_ms: i64,
    believed: Mutex<Believed>,
}

#[derive(Debug)]
struct Believed {
    at: Time,
    since: Instant,
    doubts: bool,
}

impl WallClock {
    /// A clock so many milliseconds ahead of the system's.
    #[must_use]
    pub fn ahead(ahead_ms: i64) -> Self {
        let believed = Believed { at: system_time(), since: Instant::now(), doubts: false };
        Self { ahead_ms, believed: Mutex::new(believed) }
    }
}

impl Default for WallClock {
    fn default() -> Self {
        Self::ahead(0)
    }
}

impl Clock for WallClock {
    fn now(&self) -> Time {
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        believed.look(system_time(), Instant::now()).plus_millis(self.ahead_ms)
    }
}

impl Believed {
    fn look(&mut self, system: Time, now: Instant) -> Time {
        let elapsed = i64::try_from(now.saturating_duration_since(self.since).as_millis()).unwrap_or(i64::MAX);
        let expected = self.at.plus_millis(elapsed);
        let step_ms = system.since(expected);
        if step_ms.abs() > BELIEVED_STEP_MS {
            if !std::mem::replace(&mut self.doubts, true) {
                tracing::error!(
                    step_ms,
                    "the system's clock stepped; the registry's goes on without it until its next start"
                );
            }
            return expected;
        }
        *self = Self { at: system, since: now, doubts: false };
        system
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
fn system_time() -> Time {
    Time::from(chrono::Utc::now())
}

/// A clock that stands still until it is told to move, for tests.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this instant.
    #[must_use]
    pub const fn at(now: Time) -> Self {
        Self(AtomicI64::new(now.millis()))
    }

    /// Moves the clock to this instant.
    pub fn set(&self, now: Time) {
        self.0.store(now.millis(), Ordering::SeqCst);
    }

    /// Moves the clock on by so many milliseconds.
    pub fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Time {
        Time::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Believed, Instant, Time};

    #[test]
    fn a_small_correction_is_followed_and_a_step_is_not() {
        let (begun, at) = (Instant::now(), Time::from_millis(1_000_000));
        let mut believed = Believed { at, since: begun, doubts: false };
        let after = |s| begun + Duration::from_secs(s);
        assert_eq!(believed.look(at.plus_seconds(70), after(10)), at.plus_seconds(70), "60 s ahead");
        assert_eq!(believed.look(at.plus_seconds(3671), after(11)), at.plus_seconds(71), "an hour ahead");
        assert_eq!(believed.look(at.plus_seconds(-3528), after(12)), at.plus_seconds(72), "an hour back");
        assert_eq!(believed.look(at.plus_seconds(75), after(13)), at.plus_seconds(75), "back to its senses");
    }
}
