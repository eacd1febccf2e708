//! Small worlds for the hand-computed cases: one venue in Brest, one machine, one person who may use it.

use crate::oracle::calendar::{Date, at, date};
use crate::oracle::judge::judge;
use crate::oracle::world::{
    Acceptance, Assurance, Award, Card, Hazard, Interval, Machine, Ms, Person, Reading, Reference, Requirement, Shift,
    Venue, World,
};

pub const PARIS: chrono_tz::Tz = chrono_tz::Europe::Paris;

/// Wednesday 25 November 2026, 10:00 in Brest.
pub fn noonish() -> Ms {
    paris(2026, 11, 25, 10, 0)
}

pub fn paris(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> Ms {
    at(PARIS, date(year, month, day), hour, minute)
}

/// Person 0 holds award `a` of reference 0 (version 2, level 2, by issuer 0, the venue's own) since 1 September 2026;
/// machine 0 asks for reference 0 at level 2. Issuer 1 is another's. Reference 1 is asked for by nobody.
pub fn good_world() -> World {
    let venue = Venue {
        zone: PARIS,
        issuer: Some(0),
        members_only: false,
        reciprocal: Vec::new(),
        hours: None,
        closed: Vec::new(),
    };
    let reference = Reference { version: 2, oldest_valid_version: 1, prerequisites: Vec::new() };
    World {
        zone: PARIS,
        issuers: 2,
        venues: vec![venue.clone(), Venue { issuer: None, ..venue }],
        references: vec![reference.clone(), reference],
        machines: vec![machine(), machine()],
        acceptances: Vec::new(),
        asked: Some(0),
        reading: card(),
        person: Some(holder(0)),
        locks: Vec::new(),
        in_use_by: None,
        standbys: Vec::new(),
    }
}

fn machine() -> Machine {
    Machine {
        venue: 0,
        hazard: Hazard::Amber,
        requires: vec![Requirement { references: vec![0], level: 2, min_version: None }],
        autonomous_from: 1,
        supervisor_level: 3,
        handover: false,
        members_only: None,
        min_age: None,
        min_assurance: Assurance::A0,
    }
}

pub fn card() -> Reading {
    Reading {
        controller_trusted: true,
        replayed: false,
        serves_machine: true,
        card: Card::Known { assurance: Assurance::A1, blocks: Vec::new() },
    }
}

pub fn holder(number: usize) -> Person {
    Person {
        number,
        birth: Some(date(1990, 5, 4)),
        memberships: Vec::new(),
        restrictions: Vec::new(),
        awards: vec![award("a", 0)],
        handovers: Vec::new(),
        roles: Vec::new(),
    }
}

pub fn award(id: &str, reference: usize) -> Award {
    Award {
        id: id.to_owned(),
        reference,
        version: 2,
        level: 2,
        issuer: 0,
        issued_at: paris(2026, 9, 1, 9, 0),
        valid_until: None,
        superseded_at: None,
        revoked_at: None,
        suspensions: Vec::new(),
    }
}

pub fn rule(issuer: usize, references: Option<Vec<usize>>) -> Acceptance {
    Acceptance { venue: 0, issuer, references, min_version: None, max_age_months: None, handover: false }
}

pub fn always() -> Interval {
    Interval { from: 0, until: None }
}

pub fn from_until(from: Ms, until: Ms) -> Interval {
    Interval { from, until: Some(until) }
}

/// The same shift on each day of the week.
pub fn every_day(start: i64, end: i64) -> Option<[Vec<Shift>; 7]> {
    Some(std::array::from_fn(|_| vec![Shift { start, end }]))
}

pub fn day(year: i64, month: i64, day: i64) -> i64 {
    crate::oracle::calendar::day_number(date(year, month, day))
}

pub fn born(year: i64, month: i64, day: i64) -> Option<Date> {
    Some(date(year, month, day))
}

/// The verdict and the reasons at `now`, as one text.
pub fn said(world: &World, now: Ms) -> String {
    let answer = judge(world, now);
    let mut words = vec![answer.verdict];
    words.extend(answer.reasons);
    words.join(" ")
}
