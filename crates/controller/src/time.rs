//! The controller's own time, and what it knows of the registry's clock.
//!
//! Start with [`Instant`]. This module must never read a clock: every instant comes in by [`crate::Controller::handle`].

/// An instant of the controller's monotonic clock, in milliseconds since any beginning that does not move.
///
/// It never goes back, and it goes on while the device sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

impl Instant {
    /// The instant `ms` milliseconds after the beginning.
    #[must_use]
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the beginning.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// The instant `ms` milliseconds later, or the last one there is.
    #[must_use]
    pub const fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// The instant `s` seconds later, or the last one there is.
    #[must_use]
    pub const fn plus_s(self, s: u64) -> Self {
        self.plus_ms(s.saturating_mul(1_000))
    }

    /// Milliseconds since `earlier`; 0 if that is later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The registry's clock as a welcome told it, or the device's own.
///
/// A welcome was written between its hello and its receipt. So that a slow network errs on the safe side, what we say
/// counts from the receipt (a held ask looks old), and what we stop at counts from the hello (a session stops early).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    at_s: u64,
    earliest: Instant,
    latest: Instant,
}

impl Clock {
    pub(crate) fn told(at_s: u64, asked: Instant, received: Instant) -> Self {
        Self { at_s, earliest: asked, latest: received }
    }

    /// Unix seconds now: what the welcome said plus the seconds since its receipt.
    pub(crate) fn now_s(self, now: Instant) -> u64 {
        self.at_s.saturating_add(now.ms_since(self.latest) / 1_000)
    }

    /// Our instant of the Unix second `s`, rather too early than too late.
    pub(crate) fn instant_of(self, s: u64) -> Instant {
        self.earliest.plus_s(s.saturating_sub(self.at_s))
    }
}

/// Seconds to wait after the `sent`-th sending of what is repeated after 1, 2, 4 ... 60 s.
pub(crate) fn back_off_s(sent: u32) -> u64 {
    1_u64.checked_shl(sent.saturating_sub(1)).map_or(60, |s| s.clamp(1, 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_waits_1_2_4_up_to_60_seconds() {
        let waits: alloc::vec::Vec<u64> = (1..=9).map(back_off_s).collect();
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(back_off_s(u32::MAX), 60);
    }

    #[test]
    fn a_slow_welcome_makes_us_say_less_and_stop_earlier() {
        let clock = Clock::told(1_000, Instant::from_millis(5_000), Instant::from_millis(9_000));
        assert_eq!(clock.now_s(Instant::from_millis(9_999)), 1_000);
        assert_eq!(clock.now_s(Instant::from_millis(10_000)), 1_001);
        assert_eq!(clock.instant_of(1_010), Instant::from_millis(15_000));
    }
}
