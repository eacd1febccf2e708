//! What becomes of an award, and what is refused.

use super::story::{id, network, time};
use tremen_rules::awarding::{AwardError, Draft};
use tremen_rules::{Award, Level, PersonId, Span};

fn draft(award: &str, issued_at: &str) -> Draft {
    Draft {
        id: id(award),
        person: id("marie"),
        reference: id("laser"),
        version: None,
        level: Level::Autonomous,
        issuer: id("ubo-of"),
        issued_at: time(issued_at),
        valid_until: None,
    }
}

fn award() -> Award {
    draft("a-1", "2031-08-31 10:00").award(&network()).unwrap()
}

#[test]
fn an_award_is_of_the_current_version_and_ends_with_the_references_validity() {
    let mut network = network();
    assert_eq!((award().version, award().valid_until), (3, None));
    network.references.get_mut("laser").unwrap().valid_months = Some(6);
    let made = draft("a-1", "2030-08-31 10:00").award(&network).unwrap();
    assert_eq!(made.valid_until, Some(time("2031-02-28 10:00")));
    let given = Draft { valid_until: Some(time("2040-01-01")), version: Some(1), ..draft("a-1", "2030-08-31") };
    let made = given.award(&network).unwrap();
    assert_eq!((made.version, made.valid_until), (1, Some(time("2040-01-01"))));
}

#[test]
fn an_award_of_something_unknown_or_over_before_it_begins_is_refused() {
    let refused = |draft: Draft| draft.award(&network()).unwrap_err().to_string();
    let good = draft("a-1", "2031-01-01");
    assert_eq!(refused(Draft { reference: id("art"), ..good.clone() }), "no reference has the id `art`");
    assert_eq!(refused(Draft { issuer: id("mars"), ..good.clone() }), "no issuer has the id `mars`");
    for version in [0, 4] {
        let problem = format!("version {version} of `laser` does not exist: 1 to 3");
        assert_eq!(refused(Draft { version: Some(version), ..good.clone() }), problem);
    }
    let ended = Draft { valid_until: Some(time("2031-01-01")), ..good };
    assert!(matches!(ended.award(&network()), Err(AwardError::EndsTooSoon { .. })));
}

#[test]
fn a_renewal_supersedes_the_old_award_from_its_own_issue_on() {
    let marie: PersonId = id("marie");
    let (old, new) = draft("a-2", "2032-01-01").renewal(&award(), &marie, &network()).unwrap();
    assert_eq!(old, Award { superseded_at: Some(time("2032-01-01")), ..award() });
    assert_eq!((new.id, new.superseded_at), (id("a-2"), None));
    assert!(draft("a-2", "2031-08-31 10:00").renewal(&award(), &marie, &network()).is_ok()); // at the same instant
}

#[test]
fn a_renewal_is_of_the_same_person_reference_and_issuer_and_no_earlier() {
    let (marie, eve): (PersonId, PersonId) = (id("marie"), id("eve"));
    let refused = |draft: &Draft, old: &Award, holder| draft.renewal(old, holder, &network()).unwrap_err().to_string();
    let good = draft("a-2", "2032-01-01");
    let other = "award `a-1` can only be superseded by one of the same person, reference and issuer";
    assert_eq!(refused(&good, &award(), &eve), other);
    assert_eq!(refused(&Draft { reference: id("wood"), ..good.clone() }, &award(), &marie), other);
    assert_eq!(refused(&Draft { issuer: id("fdp"), ..good.clone() }, &award(), &marie), other);
    let early = draft("a-2", "before 2031-08-31 10:00");
    assert!(refused(&early, &award(), &marie).starts_with("award `a-1` was issued at 2031-08-31T08:00:00.000Z"));
    let superseded = Award { superseded_at: Some(time("2033-01-01")), ..award() };
    assert_eq!(refused(&good, &superseded, &marie), "award `a-1` is already superseded: renew its successor");
}

#[test]
fn a_revocation_is_for_good() {
    let revoked = award().revoked(time("2032-01-01")).unwrap();
    assert_eq!(revoked.revoked_at, Some(time("2032-01-01")));
    let already = "award `a-1` is already revoked";
    assert_eq!(revoked.revoked(time("2033-01-01")).unwrap_err().to_string(), already);
    assert_eq!(revoked.suspended(Span::since(time("2033-01-01"))).unwrap_err().to_string(), already);
    assert_eq!(revoked.resumed(time("2033-01-01")).unwrap_err().to_string(), already);
}

#[test]
fn an_award_that_is_issued_later_is_revoked_from_its_issue_on() {
    assert_eq!(award().revoked(time("2030-01-01")).unwrap().revoked_at, Some(time("2031-08-31 10:00")));
}

#[test]
fn a_suspension_is_ended_and_may_come_again() {
    let (from, until) = (time("2032-01-01"), time("2032-02-01"));
    let suspended = award().suspended(Span::since(from)).unwrap();
    let again = suspended.suspended(Span::new(until, None)).unwrap_err();
    assert_eq!(again.to_string(), "award `a-1` is already suspended then: resume it first");
    let resumed = suspended.resumed(until).unwrap();
    assert_eq!(resumed.suspensions, [Span::new(from, Some(until))]);
    assert_eq!(resumed.resumed(until).unwrap_err().to_string(), "award `a-1` is not suspended");
    assert_eq!(resumed.suspended(Span::since(until)).unwrap().suspensions.len(), 2);
    assert!(suspended.suspended(Span::new(time("2031-12-01"), Some(from))).is_ok()); // one ends where the other begins
    assert!(matches!(award().suspended(Span::new(until, Some(from))), Err(AwardError::EmptySuspension(_))));
    assert!(award().resumed(from).is_err());
}
