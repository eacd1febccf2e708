//! Step 9: whether a badge is for this person. Step 11: whether the venue trusts who awarded it.

use serde_json::Value;

use super::check::{Check, Reason, Step};
use super::report::Claims;
use super::{Person, Trust};
use crate::identity::matches;
use crate::json::{id_of, listed};

/// One identity that a badge names.
struct Named<'a> {
    kind: &'a str,
    hashed: bool,
    identity: &'a str,
    salt: &'a str,
}

/// Step 9 for a 3.0 subject.
pub(super) fn check_v3(subject: Option<&Value>, person: Option<&Person>) -> Check {
    let identifiers = listed(subject.and_then(|subject| subject.get("identifier")));
    let named = identifiers.into_iter().filter_map(|one| {
        Some(Named {
            kind: one.get("identityType")?.as_str()?,
            hashed: one.get("hashed")?.as_bool()?,
            identity: one.get("identityHash")?.as_str()?,
            salt: one.get("salt").and_then(Value::as_str).unwrap_or_default(),
        })
    });
    decide(named.collect(), subject.and_then(id_of), person)
}

/// Step 9 for a 2.0 recipient.
pub(super) fn check_v2(recipient: Option<&Value>, person: Option<&Person>) -> Check {
    let named = recipient.and_then(|one| {
        Some(Named {
            kind: one.get("type")?.as_str()?,
            hashed: one.get("hashed").and_then(Value::as_bool).unwrap_or(false),
            identity: one.get("identity")?.as_str()?,
            salt: one.get("salt").and_then(Value::as_str).unwrap_or_default(),
        })
    });
    decide(named.into_iter().collect(), None, person)
}

fn decide(named: Vec<Named>, id: Option<&str>, person: Option<&Person>) -> Check {
    let Some(person) = person else {
        return Check::not_asked(Step::Recipient, "not asked whose it is");
    };
    let owns_id = |id: &str| person.ids.iter().any(|own| own == id);
    if id.is_some_and(owns_id) || named.iter().any(|one| is_of(one, person)) {
        return Check::passed(Step::Recipient, "it is for this person");
    }
    if named.is_empty() {
        return Check::refused(Step::Recipient, Reason::RecipientUnproven, "it does not say for whom it is");
    }
    Check::refused(Step::Recipient, Reason::OtherRecipient, "it is for somebody else")
}

fn is_of(named: &Named, person: &Person) -> bool {
    let own: &[String] = match named.kind {
        "email" | "emailAddress" => &person.emails,
        "url" | "ext:url" => &person.urls,
        "id" => &person.ids,
        _other => return false,
    };
    own.iter().any(|own| {
        // Issuers hash an address as it was typed, or in lower case.
        let own = own.trim();
        let lower = own.to_lowercase();
        if named.hashed {
            matches(own, named.salt, named.identity) || matches(&lower, named.salt, named.identity)
        } else {
            named.identity.trim() == own
                || (named.kind.starts_with("email") && named.identity.trim().to_lowercase() == lower)
        }
    })
}

/// Step 11.
pub(super) fn trust(claims: &Claims, trust: Option<&Trust>) -> Check {
    let Some(trust) = trust else {
        return Check::not_asked(Step::Trust, "not asked whether its issuer is to be trusted");
    };
    let Some(classes) = claims.issuer.as_ref().and_then(|issuer| trust.issuers.get(issuer)) else {
        return Check::refused(Step::Trust, Reason::IssuerNotTrusted, "the venue does not trust this issuer");
    };
    match (classes, &claims.class) {
        (None, _) => Check::passed(Step::Trust, "the venue trusts this issuer"),
        (Some(known), Some(class)) if known.contains(class) => {
            Check::passed(Step::Trust, "the venue recognises this class of this issuer")
        }
        (Some(_), _) => {
            Check::refused(Step::Trust, Reason::ClassNotRecognised, "the venue does not recognise this class")
        }
    }
}
