//! Instants and intervals: UTC milliseconds, half-open. Never a clock.

use chrono::{DateTime, TimeZone, Utc};
use serde::{Deserialize, Serialize};

/// An instant: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

impl Time {
    /// The last instant that can be counted; nothing ends then.
    pub const MAX: Self = Self(i64::MAX);

    /// The instant so many milliseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down; never below zero, as on the wire.
    #[must_use]
    pub fn unix_seconds(self) -> u64 {
        u64::try_from(self.0.div_euclid(1000)).unwrap_or(0)
    }

    /// This instant moved by so many milliseconds; stays at the edge of what can be counted.
    #[must_use]
    pub const fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// This instant moved by so many seconds; stays at the edge of what can be counted.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// Milliseconds from `earlier` to this instant; negative when it is later.
    #[must_use]
    pub const fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The same instant for `chrono`. Instants beyond what a calendar can say stay at its edge.
    #[must_use]
    pub fn utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0).single().unwrap_or(if self.0 < 0 {
            DateTime::<Utc>::MIN_UTC
        } else {
            DateTime::<Utc>::MAX_UTC
        })
    }
}

impl<Z: TimeZone> From<DateTime<Z>> for Time {
    fn from(instant: DateTime<Z>) -> Self {
        Self(instant.timestamp_millis())
    }
}

/// RFC 3339 in UTC, to the millisecond.
impl core::fmt::Display for Time {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{}", self.utc().format("%Y-%m-%dT%H:%M:%S%.3fZ"))
    }
}

impl core::fmt::Debug for Time {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        core::fmt::Display::fmt(self, f)
    }
}

/// A half-open interval `[from, until)`; without `until` it has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Span {
    /// The first instant inside.
    pub from: Time,
    /// The first instant after; none for no end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Time>,
}

impl Span {
    /// From an instant on, without end.
    #[must_use]
    pub const fn since(from: Time) -> Self {
        Self { from, until: None }
    }

    /// `[from, until)`.
    #[must_use]
    pub const fn new(from: Time, until: Option<Time>) -> Self {
        Self { from, until }
    }

    /// Its end, [`Time::MAX`] for none.
    #[must_use]
    pub fn end(&self) -> Time {
        self.until.unwrap_or(Time::MAX)
    }

    /// Whether no instant lies inside.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end() <= self.from
    }

    /// Whether `t` lies inside.
    #[must_use]
    pub fn covers(&self, t: Time) -> bool {
        self.from <= t && self.until.is_none_or(|until| t < until)
    }
}
