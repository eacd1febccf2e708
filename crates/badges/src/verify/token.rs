//! VC-JWT: a credential inside a signed token (VCDM 1.1, section 6.3.1; OB3, `#jwt-proof`).
//!
//! Start at [`Token::of`]: the credential stands in the claim `vc`, or is the token's whole content, and what the registered
//! claims say (`iss`, `sub`, `jti`, `nbf`, `exp`) may stand there alone. [`Token::checks`] are steps 5 and 6.

use serde_json::{Map, Value};
use tremen_rules::Time;

use super::check::{Check, Reason, Step};
use super::credential::{MAX_PROOFS, Setting};
use super::jws::Jws;
use super::keys::{issuer_document, listed_addresses, listed_key, listing, signed_with};
use super::validity::{members, period};
use crate::dates;

/// What a token says beside its credential.
const CLAIMS: [&str; 10] = ["vc", "iss", "sub", "jti", "nbf", "exp", "iat", "aud", "cnf", "nonce"];

/// A token with a credential in it, read but not verified.
#[derive(Debug, Clone)]
pub(super) struct Token {
    /// The credential, with what the token's claims say where it is silent itself.
    pub credential: Value,
    /// The token.
    pub jws: Jws,
    /// The first thing that the token says in two ways, for step 4: two readers could take it for two badges.
    pub contradiction: Option<String>,
}

impl Token {
    /// Takes the credential out of a token.
    pub(super) fn of(jws: Jws) -> Self {
        let Some(claims) = jws.payload.as_object() else {
            return Self { credential: jws.payload.clone(), jws, contradiction: None };
        };
        let (mut credential, mut contradiction) = merged(claims);
        for claim in CLAIMS {
            if claims.get(claim).is_some_and(|said| !agrees(&mut credential, claim, said)) {
                let what = || format!("the token's claim `{claim}` is not what the credential says");
                contradiction = contradiction.or_else(|| Some(what()));
            }
        }
        Self { credential, jws, contradiction }
    }

    /// Steps 5 and 6 for the credential of this issuer.
    pub(super) fn checks(&self, issuer: &str, setting: &Setting) -> (Check, Check) {
        if self.jws.algorithm().is_none() {
            let name = self.jws.header.get("alg").unwrap_or(&Value::Null);
            let key = Check::not_asked(Step::Key, "the token's algorithm is not known");
            let detail = format!("the algorithm {name} is not one that is known");
            return (key, Check::refused(Step::Proof, Reason::ProofUnsupported, detail));
        }
        let keys = match issuer_document(issuer, setting.world) {
            Ok(keys) => keys,
            Err((outcome, detail)) => {
                return (Check::new(Step::Key, outcome, detail), Check::not_asked(Step::Proof, "no key"));
            }
        };
        let addresses = match self.jws.header.get("kid").and_then(Value::as_str) {
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
                Ok(key) if self.jws.is_signed_by(&key) => {
                    let signature = Check::passed(Step::Proof, signed_with(issuer, &address));
                    return (Check::passed(Step::Key, listing(issuer, &address)), signature);
                }
                Ok(_) => found = Some(address),
                Err(why) => failure = why,
            }
        }
        match found {
            Some(address) => (
                Check::passed(Step::Key, listing(issuer, &address)),
                Check::refused(Step::Proof, Reason::BadSignature, "the signature is not that of the token"),
            ),
            None => {
                (Check::refused(Step::Key, failure.0, failure.1), Check::not_asked(Step::Proof, "no key of the issuer"))
            }
        }
    }
}

/// The credential of these claims, and what stands in the claim `vc` and beside it with two values.
fn merged(claims: &Map<String, Value>) -> (Value, Option<String>) {
    let beside = claims.iter().filter(|(name, _)| !CLAIMS.contains(&name.as_str()));
    let mut credential: Map<String, Value> = beside.map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut contradiction = None;
    match claims.get("vc") {
        Some(Value::Object(inner)) => {
            for (name, value) in inner {
                if credential.insert(name.clone(), value.clone()).is_some_and(|beside| beside != *value) {
                    contradiction = Some(format!("the token says `{name}` in its claim `vc` and beside it"));
                }
            }
        }
        Some(_) => contradiction = Some("the token's claim `vc` is no credential".to_owned()),
        None => {}
    }
    (Value::Object(credential), contradiction)
}

/// Puts what a claim says where the credential is silent; false where the two disagree.
fn agrees(credential: &mut Value, claim: &str, said: &Value) -> bool {
    let (from, until) = period(credential);
    let (begin, end) = members(credential);
    let place = match claim {
        "iss" if credential.get("issuer").is_some_and(Value::is_object) => {
            credential.get_mut("issuer").map(|it| (it, "id"))
        }
        "iss" => Some((credential, "issuer")),
        "sub" => credential.get_mut("credentialSubject").map(|it| (it, "id")),
        "jti" => Some((credential, "id")),
        "nbf" => return is_date(credential, begin, from, said),
        "exp" => return is_date(credential, end, until, said),
        _about_the_token => return true,
    };
    let Some((Value::Object(object), member)) = place else { return false };
    said.is_string() && object.entry(member).or_insert_with(|| said.clone()) == said
}

/// The same for a claim that counts the seconds since 1970.
fn is_date(credential: &mut Value, member: &str, own: Option<Time>, said: &Value) -> bool {
    let said = said.as_i64().and_then(|seconds| seconds.checked_mul(1000)).map(Time::from_millis);
    match (own, said, credential) {
        (Some(own), Some(said), _) => own.millis().div_euclid(1000) == said.millis().div_euclid(1000),
        (None, Some(said), Value::Object(credential)) => {
            // A date that can't be read stays, for the check of the shape to tell.
            credential.entry(member).or_insert_with(|| dates::format(said).into());
            true
        }
        (_, None, _) | (None, Some(_), _) => false,
    }
}
