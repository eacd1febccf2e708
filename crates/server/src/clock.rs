//! The clock at the door: the only place that reads the time. Start at [`Clock`], then `clock/belief.rs`.
//!
//! A clock has two hands. The wall hand says what time the system thinks it is, and anybody may set it. The steady hand
//! counts milliseconds, also while the machine sleeps, and nobody can set it. The registry's time hangs on the steady
//! hand; the wall only proposes.

mod belief;
mod synchronised;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use tremen_rules::Time;

pub use belief::{Belief, Doubt, Finding};

/// Two readings further apart than this tell nothing of each other, in milliseconds.
const STALL_MS: i64 = 20;

/// Both hands of a clock.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// What the system says the time is.
    fn wall(&self) -> Time;

    /// Milliseconds of a clock that nobody sets, counted from some instant of this run of the machine.
    fn steady_ms(&self) -> i64;

    /// Names this run of the machine: steady hands with the same name count from the same instant.
    fn run(&self) -> &str;

    /// Whether the system says that its wall clock is synchronised. May take a while: not for the tap.
    fn is_synchronised(&self) -> bool;

    /// Both hands as of the same moment, as near as a busy machine lets it.
    fn hands(&self) -> (Time, i64) {
        let mut before = self.steady_ms();
        let mut wall = self.wall();
        for _ in 0..5 {
            let after = self.steady_ms();
            if after.saturating_sub(before) <= STALL_MS {
                break;
            }
            (before, wall) = (after, self.wall()); // the thread had to wait between the two readings
        }
        (wall, before)
    }
}

/// The system's clock, moved by a fixed number of milliseconds: zero in earnest, anything in a rehearsal.
#[derive(Debug)]
pub struct SystemClock {
    ahead_ms: i64,
    run: String,
}

impl SystemClock {
    /// A clock so many milliseconds ahead of the system's.
    #[must_use]
    pub fn ahead(ahead_ms: i64) -> Self {
        Self { ahead_ms, run: run_of_the_machine() }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::ahead(0)
    }
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn wall(&self) -> Time {
        Time::from(chrono::Utc::now()).plus_millis(self.ahead_ms)
    }

    fn steady_ms(&self) -> i64 {
        let now = rustix::time::clock_gettime(STEADY);
        now.tv_sec.saturating_mul(1000).saturating_add(now.tv_nsec / 1_000_000)
    }

    fn run(&self) -> &str {
        &self.run
    }

    fn is_synchronised(&self) -> bool {
        synchronised::ask()
    }
}

/// Goes on while the machine sleeps, as a controller's own clock does.
#[cfg(target_os = "linux")]
const STEADY: rustix::time::ClockId = rustix::time::ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const STEADY: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// The kernel's name for the time since it was started; where it has none, a name of this process alone, so that each
/// start is looked at as the first after a boot.
fn run_of_the_machine() -> String {
    let named = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map(|id| id.trim().to_owned());
    named.ok().filter(|id| !id.is_empty()).unwrap_or_else(|| {
        let mut bytes = [0; 10];
        crate::store::system_random()(&mut bytes);
        crate::keys::base32(&bytes)
    })
}

/// A clock that stands still until it is told to move, for tests.
#[derive(Debug)]
pub struct ManualClock {
    wall: AtomicI64,
    steady: AtomicI64,
    run: String,
    synchronised: AtomicBool,
}

impl ManualClock {
    /// A clock that shows this instant.
    #[must_use]
    pub fn at(now: Time) -> Self {
        Self {
            wall: AtomicI64::new(now.millis()),
            steady: AtomicI64::new(now.millis()),
            run: "a test".to_owned(),
            synchronised: AtomicBool::new(false),
        }
    }

    /// The clock of the same machine after another boot.
    #[must_use]
    pub fn booted_at(now: Time, run: &str) -> Self {
        Self { steady: AtomicI64::new(0), run: run.to_owned(), ..Self::at(now) }
    }

    /// Lets time pass until this instant.
    pub fn set(&self, now: Time) {
        self.advance(now.since(self.wall()));
    }

    /// Lets so many milliseconds pass.
    pub fn advance(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
        self.steady.fetch_add(millis, Ordering::SeqCst);
    }

    /// Sets the wall hand by so many milliseconds, while no time passes.
    pub fn step(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::SeqCst);
    }

    /// Says from now on whether the wall hand is synchronised.
    pub fn synchronise(&self, synchronised: bool) {
        self.synchronised.store(synchronised, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Time {
        Time::from_millis(self.wall.load(Ordering::SeqCst))
    }

    fn steady_ms(&self) -> i64 {
        self.steady.load(Ordering::SeqCst)
    }

    fn run(&self) -> &str {
        &self.run
    }

    fn is_synchronised(&self) -> bool {
        self.synchronised.load(Ordering::SeqCst)
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, SystemClock};

    #[test]
    fn the_steady_hand_goes_on_and_two_clocks_of_one_machine_share_it() {
        let (one, other) = (SystemClock::default(), SystemClock::ahead(5_000));
        let readings = [one.steady_ms(), other.steady_ms(), one.steady_ms()];
        assert!(readings.is_sorted(), "{readings:?}");
        assert!(other.wall().since(one.wall()) >= 4_000);
        if cfg!(target_os = "linux") {
            assert_eq!(one.run(), other.run());
        }
    }
}
