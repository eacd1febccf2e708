//! Steps 3 to 8 for one 3.0 credential: an award, an endorsement inside it, or a status list.
//!
//! Start at [`checks`].

use serde_json::Value;

use super::check::{Check, Outcome, Reason, Step};
use super::token::Token;
use super::world::World;
use super::{integrity, schema, status, validity};
use crate::contexts::Contexts;
use crate::json::{id_of, listed, strings};
use crate::jsonld::{ContextError, JsonLdError};
use crate::proof::{self, CanonicalError};
use tremen_rules::Time;

/// How many proofs of one credential are looked at.
pub(super) const MAX_PROOFS: usize = 4;

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
pub(super) fn checks(document: &Value, kind: Kind, token: Option<&Token>, setting: &Setting) -> Vec<Check> {
    let contradiction = token.and_then(|token| token.contradiction.as_deref());
    let mut checks = vec![contexts(document, setting), shape(document, kind, contradiction)];
    let issuer = document.get("issuer").and_then(id_of).unwrap_or_default();
    let unreadable =
        checks.iter().any(|check| matches!((check.step, check.outcome), (Step::Contexts, Outcome::Refused(_))));
    let (key, signature) = match token {
        Some(token) => token.checks(issuer, setting),
        // What has no canonical form has no signature: no key is fetched for it, and no work is done twice.
        None if unreadable => {
            let why = "it has no meaning under its contexts";
            (Check::not_asked(Step::Key, why), Check::not_asked(Step::Proof, why))
        }
        None => integrity::checks(document, issuer, setting),
    };
    checks.extend([key, signature, validity::check(document, setting.now)]);
    if kind != Kind::StatusList {
        checks.push(status::check(document, issuer, setting));
    }
    checks
}

/// Step 3.
fn contexts(document: &Value, setting: &Setting) -> Check {
    let mut document = document.clone();
    if let Some(object) = document.as_object_mut() {
        object.remove("proof");
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
fn shape(document: &Value, kind: Kind, contradiction: Option<&str>) -> Check {
    let mut flaws = schema::flaws(document, kind);
    flaws.extend(contradiction.map(str::to_owned));
    if !flaws.is_empty() {
        return Check::refused(Step::Schema, Reason::Schema, flaws.join("; "));
    }
    let subject = document.get("credentialSubject");
    let has_identifier = subject.is_some_and(|subject| !listed(subject.get("identifier")).is_empty());
    if kind != Kind::StatusList && subject.and_then(id_of).is_none() && !has_identifier {
        return Check::refused(Step::Schema, Reason::NoSubject, "the subject has neither an id nor an identifier");
    }
    match validity::period(document) {
        (Some(from), Some(until)) if until < from => {
            Check::refused(Step::Schema, Reason::Dates, "it ends before it begins")
        }
        (_, _) => Check::passed(Step::Schema, "it has the shape that Open Badges 3.0 asks"),
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
