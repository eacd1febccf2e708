//! What a decision rests on: the facts about a person, a card, a machine, read at one instant.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::ids::{AwardId, IssuerId, MachineId, PersonId, ReferenceId, VenueId};
use crate::network::Network;
use crate::time::{Span, Time};

/// How far a person has come in a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub enum Level {
    /// 1, discovery.
    Discovery,
    /// 2, autonomous.
    Autonomous,
    /// 3, trainer.
    Trainer,
}

impl Level {
    /// The level as a number: 1, 2 or 3.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Discovery => 1,
            Self::Autonomous => 2,
            Self::Trainer => 3,
        }
    }
}

impl From<Level> for u32 {
    fn from(level: Level) -> Self {
        level.number()
    }
}

/// A number that is no level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("level {0} does not exist: 1 (discovery), 2 (autonomous) or 3 (trainer)")]
pub struct InvalidLevel(pub u32);

impl TryFrom<u32> for Level {
    type Error = InvalidLevel;
    fn try_from(number: u32) -> Result<Self, InvalidLevel> {
        match number {
            1 => Ok(Self::Discovery),
            2 => Ok(Self::Autonomous),
            3 => Ok(Self::Trainer),
            other => Err(InvalidLevel(other)),
        }
    }
}

/// How surely the reader knew the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Assurance {
    /// A UID that anybody can copy.
    A0,
    /// A phone's rotating code.
    A1p,
    /// NTAG 424 DNA, checked by the registry.
    A1,
}

impl Assurance {
    /// The name in the network file: `A0`, `A1p`, `A1`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A0 => "A0",
            Self::A1p => "A1p",
            Self::A1 => "A1",
        }
    }

    /// The assurance of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::A0, Self::A1p, Self::A1].into_iter().find(|assurance| assurance.as_str() == name)
    }
}

/// What is known about the reading before anybody looks at rights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadingFacts {
    /// The device that asks is ours, in service, and its message was sealed as it should be.
    pub controller_trusted: bool,
    /// The nonce or the card's counter was used before.
    pub replayed: bool,
    /// The machine is one of the asking controller's. True for a question without a controller.
    pub serves_machine: bool,
    /// The card.
    pub card: CardFacts,
}

impl ReadingFacts {
    /// A question about a person, without card or controller.
    #[must_use]
    pub const fn of_person() -> Self {
        Self { controller_trusted: true, replayed: false, serves_machine: true, card: CardFacts::NotAsked }
    }

    /// A reading of a known card by a trusted controller that serves the machine.
    #[must_use]
    pub const fn of_card(assurance: Assurance, blocks: Vec<Span>) -> Self {
        Self {
            controller_trusted: true,
            replayed: false,
            serves_machine: true,
            card: CardFacts::Known { assurance, blocks },
        }
    }
}

/// What is known about the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardFacts {
    /// The question names a person in place of a card: reasons 4 to 6 do not arise.
    NotAsked,
    /// Nobody's card, or a forged message.
    Unknown,
    /// Somebody's card.
    Known {
        /// How surely it was read.
        assurance: Assurance,
        /// When it was, is or will be blocked.
        blocks: Vec<Span>,
    },
}

/// All that is known about one person that can matter to a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonFacts {
    /// Who.
    pub person: PersonId,
    /// Birth date, where known.
    pub birth_date: Option<NaiveDate>,
    /// Memberships, in any order.
    pub memberships: Vec<Membership>,
    /// Restrictions, in any order.
    pub restrictions: Vec<Restriction>,
    /// Awards, in any order.
    pub awards: Vec<Award>,
    /// Handovers, in any order.
    pub handovers: Vec<Handover>,
    /// Roles held, in any order.
    pub roles: Vec<HeldRole>,
}

impl PersonFacts {
    /// A person of whom nothing is known.
    #[must_use]
    pub const fn nothing_about(person: PersonId) -> Self {
        Self {
            person,
            birth_date: None,
            memberships: Vec::new(),
            restrictions: Vec::new(),
            awards: Vec::new(),
            handovers: Vec::new(),
            roles: Vec::new(),
        }
    }
}

/// A membership of a venue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Where.
    pub venue: VenueId,
    /// When.
    pub span: Span,
}

/// A person may not use something for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restriction {
    /// What.
    pub scope: Scope,
    /// When.
    pub span: Span,
}

/// What a restriction or a role extends to. As text: `network`, `venue:ID`, `machine:ID`, `reference:ID`, `issuer:ID`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    /// Everything.
    Network,
    /// One venue.
    Venue(VenueId),
    /// One machine.
    Machine(MachineId),
    /// One reference.
    Reference(ReferenceId),
    /// One issuer.
    Issuer(IssuerId),
}

/// A text that is no scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a scope: `network`, `venue:ID`, `machine:ID`, `reference:ID` or `issuer:ID`")]
pub struct InvalidScope(pub String);

impl Scope {
    /// Reads a scope from its text.
    ///
    /// # Errors
    /// [`InvalidScope`] when it is none.
    pub fn parse(text: &str) -> Result<Self, InvalidScope> {
        let invalid = || InvalidScope(text.to_owned());
        if text == "network" {
            return Ok(Self::Network);
        }
        let (kind, id) = text.split_once(':').ok_or_else(invalid)?;
        match kind {
            "venue" => VenueId::parse(id).map(Self::Venue).map_err(|_| invalid()),
            "machine" => MachineId::parse(id).map(Self::Machine).map_err(|_| invalid()),
            "reference" => ReferenceId::parse(id).map(Self::Reference).map_err(|_| invalid()),
            "issuer" => IssuerId::parse(id).map(Self::Issuer).map_err(|_| invalid()),
            _ => Err(invalid()),
        }
    }
}

impl core::fmt::Display for Scope {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Network => f.write_str("network"),
            Self::Venue(id) => write!(f, "venue:{id}"),
            Self::Machine(id) => write!(f, "machine:{id}"),
            Self::Reference(id) => write!(f, "reference:{id}"),
            Self::Issuer(id) => write!(f, "issuer:{id}"),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = InvalidScope;
    fn try_from(text: String) -> Result<Self, InvalidScope> {
        Self::parse(&text)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

/// One reference version at one level, given to one person by one issuer at one instant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    /// Its id.
    pub id: AwardId,
    /// Which reference.
    pub reference: ReferenceId,
    /// Which version of it, at least 1.
    pub version: u32,
    /// At which level.
    pub level: Level,
    /// By whom.
    pub issuer: IssuerId,
    /// When.
    pub issued_at: Time,
    /// Its end, fixed when it was made; none: without end.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub valid_until: Option<Time>,
    /// When a successor was issued, be it revoked or not; from then on it counts for nothing.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub superseded_at: Option<Time>,
    /// When it was revoked.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub revoked_at: Option<Time>,
    /// When it was, is or will be suspended.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub suspensions: Vec<Span>,
}

/// Somebody showed the person this very machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handover {
    /// Which machine.
    pub machine: MachineId,
    /// When.
    pub at: Time,
}

/// A role that a person holds for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldRole {
    /// Which role.
    pub role: Role,
    /// Over what.
    pub scope: Scope,
    /// When.
    pub span: Span,
}

/// What a person may be to a venue, an issuer, a machine or the network. Everybody is a member to themself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Awards and renews levels 1 and 2 of the venue's issuer where they hold a counting level 3.
    Trainer,
    /// Looks after a machine.
    Referent,
    /// Answers for a venue.
    Manager,
    /// Awards, suspends and revokes for an issuer that is no venue's.
    IssuerAgent,
    /// Looks after venues, issuers, references and managers.
    NetworkAdmin,
    /// Reads everything but contact details.
    Auditor,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 6] =
        [Self::Trainer, Self::Referent, Self::Manager, Self::IssuerAgent, Self::NetworkAdmin, Self::Auditor];

    /// The name in CSV, for example `issuer-agent`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trainer => "trainer",
            Self::Referent => "referent",
            Self::Manager => "manager",
            Self::IssuerAgent => "issuer-agent",
            Self::NetworkAdmin => "network-admin",
            Self::Auditor => "auditor",
        }
    }

    /// The role of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }
}

/// A supervisor's tap at this machine that nobody has used yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standby {
    /// When they tapped.
    pub tapped_at: Time,
    /// What was known about their card.
    pub reading: ReadingFacts,
    /// What is known about them.
    pub person: PersonFacts,
}

/// All facts of one question, read at one instant.
#[derive(Debug, Clone)]
pub struct Dossier<'n> {
    /// The rules in force.
    pub network: &'n Network,
    /// The machine that was asked for, whether it exists or not.
    pub machine: &'n str,
    /// The person, where the card is somebody's.
    pub person: Option<PersonFacts>,
    /// When the machine was, is or will be locked.
    pub locks: Vec<Span>,
    /// Whose session is open on the machine.
    pub in_use_by: Option<PersonId>,
    /// Supervisors who tapped here, newest first.
    pub standbys: Vec<Standby>,
}
