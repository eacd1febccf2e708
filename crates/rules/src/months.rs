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

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn at(text: &str) -> Time {
        DateTime::parse_from_rfc3339(text).unwrap().into()
    }

    #[track_caller]
    fn later(from: &str, months: u32, expected: &str) {
        assert_eq!(add_months(at(from), months, Tz::Europe__Paris), at(expected));
    }

    #[test]
    fn months_are_calendar_months_clamped_to_the_months_last_day() {
        later("2026-08-31T10:00:00+02:00", 6, "2027-02-28T10:00:00+01:00");
        later("2027-08-31T10:00:00+02:00", 6, "2028-02-29T10:00:00+01:00");
        later("2028-02-29T10:00:00+01:00", 12, "2029-02-28T10:00:00+01:00");
        later("2026-01-15T23:59:59.999+01:00", 18, "2027-07-15T23:59:59.999+02:00");
        later("2026-01-15T00:00:00Z", 0, "2026-01-15T00:00:00Z");
    }

    #[test]
    fn the_day_is_that_of_the_wall_clock() {
        // 31 August in Paris, 30 August in UTC
        later("2026-08-30T22:30:00Z", 1, "2026-09-29T22:30:00Z");
    }

    #[test]
    fn a_skipped_local_time_is_read_with_the_offset_before_the_change() {
        later("2031-02-28T02:30:00+01:00", 1, "2031-03-28T02:30:00+01:00");
        later("2031-01-30T02:30:00+01:00", 2, "2031-03-30T02:30:00+01:00"); // shown as 03:30
    }

    #[test]
    fn a_doubled_local_time_is_the_first() {
        later("2030-09-27T02:30:00+02:00", 1, "2030-10-27T02:30:00+02:00");
    }

    #[test]
    fn beyond_the_calendar_months_stay_at_its_edge() {
        assert_eq!(add_months(Time::from_millis(i64::MAX), 1, Tz::Europe__Paris), Time::MAX);
        assert_eq!(add_months(at("2026-01-01T00:00:00Z"), u32::MAX, Tz::Europe__Paris), Time::MAX);
        let _ = add_months(Time::from_millis(i64::MIN), 1, Tz::Europe__Paris);
        assert_eq!(birthday("2026-01-01".parse().unwrap(), u32::MAX), None);
    }

    #[test]
    fn an_age_is_reached_on_the_birthday() {
        let age = |birth: &str, date: &str| age_on(birth.parse().unwrap(), date.parse().unwrap());
        assert_eq!(age("2010-06-15", "2026-06-14"), Some(15));
        assert_eq!(age("2010-06-15", "2026-06-15"), Some(16));
        assert_eq!(age("2010-06-15", "2010-06-15"), Some(0));
        assert_eq!(age("2010-06-15", "2010-06-14"), None);
        assert_eq!(age("2012-02-29", "2031-02-28"), Some(18));
        assert_eq!(age("2012-02-29", "2031-03-01"), Some(19));
        assert_eq!(age("2012-02-29", "2032-02-28"), Some(19));
        assert_eq!(age("2012-02-29", "2032-02-29"), Some(20));
    }

    #[test]
    fn a_bare_date_begins_at_midnight_and_ends_at_the_next() {
        let date: NaiveDate = "2027-03-28".parse().unwrap(); // 23 hours long in Paris
        assert_eq!(start_of_day(date, Tz::Europe__Paris), at("2027-03-27T23:00:00Z"));
        assert_eq!(end_of_day(date, Tz::Europe__Paris), at("2027-03-28T22:00:00Z"));
        assert_eq!(local_date(at("2027-03-27T23:00:00Z"), Tz::Europe__Paris), date);
        // a midnight that a clock change skips
        let date: NaiveDate = "2017-10-15".parse().unwrap();
        assert_eq!(start_of_day(date, Tz::America__Sao_Paulo), at("2017-10-15T03:00:00Z"));
        assert_eq!(valid_until(at("2027-01-01T00:00:00Z"), None, Tz::Europe__Paris), None);
    }
}
