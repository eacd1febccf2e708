//! Hosted documents of 2.0: what their address serves is what counts, where their issuer hosts.

use serde_json::Value;

use super::shape::shape_of_all;
use super::{Ended, Found, Parties, dates};
use crate::json::{id_of, strings};
use crate::verify::check::{Check, Outcome, Reason, Step};
use crate::verify::credential::Setting;
use crate::verify::world::{Got, host_of, url_of};

/// A hosted assertion; `in_hand` tells its address.
pub(in crate::verify) fn hosted(in_hand: &Value, setting: &Setting) -> Found {
    let address = in_hand.get("id").and_then(Value::as_str).unwrap_or_default();
    let (served, status) = match served(address, setting) {
        Ok(found) => found,
        Err((outcome, why)) => {
            let checks = vec![
                Check::not_asked(Step::Schema, "what its address serves is what counts"),
                Check::new(Step::Proof, outcome, why),
                dates(in_hand, setting),
                Check::not_asked(Step::Status, "its address does not serve it"),
            ];
            return Found::of(checks, in_hand.clone(), None, setting);
        }
    };
    let assertion = served.unwrap_or_else(|| in_hand.clone());
    // A revoked one is served without its content.
    if matches!(status.outcome, Outcome::Refused(_)) && assertion.get("badge").is_none() {
        return Found::of(vec![status], assertion, None, setting);
    }
    let parties = Parties::of(&assertion, setting);
    let origin = match (&parties.class, &parties.issuer) {
        (Ok(class), Ok(issuer)) => origin(address, class, issuer),
        (Err((outcome, why)), _) | (_, Err((outcome, why))) => Check::new(Step::Proof, *outcome, why.clone()),
    };
    let checks = vec![shape_of_all(&assertion, &parties), origin, dates(&assertion, setting), status];
    Found::of(checks, assertion, Some(&parties), setting)
}

/// Step 8 for a hosted document: what its address serves, nothing more where it was revoked with a 410, and whether it stands.
pub(super) fn served(address: &str, setting: &Setting) -> Result<(Option<Value>, Check), Ended> {
    let refused = |why: String| (Outcome::Refused(Reason::DocumentUnreachable), why);
    let revoked = |why: Option<&str>| {
        let why = why.unwrap_or("no reason given");
        Check::refused(Step::Status, Reason::Revoked, format!("the issuer revoked it: {why}"))
    };
    match setting.world.get(address) {
        Got::Json(body) if body.get("id").and_then(Value::as_str) == Some(address) => {
            let status = match body.get("revoked") {
                Some(Value::Bool(true)) => revoked(body.get("revocationReason").and_then(Value::as_str)),
                Some(_) | None => Check::passed(Step::Status, "not revoked: its address still serves it"),
            };
            Ok((Some(body), status))
        }
        Got::Gone(why) => Ok((None, revoked(why.as_deref()))),
        Got::Json(_) | Got::Text(_) => Err(refused(format!("`{address}` serves something else"))),
        Got::Nothing(why) => Err(refused(why)),
        Got::Later(why) => Err((Outcome::CannotSay(Reason::DocumentUnreachable), why)),
    }
}

/// OB2, "Hosted Verification": the class lies with its issuer, the assertion where that issuer hosts.
fn origin(address: &str, class: &Value, issuer: &Value) -> Check {
    let home = issuer.get("id").and_then(id_of).and_then(host_of);
    let class_home = class.get("id").and_then(id_of).and_then(host_of);
    if home.is_none() || class_home != home {
        return Check::refused(Step::Proof, Reason::WrongOrigin, "the class does not lie with its issuer");
    }
    hosts(issuer, address)
}

/// Whether an issuer hosts at this address, by its own rules: without any, on its own host.
pub(super) fn hosts(issuer: &Value, address: &str) -> Check {
    let home = issuer.get("id").and_then(id_of).and_then(host_of);
    let rules = issuer.get("verification");
    let rule = |name: &str| strings(rules.and_then(|rules| rules.get(name)));
    let (prefixes, origins) = (rule("startsWith"), rule("allowedOrigins"));
    let url = url_of(address).unwrap_or_default();
    let host = host_of(address).unwrap_or_default();
    let starts = prefixes.is_empty()
        || prefixes.iter().any(|prefix| {
            // A prefix without a path would let `example.org` speak for `example.org.evil.example`.
            url_of(prefix).is_some_and(|clean| match clean.trim_start_matches("https://").contains('/') {
                true => url.starts_with(&clean),
                false => url.starts_with(&format!("{clean}/")),
            })
        });
    let allowed = if origins.is_empty() {
        !prefixes.is_empty() || home.as_deref() == Some(&host)
    } else {
        origins.iter().any(|origin| origin.eq_ignore_ascii_case(&host))
    };
    if starts && allowed {
        Check::passed(Step::Proof, format!("hosted by its issuer at `{host}`"))
    } else {
        Check::refused(Step::Proof, Reason::WrongOrigin, format!("its issuer does not host at `{url}`"))
    }
}
