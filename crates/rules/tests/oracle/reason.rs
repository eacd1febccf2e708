//! The 22 reasons of the law.

/// "in this fixed order": the number is the law's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    ControllerNotTrusted = 1,
    ReplayedRequest = 2,
    UnknownMachine = 3,
    UnknownCard = 4,
    CardBlocked = 5,
    CardAssuranceTooLow = 6,
    MachineOutOfService = 7,
    PersonSuspendedHere = 8,
    NotAMember = 9,
    AgeRestricted = 10,
    NoAward = 11,
    AwardRevoked = 12,
    AwardSuspended = 13,
    AwardExpired = 14,
    ReferenceOutdated = 15,
    IssuerNotRecognised = 16,
    LevelTooLow = 17,
    PrerequisiteMissing = 18,
    HandoverMissing = 19,
    OutsideOpeningHours = 20,
    MachineBusy = 21,
    SupervisorNeeded = 22,
}

/// The codes of the reasons, the first for number 1.
pub const CODES: [&str; 22] = [
    "controller_not_trusted",
    "replayed_request",
    "unknown_machine",
    "unknown_card",
    "card_blocked",
    "card_assurance_too_low",
    "machine_out_of_service",
    "person_suspended_here",
    "not_a_member",
    "age_restricted",
    "no_award",
    "award_revoked",
    "award_suspended",
    "award_expired",
    "reference_outdated",
    "issuer_not_recognised",
    "level_too_low",
    "prerequisite_missing",
    "handover_missing",
    "outside_opening_hours",
    "machine_busy",
    "supervisor_needed",
];

impl Reason {
    pub fn code(self) -> &'static str {
        CODES[self as usize - 1]
    }
}
