//! Wall clocks: what a clock on the wall of a zone shows at an instant, and which instant a shown time means.
//!
//! Start at [`Wall::at`] and [`Wall::instant`]. A wall clock jumps: it may skip times and show others twice. Nothing
//! here panics on instants beyond the calendar; they stay at its edge.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Offset, TimeZone};
use chrono_tz::{GapInfo, Tz};

use crate::time::Time;

/// Milliseconds of a day by the wall clock.
pub(crate) const DAY_MS: i64 = 86_400_000;

/// No zone changes its clock twice within a week (1880 to 2100), so that a change is found by looking this far ahead.
const PROBE_MS: i64 = 6 * DAY_MS;

/// Outside 1800 to 2200 no zone changes its clock, as far as the zones' tables go.
const FIRST_CHANGE_MS: i64 = -5_364_662_400_000;
const LAST_CHANGE_MS: i64 = 7_258_118_400_000;

/// What the clock on the wall shows: milliseconds since 1970-01-01 00:00 on that wall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall(i64);

impl Wall {
    /// What the wall clock of a zone shows at `t`.
    #[must_use]
    pub fn at(t: Time, zone: Tz) -> Self {
        Self(t.millis().saturating_add(offset_ms(t, zone)))
    }

    /// Midnight at the beginning of a date.
    #[must_use]
    pub fn midnight(date: NaiveDate) -> Self {
        Self(i64::from(date.to_epoch_days()) * DAY_MS)
    }

    pub(crate) const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub(crate) const fn millis(self) -> i64 {
        self.0
    }

    /// Days since 1970-01-01.
    pub(crate) const fn day(self) -> i64 {
        self.0.div_euclid(DAY_MS)
    }

    /// The date shown. Dates beyond the calendar stay at its edge.
    #[must_use]
    pub fn date(self) -> NaiveDate {
        let edge = if self.0 < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
        i32::try_from(self.day()).ok().and_then(NaiveDate::from_epoch_days).unwrap_or(edge)
    }

    /// The instant at which the wall clock of a zone shows this. A time that it shows twice is the first of both, one
    /// that it skips is read with the offset before the change.
    #[must_use]
    pub fn instant(self, zone: Tz) -> Time {
        let Some(shown) = self.naive() else { return Time::from_millis(self.0) };
        let offset = match zone.offset_from_local_datetime(&shown).earliest() {
            Some(offset) => Some(offset),
            None => GapInfo::new(&shown, &zone).and_then(|gap| gap.begin).map(|(_, before)| before),
        };
        let offset_ms = offset.map_or(0, |offset| i64::from(offset.fix().local_minus_utc()) * 1000);
        Time::from_millis(self.0.saturating_sub(offset_ms))
    }

    pub(crate) fn naive(self) -> Option<NaiveDateTime> {
        DateTime::from_timestamp_millis(self.0).map(|shown| shown.naive_utc())
    }
}

/// How far the wall clock of a zone is ahead of UTC at `t`, in milliseconds.
fn offset_ms(t: Time, zone: Tz) -> i64 {
    i64::from(zone.offset_from_utc_datetime(&t.utc().naive_utc()).fix().local_minus_utc()) * 1000
}

/// The first instant in `(after, until]` at which the wall clock of a zone jumps.
pub(crate) fn next_jump(after: Time, until: Time, zone: Tz) -> Option<Time> {
    let until = until.millis().min(LAST_CHANGE_MS);
    let mut low = after.millis().max(FIRST_CHANGE_MS);
    let before = offset_ms(Time::from_millis(low), zone);
    while low < until {
        let mut high = low.saturating_add(PROBE_MS).min(until);
        if offset_ms(Time::from_millis(high), zone) != before {
            while high - low > 1 {
                let middle = low + (high - low) / 2;
                if offset_ms(Time::from_millis(middle), zone) == before {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            return Some(Time::from_millis(high));
        }
        low = high;
    }
    None
}
