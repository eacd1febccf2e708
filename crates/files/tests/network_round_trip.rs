//! Whatever network there is, its file reads as that network.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "the helpers of tests may fail as the tests do")]

use std::collections::BTreeMap;

use chrono::NaiveDate;
use proptest::prelude::*;
use tremen_files::network_file::{read, write};
use tremen_rules::hours::{ClosedDays, ClosedRange, Shift, WeeklyHours};
use tremen_rules::network::{
    Acceptance, AcceptedReferences, Controller, Criterion, FourEyes, Hazard, Issuer, IssuerKind, Language, Machine,
    Offline, Prerequisite, Profile, Reference, ReferenceKind, Requirement, Settings, StopPolicy, Venue,
};
use tremen_rules::{Assurance, ControllerId, IssuerId, Level, MachineId, Network, ReferenceId, VenueId};

const LANGUAGES: [Language; 3] = [Language::Fr, Language::En, Language::Br];
const LEVELS: [Level; 3] = [Level::Discovery, Level::Autonomous, Level::Trainer];
const HAZARDS: [Hazard; 3] = [Hazard::Green, Hazard::Amber, Hazard::Red];

/// Chance, as proptest gave it: numbers and texts, used one after the other.
struct Chance {
    numbers: Vec<u32>,
    texts: Vec<String>,
    at: usize,
}

impl Chance {
    fn number(&mut self) -> u32 {
        self.at += 1;
        let again = u32::try_from(self.at / self.numbers.len()).unwrap();
        self.numbers[self.at % self.numbers.len()].wrapping_add(again.wrapping_mul(0x9e37_79b9))
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number()).unwrap() % limit.max(1)
    }

    fn yes(&mut self) -> bool {
        self.below(2) == 0
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        let index = self.below(of.len());
        of[index].clone()
    }

    fn some<T>(&mut self, value: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.yes() { Some(value(self)) } else { None }
    }

    fn subset<T: Clone>(&mut self, of: &[T]) -> Vec<T> {
        of.iter().filter(|_| self.yes()).cloned().collect()
    }

    fn count(&mut self) -> u32 {
        let many = self.number().max(1);
        self.one(&[1, 2, 12, many])
    }

    fn text(&mut self) -> String {
        let index = self.below(self.texts.len());
        self.texts[index].clone()
    }

    fn by_language(&mut self) -> BTreeMap<Language, String> {
        let first = self.one(&LANGUAGES);
        let mut languages = self.subset(&LANGUAGES);
        languages.push(first);
        languages.into_iter().map(|language| (language, self.text())).collect()
    }

    fn date(&mut self) -> NaiveDate {
        NaiveDate::from_yo_opt(1900 + i32::try_from(self.below(8000)).unwrap(), 1 + self.number() % 365).unwrap()
    }

    fn closed(&mut self) -> ClosedRange {
        let (one, other) = (self.date(), self.date());
        ClosedRange::parse(&format!("{}/{}", one.min(other), one.max(other))).unwrap()
    }

    fn shifts(&mut self) -> Vec<Shift> {
        let shift = |chance: &mut Self| {
            let (from, until) = (chance.below(24 * 60), chance.below(24 * 60 + 1));
            Shift::parse(&format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)).unwrap()
        };
        (0..self.below(3)).map(|_| shift(self)).collect()
    }

    fn degrees(&mut self, most: f64) -> f64 {
        let part = f64::from(self.number()) / f64::from(u32::MAX);
        self.one(&[0.0, -0.0, most, -most, part * most, -part * most, part / 1e9])
    }
}

fn network(chance: &mut Chance) -> Network {
    let ids = |prefix: &str, count: usize| (0..count).map(|n| format!("{prefix}{n}")).collect::<Vec<_>>();
    let issuer_ids: Vec<_> = ids("i", 1 + chance.below(3)).iter().map(|id| IssuerId::parse(id).unwrap()).collect();
    let venue_ids: Vec<_> = ids("v.", 1 + chance.below(3)).iter().map(|id| VenueId::parse(id).unwrap()).collect();
    let reference_ids: Vec<_> =
        ids("0-", 1 + chance.below(4)).iter().map(|id| ReferenceId::parse(id).unwrap()).collect();
    let machine_ids: Vec<_> = ids("m_", chance.below(5)).iter().map(|id| MachineId::parse(id).unwrap()).collect();
    let zones = [chrono_tz::Europe::Paris, chrono_tz::UTC, chrono_tz::Indian::Reunion];
    let settings = Settings {
        name: chance.text(),
        languages: {
            let first = chance.one(&LANGUAGES);
            let mut all = chance.subset(&LANGUAGES);
            all.retain(|one| *one != first);
            all.insert(0, first);
            all
        },
        time_zone: chance.one(&zones),
        address: chance.some(|_| "https://tremen.example".to_owned()),
        four_eyes: chance.subset(&[FourEyes::Red, FourEyes::Level3]),
    };
    let issuers = issuer_ids.iter().map(|id| {
        let issuer = Issuer {
            id: id.clone(),
            name: chance.text(),
            kind: chance.one(&[IssuerKind::Organisation, IssuerKind::Individual]),
            url: chance.some(|_| "http://é.example/?a=\"b\"\\".to_owned()),
            email: chance.some(|_| "a+b@example.org".to_owned()),
            did: chance.some(|_| "did:web:example.org%3A8080:path".to_owned()),
        };
        (id.clone(), issuer)
    });
    let issuers: BTreeMap<_, _> = issuers.collect();
    let venues = venue_ids.iter().map(|id| {
        let others: Vec<VenueId> = venue_ids.iter().filter(|other| *other != id).cloned().collect();
        let venue = Venue {
            id: id.clone(),
            name: chance.text(),
            address: chance.some(Chance::text),
            position: chance.some(|chance| [chance.degrees(90.0), chance.degrees(180.0)]),
            time_zone: chance.one(&zones),
            issuer: chance.some(|chance| chance.one(&issuer_ids)),
            members_only: chance.yes(),
            reciprocal: chance.subset(&others),
            hours: chance.some(|chance| WeeklyHours {
                mon: chance.shifts(),
                tue: chance.shifts(),
                wed: Vec::new(),
                thu: chance.shifts(),
                fri: Vec::new(),
                sat: Vec::new(),
                sun: chance.shifts(),
            }),
            closed: ClosedDays((0..chance.below(3)).map(|_| chance.closed()).collect()),
        };
        (id.clone(), venue)
    });
    let venues: BTreeMap<_, _> = venues.collect();
    let references = reference_ids.iter().enumerate().map(|(index, id)| {
        let version = chance.count();
        let earlier = chance.subset(&reference_ids[..index]);
        let reference = Reference {
            id: id.clone(),
            issuer: chance.one(&issuer_ids),
            kind: chance.one(&[
                ReferenceKind::Safety,
                ReferenceKind::Competence,
                ReferenceKind::Participation,
                ReferenceKind::Networking,
                ReferenceKind::Portfolio,
            ]),
            hazard: chance.one(&HAZARDS),
            title: chance.by_language(),
            version,
            oldest_valid_version: 1 + chance.number() % version,
            valid_months: chance.some(Chance::count),
            prerequisites: earlier
                .into_iter()
                .map(|reference| Prerequisite { reference, level: chance.one(&LEVELS) })
                .collect(),
            criteria: (0..chance.below(3))
                .map(|n| Criterion { id: format!("c{n}"), text: chance.by_language() })
                .collect(),
            induction_level: chance.some(|chance| chance.one(&LEVELS)),
        };
        (id.clone(), reference)
    });
    let references: BTreeMap<_, _> = references.collect();
    let machines = machine_ids.iter().map(|id| {
        let hazard = chance.one(&HAZARDS);
        let min_assurance = chance.one(&[Assurance::A0, Assurance::A1p, Assurance::A1]);
        let requires: Vec<Requirement> = (0..chance.below(3))
            .map(|_| Requirement {
                references: {
                    let first = chance.one(&reference_ids);
                    let mut all = chance.subset(&reference_ids);
                    all.retain(|one| *one != first);
                    all.push(first);
                    all
                },
                level: chance.one(&LEVELS),
                min_version: chance.some(Chance::count),
            })
            .collect();
        let alone = hazard < Hazard::Red && min_assurance == Assurance::A0 && chance.yes();
        let machine = Machine {
            id: id.clone(),
            venue: chance.one(&venue_ids),
            name: chance.text(),
            kind: chance.text(),
            hazard,
            autonomous_from: if requires.is_empty() { Level::Discovery } else { chance.one(&LEVELS) },
            requires,
            supervisor_level: chance.one(&LEVELS),
            handover: chance.yes(),
            members_only: chance.some(Chance::yes),
            min_age: chance.some(Chance::count),
            min_assurance,
            stop_policy: match chance.below(3) {
                0 => StopPolicy::Immediate,
                1 => StopPolicy::Graceful(chance.count()),
                _ => StopPolicy::FinishJob(chance.count()),
            },
            lease_seconds: chance.one(&[10, 60, 300, 3600]),
            max_session_minutes: chance.some(Chance::count),
            idle_minutes: chance.some(Chance::count),
            offline: if alone { Offline::AllowlistHours(1 + chance.number() % 24) } else { Offline::Deny },
            auxiliaries: {
                let mut all: Vec<String> = (0..chance.below(3)).map(|_| chance.text()).collect();
                all.sort();
                all.dedup();
                all
            },
        };
        (id.clone(), machine)
    });
    let machines: BTreeMap<_, _> = machines.collect();
    let mut acceptances = Vec::new();
    for venue in &venue_ids {
        for issuer in issuer_ids.iter().filter(|issuer| venues[venue].issuer.as_ref() != Some(issuer)) {
            let mut rule = |references| Acceptance {
                venue: venue.clone(),
                issuer: issuer.clone(),
                references,
                min_version: chance.some(Chance::count),
                max_age_months: chance.some(Chance::count),
                handover: chance.yes(),
            };
            acceptances.push(rule(AcceptedReferences::All));
            acceptances.push(rule(AcceptedReferences::These(reference_ids.clone())));
        }
    }
    acceptances.truncate(chance.below(6));
    let controllers = venue_ids.iter().enumerate().map(|(index, venue)| {
        let id = ControllerId::parse(&format!("c-{index}")).unwrap();
        let here = machines.values().filter(|machine| machine.venue == *venue).map(|machine| machine.id.clone());
        let controller = Controller {
            id: id.clone(),
            venue: venue.clone(),
            machines: here.collect(),
            profile: chance.one(&[Profile::Sealed, Profile::Plain]),
        };
        (id, controller)
    });
    let controllers = controllers.collect();
    Network { settings, issuers, venues, references, machines, acceptances, controllers }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(ProptestConfig::default().cases.max(1000)))]
    #[test]
    fn a_written_network_reads_as_itself(
        numbers in proptest::collection::vec(any::<u32>(), 1..300),
        texts in proptest::collection::vec("(\\PC|[\"'\\\\#=\n\t]){0,12}[!-~é]", 1..8),
    ) {
        let network = network(&mut Chance { numbers, texts, at: 0 });
        prop_assert_eq!(network.check(), []);
        let text = write(&network);
        let read = read(&text).unwrap_or_else(|errors| panic!("{errors:#?}\n{text}"));
        prop_assert_eq!(write(&read.network), text);
        prop_assert_eq!(read.network, network);
    }
}
