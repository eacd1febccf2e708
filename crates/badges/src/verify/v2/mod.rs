//! Open Badges 2.0: hosted assertions, assertions signed with a JWS, and the endorsements of either.
//!
//! Start at [`hosted`] and [`signed`]. The badge in hand only tells an address: what the address answers is what counts.

mod endorsements;
mod hosted;
mod shape;
mod signed;

use serde_json::Value;

use super::check::{Check, Outcome, Reason};
use super::credential::Setting;
use super::report::{Claims, Endorsements};
use super::validity::window;
use super::world::Got;
use crate::dates::parse_lenient;
use crate::json::id_of;

pub(super) use hosted::hosted;
pub(super) use signed::signed;

/// What the checks rest on and come to.
pub(super) struct Found {
    pub checks: Vec<Check>,
    pub claims: Claims,
    /// The assertion that counts: the hosted one, or the signed one.
    pub assertion: Value,
    pub endorsements: Endorsements,
}

impl Found {
    fn of(checks: Vec<Check>, assertion: Value, parties: Option<&Parties>, setting: &Setting) -> Self {
        let class = parties.and_then(|parties| parties.class.as_ref().ok());
        let issuer = parties.and_then(|parties| parties.issuer.as_ref().ok());
        let claims = claims(&assertion, class, issuer);
        let endorsements = endorsements::all(&assertion, class, issuer, setting);
        Self { checks, claims, assertion, endorsements }
    }
}

type Ended = (Outcome, String);

/// The class and the issuer, as their own addresses serve them: what is written inside a badge could be anybody's.
struct Parties {
    class: Result<Value, Ended>,
    issuer: Result<Value, Ended>,
}

impl Parties {
    fn of(assertion: &Value, setting: &Setting) -> Self {
        let class = linked(assertion.get("badge"), setting, Reason::DocumentUnreachable);
        let issuer = match &class {
            Ok(class) => linked(class.get("issuer"), setting, Reason::IssuerUnreachable),
            Err(ended) => Err(ended.clone()),
        };
        Self { class, issuer }
    }
}

/// A document that another one links to; it has to say that address of itself.
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

/// Step 7.
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
        level_name: None,
        awarded_at: assertion.get("issuedOn").and_then(parse_lenient),
        valid_until: assertion.get("expires").and_then(parse_lenient),
    }
}
