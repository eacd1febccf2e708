//! The dates of badges: RFC 3339, written in UTC with `Z`, to the second.

use chrono::DateTime;
use tremen_rules::Time;

/// Writes an instant as `2026-03-02T17:30:00Z`; parts of a second are left out.
#[must_use]
pub fn format(t: Time) -> String {
    t.utc().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Reads a date with a time zone (VCDM, section 4.9: `dateTimeStamp`).
#[must_use]
pub fn parse(text: &str) -> Option<Time> {
    // RFC 3339 allows a space and small letters; the norms of badges do not.
    if !text.is_ascii() || text.as_bytes().get(10) != Some(&b'T') || text.ends_with('z') {
        return None;
    }
    DateTime::parse_from_rfc3339(text).ok().map(Time::from)
}

/// Reads a date as versions 0.5 to 2.0 allow it: also a bare day, or seconds since 1970.
#[must_use]
pub fn parse_lenient(value: &serde_json::Value) -> Option<Time> {
    if let Some(seconds) = value.as_i64() {
        return Some(Time::from_millis(seconds.saturating_mul(1000)));
    }
    let text = value.as_str()?;
    let zoned = || parse(text).or_else(|| parse(&format!("{text}Z")));
    zoned().or_else(|| parse(&format!("{text}T00:00:00Z")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_in_utc_to_the_second() {
        assert_eq!(format(Time::from_millis(1_772_472_600_999)), "2026-03-02T17:30:00Z");
        assert_eq!(parse("2026-03-02T18:30:00+01:00"), parse("2026-03-02T17:30:00Z"));
    }

    #[test]
    fn a_date_without_a_zone_is_no_date_of_a_credential() {
        assert_eq!(parse("2026-03-02T17:30:00"), None);
        assert_eq!(parse("2026-03-02 17:30:00Z"), None);
        assert!(parse_lenient(&"2026-03-02".into()).is_some());
    }
}
