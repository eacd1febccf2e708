//! Steps 5 and 6 with Data Integrity proofs: the issuer lists the key that one of the proofs names, and that key made it.
//!
//! Start at [`checks`].

use serde_json::Value;

use super::check::{Check, Reason, Step};
use super::credential::{MAX_PROOFS, Setting};
use super::keys::{issuer_document, listed_key, listing, signed_with};
use super::validity::instant;
use crate::json::{id_of, listed};
use crate::keys::PublicKey;
use crate::proof::{self, Suite};

/// Steps 5 and 6 with Data Integrity proofs.
pub(super) fn checks(document: &Value, issuer: &str, setting: &Setting) -> (Check, Check) {
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
                        let signature = Check::passed(Step::Proof, signed_with(issuer, address));
                        return (Check::passed(Step::Key, listing(issuer, address)), signature);
                    }
                    Err(why) => details.push(why),
                }
            }
            Err(failure) => key_failure = key_failure.or(Some(failure)),
        }
    }
    match (key_found, key_failure) {
        (Some(address), _) => (
            Check::passed(Step::Key, listing(issuer, &address)),
            Check::refused(Step::Proof, Reason::BadSignature, details.join("; ")),
        ),
        (None, Some((reason, detail))) => {
            (Check::refused(Step::Key, reason, detail), Check::not_asked(Step::Proof, "no key of the issuer"))
        }
        (None, None) => (Check::not_asked(Step::Key, "no proof names a key"), unsupported()),
    }
}

fn one_proof(document: &Value, proof: &Value, key: &PublicKey, setting: &Setting) -> Result<(), String> {
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
