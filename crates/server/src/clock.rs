//! The clock at the door: the only place that reads the time.

use std::sync::atomic::{AtomicI64, Ordering};

use tremen_rules::Time;

/// Tells what time it is.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now(&self) -> Time;
}

/// The system's clock, moved by a fixed number of milliseconds: zero in earnest, anything in a rehearsal.
#[derive(Debug, Clone, Copy, Default)]
pub struct WallClock {
    /// How far ahead of the system's clock this one is, in milliseconds.
    pub ahead_ms: i64,
}

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> Time {
        Time::from(chrono::Utc::now()).plus_millis(self.ahead_ms)
    }
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
