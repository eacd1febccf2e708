//! Dates and instants as people write them, on the command line and in CSV.
//!
//! Start at [`parse_begin`] and [`parse_end`]: RFC 3339 with its offset, or a bare date of the network's time zone,
//! which means the start of that day for a beginning and the next midnight for an end. [`print_time`] writes what they
//! read.

use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;
use tremen_rules::Time;
use tremen_rules::months::{end_of_day, start_of_day};

use crate::shorten::shortened;

/// The last instant that RFC 3339 can say, 9999-12-31T23:59:59.999Z.
const LAST: Time = Time::from_millis(253_402_300_799_999);

/// The first instant that is read, 1800-01-01T00:00:00Z.
const FIRST: Time = Time::from_millis(-5_364_662_400_000);

/// A text that is no date or no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WhenError {
    /// Nothing that looks like a date.
    #[error("`{0}` is not a date: `2027-03-10` or `10/03/2027` (day, month, year)")]
    NotADate(String),
    /// A day that the calendar does not have.
    #[error("`{0}` is a day that the calendar does not have: `2027-03-10` or `10/03/2027` (day, month, year)")]
    NoSuchDay(String),
    /// A year that is a slip, or written with two digits.
    #[error("`{0}` has a year outside 1900 to 9999; write all four digits of the year")]
    Year(String),
    /// Neither an instant nor a date.
    #[error(
        "`{0}` is not a time: RFC 3339 with its offset (`2027-03-10T14:00:00+01:00`), or a date (`2027-03-10`, \
         `10/03/2027`)"
    )]
    NotATime(String),
    /// An instant that could be any of a day's worth of instants.
    #[error(
        "`{0}` lacks its offset from UTC: write `+01:00`, `+02:00` or `Z` behind the seconds, as in \
         `2027-03-10T14:00:00+01:00`, or the date alone"
    )]
    NoOffset(String),
    /// An instant outside the years that are read.
    #[error("`{0}` lies outside the years 1800 to 9999")]
    Far(String),
}

/// Reads the beginning of something: an instant, or the start of a day in the given zone.
///
/// # Errors
/// [`WhenError`], which says what is allowed.
pub fn parse_begin(text: &str, zone: Tz) -> Result<Time, WhenError> {
    match parse(text)? {
        Written::Instant(instant) => Ok(instant),
        Written::Day(day) => Ok(start_of_day(day, zone)),
    }
}

/// Reads the end of something: an instant, or the end of a day (the next midnight) in the given zone.
///
/// # Errors
/// [`WhenError`], which says what is allowed.
pub fn parse_end(text: &str, zone: Tz) -> Result<Time, WhenError> {
    match parse(text)? {
        Written::Instant(instant) => Ok(instant),
        // the end of the year 9999 means "for good"; west of UTC it would be an instant that nothing can write
        Written::Day(day) => Ok(end_of_day(day, zone).min(LAST)),
    }
}

/// Reads a date: `2027-03-10`, or `10/03/2027` (day, month, year).
///
/// # Errors
/// [`WhenError`], which says what is allowed.
pub fn parse_date(text: &str) -> Result<NaiveDate, WhenError> {
    let text = text.trim();
    let [first, second, third] = if text.contains('/') { parts(text, '/') } else { parts(text, '-') }
        .ok_or_else(|| WhenError::NotADate(shortened(text)))?;
    let (year, month, day) = if text.contains('/') { (third, second, first) } else { (first, second, third) };
    // A spreadsheet drops the zero of `01/03/2027`; between dashes the form is fixed (RFC 3339).
    let short = if text.contains('/') { 1 } else { 2 };
    if month.len() > 2 || day.len() > 2 || month.len() < short || day.len() < short {
        return Err(WhenError::NotADate(shortened(text)));
    }
    let number = |digits: &str| digits.parse::<u16>().map_err(|_| WhenError::Year(shortened(text)));
    let (year, month, day) = (number(year)?, number(month)?, number(day)?);
    if !(1900..=9999).contains(&year) {
        return Err(WhenError::Year(shortened(text)));
    }
    NaiveDate::from_ymd_opt(i32::from(year), u32::from(month), u32::from(day))
        .ok_or_else(|| WhenError::NoSuchDay(shortened(text)))
}

/// An instant as [`parse_begin`] reads it: RFC 3339 in UTC, with milliseconds where it has some.
#[must_use]
pub fn print_time(time: Time) -> String {
    let form = if time.millis().rem_euclid(1000) == 0 { "%Y-%m-%dT%H:%M:%SZ" } else { "%Y-%m-%dT%H:%M:%S%.3fZ" };
    time.utc().format(form).to_string()
}

enum Written {
    Instant(Time),
    Day(NaiveDate),
}

fn parse(text: &str) -> Result<Written, WhenError> {
    let text = text.trim();
    if !text.contains(':') {
        return parse_date(text).map(Written::Day).map_err(|error| match error {
            WhenError::NotADate(text) => WhenError::NotATime(text),
            WhenError::NoSuchDay(_)
            | WhenError::Year(_)
            | WhenError::NotATime(_)
            | WhenError::NoOffset(_)
            | WhenError::Far(_) => error,
        });
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        let instant = Time::from(instant);
        let known = (FIRST..=LAST).contains(&instant);
        return if known { Ok(Written::Instant(instant)) } else { Err(WhenError::Far(shortened(text))) };
    }
    let with_offset = ["Z", ":00Z"].into_iter().any(|rest| {
        text.len() < 40 && DateTime::parse_from_rfc3339(&format!("{text}{rest}")).is_ok_and(|time| time.year() > 0)
    });
    Err(if with_offset { WhenError::NoOffset(shortened(text)) } else { WhenError::NotATime(shortened(text)) })
}

/// Three groups of digits.
fn parts(text: &str, separator: char) -> Option<[&str; 3]> {
    let mut groups = text.split(separator);
    let parts = [groups.next()?, groups.next()?, groups.next()?];
    let digits = |group: &&str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    (groups.next().is_none() && parts.iter().all(digits)).then_some(parts)
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Europe, Tz};
    use proptest::prelude::*;

    use super::{FIRST, LAST, parse_begin, parse_date, parse_end, print_time};

    fn begin(text: &str) -> String {
        parse_begin(text, Europe::Paris).map_or_else(|error| error.to_string(), print_time)
    }

    fn end(text: &str, zone: Tz) -> String {
        parse_end(text, zone).map_or_else(|error| error.to_string(), print_time)
    }

    #[test]
    fn an_instant_is_read_with_its_offset_to_the_millisecond() {
        assert_eq!(begin("2026-02-03T10:00:00+01:00"), "2026-02-03T09:00:00Z");
        assert_eq!(begin(" 2026-02-03t10:00:00.1239z "), "2026-02-03T10:00:00.123Z");
        assert_eq!(end("2026-02-03T10:00:00Z", Europe::Paris), "2026-02-03T10:00:00Z");
    }

    #[test]
    fn a_bare_date_begins_at_its_start_and_ends_at_the_next_midnight_of_the_zone() {
        for text in ["2027-03-10", "10/03/2027", "10/3/2027", " 2027-03-10 "] {
            assert_eq!(begin(text), "2027-03-09T23:00:00Z", "{text}");
            assert_eq!(end(text, Europe::Paris), "2027-03-10T23:00:00Z", "{text}");
        }
        // the days on which the clocks change
        assert_eq!(end("2026-03-29", Europe::Paris), "2026-03-29T22:00:00Z");
        assert_eq!(end("2026-10-25", Europe::Paris), "2026-10-25T23:00:00Z");
    }

    #[test]
    fn the_last_day_of_all_can_be_written_again() {
        assert_eq!(end("9999-12-31", Europe::Paris), "9999-12-31T23:00:00Z");
        assert_eq!(end("9999-12-31", America::Martinique), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn what_is_no_time_is_refused_with_what_is_allowed() {
        for text in ["2026-02-03T10:00:00", "2026-02-03 10:00", "2026-02-03 10:00:00"] {
            assert!(begin(text).contains("lacks its offset"), "{text}: {}", begin(text));
        }
        for text in
            ["", "tomorrow", "2026-02", "2026-2-3", "3.2.2026", "10:00", "10/03", "1/2/3/4", "20260203", "²-²-²"]
        {
            assert!(begin(text).contains("is not a time"), "{text}: {}", begin(text));
        }
        for text in ["2026-13-01", "2026-02-30", "29/02/2027", "03/25/2026", "2026-00-01"] {
            assert!(begin(text).contains("the calendar does not have"), "{text}: {}", begin(text));
        }
        for text in ["10/03/27", "0026-03-10", "1899-12-31", "10/03/99999", "99999999999999999999-01-01"] {
            assert!(begin(text).contains("year outside 1900"), "{text}: {}", begin(text));
        }
        assert!(begin("0026-03-10T00:00:00Z").contains("lies outside"));
        assert!(begin("9999-12-31T23:59:59-01:00").contains("lies outside"));
        assert!(begin(&"9".repeat(999)).chars().count() < 200);
    }

    #[test]
    fn a_date_alone_is_no_instant() {
        assert_eq!(parse_date("29/02/2028").unwrap().to_string(), "2028-02-29");
        assert!(parse_date("2026-02-03T10:00:00Z").unwrap_err().to_string().contains("is not a date"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", like in "[-+0-9TZ:./ ]{0,32}") {
            for text in [text, like] {
                let _ = (parse_begin(&text, Europe::Paris), parse_end(&text, Europe::Paris), parse_date(&text));
            }
        }

        #[test]
        fn a_printed_instant_reads_as_itself(millis in FIRST.millis()..=LAST.millis()) {
            let time = tremen_rules::Time::from_millis(millis);
            prop_assert_eq!(parse_begin(&print_time(time), Europe::Paris), Ok(time));
            prop_assert_eq!(parse_end(&print_time(time), Europe::Paris), Ok(time));
        }

        #[test]
        fn any_date_that_is_read_can_be_printed_and_read_again(year in 1900_i32..=9999, day in 1_u32..=365) {
            let date = chrono::NaiveDate::from_yo_opt(year, day).unwrap().to_string();
            for zone in [Europe::Paris, America::Martinique, chrono_tz::Pacific::Apia] {
                for time in [parse_begin(&date, zone).unwrap(), parse_end(&date, zone).unwrap()] {
                    prop_assert_eq!(parse_begin(&print_time(time), zone), Ok(time));
                }
            }
        }
    }
}
