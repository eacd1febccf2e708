//! Step 10: the endorsements that a 2.0 badge, its class and its issuer link to, each hosted by whoever endorses.

use serde_json::Value;

use super::hosted::{hosts, served};
use super::shape::shape_of_endorsement;
use super::{dates, linked};
use crate::json::{id_of, listed};
use crate::verify::check::{Check, Reason, Step};
use crate::verify::credential::{Setting, is_of_type};
use crate::verify::endorsements::form;
use crate::verify::report::{About, EndorsementReport, Endorsements};

/// The endorsements of an assertion, and of its class and its issuer where these were served.
pub(super) fn all(assertion: &Value, class: Option<&Value>, issuer: Option<&Value>, setting: &Setting) -> Endorsements {
    let carriers = [(About::Award, Some(assertion)), (About::Class, class), (About::Issuer, issuer)];
    let linked = carriers.into_iter().flat_map(|(about, carrier)| {
        let target = carrier.and_then(id_of);
        let links = listed(carrier.and_then(|carrier| carrier.get("endorsement")));
        links.into_iter().map(move |link| (about, target, link))
    });
    Endorsements::of(linked, |(about, target, link)| one(about, target, link, setting))
}

/// One endorsement. As with badges, what is written inside only tells an address.
fn one(about: About, target: Option<&str>, link: &Value, setting: &Setting) -> EndorsementReport {
    let Some(address) = id_of(link).filter(|text| !text.starts_with("ey")) else {
        let check =
            Check::refused(Step::Proof, Reason::ProofUnsupported, "2.0 endorsements are known where they are hosted");
        return EndorsementReport::of(about, link, vec![check]);
    };
    let (endorsement, status) = match served(address, setting) {
        Ok((Some(endorsement), status)) => (endorsement, status),
        Ok((None, revoked)) => return EndorsementReport::of(about, link, vec![revoked]),
        Err((outcome, why)) => {
            return EndorsementReport::of(about, link, vec![Check::new(Step::Proof, outcome, why)]);
        }
    };
    if endorsement.get("claim").is_none() && endorsement.get("revoked").is_some() {
        return EndorsementReport::of(about, &endorsement, vec![status]);
    }
    let origin = match linked(endorsement.get("issuer"), setting, Reason::IssuerUnreachable) {
        Ok(issuer) => hosts(&issuer, address),
        Err((outcome, why)) => Check::new(Step::Proof, outcome, why),
    };
    let checks = vec![
        form(is_of_type(&endorsement, &["Endorsement"]), target, endorsement.get("claim")),
        shape_of_endorsement(&endorsement),
        origin,
        dates(&endorsement, setting),
        status,
    ];
    EndorsementReport::of(about, &endorsement, checks)
}
