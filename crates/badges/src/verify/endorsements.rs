//! Step 10: the endorsements inside a 3.0 badge, of the award, its class and its issuer.
//!
//! Start at [`all`]. Each is verified on its own, as a document (`endorsement`) or as a token (`endorsementJwt`); a bad one
//! is told and refuses nothing. Those of 2.0 are in [`super::v2`].

use serde_json::Value;

use super::check::{Check, Reason, Step};
use super::credential::{Kind, Setting, checks, is_of_type};
use super::jws::Jws;
use super::report::{About, EndorsementReport, Endorsements};
use super::token::Token;
use crate::json::{MAX_TEXT, id_of, listed};

/// The endorsements that a badge carries.
pub(super) fn all(badge: &Value, setting: &Setting) -> Endorsements {
    let class = badge.get("credentialSubject").and_then(|subject| subject.get("achievement"));
    let carriers = [(About::Award, Some(badge)), (About::Class, class), (About::Issuer, badge.get("issuer"))];
    let carried = carriers.into_iter().flat_map(|(about, carrier)| {
        let member = |name: &str| listed(carrier.and_then(|carrier| carrier.get(name)));
        let target = carrier.and_then(id_of);
        let inside = member("endorsement").into_iter().chain(member("endorsementJwt"));
        inside.map(move |endorsement| (about, target, endorsement))
    });
    Endorsements::of(carried, |(about, target, endorsement)| match endorsement.as_str() {
        None => one(about, target, endorsement, None, setting),
        Some(text) => match Jws::read(text, MAX_TEXT) {
            Some(Ok(jws)) => {
                let token = Token::of(jws);
                one(about, target, &token.credential, Some(&token), setting)
            }
            Some(Err(_)) | None => {
                let check = Check::refused(Step::Read, Reason::Unreadable, "it is no signed token");
                EndorsementReport::of(about, &Value::Null, vec![check])
            }
        },
    })
}

fn one(
    about: About,
    target: Option<&str>,
    endorsement: &Value,
    token: Option<&Token>,
    setting: &Setting,
) -> EndorsementReport {
    let mut all =
        vec![form(is_of_type(endorsement, &["EndorsementCredential"]), target, endorsement.get("credentialSubject"))];
    all.extend(checks(endorsement, Kind::Endorsement, token, setting));
    EndorsementReport::of(about, endorsement, all)
}

/// Step 2 for an endorsement of either version: it is one, and what carries it is what it is about.
pub(super) fn form(is_one: bool, target: Option<&str>, about: Option<&Value>) -> Check {
    let named = about.and_then(|about| about.get("id")).and_then(Value::as_str);
    if !is_one {
        Check::refused(Step::Form, Reason::NotABadge, "it is no endorsement")
    } else if named.is_none() || named != target {
        Check::refused(Step::Form, Reason::NotABadge, "it endorses something else than what carries it")
    } else {
        Check::passed(Step::Form, "an endorsement of what carries it")
    }
}
