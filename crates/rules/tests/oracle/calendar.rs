//! Dates, wall clocks, months and birthdays, counted by hand.
//!
//! A zone is asked for nothing but its offset at an instant. Instants are milliseconds UTC; a wall clock is the number
//! that an instant would have if the place were at UTC; a day is counted from 1970-01-01.

use chrono::{Offset, TimeZone};
use chrono_tz::Tz;

use crate::oracle::world::Ms;

pub const SECOND: Ms = 1000;
pub const MINUTE: Ms = 60 * SECOND;
pub const HOUR: Ms = 60 * MINUTE;
pub const DAY: Ms = 24 * HOUR;

/// A date on a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    pub year: i64,
    pub month: i64,
    pub day: i64,
}

pub const fn date(year: i64, month: i64, day: i64) -> Date {
    Date { year, month, day }
}

pub fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

pub fn days_in_month(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// How many days lie between 1970-01-01 and this date.
pub fn day_number(date: Date) -> i64 {
    let leaps_before = |year: i64| (year - 1) / 4 - (year - 1) / 100 + (year - 1) / 400;
    let years = (date.year - 1970) * 365 + leaps_before(date.year) - leaps_before(1970);
    let months: i64 = (1..date.month).map(|month| days_in_month(date.year, month)).sum();
    years + months + date.day - 1
}

/// The date so many days after 1970-01-01.
pub fn date_of_day(day: i64) -> Date {
    let mut year = 1970 + day.div_euclid(if day < 0 { 365 } else { 366 });
    while day_number(self::date(year + 1, 1, 1)) <= day {
        year += 1;
    }
    let mut left = day - day_number(self::date(year, 1, 1));
    let mut month = 1;
    while left >= days_in_month(year, month) {
        left -= days_in_month(year, month);
        month += 1;
    }
    self::date(year, month, left + 1)
}

/// 0 for Monday to 6 for Sunday. 1970-01-01 was a Thursday.
pub fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

/// How far the zone's clocks are ahead of UTC at an instant.
pub fn offset(zone: Tz, at: Ms) -> Ms {
    let utc = chrono::DateTime::from_timestamp_millis(at).unwrap().naive_utc();
    Ms::from(zone.offset_from_utc_datetime(&utc).fix().local_minus_utc()) * SECOND
}

/// What the clock on the wall says at an instant.
pub fn wall(zone: Tz, at: Ms) -> Ms {
    at + offset(zone, at)
}

/// The local day of an instant.
pub fn local_day(zone: Tz, at: Ms) -> i64 {
    wall(zone, at).div_euclid(DAY)
}

/// "A local time that a clock change skips is read with the offset before the change, one that it doubles is the first."
pub fn instant(zone: Tz, wall: Ms) -> Ms {
    let before = offset(zone, wall - 26 * HOUR);
    let after = offset(zone, wall + 26 * HOUR);
    let mut readings = [wall - before, wall - after];
    readings.sort_unstable();
    readings.into_iter().find(|&at| self::wall(zone, at) == wall).unwrap_or(wall - before)
}

/// "Months are calendar months in the network's time zone, clamped to the month's last day."
pub fn plus_months(zone: Tz, at: Ms, months: i64) -> Ms {
    let wall = wall(zone, at);
    let from = date_of_day(wall.div_euclid(DAY));
    let month = from.year * 12 + (from.month - 1) + months;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12) + 1);
    let to = date(year, month, from.day.min(days_in_month(year, month)));
    instant(zone, day_number(to) * DAY + wall.rem_euclid(DAY))
}

/// The first day on which somebody is so many years old: "a birthday on 29 February counts on 1 March in other years".
pub fn birthday(birth: Date, years: i64) -> i64 {
    let year = birth.year + years;
    if birth.month == 2 && birth.day == 29 && !is_leap(year) {
        return day_number(date(year, 3, 1));
    }
    day_number(date(year, birth.month, birth.day))
}

/// The instant at which a zone's clocks first show this, for tables and for the generator.
pub fn at(zone: Tz, day: Date, hour: i64, minute: i64) -> Ms {
    instant(zone, day_number(day) * DAY + hour * HOUR + minute * MINUTE)
}
