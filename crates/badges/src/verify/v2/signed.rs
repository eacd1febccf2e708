//! Assertions of 2.0 signed with a JWS (OB2, "Signed Badges").

use serde_json::Value;

use super::shape::shape_of_all;
use super::{Found, Parties, dates, linked};
use crate::json::{id_of, listed};
use crate::keys::{JwsAlgorithm, PublicKey};
use crate::verify::check::{Check, Outcome, Reason, Step};
use crate::verify::credential::Setting;
use crate::verify::jws::Jws;

/// A signed assertion.
pub(in crate::verify) fn signed(token: &Jws, setting: &Setting) -> Found {
    let assertion = token.payload.clone();
    let parties = Parties::of(&assertion, setting);
    let mut checks = vec![shape_of_all(&assertion, &parties)];
    match &parties.issuer {
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
    Found::of(checks, assertion, Some(&parties), setting)
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
            (listed, Check::passed(Step::Proof, format!("signed with `{address}`, and unchanged since")))
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
        return Check::passed(Step::Status, "its issuer keeps no list of revoked badges");
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
        None => Check::passed(Step::Status, "not revoked: its issuer's list does not name it"),
    }
}
