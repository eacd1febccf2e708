//! The same question in the crate's own types. Hours and closed days go in as the network file writes them.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::IntoDeserializer;
use serde::de::value::{Error, MapDeserializer};
use tremen_rules::dossier::{self, CardFacts, HeldRole, Level, PersonFacts, ReadingFacts};
use tremen_rules::hours::{ClosedDays, WeeklyHours};
use tremen_rules::network::{self, AcceptedReferences, Network, Offline, Settings, StopPolicy};
use tremen_rules::{AwardId, Dossier, IssuerId, MachineId, PersonId, ReferenceId, Span, Time, VenueId};

use crate::oracle::calendar::{Date, date_of_day};
use crate::oracle::world::{
    Acceptance, Assurance, Award, Card, Hazard, Interval, Machine, Person, Reading, Reference, Role, Scope, Shift,
    Venue, World,
};

pub fn network(world: &World) -> Network {
    Network {
        settings: Settings {
            name: "the network".to_owned(),
            languages: vec![network::Language::Fr],
            time_zone: world.zone,
            address: None,
            four_eyes: Vec::new(),
        },
        issuers: (0..world.issuers).map(|number| (issuer(number), an_issuer(number))).collect(),
        venues: world.venues.iter().enumerate().map(|(number, it)| (venue(number), a_venue(number, it))).collect(),
        references: (0..)
            .zip(&world.references)
            .map(|(number, it)| (reference(number), a_reference(number, it)))
            .collect(),
        machines: (0..).zip(&world.machines).map(|(number, it)| (machine(number), a_machine(number, it))).collect(),
        acceptances: world.acceptances.iter().map(an_acceptance).collect(),
        controllers: BTreeMap::new(),
    }
}

pub fn asked(world: &World) -> String {
    world.asked.map_or("no-such-machine".to_owned(), |number| machine(number).to_string())
}

pub fn dossier<'n>(world: &World, network: &'n Network, asked: &'n str) -> Dossier<'n> {
    Dossier {
        network,
        machine: asked,
        person: world.person.as_ref().map(a_person),
        locks: spans(&world.locks),
        in_use_by: world.in_use_by.map(person),
        standbys: world
            .standbys
            .iter()
            .map(|standby| dossier::Standby {
                tapped_at: Time::from_millis(standby.tapped_at),
                reading: reading(&standby.reading),
                person: a_person(&standby.person),
            })
            .collect(),
    }
}

pub fn reading(reading: &Reading) -> ReadingFacts {
    ReadingFacts {
        controller_trusted: reading.controller_trusted,
        replayed: reading.replayed,
        serves_machine: reading.serves_machine,
        card: match &reading.card {
            Card::NotAsked => CardFacts::NotAsked,
            Card::Unknown => CardFacts::Unknown,
            Card::Known { assurance, blocks } => {
                CardFacts::Known { assurance: an_assurance(*assurance), blocks: spans(blocks) }
            }
        },
    }
}

pub fn person(number: usize) -> PersonId {
    PersonId::parse(&format!("person-{number}")).unwrap()
}

fn issuer(number: usize) -> IssuerId {
    IssuerId::parse(&format!("issuer-{number}")).unwrap()
}

fn venue(number: usize) -> VenueId {
    VenueId::parse(&format!("venue-{number}")).unwrap()
}

fn reference(number: usize) -> ReferenceId {
    ReferenceId::parse(&format!("reference-{number}")).unwrap()
}

fn machine(number: usize) -> MachineId {
    MachineId::parse(&format!("machine-{number}")).unwrap()
}

fn level(number: u32) -> Level {
    Level::try_from(number).unwrap()
}

fn span(interval: Interval) -> Span {
    Span::new(Time::from_millis(interval.from), interval.until.map(Time::from_millis))
}

fn spans(intervals: &[Interval]) -> Vec<Span> {
    intervals.iter().copied().map(span).collect()
}

fn an_issuer(number: usize) -> network::Issuer {
    network::Issuer {
        id: issuer(number),
        name: format!("issuer {number}"),
        kind: network::IssuerKind::Organisation,
        url: None,
        email: None,
        did: None,
    }
}

fn a_venue(number: usize, it: &Venue) -> network::Venue {
    network::Venue {
        id: venue(number),
        name: format!("venue {number}"),
        address: None,
        position: None,
        time_zone: it.zone,
        issuer: it.issuer.map(issuer),
        members_only: it.members_only,
        reciprocal: it.reciprocal.iter().copied().map(venue).collect(),
        hours: it.hours.as_ref().map(weekly_hours),
        closed: closed_days(it),
    }
}

/// `{ mon = ["09:00-18:00"], .. }`; a day without a shift is sometimes named and sometimes not.
fn weekly_hours(week: &[Vec<Shift>; 7]) -> WeeklyHours {
    let names = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let clock = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
    let text = |shift: &Shift| format!("{}-{}", clock(shift.start), clock(shift.end));
    let days = names.into_iter().zip(week).enumerate();
    let named = days.filter(|(place, (_, shifts))| !shifts.is_empty() || place % 2 == 0);
    let texts = named.map(|(_, (name, shifts))| (name, shifts.iter().map(text).collect::<Vec<String>>()));
    WeeklyHours::deserialize(MapDeserializer::<_, Error>::new(texts)).unwrap()
}

/// `["2026-12-24", "2026-12-24/2027-01-03"]`
fn closed_days(venue: &Venue) -> ClosedDays {
    let texts = venue.closed.iter().map(|days| {
        let (first, last) = (date_text(date_of_day(days.first)), date_text(date_of_day(days.last)));
        if first == last { first } else { format!("{first}/{last}") }
    });
    let texts: Vec<String> = texts.collect();
    ClosedDays::deserialize(IntoDeserializer::<Error>::into_deserializer(texts)).unwrap()
}

fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

fn a_reference(number: usize, it: &Reference) -> network::Reference {
    network::Reference {
        id: reference(number),
        issuer: issuer(0),
        kind: network::ReferenceKind::Safety,
        hazard: network::Hazard::Green,
        title: BTreeMap::new(),
        version: it.version,
        oldest_valid_version: it.oldest_valid_version,
        valid_months: None,
        prerequisites: it
            .prerequisites
            .iter()
            .map(|&(other, wanted)| network::Prerequisite { reference: reference(other), level: level(wanted) })
            .collect(),
        criteria: Vec::new(),
        induction_level: None,
    }
}

fn a_machine(number: usize, it: &Machine) -> network::Machine {
    network::Machine {
        id: machine(number),
        venue: venue(it.venue),
        name: format!("machine {number}"),
        kind: "any".to_owned(),
        hazard: match it.hazard {
            Hazard::Green => network::Hazard::Green,
            Hazard::Amber => network::Hazard::Amber,
            Hazard::Red => network::Hazard::Red,
        },
        requires: it
            .requires
            .iter()
            .map(|wanted| network::Requirement {
                references: wanted.references.iter().copied().map(reference).collect(),
                level: level(wanted.level),
                min_version: wanted.min_version,
            })
            .collect(),
        autonomous_from: level(it.autonomous_from),
        supervisor_level: level(it.supervisor_level),
        handover: it.handover,
        members_only: it.members_only,
        min_age: it.min_age,
        min_assurance: an_assurance(it.min_assurance),
        stop_policy: StopPolicy::Immediate,
        lease_seconds: 60,
        max_session_minutes: None,
        idle_minutes: None,
        offline: Offline::Deny,
        auxiliaries: Vec::new(),
    }
}

fn an_acceptance(it: &Acceptance) -> network::Acceptance {
    network::Acceptance {
        venue: venue(it.venue),
        issuer: issuer(it.issuer),
        references: it.references.as_ref().map_or(AcceptedReferences::All, |named| {
            AcceptedReferences::These(named.iter().copied().map(reference).collect())
        }),
        min_version: it.min_version,
        max_age_months: it.max_age_months,
        handover: it.handover,
    }
}

fn an_assurance(assurance: Assurance) -> dossier::Assurance {
    match assurance {
        Assurance::A0 => dossier::Assurance::A0,
        Assurance::A1p => dossier::Assurance::A1p,
        Assurance::A1 => dossier::Assurance::A1,
    }
}

fn a_scope(scope: Scope) -> dossier::Scope {
    match scope {
        Scope::Network => dossier::Scope::Network,
        Scope::Venue(number) => dossier::Scope::Venue(venue(number)),
        Scope::Machine(number) => dossier::Scope::Machine(machine(number)),
        Scope::Reference(number) => dossier::Scope::Reference(reference(number)),
        Scope::Issuer(number) => dossier::Scope::Issuer(issuer(number)),
    }
}

fn a_role(role: Role) -> dossier::Role {
    match role {
        Role::Trainer => dossier::Role::Trainer,
        Role::Referent => dossier::Role::Referent,
        Role::Manager => dossier::Role::Manager,
        Role::IssuerAgent => dossier::Role::IssuerAgent,
        Role::NetworkAdmin => dossier::Role::NetworkAdmin,
        Role::Auditor => dossier::Role::Auditor,
    }
}

fn a_person(it: &Person) -> PersonFacts {
    PersonFacts {
        person: person(it.number),
        birth_date: it.birth.map(naive),
        memberships: it
            .memberships
            .iter()
            .map(|&(at, when)| dossier::Membership { venue: venue(at), span: span(when) })
            .collect(),
        restrictions: it
            .restrictions
            .iter()
            .map(|&(scope, when)| dossier::Restriction { scope: a_scope(scope), span: span(when) })
            .collect(),
        awards: it.awards.iter().map(an_award).collect(),
        handovers: it
            .handovers
            .iter()
            .map(|&(on, at)| dossier::Handover { machine: machine(on), at: Time::from_millis(at) })
            .collect(),
        roles: it
            .roles
            .iter()
            .map(|&(role, scope, when)| HeldRole { role: a_role(role), scope: a_scope(scope), span: span(when) })
            .collect(),
    }
}

pub fn naive(date: Date) -> NaiveDate {
    NaiveDate::from_ymd_opt(date.year as i32, date.month as u32, date.day as u32).unwrap()
}

fn an_award(it: &Award) -> dossier::Award {
    dossier::Award {
        id: AwardId::parse(&it.id).unwrap(),
        reference: reference(it.reference),
        version: it.version,
        level: level(it.level),
        issuer: issuer(it.issuer),
        issued_at: Time::from_millis(it.issued_at),
        valid_until: it.valid_until.map(Time::from_millis),
        superseded_at: it.superseded_at.map(Time::from_millis),
        revoked_at: it.revoked_at.map(Time::from_millis),
        suspensions: spans(&it.suspensions),
    }
}
