//! Calendar months, ages and bare dates, by the wall clock of a zone.
//!
//! Start at [`add_months`]. Months are calendar months, clamped to the month's last day, at the same local time.

use chrono::{Datelike, Months, NaiveDate};
use chrono_tz::Tz;

use crate::time::Time;
use crate::zone::Wall;

/// The instant `months` calendar months after `t`, at the same local time of `zone`, clamped to the month's last day.
///
/// A local time that a clock change skips is read with the offset before the change, one that it doubles is the first.
/// Beyond the calendar it stays at its edge.
#[must_use]
pub fn add_months(t: Time, months: u32, zone: Tz) -> Time {
    if months == 0 {
        return t;
    }
    let later = Wall::at(t, zone).naive().and_then(|shown| shown.checked_add_months(Months::new(months)));
    match later {
        Some(shown) => Wall::from_millis(shown.and_utc().timestamp_millis()).instant(zone),
        None => Time::from_millis(i64::MAX),
    }
}

/// The end of an award issued at `issued_at` of a reference that is valid for so many months; none: without end.
#[must_use]
pub fn valid_until(issued_at: Time, months: Option<u32>, zone: Tz) -> Option<Time> {
    months.map(|months| add_months(issued_at, months, zone))
}

/// The date of the birthday on which somebody reaches an age in years. One of 29 February counts on 1 March in other
/// years. None beyond the calendar.
#[must_use]
pub fn birthday(birth: NaiveDate, age: u32) -> Option<NaiveDate> {
    let year = birth.year().checked_add(i32::try_from(age).ok()?)?;
    birth.with_year(year).or_else(|| NaiveDate::from_ymd_opt(year, 3, 1))
}

/// The age in whole years on a date; none before birth.
#[must_use]
pub fn age_on(birth: NaiveDate, date: NaiveDate) -> Option<u32> {
    let years = u32::try_from(date.year() - birth.year()).ok()?;
    if birthday(birth, years)? <= date { Some(years) } else { years.checked_sub(1) }
}

/// The first instant of a date, for a bare date that begins something.
#[must_use]
pub fn start_of_day(date: NaiveDate, zone: Tz) -> Time {
    Wall::midnight(date).instant(zone)
}

/// The end of a date, the next local midnight, for a bare date that ends something.
#[must_use]
pub fn end_of_day(date: NaiveDate, zone: Tz) -> Time {
    date.succ_opt().map_or(Time::from_millis(i64::MAX), |next| start_of_day(next, zone))
}

/// The date that the wall clock of a zone shows at `t`.
#[must_use]
pub fn local_date(t: Time, zone: Tz) -> NaiveDate {
    Wall::at(t, zone).date()
}
