//! Steps 3 to 8 for one 3.0 credential: an award, an endorsement inside it, or a status list.
//!
//! Start at [`checks`].

use serde_json::Value;

use super::jws::Jws;
use super::keys::{issuer_document, listed_addresses, listed_key};
use super::report::{Check, Outcome, Reason, Step};
use super::world::World;
use super::{schema, status};
use crate::contexts::Contexts;
use crate::dates;
use crate::json::{id_of, listed, strings};
use crate::jsonld::{ContextError, JsonLdError};
use crate::proof::{self, CanonicalError, Suite};
use tremen_rules::Time;

/// How far two clocks may differ, in seconds.
const SKEW_S: i64 = 300;

/// How many proofs of one credential are looked at.
const MAX_PROOFS: usize = 4;

/// Which kind of credential is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Award,
    Endorsement,
    StatusList,
}

/// What every step needs.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub world: &'a World<'a>,
    pub contexts: &'a Contexts,
    pub now: Time,
}

/// The checks of a credential, in order. `token` is given where it came as a VC-JWT.
pub(super) fn checks(document: &Value, kind: Kind, token: Option<&Jws>, setting: &Setting) -> Vec<Check> {
    let mut checks = vec![contexts(document, token.is_some(), setting)];
    if kind != Kind::StatusList {
        checks.push(shape(document, kind));
    }
    let issuer = document.get("issuer").and_then(id_of).unwrap_or_default();
    let unreadable =
        checks.iter().any(|check| matches!((check.step, check.outcome), (Step::Contexts, Outcome::Refused(_))));
    let (key, signature) = match token {
        Some(token) => token_checks(document, token, issuer, setting),
        // What has no canonical form has no signature: no key is fetched for it, and no work is done twice.
        None if unreadable => {
            let why = "it has no meaning under its contexts";
            (Check::not_asked(Step::Key, why), Check::not_asked(Step::Proof, why))
        }
        None => proof_checks(document, issuer, setting),
    };
    checks.extend([key, signature, validity(document, setting.now)]);
    if kind != Kind::StatusList {
        checks.push(status::check(document, issuer, setting));
    }
    checks
}

/// Step 3.
fn contexts(document: &Value, is_token: bool, setting: &Setting) -> Check {
    let mut document = document.clone();
    if let Some(object) = document.as_object_mut() {
        object.remove("proof");
        if is_token {
            for claim in ["iss", "jti", "sub", "nbf", "exp", "iat", "aud", "cnf", "nonce"] {
                object.remove(claim);
            }
        }
    }
    match proof::canonical_form(&document, setting.contexts) {
        Ok(_) => Check::passed(Step::Contexts, "every term is defined by a known context"),
        Err(error) => Check::refused(Step::Contexts, reason_of(&error), error.to_string()),
    }
}

fn reason_of(error: &CanonicalError) -> Reason {
    match error {
        CanonicalError::JsonLd(JsonLdError::Context(context)) => match context {
            ContextError::Unknown(_) | ContextError::Inline | ContextError::Redefined(_) => Reason::UnknownContext,
            ContextError::Unsupported(_) => Reason::UndefinedTerm,
        },
        CanonicalError::JsonLd(
            JsonLdError::UndefinedTerm(_) | JsonLdError::RelativeReference(_) | JsonLdError::Forbidden(_),
        ) => Reason::UndefinedTerm,
        CanonicalError::Rdf(_) | CanonicalError::JsonLd(JsonLdError::TooLarge) => Reason::TooBig,
        CanonicalError::NotAnObject => Reason::Schema,
    }
}

/// Step 4.
fn shape(document: &Value, kind: Kind) -> Check {
    let flaws = schema::flaws(document, kind == Kind::Endorsement);
    if !flaws.is_empty() {
        return Check::refused(Step::Schema, Reason::Schema, flaws.join("; "));
    }
    let subject = document.get("credentialSubject");
    let has_identifier = subject.is_some_and(|subject| !listed(subject.get("identifier")).is_empty());
    if subject.and_then(id_of).is_none() && !has_identifier {
        return Check::refused(Step::Schema, Reason::NoSubject, "the subject has neither an id nor an identifier");
    }
    match (instant(document, "validFrom"), instant(document, "validUntil")) {
        (Some(from), Some(until)) if until < from => {
            Check::refused(Step::Schema, Reason::Dates, "it ends before it begins")
        }
        (_, _) => Check::passed(Step::Schema, "it has the shape that Open Badges 3.0 asks"),
    }
}

fn instant(document: &Value, name: &str) -> Option<Time> {
    document.get(name).and_then(Value::as_str).and_then(dates::parse)
}

/// Steps 5 and 6 with Data Integrity proofs.
fn proof_checks(document: &Value, issuer: &str, setting: &Setting) -> (Check, Check) {
    let all = listed(document.get("proof"));
    let known: Vec<&Value> = all.iter().copied().filter(|proof| Suite::of(proof).is_some()).take(MAX_PROOFS).collect();
    let unsupported = || {
        let names: Vec<&str> = all
            .iter()
            .filter_map(|proof| proof.get("cryptosuite").or_else(|| proof.get("type")).and_then(Value::as_str))
            .collect();
        let detail = if all.is_empty() { "no proof".to_owned() } else { format!("proofs: {}", names.join(", ")) };
        Check::refused(Step::Proof, Reason::ProofUnsupported, detail)
    };
    let keys = match issuer_document(issuer, setting.world) {
        Ok(keys) => keys,
        Err((outcome, detail)) => {
            let signature = if known.is_empty() { unsupported() } else { Check::not_asked(Step::Proof, "no key") };
            return (Check::new(Step::Key, outcome, detail), signature);
        }
    };
    if known.is_empty() {
        return (Check::not_asked(Step::Key, "no proof names a key"), unsupported());
    }
    let mut key_failure = None;
    let mut key_found = None;
    let mut details = Vec::new();
    for proof in known {
        let address = proof.get("verificationMethod").and_then(id_of).unwrap_or_default();
        match listed_key(&keys, issuer, address, setting.now) {
            Ok(key) => {
                key_found = Some(address.to_owned());
                match one_proof(document, proof, &key, setting) {
                    Ok(()) => {
                        let signature = Check::passed(Step::Proof, format!("signed with `{address}`"));
                        return (Check::passed(Step::Key, format!("`{issuer}` lists `{address}`")), signature);
                    }
                    Err(why) => details.push(why),
                }
            }
            Err(failure) => key_failure = key_failure.or(Some(failure)),
        }
    }
    match (key_found, key_failure) {
        (Some(address), _) => (
            Check::passed(Step::Key, format!("`{issuer}` lists `{address}`")),
            Check::refused(Step::Proof, Reason::BadSignature, details.join("; ")),
        ),
        (None, Some((reason, detail))) => {
            (Check::refused(Step::Key, reason, detail), Check::not_asked(Step::Proof, "no key of the issuer"))
        }
        (None, None) => (Check::not_asked(Step::Key, "no proof names a key"), unsupported()),
    }
}

fn one_proof(document: &Value, proof: &Value, key: &crate::keys::PublicKey, setting: &Setting) -> Result<(), String> {
    if proof.get("proofPurpose").and_then(Value::as_str) != Some("assertionMethod") {
        return Err("the proof was not made to assert".to_owned());
    }
    if proof.get("@context").is_some_and(|own| Some(own) != document.get("@context")) {
        return Err("the proof has contexts of its own".to_owned());
    }
    if proof.get("created").is_some() && instant(proof, "created").is_none() {
        return Err("the proof's date is no date".to_owned());
    }
    if proof.get("expires").is_some() && instant(proof, "expires").is_none_or(|end| end <= setting.now) {
        return Err("the proof's time is over".to_owned());
    }
    match proof::verify(document, proof, key, setting.contexts) {
        Ok(true) => Ok(()),
        Ok(false) => Err("the signature is not that of the document".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

/// Steps 5 and 6 with a VC-JWT (OB3 `#jwt-proof`).
fn token_checks(document: &Value, token: &Jws, issuer: &str, setting: &Setting) -> (Check, Check) {
    if token.algorithm().is_none() {
        let detail =
            format!("the algorithm {} is not one that is known", token.header.get("alg").unwrap_or(&Value::Null));
        let key = Check::not_asked(Step::Key, "the token's algorithm is not known");
        return (key, Check::refused(Step::Proof, Reason::ProofUnsupported, detail));
    }
    let keys = match issuer_document(issuer, setting.world) {
        Ok(keys) => keys,
        Err((outcome, detail)) => {
            return (Check::new(Step::Key, outcome, detail), Check::not_asked(Step::Proof, "no key"));
        }
    };
    let addresses = match token.header.get("kid").and_then(Value::as_str) {
        Some(own) if own.starts_with('#') => vec![format!("{issuer}{own}")],
        Some(kid) if kid.contains(':') => vec![kid.to_owned()],
        Some(short) => vec![format!("{issuer}#{short}")],
        // Without a name, any key that the issuer lists: a key in the header itself counts for nothing.
        None => listed_addresses(&keys, issuer),
    };
    let mut failure = (Reason::KeyNotListed, format!("`{issuer}` lists no key"));
    let mut found = None;
    for address in addresses.into_iter().take(MAX_PROOFS * 2) {
        match listed_key(&keys, issuer, &address, setting.now) {
            Ok(key) if token.is_signed_by(&key) => {
                let key = Check::passed(Step::Key, format!("`{issuer}` lists `{address}`"));
                return match claims_disagree(document, token, issuer) {
                    Some(claim) => (key, Check::refused(Step::Proof, Reason::BadSignature, claim)),
                    None => (key, Check::passed(Step::Proof, format!("signed with `{address}`"))),
                };
            }
            Ok(_) => found = Some(address),
            Err(why) => failure = why,
        }
    }
    match found {
        Some(address) => (
            Check::passed(Step::Key, format!("`{issuer}` lists `{address}`")),
            Check::refused(Step::Proof, Reason::BadSignature, "the signature is not that of the token"),
        ),
        None => {
            (Check::refused(Step::Key, failure.0, failure.1), Check::not_asked(Step::Proof, "no key of the issuer"))
        }
    }
}

/// The registered claims of a token say the same as the credential in it.
fn claims_disagree(document: &Value, token: &Jws, issuer: &str) -> Option<String> {
    let subject = document.get("credentialSubject").and_then(id_of);
    let texts = [("iss", Some(issuer)), ("jti", document.get("id").and_then(Value::as_str)), ("sub", subject)];
    let dates = [("nbf", instant(document, "validFrom")), ("exp", instant(document, "validUntil"))];
    let texts = texts
        .into_iter()
        .filter(|(claim, own)| token.payload.get(*claim).is_some_and(|said| own.is_some() && said.as_str() != *own));
    let dates = dates.into_iter().filter(|(claim, own)| {
        let said = token.payload.get(*claim).map(|said| said.as_f64());
        said.is_some_and(|said| said.is_none() || said != own.map(|own| (own.millis() / 1000) as f64))
    });
    texts
        .map(|(claim, _)| claim)
        .chain(dates.map(|(claim, _)| claim))
        .next()
        .map(|claim| format!("the token's claim `{claim}` is not what the credential says"))
}

/// Step 7.
pub(super) fn validity(document: &Value, now: Time) -> Check {
    let (from, until) = (instant(document, "validFrom"), instant(document, "validUntil"));
    window(from, until, now)
}

/// Step 7 for any dates.
pub(super) fn window(from: Option<Time>, until: Option<Time>, now: Time) -> Check {
    if let Some(from) = from.filter(|from| now.plus_seconds(SKEW_S) < *from) {
        return Check::refused(Step::Dates, Reason::NotYetValid, format!("valid from {}", dates::format(from)));
    }
    match until {
        Some(until) if now.plus_seconds(-SKEW_S) >= until => {
            Check::refused(Step::Dates, Reason::Expired, format!("valid until {}", dates::format(until)))
        }
        Some(until) => Check::passed(Step::Dates, format!("valid until {}", dates::format(until))),
        None => Check::passed(Step::Dates, "valid without end"),
    }
}

/// True when a credential's types name one of these.
pub(super) fn is_of_type(document: &Value, names: &[&str]) -> bool {
    strings(document.get("type")).iter().any(|name| names.contains(name))
}

/// True when nothing in these checks refuses or leaves open.
pub(super) fn all_passed(checks: &[Check]) -> Result<(), (Outcome, String)> {
    let failed = checks.iter().find(|check| matches!(check.outcome, Outcome::Refused(_)));
    let failed = failed.or_else(|| checks.iter().find(|check| matches!(check.outcome, Outcome::CannotSay(_))));
    failed.map_or(Ok(()), |check| Err((check.outcome, check.detail.clone())))
}
