//! What a decision says: a grant, a need for a second card, or a denial with every reason that holds.

use serde::{Deserialize, Serialize};

use crate::ids::{AwardId, PersonId};
use crate::time::Time;

/// Why a person may not start a machine, in the order in which reasons are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DenialReason {
    /// The device that asks is not one of ours, or did not seal its message.
    ControllerNotTrusted,
    /// The request or the card's message was used before.
    ReplayedRequest,
    /// No such machine, or not one of the asking controller's.
    UnknownMachine,
    /// Nobody's card, or one whose message is forged.
    UnknownCard,
    /// The card was reported lost or blocked.
    CardBlocked,
    /// The machine asks for a surer card.
    CardAssuranceTooLow,
    /// The machine is locked.
    MachineOutOfService,
    /// The person may not use this machine for a time.
    PersonSuspendedHere,
    /// No membership counts here.
    NotAMember,
    /// Too young, or birth date unknown.
    AgeRestricted,
    /// No award of a reference that the machine asks for.
    NoAward,
    /// The award was revoked.
    AwardRevoked,
    /// The award is suspended.
    AwardSuspended,
    /// The award's time is over.
    AwardExpired,
    /// The award is of too old a version.
    ReferenceOutdated,
    /// The venue does not honour the award's issuer.
    IssuerNotRecognised,
    /// The award is of too low a level.
    LevelTooLow,
    /// Another reference must be held besides.
    PrerequisiteMissing,
    /// Nobody showed the person this very machine.
    HandoverMissing,
    /// The venue is closed.
    OutsideOpeningHours,
    /// Somebody else uses the machine.
    MachineBusy,
    /// A supervisor has to tap too.
    SupervisorNeeded,
}

impl DenialReason {
    /// All reasons, in order.
    pub const ALL: [Self; 22] = [
        Self::ControllerNotTrusted,
        Self::ReplayedRequest,
        Self::UnknownMachine,
        Self::UnknownCard,
        Self::CardBlocked,
        Self::CardAssuranceTooLow,
        Self::MachineOutOfService,
        Self::PersonSuspendedHere,
        Self::NotAMember,
        Self::AgeRestricted,
        Self::NoAward,
        Self::AwardRevoked,
        Self::AwardSuspended,
        Self::AwardExpired,
        Self::ReferenceOutdated,
        Self::IssuerNotRecognised,
        Self::LevelTooLow,
        Self::PrerequisiteMissing,
        Self::HandoverMissing,
        Self::OutsideOpeningHours,
        Self::MachineBusy,
        Self::SupervisorNeeded,
    ];

    /// The code on the wire, in CSV and in the API, for example `no_award`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::ControllerNotTrusted => "controller_not_trusted",
            Self::ReplayedRequest => "replayed_request",
            Self::UnknownMachine => "unknown_machine",
            Self::UnknownCard => "unknown_card",
            Self::CardBlocked => "card_blocked",
            Self::CardAssuranceTooLow => "card_assurance_too_low",
            Self::MachineOutOfService => "machine_out_of_service",
            Self::PersonSuspendedHere => "person_suspended_here",
            Self::NotAMember => "not_a_member",
            Self::AgeRestricted => "age_restricted",
            Self::NoAward => "no_award",
            Self::AwardRevoked => "award_revoked",
            Self::AwardSuspended => "award_suspended",
            Self::AwardExpired => "award_expired",
            Self::ReferenceOutdated => "reference_outdated",
            Self::IssuerNotRecognised => "issuer_not_recognised",
            Self::LevelTooLow => "level_too_low",
            Self::PrerequisiteMissing => "prerequisite_missing",
            Self::HandoverMissing => "handover_missing",
            Self::OutsideOpeningHours => "outside_opening_hours",
            Self::MachineBusy => "machine_busy",
            Self::SupervisorNeeded => "supervisor_needed",
        }
    }

    /// The reason with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }
}

impl core::fmt::Display for DenialReason {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.code())
    }
}

/// One reason with the facts behind it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// The reason.
    pub reason: DenialReason,
    /// Which of the machine's requirements is not met, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub requirement: Option<usize>,
    /// The award that failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub award: Option<AwardId>,
    /// Since when the fact behind it holds, where it began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<Time>,
    /// Until when it holds, where it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub until: Option<Time>,
}

impl Objection {
    /// A reason without further facts.
    #[must_use]
    pub const fn bare(reason: DenialReason) -> Self {
        Self { reason, requirement: None, award: None, since: None, until: None }
    }
}

/// Every objection that holds, in the order of [`DenialReason`].
///
/// INVARIANT (a denial says why): never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons(Vec<Objection>);

impl Reasons {
    /// Sorts objections into reasons; `None` when there are none.
    #[must_use]
    pub fn of(mut objections: Vec<Objection>) -> Option<Self> {
        objections.sort_by_key(|objection| (objection.reason, objection.requirement));
        if objections.is_empty() { None } else { Some(Self(objections)) }
    }

    /// A single reason without further facts.
    #[must_use]
    pub fn one(reason: DenialReason) -> Self {
        Self(vec![Objection::bare(reason)])
    }

    /// The reason that is shown.
    #[must_use]
    pub fn first(&self) -> DenialReason {
        self.0.first().map_or(DenialReason::ControllerNotTrusted, |objection| objection.reason)
    }

    /// Each reason once, in order.
    #[must_use]
    pub fn codes(&self) -> Vec<DenialReason> {
        let mut codes: Vec<_> = self.0.iter().map(|objection| objection.reason).collect();
        codes.dedup();
        codes
    }

    /// Whether this is the only reason.
    #[must_use]
    pub fn only(&self, reason: DenialReason) -> bool {
        self.0.iter().all(|objection| objection.reason == reason)
    }

    /// All objections with their facts; a reason stands once for each requirement that it speaks of.
    #[must_use]
    pub fn objections(&self) -> &[Objection] {
        &self.0
    }
}

impl From<Objection> for Reasons {
    fn from(objection: Objection) -> Self {
        Self(vec![objection])
    }
}

/// One yes. Only [`decide`](crate::decide()) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub(crate) supervisor: Option<PersonId>,
}

impl Grant {
    /// The supervisor whose tap this grant uses up, where it needed one.
    #[must_use]
    pub fn supervisor(&self) -> Option<&PersonId> {
        self.supervisor.as_ref()
    }
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Yes.
    Grant(Grant),
    /// Not yet: a supervisor has to tap too.
    More(Reasons),
    /// No, for all these reasons.
    Deny(Reasons),
}

impl Decision {
    /// The verdict's word on the wire and in the API: `grant`, `more`, `deny`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::Grant(_) => "grant",
            Self::More(_) => "more",
            Self::Deny(_) => "deny",
        }
    }

    /// The reasons against; none for a grant.
    #[must_use]
    pub const fn reasons(&self) -> Option<&Reasons> {
        match self {
            Self::Grant(_) => None,
            Self::More(reasons) | Self::Deny(reasons) => Some(reasons),
        }
    }
}
