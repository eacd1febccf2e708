//! `decide()` beside `cedar-policy`: the same people, the same machine, the same reasons, dossiers and entities in memory.
//!
//! `benches/run cedar`. Before anything is measured both are asked about every person, and must agree on verdict and
//! reasons. Only the question itself is timed: Cedar's policies are parsed, its entities and requests are made.

use std::collections::BTreeSet;
use std::hint::black_box;

use cedar_policy::{Authorizer, Context, Decision as Verdict, Entities, EntityUid, PolicySet, Request};
use serde_json::{Value, json};
use tremen_measure::{Arguments, Report, interleave};
use tremen_rules::dossier::Membership;
use tremen_rules::{
    Assurance, Award, AwardId, Decision, Dossier, Level, PersonFacts, PersonId, ReadingFacts, Restriction, Scope, Span,
    Time, decide,
};

/// Thursday 26 November 2026, 15:00 in Brest.
const NOW: i64 = 1_795_701_600_000;
const DAY: i64 = 86_400_000;
/// An instant that is never reached.
const NEVER: i64 = i64::MAX;

/// A person with awards, and what is wrong with them.
struct Case {
    name: &'static str,
    person: PersonFacts,
    locked: bool,
    busy: bool,
}

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    let network = tremen_files::network_file::read(include_str!("../network.toml")).expect("a network file").network;
    let cases = cases();
    let policies: PolicySet = include_str!("../policy.cedar").parse().expect("the policy is Cedar");
    let policies = named(policies);
    let authorizer = Authorizer::new();
    let reading = ReadingFacts::of_card(Assurance::A1, Vec::new());
    let now = Time::from_millis(NOW);

    let mut report = Report::new("cedar", "One decision with every reason, `decide()` beside `cedar-policy` 4.14.");
    let mut rows = Vec::new();
    for case in &cases {
        let dossier = Dossier {
            network: &network,
            machine: "laser",
            person: Some(case.person.clone()),
            locks: if case.locked { vec![Span::new(Time::from_millis(NOW - DAY), None)] } else { Vec::new() },
            in_use_by: case.busy.then(|| PersonId::parse("somebody").expect("an id")),
            standbys: Vec::new(),
        };
        let (request, entities) = to_cedar(case);
        let ours: BTreeSet<String> = match decide(&dossier, &reading, now) {
            Decision::Grant(_) => BTreeSet::new(),
            Decision::Deny(reasons) | Decision::More(reasons) => {
                reasons.codes().iter().map(|it| it.code().to_owned()).collect()
            }
        };
        let response = authorizer.is_authorized(&request, &policies, &entities);
        assert_eq!(response.diagnostics().errors().count(), 0, "{}: {response:?}", case.name);
        let theirs: BTreeSet<String> = match response.decision() {
            Verdict::Allow => BTreeSet::new(),
            Verdict::Deny => response.diagnostics().reason().map(ToString::to_string).collect(),
        };
        assert_eq!(ours, theirs, "{}", case.name);

        // A call is too short for the clock: a hundred make a sample.
        let mut decides = || (0..100).for_each(|_| drop(black_box(decide(black_box(&dossier), &reading, now))));
        let mut cedars = || {
            (0..100).for_each(|_| drop(black_box(authorizer.is_authorized(black_box(&request), &policies, &entities))));
        };
        let samples = interleave(20, 25, &mut [&mut decides, &mut cedars]);
        let per_call = |of: usize, percent: usize| samples[of].quantile(percent).as_secs_f64() * 1e9 / 100.0;
        let said = if ours.is_empty() { "grant".to_owned() } else { ours.into_iter().collect::<Vec<_>>().join(", ") };
        rows.push(vec![
            case.name.to_owned(),
            said,
            format!("{:.0} ns", per_call(0, 50)),
            format!("{:.0} ns", per_call(0, 99)),
            format!("{:.1} µs", per_call(1, 50) / 1e3),
            format!("{:.1} µs", per_call(1, 99) / 1e3),
            format!("{:.0}", per_call(1, 50) / per_call(0, 50)),
        ]);
        report.raw_samples(&[
            (&format!("100 x decide, {}", case.name), &samples[0]),
            (&format!("100 x cedar, {}", case.name), &samples[1]),
        ]);
    }
    let header = ["person", "both say", "decide() p50", "p99", "Cedar p50", "p99", "Cedar / decide()"];
    report.table(&header, rows);
    report.say("Medians of 500 samples of a hundred calls each, in turn. Verdict and reasons agreed on every person.");
    report.finish(&arguments);
}

/// Cedar names the policies of one text by their place; here they have the name that they are annotated with.
fn named(policies: PolicySet) -> PolicySet {
    let mut renamed = PolicySet::new();
    for policy in policies.policies() {
        let id = policy.annotation("id").expect("every policy has an @id").parse().expect("an id");
        renamed.add(policy.new_id(id)).expect("ids differ");
    }
    renamed
}

fn id<T: TryFrom<String, Error: std::fmt::Debug>>(text: &str) -> T {
    T::try_from(text.to_owned()).expect(text)
}

fn award(reference: &str, issuer: &str, version: u32, level: Level) -> Award {
    Award {
        id: id::<AwardId>(&format!("award-{reference}")),
        reference: id(reference),
        version,
        level,
        issuer: id(issuer),
        issued_at: Time::from_millis(NOW - 100 * DAY),
        valid_until: Some(Time::from_millis(NOW + 100 * DAY)),
        superseded_at: None,
        revoked_at: None,
        suspensions: Vec::new(),
    }
}

fn cases() -> Vec<Case> {
    let member = |awards: Vec<Award>| {
        let mut person = PersonFacts::nothing_about(id("marie"));
        person.birth_date = Some("2000-05-17".parse().expect("a date"));
        let span = Span::new(Time::from_millis(NOW - 100 * DAY), Some(Time::from_millis(NOW + 100 * DAY)));
        person.memberships.push(Membership { venue: id("here"), span });
        person.awards = awards;
        person
    };
    let laser = || award("laser", "partner", 2, Level::Autonomous);
    let four = |laser: Award| {
        vec![
            award("other-1", "own", 1, Level::Discovery),
            award("other-2", "partner", 1, Level::Trainer),
            award("safety", "own", 1, Level::Discovery),
            laser,
        ]
    };
    let forty = || {
        let others = (0..38).map(|number| award(&format!("other-{number}"), "own", 1, Level::Discovery));
        others.chain([award("safety", "own", 1, Level::Discovery), laser()]).collect()
    };
    let case = |name, person| Case { name, person, locked: false, busy: false };
    let ago = Some(Time::from_millis(NOW - DAY));
    let mut stranger = PersonFacts::nothing_about(id("marie"));
    stranger.birth_date = Some("2014-05-17".parse().expect("a date"));
    let span = Span::new(Time::from_millis(NOW - DAY), None);
    stranger.restrictions.push(Restriction { scope: Scope::Network, span });
    vec![
        case("no award", member(Vec::new())),
        case("4 awards", member(four(laser()))),
        case("40 awards with a prerequisite", member(forty())),
        case("4 awards, expired", member(four(Award { valid_until: ago, ..laser() }))),
        case("4 awards, revoked", member(four(Award { revoked_at: ago, ..laser() }))),
        case("4 awards, of an old version", member(four(Award { version: 1, ..laser() }))),
        case("4 awards, of a stranger", member(four(Award { issuer: id("nobody"), ..laser() }))),
        case("4 awards, level too low", member(four(Award { level: Level::Discovery, ..laser() }))),
        case("prerequisite missing", member(vec![laser()])),
        Case { name: "everything wrong", person: stranger, locked: true, busy: true },
    ]
}

/// The same facts as entities and a request.
fn to_cedar(case: &Case) -> (Request, Entities) {
    let until = |time: Option<Time>| time.map_or(NEVER, Time::millis);
    let person = &case.person;
    let awards: serde_json::Map<String, Value> = person
        .awards
        .iter()
        .map(|award| {
            let facts = json!({ "issued_at": award.issued_at.millis(), "valid_until": until(award.valid_until),
                "revoked_at": until(award.revoked_at), "version": award.version, "level": award.level.number(),
                "issuer": award.issuer.as_str() });
            (award.reference.to_string(), facts)
        })
        .collect();
    let [member, restricted] =
        [person.memberships.first().map(|it| it.span), person.restrictions.first().map(|it| it.span)]
            .map(|span| span.map_or((NEVER, NEVER), |span| (span.from.millis(), until(span.until))));
    let (locked_from, busy) = (if case.locked { NOW - DAY } else { NEVER }, case.busy);
    let age = if person.restrictions.is_empty() { 26 } else { 12 }; // worked out beforehand, as Cedar needs it
    let entities = json!([
        { "uid": { "type": "Person", "id": "marie" }, "parents": [], "attrs": {
            "awards": awards, "age": age, "member_from": member.0, "member_until": member.1,
            "restricted_from": restricted.0, "restricted_until": restricted.1 } },
        { "uid": { "type": "Machine", "id": "laser" }, "parents": [], "attrs": {
            "locked_from": locked_from, "locked_until": NEVER, "busy": busy, "min_assurance": 2, "min_age": 16,
            "level": 2, "oldest_version": 2, "oldest_safety": 1, "issuers": ["own", "partner"] } },
    ]);
    let entities = Entities::from_json_value(entities, None).expect("entities");
    let uid = |text: &str| -> EntityUid { text.parse().expect("a uid") };
    let context = json!({ "now": NOW, "assurance": 2, "open": true });
    let context = Context::from_json_value(context, None).expect("a context");
    let request =
        Request::new(uid(r#"Person::"marie""#), uid(r#"Action::"use""#), uid(r#"Machine::"laser""#), context, None);
    (request.expect("a request"), entities)
}
