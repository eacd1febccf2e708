//! Step 4: the shapes that Open Badges 2.0 demands, as far as a verifier relies on them.

use serde_json::Value;

use super::Parties;
use crate::dates::parse_lenient;
use crate::verify::check::{Check, Reason, Step};
use crate::verify::credential::is_of_type;

/// The shape of an assertion with its class and its issuer.
pub(super) fn shape_of_all(assertion: &Value, parties: &Parties) -> Check {
    let mut all = missing(assertion, "Assertion", &["recipient", "badge", "issuedOn"]);
    for date in ["issuedOn", "expires"] {
        if assertion.get(date).is_some_and(|date| parse_lenient(date).is_none()) {
            all.push(format!("Assertion/{date}: no date"));
        }
    }
    if let Some(recipient) = assertion.get("recipient") {
        all.extend(missing(recipient, "", &["type", "identity"]));
    }
    if let Ok(class) = &parties.class {
        all.extend(missing(class, "BadgeClass", &["name", "description", "criteria", "issuer"]));
    }
    if let Ok(issuer) = &parties.issuer {
        let kind = if is_of_type(issuer, &["Profile"]) { "Profile" } else { "Issuer" };
        all.extend(missing(issuer, kind, &["name", "url"]));
    }
    if all.is_empty()
        && let (Some(from), Some(until)) =
            (assertion.get("issuedOn").and_then(parse_lenient), assertion.get("expires").and_then(parse_lenient))
        && until < from
    {
        return Check::refused(Step::Schema, Reason::Dates, "it ends before it begins");
    }
    flaws(all)
}

/// The shape of an endorsement.
pub(super) fn shape_of_endorsement(endorsement: &Value) -> Check {
    let mut all = missing(endorsement, "Endorsement", &["id", "issuer", "claim", "issuedOn", "verification"]);
    if endorsement.get("issuedOn").is_some_and(|date| parse_lenient(date).is_none()) {
        all.push("Endorsement/issuedOn: no date".to_owned());
    }
    flaws(all)
}

fn flaws(all: Vec<String>) -> Check {
    if all.is_empty() {
        Check::passed(Step::Schema, "it has the shape that Open Badges 2.0 asks")
    } else {
        Check::refused(Step::Schema, Reason::Schema, all.join("; "))
    }
}

fn missing(document: &Value, kind: &str, required: &[&str]) -> Vec<String> {
    let mut all: Vec<String> = required
        .iter()
        .filter(|name| document.get(**name).is_none_or(Value::is_null))
        .map(|name| format!("{kind}/{name}: absent"))
        .collect();
    if !kind.is_empty() && !is_of_type(document, &[kind]) {
        all.push(format!("{kind}/type: does not name `{kind}`"));
    }
    all
}
