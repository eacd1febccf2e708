//! Finding a key where it counts: in the issuer's own document (steps 5 and 6).
//!
//! Start at [`issuer_document`] and [`listed_key`]. A key that only the proof or the token names is never used.

use serde_json::Value;
use tremen_rules::Time;

use super::check::{Outcome, Reason};
use super::world::{Got, World};
use crate::dates;
use crate::json::{id_of, listed};
use crate::keys::PublicKey;

/// The issuer's own document, or how the check of the key ends without it.
pub(super) fn issuer_document(issuer: &str, world: &World) -> Result<Value, (Outcome, String)> {
    let unreachable = Reason::IssuerUnreachable;
    match world.get(issuer) {
        Got::Json(document) if document.get("id").and_then(Value::as_str) == Some(issuer) => Ok(document),
        Got::Json(_) => Err((Outcome::Refused(unreachable), format!("the document at `{issuer}` is another's"))),
        Got::Text(_) => Err((Outcome::Refused(unreachable), format!("`{issuer}` answers no document"))),
        Got::Gone(_) => Err((Outcome::Refused(unreachable), format!("`{issuer}` is gone for good"))),
        Got::Nothing(why) => Err((Outcome::Refused(unreachable), why)),
        Got::Later(why) => Err((Outcome::CannotSay(unreachable), why)),
    }
}

/// The key that an issuer's document lists for signing under this address.
pub(super) fn listed_key(
    document: &Value,
    issuer: &str,
    address: &str,
    now: Time,
) -> Result<PublicKey, (Reason, String)> {
    let absolute = |id: &str| if id.starts_with('#') { format!("{issuer}{id}") } else { id.to_owned() };
    let assertion = listed(document.get("assertionMethod"));
    let methods = listed(document.get("verificationMethod")).into_iter().chain(assertion.iter().copied());
    let is_it = |value: &Value| id_of(value).is_some_and(|id| absolute(id) == address);
    let method = methods.filter(|method| method.is_object()).find(|method| is_it(method));
    let Some(method) = method else {
        let own = address.split('#').next() == Some(issuer);
        let reason = if own { Reason::KeyNotListed } else { Reason::KeyOfAnother };
        return Err((reason, format!("`{issuer}` does not list the key `{address}`")));
    };
    if !assertion.into_iter().any(is_it) {
        return Err((Reason::KeyNotListed, format!("`{issuer}` does not list the key `{address}` for signing")));
    }
    if method.get("controller").and_then(Value::as_str) != Some(issuer) {
        return Err((Reason::KeyOfAnother, format!("the key `{address}` has another controller")));
    }
    for end in ["revoked", "expires"] {
        if let Some(date) = method.get(end)
            && date.as_str().and_then(dates::parse).is_none_or(|date| date <= now)
        {
            return Err((Reason::KeyNotListed, format!("the key `{address}` is {end} since {date}")));
        }
    }
    let multikey = method.get("publicKeyMultibase").and_then(Value::as_str).and_then(PublicKey::from_multikey);
    multikey
        .or_else(|| method.get("publicKeyJwk").and_then(PublicKey::from_jwk))
        .ok_or_else(|| (Reason::ProofUnsupported, format!("the key `{address}` is of a kind that is not known")))
}

/// The addresses of all keys that an issuer's document lists for signing.
pub(super) fn listed_addresses(document: &Value, issuer: &str) -> Vec<String> {
    let absolute = |id: &str| if id.starts_with('#') { format!("{issuer}{id}") } else { id.to_owned() };
    listed(document.get("assertionMethod")).into_iter().filter_map(id_of).map(absolute).collect()
}

/// What is told of a key that was found listed.
pub(super) fn listing(issuer: &str, address: &str) -> String {
    if issuer.starts_with("did:key:") {
        return "its issuer is known by this key alone: who holds it, and the issuer's name, are its own word"
            .to_owned();
    }
    format!("`{issuer}` lists `{}`", fragment(issuer, address))
}

/// What is told of a signature that this key made.
pub(super) fn signed_with(issuer: &str, address: &str) -> String {
    format!("signed with `{}`, and unchanged since", fragment(issuer, address))
}

/// A key's address without the issuer's, where it begins with that.
fn fragment<'a>(issuer: &str, address: &'a str) -> &'a str {
    address.strip_prefix(issuer).filter(|rest| rest.starts_with('#')).unwrap_or(address)
}
