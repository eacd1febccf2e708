//! A question with everything that its answer rests on, in plain numbers.
//!
//! Issuers, venues, references, machines and people are their place in a list. Nothing here is shared with the crate.

use chrono_tz::Tz;

use crate::oracle::calendar::Date;

/// Milliseconds, UTC.
pub type Ms = i64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interval {
    pub from: Ms,
    pub until: Option<Ms>,
}

/// The rules, the facts and the reading.
#[derive(Debug, Clone, PartialEq)]
pub struct World {
    /// The network's zone.
    pub zone: Tz,
    pub issuers: usize,
    pub venues: Vec<Venue>,
    pub references: Vec<Reference>,
    pub machines: Vec<Machine>,
    pub acceptances: Vec<Acceptance>,
    /// The machine asked for; none: one that does not exist.
    pub asked: Option<usize>,
    pub reading: Reading,
    pub person: Option<Person>,
    pub locks: Vec<Interval>,
    pub in_use_by: Option<usize>,
    /// Newest first.
    pub standbys: Vec<Standby>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Venue {
    pub zone: Tz,
    pub issuer: Option<usize>,
    pub members_only: bool,
    pub reciprocal: Vec<usize>,
    /// From Monday on.
    pub hours: Option<[Vec<Shift>; 7]>,
    pub closed: Vec<ClosedDays>,
}

/// Minutes of the day; an end of 1440 is midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    pub start: i64,
    pub end: i64,
}

/// Both days included, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClosedDays {
    pub first: i64,
    pub last: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    pub version: u32,
    pub oldest_valid_version: u32,
    /// A reference and a level.
    pub prerequisites: Vec<(usize, u32)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Machine {
    pub venue: usize,
    pub hazard: Hazard,
    pub requires: Vec<Requirement>,
    pub autonomous_from: u32,
    pub supervisor_level: u32,
    pub handover: bool,
    pub members_only: Option<bool>,
    pub min_age: Option<u32>,
    pub min_assurance: Assurance,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hazard {
    Green,
    Amber,
    Red,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    A0,
    A1p,
    A1,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Requirement {
    pub references: Vec<usize>,
    pub level: u32,
    pub min_version: Option<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Acceptance {
    pub venue: usize,
    pub issuer: usize,
    /// None: all.
    pub references: Option<Vec<usize>>,
    pub min_version: Option<u32>,
    pub max_age_months: Option<u32>,
    pub handover: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub controller_trusted: bool,
    pub replayed: bool,
    pub serves_machine: bool,
    pub card: Card,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Card {
    /// The question names a person.
    NotAsked,
    /// Nobody's, or forged.
    Unknown,
    Known {
        assurance: Assurance,
        blocks: Vec<Interval>,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    pub number: usize,
    pub birth: Option<Date>,
    /// A venue and when.
    pub memberships: Vec<(usize, Interval)>,
    pub restrictions: Vec<(Scope, Interval)>,
    pub awards: Vec<Award>,
    /// A machine and when.
    pub handovers: Vec<(usize, Ms)>,
    pub roles: Vec<(Role, Scope, Interval)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    Network,
    Venue(usize),
    Machine(usize),
    Reference(usize),
    Issuer(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Trainer,
    Referent,
    Manager,
    IssuerAgent,
    NetworkAdmin,
    Auditor,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Award {
    pub id: String,
    pub reference: usize,
    pub version: u32,
    pub level: u32,
    pub issuer: usize,
    pub issued_at: Ms,
    pub valid_until: Option<Ms>,
    pub superseded_at: Option<Ms>,
    pub revoked_at: Option<Ms>,
    pub suspensions: Vec<Interval>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Standby {
    pub tapped_at: Ms,
    pub reading: Reading,
    pub person: Person,
}
