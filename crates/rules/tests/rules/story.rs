//! A question as a short text: what is true, where, and what the answer must be.
//!
//! The world is `ubo` (own issuer `ubo-of`) and `ponant` (own issuer `fdp`), with a foreign issuer `ty`; references `laser`
//! (version 3), `wood` and `safety` (version 1); and `trotec`, amber, at `ubo`, which needs `laser` at level 2. Venues are
//! always open and for all. `marie` asks, and her card is read at A1. Each line of a text changes that:
//!
//! ```text
//! machine: needs laser|wood level 2 version 2, autonomous 2, age 16, card A1, handover, members, red
//! ubo: mon 09:00-18:00, closed 2026-12-24, members, reciprocal ponant, zone America/St_Johns
//! laser: oldest 2, needs safety level 1
//! accept: fdp, laser|wood, version 2, months 18, handover
//! marie: laser level 2 by ubo-of version 3, from 2026-01-01, until 2027-01-01, suspended 2026-02-01 .. 2026-03-01
//! marie: member of ubo, until 2027-01-01
//! ```
//!
//! Times are of the wall clock in Paris unless they end in `Z`; `before T` is a millisecond earlier.

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use std::collections::BTreeMap;
use tremen_rules::dossier::{Handover, HeldRole, Membership, Role, Standby};
use tremen_rules::hours::{ClosedDays, ClosedRange, Shift, WeeklyHours};
use tremen_rules::network::*;
use tremen_rules::zone::Wall;
use tremen_rules::*;

pub const PARIS: chrono_tz::Tz = chrono_tz::Europe::Paris;

/// A question with everything that it rests on.
#[derive(Debug, Clone)]
pub struct Story {
    pub network: Network,
    pub machine: String,
    pub people: BTreeMap<String, PersonFacts>,
    pub nobody: bool,
    pub reading: ReadingFacts,
    pub locks: Vec<Span>,
    pub in_use_by: Option<PersonId>,
    pub taps: Vec<(String, i64, Assurance)>,
}

/// Asks a question and compares its answer: `grant`, `grant with bob`, or `more` or `deny` and every objection, of which
/// the facts that are named must be right: `deny award_expired award a-1 since 2031-03-01; machine_busy`.
#[track_caller]
pub fn check(when: &str, facts: &str, world: &str, expected: &str) {
    let (story, now) = (Story::read(facts, world), time(when));
    let decision = story.decide(now);
    let (verdict, rest) = expected.split_once(' ').unwrap_or((expected, ""));
    assert_eq!(decision.verdict(), verdict, "{decision:?}");
    match &decision {
        Decision::Grant(grant) => {
            assert_eq!(grant.supervisor().map(PersonId::as_str), rest.strip_prefix("with "), "{decision:?}")
        }
        Decision::More(reasons) | Decision::Deny(reasons) => {
            let said: Vec<&str> = rest.split("; ").collect();
            assert_eq!(said.len(), reasons.objections().len(), "{decision:?}");
            for (said, objection) in said.iter().zip(reasons.objections()) {
                check_objection(said, objection);
            }
        }
    }
}

#[track_caller]
fn check_objection(said: &str, objection: &Objection) {
    let mut words = said.split(' ');
    assert_eq!(objection.reason.code(), words.next().unwrap(), "{objection:?}");
    let facts: Vec<&str> = words.collect();
    for fact in facts.chunks(2) {
        let value = fact[1];
        match fact[0] {
            "requirement" => assert_eq!(objection.requirement, Some(value.parse().unwrap()), "{objection:?}"),
            "award" => assert_eq!(objection.award.as_ref().map_or("none", AwardId::as_str), value, "{objection:?}"),
            "since" => assert_eq!(objection.since, time_or_none(value), "{objection:?}"),
            "until" => assert_eq!(objection.until, time_or_none(value), "{objection:?}"),
            other => panic!("no fact is called {other}"),
        }
    }
}

fn time_or_none(text: &str) -> Option<Time> {
    (text != "none").then(|| time(&text.replace('_', " ")))
}

/// An instant from its text.
pub fn time(text: &str) -> Time {
    if let Some(rest) = text.strip_prefix("before ") {
        return time(rest).plus_millis(-1);
    }
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return instant.into();
    }
    let shown =
        ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"].iter().find_map(|f| NaiveDateTime::parse_from_str(text, f).ok());
    let shown = shown.unwrap_or_else(|| text.parse::<NaiveDate>().expect(text).and_hms_opt(0, 0, 0).unwrap());
    let midnight = Wall::midnight(shown.date()).instant(PARIS);
    let since_midnight = shown.signed_duration_since(shown.date().and_hms_opt(0, 0, 0).unwrap()).num_milliseconds();
    // right on days without a clock change; tests of those days say Z
    midnight.plus_millis(since_midnight)
}

pub fn id<T: TryFrom<String, Error: core::fmt::Debug>>(text: &str) -> T {
    T::try_from(text.to_owned()).unwrap()
}

fn level(text: &str) -> Level {
    Level::try_from(text.parse::<u32>().unwrap()).unwrap()
}

/// Reads `from X`, `until Y` among clauses.
fn span(clauses: &[&str]) -> Span {
    let get = |word: &str| clauses.iter().find_map(|clause| clause.strip_prefix(word)).map(time);
    Span::new(get("from ").unwrap_or(time("2020-01-01")), get("until "))
}

impl Story {
    pub fn read(facts: &str, world: &str) -> Self {
        let mut story = Self {
            network: network(),
            machine: "trotec".to_owned(),
            people: BTreeMap::from([("marie".to_owned(), PersonFacts::nothing_about(id("marie")))]),
            nobody: false,
            reading: ReadingFacts::of_card(Assurance::A1, Vec::new()),
            locks: Vec::new(),
            in_use_by: None,
            taps: Vec::new(),
        };
        for line in world.lines().chain(facts.lines()).map(str::trim).filter(|line| !line.is_empty()) {
            let (subject, clauses) = line.split_once(": ").unwrap_or((line, ""));
            story.line(subject, &clauses.split(", ").collect::<Vec<_>>());
        }
        assert_eq!(story.network.check(), []);
        story
    }

    pub fn dossier(&self, now: Time) -> Dossier<'_> {
        let standbys = self.taps.iter().map(|(who, ago, assurance)| Standby {
            tapped_at: now.plus_millis(-ago),
            reading: ReadingFacts::of_card(*assurance, Vec::new()),
            person: self.people[who].clone(),
        });
        Dossier {
            network: &self.network,
            machine: &self.machine,
            person: (!self.nobody).then(|| self.people["marie"].clone()),
            locks: self.locks.clone(),
            in_use_by: self.in_use_by.clone(),
            standbys: standbys.collect(),
        }
    }

    pub fn decide(&self, now: Time) -> Decision {
        decide(&self.dossier(now), &self.reading, now)
    }

    pub fn end(&self, now: Time) -> Option<(Time, DenialReason)> {
        end_of_grant(&self.dossier(now), &self.reading, now)
    }

    fn line(&mut self, subject: &str, clauses: &[&str]) {
        match subject {
            "machine" => clauses.iter().for_each(|clause| self.machine_clause(clause)),
            "ubo" | "ponant" => clauses.iter().for_each(|clause| self.venue_clause(subject, clause)),
            "laser" | "wood" | "safety" => clauses.iter().for_each(|clause| self.reference_clause(subject, clause)),
            "accept" => self.accept(clauses),
            "reading" => match clauses[0] {
                "untrusted" => self.reading.controller_trusted = false,
                "replayed" => self.reading.replayed = true,
                "elsewhere" => self.reading.serves_machine = false,
                other => panic!("no reading is {other}"),
            },
            "card" => match clauses[0] {
                "unknown" => self.reading.card = CardFacts::Unknown,
                "none" => self.reading.card = CardFacts::NotAsked,
                "blocked" => match &mut self.reading.card {
                    CardFacts::Known { blocks, .. } => blocks.push(span(clauses)),
                    CardFacts::NotAsked | CardFacts::Unknown => panic!("only a known card is blocked"),
                },
                assurance => {
                    self.reading.card =
                        CardFacts::Known { assurance: Assurance::parse(assurance).unwrap(), blocks: Vec::new() }
                }
            },
            "lock" => self.locks.push(span(clauses)),
            "in use" => self.in_use_by = Some(id(clauses[0])),
            "asks for" => self.machine = clauses[0].to_owned(),
            "nobody's card" => self.nobody = true,
            who => match who.split_once(" taps ") {
                Some((who, ago)) => {
                    let ago = ago.strip_suffix(" ms ago").unwrap().parse().unwrap();
                    self.taps.push((who.to_owned(), ago, Assurance::parse(clauses[0]).unwrap_or(Assurance::A1)));
                }
                None => self.fact(who, clauses),
            },
        }
    }

    fn machine_clause(&mut self, clause: &str) {
        let machine = self.network.machines.get_mut("trotec").unwrap();
        let words: Vec<&str> = clause.split(' ').collect();
        match words[..] {
            ["needs", "nothing"] => machine.requires.clear(),
            ["needs", references, "level", at, ref rest @ ..] => {
                if machine.requires.len() == 1 && machine.requires[0].references == [id::<ReferenceId>("laser")] {
                    machine.requires.clear();
                }
                machine.requires.push(requirement(references, at, rest));
            }
            ["and", references, "level", at, ref rest @ ..] => machine.requires.push(requirement(references, at, rest)),
            ["autonomous", at] => machine.autonomous_from = level(at),
            ["supervisor", at] => machine.supervisor_level = level(at),
            ["handover"] => machine.handover = true,
            ["members"] => machine.members_only = Some(true),
            ["for", "all"] => machine.members_only = Some(false),
            ["age", years] => machine.min_age = Some(years.parse().unwrap()),
            ["card", assurance] => machine.min_assurance = Assurance::parse(assurance).unwrap(),
            ["red"] => machine.hazard = Hazard::Red,
            _ => panic!("no machine has {clause}"),
        }
    }

    fn venue_clause(&mut self, venue: &str, clause: &str) {
        let venue = self.network.venues.get_mut(venue).unwrap();
        let (word, rest) = clause.split_once(' ').unwrap_or((clause, ""));
        match word {
            "members" => venue.members_only = true,
            "reciprocal" => venue.reciprocal.push(id(rest)),
            "zone" => venue.time_zone = rest.parse().unwrap(),
            "closed" => venue.closed.0.push(ClosedRange::parse(rest).unwrap()),
            "shut" => venue.hours = Some(WeeklyHours::default()),
            day => {
                let hours = venue.hours.get_or_insert_with(WeeklyHours::default);
                let shifts = match day {
                    "mon" => &mut hours.mon,
                    "tue" => &mut hours.tue,
                    "wed" => &mut hours.wed,
                    "thu" => &mut hours.thu,
                    "fri" => &mut hours.fri,
                    "sat" => &mut hours.sat,
                    "sun" => &mut hours.sun,
                    _ => panic!("no venue has {clause}"),
                };
                shifts.push(Shift::parse(rest).unwrap());
            }
        }
    }

    fn reference_clause(&mut self, reference: &str, clause: &str) {
        let reference = self.network.references.get_mut(reference).unwrap();
        match clause.split(' ').collect::<Vec<_>>()[..] {
            ["oldest", version] => reference.oldest_valid_version = version.parse().unwrap(),
            ["needs", other, "level", at] => {
                reference.prerequisites.push(Prerequisite { reference: id(other), level: level(at) });
            }
            ["red"] => reference.hazard = Hazard::Red,
            ["months", months] => reference.valid_months = Some(months.parse().unwrap()),
            _ => panic!("no reference has {clause}"),
        }
    }

    fn accept(&mut self, clauses: &[&str]) {
        let number =
            |word: &str| clauses.iter().find_map(|clause| clause.strip_prefix(word)).map(|text| text.parse().unwrap());
        let references = match clauses[1] {
            "all" => AcceptedReferences::All,
            these => AcceptedReferences::These(these.split('|').map(id).collect()),
        };
        self.network.acceptances.push(Acceptance {
            venue: id("ubo"),
            issuer: id(clauses[0]),
            references,
            min_version: number("version "),
            max_age_months: number("months "),
            handover: clauses.contains(&"handover"),
        });
    }

    fn fact(&mut self, who: &str, clauses: &[&str]) {
        let count: usize = self.people.values().map(|person| person.awards.len()).sum();
        let versions: Vec<_> =
            self.network.references.values().map(|known| (known.id.clone(), known.version)).collect();
        let person = self.people.entry(who.to_owned()).or_insert_with(|| PersonFacts::nothing_about(id(who)));
        match clauses[0].split(' ').collect::<Vec<_>>()[..] {
            [""] => {}
            ["born", date] => person.birth_date = Some(date.parse().unwrap()),
            ["member", "of", venue] => person.memberships.push(Membership { venue: id(venue), span: span(clauses) }),
            ["restricted", scope] => {
                person.restrictions.push(Restriction { scope: Scope::parse(scope).unwrap(), span: span(clauses) })
            }
            ["shown", machine] => person.handovers.push(Handover { machine: id(machine), at: span(clauses).from }),
            [role, "of", scope] => person.roles.push(HeldRole {
                role: Role::parse(role).unwrap(),
                scope: Scope::parse(scope).unwrap(),
                span: span(clauses),
            }),
            [reference, "level", at, ref rest @ ..] => {
                let named = |word: &str| rest.iter().position(|known| *known == word).map(|at| rest[at + 1]);
                let get = |word: &str| clauses.iter().find_map(|clause| clause.strip_prefix(word));
                let Span { from: issued_at, until: valid_until } = span(clauses);
                let reference: ReferenceId = id(reference);
                let current = versions.iter().find(|(known, _)| *known == reference).map_or(1, |(_, version)| *version);
                let suspensions = clauses.iter().filter_map(|clause| clause.strip_prefix("suspended "));
                person.awards.push(Award {
                    id: id(named("as").unwrap_or(&format!("a-{}", count + 1))),
                    version: named("version").map_or(current, |text| text.parse().unwrap()),
                    level: level(at),
                    issuer: id(named("by").unwrap_or("ubo-of")),
                    issued_at,
                    valid_until,
                    superseded_at: get("superseded ").map(time),
                    revoked_at: get("revoked ").map(time),
                    suspensions: suspensions
                        .map(|text| {
                            let (from, until) = text.split_once(" ..").unwrap();
                            Span::new(time(from), until.strip_prefix(' ').map(time))
                        })
                        .collect(),
                    reference,
                });
            }
            _ => panic!("nobody is or has {clauses:?}"),
        }
    }
}

fn requirement(references: &str, at: &str, rest: &[&str]) -> Requirement {
    let min_version = rest.get(1).map(|text| text.parse().unwrap());
    Requirement { references: references.split('|').map(id).collect(), level: level(at), min_version }
}

/// The world before any line changes it.
pub fn network() -> Network {
    let issuer = |name: &str| Issuer {
        id: id(name),
        name: name.to_owned(),
        kind: IssuerKind::Organisation,
        url: None,
        email: None,
        did: None,
    };
    let venue = |name: &str, issuer: &str| Venue {
        id: id(name),
        name: name.to_owned(),
        address: None,
        position: None,
        time_zone: PARIS,
        issuer: Some(id(issuer)),
        members_only: false,
        reciprocal: Vec::new(),
        hours: None,
        closed: ClosedDays::default(),
    };
    let reference = |name: &str, version: u32| Reference {
        id: id(name),
        issuer: id("ubo-of"),
        kind: ReferenceKind::Safety,
        hazard: Hazard::Amber,
        title: BTreeMap::new(),
        version,
        oldest_valid_version: 1,
        valid_months: None,
        prerequisites: Vec::new(),
        criteria: Vec::new(),
        induction_level: None,
    };
    let machine = Machine {
        id: id("trotec"),
        venue: id("ubo"),
        name: "Trotec".to_owned(),
        kind: "laser-cutter".to_owned(),
        hazard: Hazard::Amber,
        requires: vec![requirement("laser", "2", &[])],
        autonomous_from: Level::Discovery,
        supervisor_level: Level::Trainer,
        handover: false,
        members_only: None,
        min_age: None,
        min_assurance: Assurance::A0,
        stop_policy: StopPolicy::Immediate,
        lease_seconds: 60,
        max_session_minutes: None,
        idle_minutes: None,
        offline: Offline::Deny,
        auxiliaries: Vec::new(),
    };
    Network {
        settings: Settings {
            name: "test".to_owned(),
            languages: vec![Language::Fr],
            time_zone: PARIS,
            address: None,
            four_eyes: Vec::new(),
        },
        issuers: ["ubo-of", "fdp", "ty"].into_iter().map(|name| (id(name), issuer(name))).collect(),
        venues: [("ubo", "ubo-of"), ("ponant", "fdp")]
            .into_iter()
            .map(|(name, own)| (id(name), venue(name, own)))
            .collect(),
        references: [("laser", 3), ("wood", 1), ("safety", 1)]
            .into_iter()
            .map(|(name, version)| (id(name), reference(name, version)))
            .collect(),
        machines: BTreeMap::from([(id("trotec"), machine)]),
        acceptances: Vec::new(),
        controllers: BTreeMap::new(),
    }
}
