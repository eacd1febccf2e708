//! Step 8: whether the issuer took a 3.0 credential back.
//!
//! Start at [`check`]. A list is a credential of its own, with a proof inside or as a token, and is verified like one before a
//! bit of it is believed.

use serde_json::Value;

use super::check::{Check, Outcome, Reason, Step};
use super::credential::{Kind, Setting, all_passed, checks, is_of_type};
use super::jws::Jws;
use super::token::Token;
use super::world::Got;
use crate::json::{MAX_FETCHED, id_of, listed, strings};
use crate::status_list::StatusList;

/// How many status entries of one credential are looked at.
const MAX_ENTRIES: usize = 4;

/// How a norm of bit lists spells its parts.
struct Norm {
    entry: &'static str,
    credential: &'static str,
    subject: &'static str,
}

/// Bitstring Status List 1.0, and the draft that came before it, which issuers of 2021 to 2024 use.
const NORMS: [Norm; 2] = [
    Norm {
        entry: "BitstringStatusListEntry",
        credential: "BitstringStatusListCredential",
        subject: "BitstringStatusList",
    },
    Norm { entry: "StatusList2021Entry", credential: "StatusList2021Credential", subject: "StatusList2021" },
];

/// Step 8 for a credential of this issuer.
pub(super) fn check(document: &Value, issuer: &str, setting: &Setting) -> Check {
    let entries = listed(document.get("credentialStatus"));
    if entries.is_empty() {
        return Check::passed(Step::Status, "it names no list on which its issuer could revoke it");
    }
    if entries.len() > MAX_ENTRIES {
        return Check::refused(Step::Status, Reason::StatusUntrusted, "it names too many status lists");
    }
    let mut unsure = None;
    for entry in entries {
        let kind = entry.get("type").and_then(Value::as_str).unwrap_or_default();
        let outcome = match NORMS.iter().find(|norm| norm.entry == kind) {
            Some(norm) => bit(norm, entry, issuer, setting),
            None if kind == "1EdTechRevocationList" => named(document, entry, issuer, setting),
            None => Err(untrusted(format!("the status type `{kind}` is not one that is known"))),
        };
        match outcome {
            Ok(()) => {}
            Err((outcome @ Outcome::Refused(_), detail)) => return Check::new(Step::Status, outcome, detail),
            Err(later) => unsure = unsure.or(Some(later)),
        }
    }
    match unsure {
        Some((outcome, detail)) => Check::new(Step::Status, outcome, detail),
        None => Check::passed(Step::Status, "not revoked: its issuer's list does not name it"),
    }
}

type Ended = (Outcome, String);

fn untrusted(detail: impl Into<String>) -> Ended {
    (Outcome::Refused(Reason::StatusUntrusted), detail.into())
}

/// The list at an address, and the token that it came in.
fn fetched(address: &str, setting: &Setting) -> Result<(Value, Option<Token>), Ended> {
    match setting.world.get(address) {
        Got::Json(list) => Ok((list, None)),
        Got::Text(text) => match Jws::read(&text, MAX_FETCHED) {
            Some(Ok(jws)) => {
                let token = Token::of(jws);
                Ok((token.credential.clone(), Some(token)))
            }
            Some(Err(_)) | None => Err(untrusted(format!("`{address}` answers no status list"))),
        },
        Got::Gone(_) => Err(untrusted(format!("`{address}` is gone for good"))),
        // A list that is not there today may be there tomorrow; the badge is not false for it.
        Got::Nothing(why) | Got::Later(why) => Err((Outcome::CannotSay(Reason::StatusUnreachable), why)),
    }
}

/// A list of bits (BSL, section 3.2).
fn bit(norm: &Norm, entry: &Value, issuer: &str, setting: &Setting) -> Result<(), Ended> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let purpose = text("statusPurpose").ok_or_else(|| untrusted("the status entry names no purpose"))?;
    let address = text("statusListCredential").ok_or_else(|| untrusted("the status entry names no list"))?;
    let index = entry.get("statusListIndex");
    let index = index.and_then(|index| index.as_u64().or_else(|| index.as_str().and_then(|text| text.parse().ok())));
    let index: u64 = index.ok_or_else(|| untrusted("the status entry has no index"))?;
    if entry.get("statusSize").is_some_and(|size| size.as_u64() != Some(1)) {
        return Err(untrusted("status entries of several bits are not known"));
    }
    let (list, token) = fetched(address, setting)?;
    if !is_of_type(&list, &[norm.credential]) {
        return Err(untrusted(format!("`{address}` is no status list")));
    }
    if list.get("issuer").and_then(id_of) != Some(issuer) {
        return Err(untrusted("the status list has another issuer"));
    }
    match all_passed(&checks(&list, Kind::StatusList, token.as_ref(), setting)) {
        Ok(()) => {}
        Err((Outcome::CannotSay(_), why)) => return Err((Outcome::CannotSay(Reason::StatusUnreachable), why)),
        Err((_, why)) => return Err(untrusted(format!("the status list: {why}"))),
    }
    let subject = list.get("credentialSubject");
    let member = |name: &str| subject.and_then(|subject| subject.get(name));
    if !subject.is_some_and(|subject| is_of_type(subject, &[norm.subject])) {
        return Err(untrusted(format!("`{address}` holds no {}", norm.subject)));
    }
    if !strings(member("statusPurpose")).contains(&purpose) {
        return Err(untrusted(format!("the status list is not for {purpose}")));
    }
    let encoded = member("encodedList").and_then(Value::as_str).unwrap_or_default();
    let is_set =
        StatusList::decode(encoded).and_then(|bits| bits.is_set(index)).map_err(|e| untrusted(e.to_string()))?;
    match purpose {
        "revocation" if is_set => Err((Outcome::Refused(Reason::Revoked), "the issuer revoked it".to_owned())),
        "suspension" if is_set => Err((Outcome::Refused(Reason::Suspended), "the issuer suspended it".to_owned())),
        _other => Ok(()),
    }
}

/// A 1EdTech revocation list of older 3.0: plain JSON, believed for its address alone.
fn named(document: &Value, entry: &Value, issuer: &str, setting: &Setting) -> Result<(), Ended> {
    let address = entry.get("id").and_then(Value::as_str).ok_or_else(|| untrusted("the status entry names no list"))?;
    let (list, None) = fetched(address, setting)? else {
        return Err(untrusted(format!("`{address}` is no revocation list")));
    };
    if list.get("issuer").and_then(id_of).is_some_and(|other| other != issuer) {
        return Err(untrusted("the revocation list has another issuer"));
    }
    let revoked = list.get("revokedCredential").or_else(|| list.get("revokedCredentials"));
    let revoked = revoked.ok_or_else(|| untrusted(format!("`{address}` is no revocation list")))?;
    let id = document.get("id").and_then(Value::as_str);
    let mut entries = listed(Some(revoked)).into_iter();
    let is_it = |one: &Value| id.is_some() && id_of(one) == id && one.get("revoked") != Some(&Value::Bool(false));
    match entries.find(|one| is_it(one)) {
        Some(one) => {
            let reason = one.get("revocationReason").and_then(Value::as_str).unwrap_or("no reason given");
            Err((Outcome::Refused(Reason::Revoked), format!("the issuer revoked it: {reason}")))
        }
        None => Ok(()),
    }
}
