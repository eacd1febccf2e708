//! Step 7: when a credential holds, in the words of either data model of the W3C.
//!
//! Start at [`check`]. The model of 2018 (VCDM 1.1) says `issuanceDate` and `expirationDate` where that of today says
//! `validFrom` and `validUntil`. Of several dates the narrowest counts.

use serde_json::Value;
use tremen_rules::Time;

use super::check::{Check, Reason, Step};
use crate::contexts::CREDENTIALS_V1;
use crate::dates;
use crate::json::strings;

/// How far two clocks may differ, in seconds.
const SKEW_S: i64 = 300;

/// The members that say from when and until when, by the credential's first context.
pub(super) fn members(document: &Value) -> (&'static str, &'static str) {
    match strings(document.get("@context")).first() {
        Some(&CREDENTIALS_V1) => ("issuanceDate", "expirationDate"),
        Some(_) | None => ("validFrom", "validUntil"),
    }
}

/// From when and until when a credential holds.
pub(super) fn period(document: &Value) -> (Option<Time>, Option<Time>) {
    let from = ["validFrom", "issuanceDate"].into_iter().filter_map(|name| instant(document, name)).max();
    let until = ["validUntil", "expirationDate"].into_iter().filter_map(|name| instant(document, name)).min();
    (from, until)
}

/// A member that is a date.
pub(super) fn instant(document: &Value, name: &str) -> Option<Time> {
    document.get(name).and_then(Value::as_str).and_then(dates::parse)
}

/// Step 7 for a 3.0 credential.
pub(super) fn check(document: &Value, now: Time) -> Check {
    let (from, until) = period(document);
    window(from, until, now)
}

/// Step 7 for any dates.
pub(super) fn window(from: Option<Time>, until: Option<Time>, now: Time) -> Check {
    if let Some(from) = from.filter(|from| now.plus_seconds(SKEW_S) < *from) {
        return Check::refused(Step::Dates, Reason::NotYetValid, format!("its time begins at {}", dates::format(from)));
    }
    match until {
        Some(until) if now.plus_seconds(-SKEW_S) >= until => {
            Check::refused(Step::Dates, Reason::Expired, format!("its time ended at {}", dates::format(until)))
        }
        Some(until) => Check::passed(Step::Dates, format!("valid until {}", dates::format(until))),
        None => Check::passed(Step::Dates, "valid without end"),
    }
}
