//! What would make a refusal a grant.

use super::story::{Story, id, time};
use tremen_rules::Level;
use tremen_rules::remedies::{Choice, Recognised, Step, what_would_grant};

const NOON: &str = "2031-03-03 12:00"; // a Monday

#[track_caller]
fn steps(facts: &str, world: &str) -> Vec<Step> {
    let (story, now) = (Story::read(facts, world), time(NOON));
    what_would_grant(&story.dossier(now), &story.reading, now).into_iter().flat_map(|remedy| remedy.steps).collect()
}

fn choice(reference: &str, level: Level, version: u32, before: Vec<Choice>) -> Choice {
    let own = Recognised { issuer: id("ubo-of"), min_version: None, handover: false };
    Choice { reference: id(reference), level, version, issuers: vec![own], before }
}

#[test]
fn a_grant_needs_nothing() {
    assert_eq!(steps("marie: laser level 2", ""), []);
}

#[test]
fn without_an_award_one_is_to_be_obtained_and_what_it_needs_before() {
    let before = vec![choice("safety", Level::Discovery, 1, Vec::new())];
    let choices = vec![choice("laser", Level::Autonomous, 2, before), choice("wood", Level::Autonomous, 2, Vec::new())];
    let world = "machine: needs laser|wood level 2 version 2\nlaser: needs safety level 1";
    assert_eq!(steps("", world), [Step::Obtain { choices }]);
}

#[test]
fn an_expired_award_is_renewed_and_goes_through_the_later_tests() {
    let renew = Step::Renew { award: id("a-1"), reference: id("laser"), issuer: id("fdp"), version: 3 };
    let shown = Step::TakeHandover { machine: id("trotec") };
    let facts = "marie: laser level 2 by fdp version 1, until 2031-01-01";
    assert_eq!(steps(facts, "accept: fdp, all, version 3, handover"), [renew, shown]);
}

#[test]
fn each_reason_has_its_step() {
    let venue = || vec![id("ubo"), id("ponant")];
    let wait = Some(time("2031-04-01"));
    for (facts, world, step) in [
        ("reading: untrusted", "", Step::TrustController),
        ("reading: replayed", "", Step::TapAgain),
        ("reading: elsewhere", "", Step::NameAMachine),
        ("card: unknown", "", Step::AttachCard),
        ("card: blocked", "", Step::UseAnotherCard { until: None }),
        ("card: A0", "machine: card A1p, needs nothing", Step::UseSurerCard { at_least: tremen_rules::Assurance::A1p }),
        ("lock: until 2031-04-01", "machine: needs nothing", Step::AwaitUnlock { until: wait }),
        (
            "marie: restricted venue:ubo",
            "machine: needs nothing",
            Step::AwaitRestriction { scope: tremen_rules::Scope::Venue(id("ubo")), until: None },
        ),
        ("", "machine: needs nothing, members\nubo: reciprocal ponant", Step::Join { venues: venue() }),
        ("", "machine: needs nothing, age 16", Step::TellBirthDate { min_age: 16 }),
        ("marie: born 2015-04-01", "machine: needs nothing, age 16", Step::AwaitAge { min_age: 16, at: wait }),
        (
            "marie: laser level 2, suspended 2031-01-01 .. 2031-04-01",
            "",
            Step::AwaitSuspension { award: id("a-1"), issuer: id("ubo-of"), until: wait },
        ),
        (
            "marie: laser level 2, revoked 2031-01-01",
            "",
            Step::Obtain { choices: vec![choice("laser", Level::Autonomous, 1, Vec::new())] },
        ),
        (
            "marie: laser level 1, until 2031-01-01",
            "",
            Step::Obtain { choices: vec![choice("laser", Level::Autonomous, 1, Vec::new())] },
        ),
        (
            "marie: laser level 2 by ty",
            "accept: fdp, all, version 2, handover",
            Step::Recognise {
                venue: id("ubo"),
                issuer: id("ty"),
                reference: id("laser"),
                recognised: vec![
                    Recognised { issuer: id("ubo-of"), min_version: None, handover: false },
                    Recognised { issuer: id("fdp"), min_version: Some(2), handover: true },
                ],
            },
        ),
        ("", "machine: needs nothing, handover", Step::TakeHandover { machine: id("trotec") }),
        ("", "machine: needs nothing\nubo: tue 09:00-10:00", Step::ComeBack { at: Some(time("2031-03-04 09:00")) }),
        ("in use: bob", "machine: needs nothing", Step::AwaitMachine),
        (
            "marie: laser level 1",
            "machine: needs laser level 1, autonomous 2",
            Step::CallSupervisor { level: Level::Trainer },
        ),
    ] {
        assert_eq!(steps(facts, world), [step], "{facts} {world}");
    }
}
