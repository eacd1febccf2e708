//! The things that people do, as far as somebody has to be allowed to.
//!
//! Start at [`Act`]. Who is allowed is for [`authority`](crate::authority); an act that is left out there does not compile.

use crate::dossier::{Level, Role, Scope};
use crate::ids::{IssuerId, MachineId, PersonId, ReferenceId, VenueId};

/// Something that a person wants to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Award a reference at a level in the name of an issuer, be it by hand, from a file, or by induction.
    Award {
        /// What.
        reference: ReferenceId,
        /// How far.
        level: Level,
        /// In whose name.
        issuer: IssuerId,
        /// To whom.
        person: PersonId,
    },
    /// Renew an award by one that supersedes it.
    Renew {
        /// What.
        reference: ReferenceId,
        /// How far.
        level: Level,
        /// In whose name.
        issuer: IssuerId,
        /// Whose.
        person: PersonId,
    },
    /// Suspend an award.
    Suspend {
        /// Who made the award.
        issuer: IssuerId,
        /// Whose.
        person: PersonId,
    },
    /// End the suspension of an award.
    Resume {
        /// Who made the award.
        issuer: IssuerId,
        /// Whose.
        person: PersonId,
    },
    /// Revoke an award.
    Revoke {
        /// Who made the award.
        issuer: IssuerId,
        /// Whose.
        person: PersonId,
    },
    /// Ask an issuer to review an award.
    AskForReview {
        /// Whose award.
        person: PersonId,
    },
    /// Restrict a person.
    Restrict {
        /// To what it extends.
        scope: Scope,
        /// Whom.
        person: PersonId,
    },
    /// Lift a restriction.
    EndRestriction {
        /// To what it extends.
        scope: Scope,
        /// Whose.
        person: PersonId,
    },
    /// Block a card.
    BlockCard {
        /// Whose.
        of: PersonId,
    },
    /// Unblock a card.
    UnblockCard {
        /// Whose.
        of: PersonId,
    },
    /// Attach a card to a person.
    AttachCard {
        /// To whom.
        of: PersonId,
    },
    /// Lock a machine.
    LockMachine {
        /// Which.
        machine: MachineId,
    },
    /// Unlock a machine.
    UnlockMachine {
        /// Which.
        machine: MachineId,
    },
    /// Record that a person was shown a machine.
    Handover {
        /// Which.
        machine: MachineId,
        /// Whom.
        person: PersonId,
    },
    /// Record an incident on a machine.
    RecordIncident {
        /// Which.
        machine: MachineId,
    },
    /// Give a role.
    GrantRole {
        /// Which.
        role: Role,
        /// Over what.
        scope: Scope,
        /// To whom.
        person: PersonId,
    },
    /// End a role.
    EndRole {
        /// Which.
        role: Role,
        /// Over what.
        scope: Scope,
        /// Whose.
        person: PersonId,
    },
    /// Record or end a membership.
    Membership {
        /// Of which venue.
        venue: VenueId,
    },
    /// Add a person, or correct what is known about one.
    KeepPerson {
        /// Whom.
        person: PersonId,
    },
    /// Erase a person's data.
    ErasePerson {
        /// Whose.
        person: PersonId,
    },
    /// Apply a network file.
    Apply,
    /// Declare or change venues, issuers or references.
    ChangeNetwork,
    /// Change a venue's hours, machines or acceptance rules.
    ChangeVenue {
        /// Which.
        venue: VenueId,
    },
    /// Plan, change or cancel a venue's trainings.
    PlanTraining {
        /// Where.
        venue: VenueId,
    },
    /// Add a controller, or give it a new key.
    ProvisionController {
        /// Where it hangs.
        venue: VenueId,
    },
    /// End a session.
    EndSession {
        /// Where.
        venue: VenueId,
        /// Whose.
        of: PersonId,
    },
    /// Read all about a person but contact details.
    ReadPerson {
        /// Whom.
        person: PersonId,
    },
    /// Read a person's contact details.
    ReadContact {
        /// Whom.
        person: PersonId,
    },
    /// Read a machine's history: sessions, decisions, locks.
    ReadMachine {
        /// Which.
        machine: MachineId,
    },
    /// Read a venue's journal, or the whole one.
    ReadJournal {
        /// Which; none for the network's.
        venue: Option<VenueId>,
    },
    /// Read how a venue's controllers are and what they were ordered.
    ReadControllers {
        /// Where they hang.
        venue: VenueId,
    },
    /// Make a token with which a script does what a person may do.
    MakeToken {
        /// Whose rights it has.
        of: PersonId,
    },
    /// End a token.
    EndToken {
        /// Whose rights it has.
        of: PersonId,
    },
    /// Make a link with which a person signs in.
    MakeLoginLink {
        /// Who signs in with it.
        of: PersonId,
    },
    /// End a login.
    EndLogin {
        /// Whose.
        of: PersonId,
    },
    /// Look after the program: believe the clock, make backups, see how it is.
    Operate,
}

impl Act {
    /// The person that it is about; none where it is about a thing.
    #[must_use]
    pub fn about(&self) -> Option<&PersonId> {
        match self {
            Self::Award { person, .. }
            | Self::Renew { person, .. }
            | Self::Suspend { person, .. }
            | Self::Resume { person, .. }
            | Self::Revoke { person, .. }
            | Self::AskForReview { person }
            | Self::Restrict { person, .. }
            | Self::EndRestriction { person, .. }
            | Self::BlockCard { of: person }
            | Self::UnblockCard { of: person }
            | Self::AttachCard { of: person }
            | Self::Handover { person, .. }
            | Self::GrantRole { person, .. }
            | Self::EndRole { person, .. }
            | Self::KeepPerson { person }
            | Self::ErasePerson { person }
            | Self::EndSession { of: person, .. }
            | Self::ReadPerson { person }
            | Self::ReadContact { person }
            | Self::MakeToken { of: person }
            | Self::EndToken { of: person }
            | Self::MakeLoginLink { of: person }
            | Self::EndLogin { of: person } => Some(person),
            Self::LockMachine { .. }
            | Self::UnlockMachine { .. }
            | Self::RecordIncident { .. }
            | Self::Membership { .. }
            | Self::Apply
            | Self::ChangeNetwork
            | Self::ChangeVenue { .. }
            | Self::PlanTraining { .. }
            | Self::ProvisionController { .. }
            | Self::ReadMachine { .. }
            | Self::ReadJournal { .. }
            | Self::ReadControllers { .. }
            | Self::Operate => None,
        }
    }

    /// What cannot be done for oneself, where this act would do it.
    pub(crate) fn not_for_oneself(&self, actor: &PersonId) -> Option<&'static str> {
        let (person, what) = match self {
            Self::Award { person, .. } => (person, "awards"),
            Self::Renew { person, .. } => (person, "renews an award"),
            Self::Resume { person, .. } => (person, "lifts a suspension"),
            Self::EndRestriction { person, .. } => (person, "lifts a restriction"),
            Self::GrantRole { person, .. } => (person, "gives a role"),
            Self::Handover { person, .. } => (person, "hands a machine over"),
            Self::Suspend { .. }
            | Self::Revoke { .. }
            | Self::AskForReview { .. }
            | Self::Restrict { .. }
            | Self::BlockCard { .. }
            | Self::UnblockCard { .. }
            | Self::AttachCard { .. }
            | Self::LockMachine { .. }
            | Self::UnlockMachine { .. }
            | Self::RecordIncident { .. }
            | Self::EndRole { .. }
            | Self::Membership { .. }
            | Self::KeepPerson { .. }
            | Self::ErasePerson { .. }
            | Self::Apply
            | Self::ChangeNetwork
            | Self::ChangeVenue { .. }
            | Self::PlanTraining { .. }
            | Self::ProvisionController { .. }
            | Self::EndSession { .. }
            | Self::ReadPerson { .. }
            | Self::ReadContact { .. }
            | Self::ReadMachine { .. }
            | Self::ReadJournal { .. }
            | Self::ReadControllers { .. }
            | Self::MakeToken { .. }
            | Self::EndToken { .. }
            | Self::MakeLoginLink { .. }
            | Self::EndLogin { .. }
            | Self::Operate => return None,
        };
        (person == actor).then_some(what)
    }
}
