//! The network as its file declares it: venues, issuers, references, machines, acceptance rules, controllers.
//!
//! A [`Network`] is a checked value: whoever holds one knows that every id it names exists. Start at [`Network::check`].

use std::collections::BTreeMap;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::dossier::{Assurance, Level};
pub use crate::flaws::{Entry, Flaw, Place, Table};
use crate::hours::{ClosedDays, Opening, WeeklyHours};
use crate::ids::{ControllerId, IssuerId, MachineId, ReferenceId, VenueId};

/// Everything that the network file declares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// What holds for the whole network.
    pub settings: Settings,
    /// Organisations and persons that award.
    pub issuers: BTreeMap<IssuerId, Issuer>,
    /// Fablabs.
    pub venues: BTreeMap<VenueId, Venue>,
    /// Safety references and skills.
    pub references: BTreeMap<ReferenceId, Reference>,
    /// Machines.
    pub machines: BTreeMap<MachineId, Machine>,
    /// Who recognises whom.
    pub acceptances: Vec<Acceptance>,
    /// The devices with reader and relay.
    pub controllers: BTreeMap<ControllerId, Controller>,
}

impl Network {
    /// A network that declares nothing, as before its file was first applied.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            settings: Settings {
                name: "Tremen".to_owned(),
                languages: vec![Language::Fr, Language::En, Language::Br],
                time_zone: chrono_tz::Europe::Paris,
                address: None,
                four_eyes: Vec::new(),
            },
            issuers: BTreeMap::new(),
            venues: BTreeMap::new(),
            references: BTreeMap::new(),
            machines: BTreeMap::new(),
            acceptances: Vec::new(),
            controllers: BTreeMap::new(),
        }
    }
}

/// What holds for the whole network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Its name, for people.
    pub name: String,
    /// Languages of its pages, the first by default.
    pub languages: Vec<Language>,
    /// The zone of bare dates and of calendar months.
    pub time_zone: Tz,
    /// The public base address of its pages.
    pub address: Option<String>,
    /// What needs a second person's confirmation.
    pub four_eyes: Vec<FourEyes>,
}

/// A language of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// French.
    Fr,
    /// English.
    En,
    /// Breton.
    Br,
}

/// What needs a second person's confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FourEyes {
    /// Awards of level 3.
    #[serde(rename = "level-3")]
    Level3,
    /// Awards of red references.
    Red,
}

/// An organisation or a person that awards badges.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issuer {
    /// Its id.
    pub id: IssuerId,
    /// Its name, for people.
    pub name: String,
    /// Organisation or individual.
    pub kind: IssuerKind,
    /// Its web address.
    pub url: Option<String>,
    /// Where to write to it.
    pub email: Option<String>,
    /// Its decentralised identifier, for one that is foreign to the network.
    pub did: Option<String>,
}

/// Organisation or individual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IssuerKind {
    /// An organisation.
    Organisation,
    /// A person.
    Individual,
}

/// A fablab.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Venue {
    /// Its id.
    pub id: VenueId,
    /// Its name, for people.
    pub name: String,
    /// Its street address.
    pub address: Option<String>,
    /// Latitude and longitude in degrees (WGS 84).
    pub position: Option<[f64; 2]>,
    /// The zone of its opening hours and birthdays.
    pub time_zone: Tz,
    /// The issuer that is its own.
    pub issuer: Option<IssuerId>,
    /// Whether its machines are for members, where a machine does not say.
    pub members_only: bool,
    /// Venues whose members count as its own.
    pub reciprocal: Vec<VenueId>,
    /// Weekly hours; none at all: open at any time.
    pub hours: Option<WeeklyHours>,
    /// Days on which it is closed.
    pub closed: ClosedDays,
}

impl Venue {
    /// When it is open.
    #[must_use]
    pub const fn opening(&self) -> Opening<'_> {
        Opening { hours: self.hours.as_ref(), closed: &self.closed, zone: self.time_zone }
    }
}

/// How dangerous a machine or a subject is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Hazard {
    /// Low.
    Green,
    /// Medium.
    Amber,
    /// High.
    Red,
}

/// A safety reference or skill, in its current version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// Its id.
    pub id: ReferenceId,
    /// Who keeps it.
    pub issuer: IssuerId,
    /// What kind of badge it is.
    pub kind: ReferenceKind,
    /// Its hazard class.
    pub hazard: Hazard,
    /// Its title by language.
    pub title: BTreeMap<Language, String>,
    /// The current version, at least 1.
    pub version: u32,
    /// The oldest version that still counts, at least 1.
    pub oldest_valid_version: u32,
    /// How long an award counts, in calendar months; none: without end.
    pub valid_months: Option<u32>,
    /// What must be held besides.
    pub prerequisites: Vec<Prerequisite>,
    /// What a person shows to obtain it.
    pub criteria: Vec<Criterion>,
    /// The level that an induction at the machine awards; none: no induction.
    pub induction_level: Option<Level>,
}

/// What kind of badge a reference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReferenceKind {
    /// A safety reference.
    Safety,
    /// A competence.
    Competence,
    /// Having taken part.
    Participation,
    /// A tie between people or organisations.
    Networking,
    /// A work shown.
    Portfolio,
}

/// A reference that must be held at a level for another one to count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Prerequisite {
    /// Which reference.
    pub reference: ReferenceId,
    /// At which level or above.
    pub level: Level,
}

/// One thing that a person shows to obtain a reference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Criterion {
    /// Its id within the reference.
    pub id: String,
    /// Its text by language.
    pub text: BTreeMap<Language, String>,
}

/// A machine and what it asks of people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// Its id.
    pub id: MachineId,
    /// Where it stands.
    pub venue: VenueId,
    /// Its name, for people.
    pub name: String,
    /// What it is, for search.
    pub kind: String,
    /// Its hazard class.
    pub hazard: Hazard,
    /// All of these must be met.
    pub requires: Vec<Requirement>,
    /// From this level on a person works alone.
    pub autonomous_from: Level,
    /// From this level on a person may stand by a learner.
    pub supervisor_level: Level,
    /// Whether everybody needs a local handover on it.
    pub handover: bool,
    /// Whether it is for members; none: as the venue says.
    pub members_only: Option<bool>,
    /// Minimum age in years.
    pub min_age: Option<u32>,
    /// How surely the card must be known.
    pub min_assurance: Assurance,
    /// How it stops when a right ends.
    pub stop_policy: StopPolicy,
    /// How long a grant lives without a word, in seconds (10 to 3600).
    pub lease_seconds: u32,
    /// The longest session, in minutes.
    pub max_session_minutes: Option<u32>,
    /// The longest time without load, in minutes.
    pub idle_minutes: Option<u32>,
    /// What the controller does alone when the registry cannot be reached.
    pub offline: Offline,
    /// Exhaust, coolant and the like, which a stop never switches off.
    pub auxiliaries: Vec<String>,
}

/// One thing that a machine asks for: any one of the references, at a level, from a version on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requirement {
    /// Any one of these suffices; never empty.
    pub references: Vec<ReferenceId>,
    /// The lowest level that suffices.
    pub level: Level,
    /// The lowest version that suffices.
    pub min_version: Option<u32>,
}

/// How a machine stops when a right ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopPolicy {
    /// At once.
    Immediate,
    /// After so many seconds.
    Graceful(u32),
    /// When the load has gone, after so many seconds at the latest; without measured load at once.
    FinishJob(u32),
}

/// What a controller does alone when the registry cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Offline {
    /// Denies everybody.
    Deny,
    /// Lives on a signed list of at most so many hours (1 to 24).
    AllowlistHours(u32),
}

/// A venue's rule: it honours this issuer's awards for these references.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acceptance {
    /// Whose rule it is.
    pub venue: VenueId,
    /// Whose awards it honours.
    pub issuer: IssuerId,
    /// For which references.
    pub references: AcceptedReferences,
    /// The lowest version that it honours.
    pub min_version: Option<u32>,
    /// How many calendar months after it was issued an award is honoured.
    pub max_age_months: Option<u32>,
    /// Whether a local handover on the machine is needed besides.
    pub handover: bool,
}

/// The references that an acceptance rule speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AcceptedReferences {
    /// All of the issuer's.
    All,
    /// These, in the file's order.
    These(Vec<ReferenceId>),
}

/// The device with reader and relay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Controller {
    /// Its id, also its MQTT user name and client id.
    pub id: ControllerId,
    /// Where it hangs.
    pub venue: VenueId,
    /// The machines that it serves, all of that venue.
    pub machines: Vec<MachineId>,
    /// How it speaks.
    pub profile: Profile,
}

/// How a controller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// CBOR sealed with the controller's key.
    Sealed,
    /// JSON over a trusted channel.
    Plain,
}
