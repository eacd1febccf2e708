//! Open Badges 2.0: hosted assertions, and assertions signed with a JWS.
//!
//! Start at [`hosted`] and [`signed`]. The badge in hand only tells an address: what the address answers is what counts.

use serde_json::Value;

use super::credential::{Setting, is_of_type, window};
use super::jws::Jws;
use super::report::{Check, Claims, Outcome, Reason, Step};
use super::world::{Got, host_of, url_of};
use crate::dates::parse_lenient;
use crate::json::{id_of, listed, strings};
use crate::keys::{JwsAlgorithm, PublicKey};

/// What the checks rest on and come to.
pub(super) struct Found {
    pub checks: Vec<Check>,
    pub claims: Claims,
    /// The assertion that counts: the hosted one, or the signed one.
    pub assertion: Value,
}

type Ended = (Outcome, String);

/// A hosted assertion; `in_hand` tells its address.
pub(super) fn hosted(in_hand: &Value, setting: &Setting) -> Found {
    let address = in_hand.get("id").and_then(Value::as_str).unwrap_or_default();
    let mut status = Check::passed(Step::Status, "its address still serves it");
    let (assertion, origin_failure) = match setting.world.get(address) {
        Got::Json(body) if body.get("id").and_then(Value::as_str) == Some(address) => {
            if body.get("revoked") == Some(&Value::Bool(true)) {
                let why = body.get("revocationReason").and_then(Value::as_str).unwrap_or("no reason given");
                status = Check::refused(Step::Status, Reason::Revoked, format!("the issuer revoked it: {why}"));
            }
            (body, None)
        }
        Got::Gone(why) => {
            let why = why.unwrap_or_else(|| "no reason given".to_owned());
            status = Check::refused(Step::Status, Reason::Revoked, format!("the issuer revoked it: {why}"));
            (in_hand.clone(), None)
        }
        Got::Json(_) => (in_hand.clone(), Some(refused(format!("`{address}` serves another assertion")))),
        Got::Text(_) => (in_hand.clone(), Some(refused(format!("`{address}` serves no assertion")))),
        Got::Nothing(why) => (in_hand.clone(), Some(refused(why))),
        Got::Later(why) => (in_hand.clone(), Some((Outcome::CannotSay(Reason::DocumentUnreachable), why))),
    };
    if let Some((outcome, why)) = origin_failure {
        let checks = vec![
            shape(&assertion),
            Check::new(Step::Proof, outcome, why),
            dates(&assertion, setting),
            Check::not_asked(Step::Status, "its address does not serve it"),
        ];
        let claims = claims(&assertion, None, None);
        return Found { checks, claims, assertion };
    }
    // A revoked one is served without its content.
    let is_bare = matches!(status.outcome, Outcome::Refused(_)) && assertion.get("badge").is_none();
    if is_bare {
        let claims = claims(&assertion, None, None);
        return Found { checks: vec![status], claims, assertion };
    }
    let (class, issuer) = parties(&assertion, setting);
    let mut checks = vec![shape_of_all(&assertion, &class, &issuer)];
    checks.push(match (&class, &issuer) {
        (Ok(class), Ok(issuer)) => origin(address, class, issuer),
        (Err((outcome, why)), _) | (_, Err((outcome, why))) => Check::new(Step::Proof, *outcome, why.clone()),
    });
    checks.extend([dates(&assertion, setting), status]);
    let claims = claims(&assertion, class.as_ref().ok(), issuer.as_ref().ok());
    Found { checks, claims, assertion }
}

/// An assertion signed with a JWS (OB2, "Signed Badges").
pub(super) fn signed(token: &Jws, setting: &Setting) -> Found {
    let assertion = token.payload.clone();
    let (class, issuer) = parties(&assertion, setting);
    let mut checks = vec![shape_of_all(&assertion, &class, &issuer)];
    match &issuer {
        Ok(issuer) => {
            let (key, signature) = signature(token, &assertion, issuer, setting);
            checks.extend([key, signature, dates(&assertion, setting), revocation(&assertion, issuer, setting)]);
        }
        Err((outcome, why)) => checks.extend([
            Check::new(Step::Key, *outcome, why.clone()),
            Check::not_asked(Step::Proof, "no issuer"),
            dates(&assertion, setting),
            Check::not_asked(Step::Status, "no issuer"),
        ]),
    }
    let claims = claims(&assertion, class.as_ref().ok(), issuer.as_ref().ok());
    Found { checks, claims, assertion }
}

fn refused(why: impl Into<String>) -> Ended {
    (Outcome::Refused(Reason::DocumentUnreachable), why.into())
}

/// The class and the issuer. Both come from their own addresses: what is written inside a badge could be anybody's.
fn parties(assertion: &Value, setting: &Setting) -> (Result<Value, Ended>, Result<Value, Ended>) {
    let class = linked(assertion.get("badge"), setting, Reason::DocumentUnreachable);
    let issuer = match &class {
        Ok(class) => linked(class.get("issuer"), setting, Reason::IssuerUnreachable),
        Err(ended) => Err(ended.clone()),
    };
    (class, issuer)
}

fn linked(link: Option<&Value>, setting: &Setting, reason: Reason) -> Result<Value, Ended> {
    let ended = |why: String| (Outcome::Refused(reason), why);
    let address = link.and_then(id_of).ok_or_else(|| ended("a link without an address".to_owned()))?;
    match setting.world.get(address) {
        Got::Json(document) if document.get("id").and_then(Value::as_str) == Some(address) => Ok(document),
        Got::Json(_) | Got::Text(_) => Err(ended(format!("`{address}` serves something else"))),
        Got::Gone(_) => Err(ended(format!("`{address}` is gone for good"))),
        Got::Nothing(why) => Err(ended(why)),
        Got::Later(why) => Err((Outcome::CannotSay(reason), why)),
    }
}

fn shape(assertion: &Value) -> Check {
    flaws(missing(assertion, "Assertion", &["id", "recipient", "badge", "issuedOn"]))
}

fn shape_of_all(assertion: &Value, class: &Result<Value, Ended>, issuer: &Result<Value, Ended>) -> Check {
    let mut all = missing(assertion, "Assertion", &["recipient", "badge", "issuedOn"]);
    for date in ["issuedOn", "expires"] {
        if assertion.get(date).is_some_and(|date| parse_lenient(date).is_none()) {
            all.push(format!("Assertion/{date}: no date"));
        }
    }
    if let Some(recipient) = assertion.get("recipient") {
        all.extend(missing(recipient, "", &["type", "identity"]));
    }
    if let Ok(class) = class {
        all.extend(missing(class, "BadgeClass", &["name", "description", "criteria", "issuer"]));
    }
    if let Ok(issuer) = issuer {
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

/// OB2, "Hosted Verification": the assertion lies where its issuer hosts, the class with its issuer.
fn origin(address: &str, class: &Value, issuer: &Value) -> Check {
    let home = issuer.get("id").and_then(id_of).and_then(host_of);
    let class_home = class.get("id").and_then(id_of).and_then(host_of);
    if home.is_none() || class_home != home {
        return Check::refused(Step::Proof, Reason::WrongOrigin, "the class does not lie with its issuer");
    }
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

/// Steps 5 and 6: the key is linked from the issuer, and the key says the same of its owner.
fn signature(token: &Jws, assertion: &Value, issuer: &Value, setting: &Setting) -> (Check, Check) {
    let listed_keys: Vec<&str> = listed(issuer.get("publicKey")).into_iter().filter_map(id_of).collect();
    let rules = assertion.get("verification").or_else(|| assertion.get("verify"));
    let creator = rules.and_then(|rules| rules.get("creator").or_else(|| rules.get("url"))).and_then(id_of);
    let no_key = || Check::not_asked(Step::Proof, "no key of the issuer");
    let address = match (creator, listed_keys.as_slice()) {
        (Some(creator), keys) if keys.contains(&creator) => creator,
        (None, [only]) => *only,
        (Some(creator), _) => {
            let detail = format!("the issuer does not list the key `{creator}`");
            return (Check::refused(Step::Key, Reason::KeyNotListed, detail), no_key());
        }
        (None, _) => return (Check::refused(Step::Key, Reason::KeyNotListed, "no key is named"), no_key()),
    };
    let document = match linked(Some(&Value::String(address.to_owned())), setting, Reason::IssuerUnreachable) {
        Ok(document) => document,
        Err((outcome, why)) => return (Check::new(Step::Key, outcome, why), no_key()),
    };
    if document.get("owner").and_then(id_of) != issuer.get("id").and_then(id_of) {
        return (Check::refused(Step::Key, Reason::KeyOfAnother, "the key names another owner"), no_key());
    }
    let key = document.get("publicKeyPem").and_then(Value::as_str).and_then(PublicKey::from_pem);
    let listed = Check::passed(Step::Key, format!("the issuer lists `{address}`"));
    match (key, token.algorithm()) {
        (Some(key), Some(JwsAlgorithm::Rs256)) if token.is_signed_by(&key) => {
            (listed, Check::passed(Step::Proof, format!("signed with `{address}`")))
        }
        (Some(_), Some(JwsAlgorithm::Rs256)) => {
            (listed, Check::refused(Step::Proof, Reason::BadSignature, "the signature is not that of the assertion"))
        }
        (None, _) | (_, None | Some(JwsAlgorithm::Es256 | JwsAlgorithm::EdDsa)) => {
            (listed, Check::refused(Step::Proof, Reason::ProofUnsupported, "2.0 is signed with RS256"))
        }
    }
}

/// Step 8 for a signed assertion. The whole list is read, be it one entry or many.
fn revocation(assertion: &Value, issuer: &Value, setting: &Setting) -> Check {
    let Some(link) = issuer.get("revocationList") else {
        return Check::passed(Step::Status, "its issuer keeps no revocation list");
    };
    let list = match linked(Some(link), setting, Reason::StatusUnreachable) {
        Ok(list) => list,
        Err((_, why)) => return Check::new(Step::Status, Outcome::CannotSay(Reason::StatusUnreachable), why),
    };
    if list.get("issuer").and_then(id_of).is_some_and(|other| Some(other) != issuer.get("id").and_then(id_of)) {
        return Check::refused(Step::Status, Reason::StatusUntrusted, "the revocation list has another issuer");
    }
    let Some(revoked) = list.get("revokedAssertions") else {
        return Check::refused(Step::Status, Reason::StatusUntrusted, "it is no revocation list");
    };
    let own = |name: &str| assertion.get(name).and_then(Value::as_str);
    let is_it = |entry: &&Value| {
        let id = id_of(entry);
        let uid = entry.get("uid").and_then(Value::as_str);
        (id.is_some() && (id == own("id") || id == own("uid"))) || (uid.is_some() && uid == own("uid"))
    };
    match listed(Some(revoked)).iter().find(|entry| is_it(entry)) {
        Some(entry) => {
            let why = entry.get("revocationReason").and_then(Value::as_str).unwrap_or("no reason given");
            Check::refused(Step::Status, Reason::Revoked, format!("the issuer revoked it: {why}"))
        }
        None => Check::passed(Step::Status, "the issuer's list does not name it"),
    }
}

fn dates(assertion: &Value, setting: &Setting) -> Check {
    let date = |name: &str| assertion.get(name).and_then(parse_lenient);
    window(date("issuedOn"), date("expires"), setting.now)
}

fn claims(assertion: &Value, class: Option<&Value>, issuer: Option<&Value>) -> Claims {
    let text = |value: Option<&Value>| value.and_then(id_of).map(str::to_owned);
    Claims {
        id: text(assertion.get("id")),
        issuer: text(issuer.and_then(|issuer| issuer.get("id"))),
        issuer_name: text(issuer.and_then(|issuer| issuer.get("name"))),
        class: text(assertion.get("badge")),
        name: text(class.and_then(|class| class.get("name"))),
        level: None,
        awarded_at: assertion.get("issuedOn").and_then(parse_lenient),
        valid_until: assertion.get("expires").and_then(parse_lenient),
    }
}
