//! What people and controllers do: one file each, named by what it does; the only place where a change begins.
//!
//! A flow is a synchronous function over a transaction: it reads, asks `rules`, writes rows and the journal entry, ends
//! the sessions that it hits and orders their stop, all in that one transaction. Doors run it with
//! [`Store::write`](crate::store::Store::write), or with [`preview`] to learn what it would do.

pub mod apply_network;
pub mod apply_retention;
pub mod attach_card;
pub mod authenticate;
pub mod award_reference;
pub mod award_state;
pub mod believe_clock;
pub mod block_card;
mod checks;
pub(crate) mod claims;
pub mod clear_imports;
pub mod close_incident;
pub mod confirm_card;
pub mod continue_after_restore;
pub mod decide_access;
pub mod doubt_clock;
pub mod end_due_locks;
pub mod end_due_sessions;
pub mod end_restriction;
pub mod end_role;
pub mod end_token;
pub mod erase_person;
pub mod explain;
mod explain_steps;
pub mod export_counts;
pub mod export_facts;
pub mod export_incident;
pub mod export_journal;
pub mod export_person;
pub mod export_records;
pub mod forget_challenges;
mod forget_tap;
pub mod grant_role;
pub mod holds;
pub mod import;
pub mod import_awards;
pub mod import_cards;
pub mod import_handovers;
pub mod import_in_slices;
pub mod import_machines;
pub mod import_memberships;
pub mod import_people;
pub mod import_restrictions;
pub mod import_roles;
#[cfg(test)]
mod import_tests;
pub mod incident_dossier;
pub mod incident_files;
pub mod keep_cosignature;
pub mod keep_person;
pub mod link_controller;
pub mod lock_machine;
pub mod make_login_link;
pub mod make_token;
pub mod note_incident;
pub mod offer_checkpoint;
pub mod once;
pub mod open_incident;
pub mod open_journal;
pub mod outliving;
pub mod outlook;
pub mod prove_entry;
pub mod provision_controller;
pub mod recognise_login;
pub mod record_backup;
pub mod record_handover;
pub mod record_membership;
#[cfg(test)]
pub(crate) mod rehearsal;
pub mod renew_award;
pub mod replace_controller;
pub mod restrict_person;
pub mod resume_award;
pub mod retire_controller;
pub mod revoke_award;
pub mod rotate_controller;
pub mod seal_journal;
pub mod see_oneself;
pub mod sessions;
pub mod sign_in;
pub mod sign_out;
pub mod stop_session;
pub mod suspend_award;
pub mod take_report;
pub mod tell_erasures;
pub mod token_scope;
pub mod unblock_card;
pub mod unlock_machine;
pub mod verify_journal;

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use tremen_rules::authority::{Act, Forbidden, may};
use tremen_rules::{
    Decision, DenialReason, Dossier, MachineId, Network, PersonFacts, PersonId, ReadingFacts, VenueId, decide,
};
use tremen_wire::SessionId;

use crate::store::{PersonRow, Snapshot, Store, StoreError, Tx};

/// Why a flow did nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// The author may not do this.
    #[error("{author} may not do this: {why}")]
    Forbidden {
        /// Who wanted to.
        author: String,
        /// Which role it takes.
        why: Forbidden,
    },
    /// Something that was named does not exist.
    #[error("{what} `{id}` does not exist{hint}")]
    Unknown {
        /// What kind of thing.
        what: &'static str,
        /// Its name as it was given.
        id: String,
        /// What to do, beginning with a separator; may be empty.
        hint: String,
    },
    /// The thing is not in the state that the act needs.
    #[error("{0}")]
    Refused(String),
    /// The system's clock is doubted, and what was asked for needs the right time: nothing is decided.
    #[error("the system's clock is not believed, so that nothing is decided here: see `tremen clock`")]
    ClockDoubted,
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FlowError {
    /// Whether it is that something that was named does not exist.
    #[must_use]
    pub const fn is_unknown(&self) -> bool {
        matches!(self, Self::Unknown { .. })
    }

    /// Something that was named does not exist.
    #[must_use]
    pub fn unknown(what: &'static str, id: impl std::fmt::Display) -> Self {
        Self::Unknown { what, id: id.to_string(), hint: String::new() }
    }
}

/// Who does it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person of the network, bound by their roles.
    Person(PersonId),
    /// A script with a person's token, bound by that person's roles.
    Token {
        /// The token's number.
        token: i64,
        /// Whose.
        person: PersonId,
    },
    /// A person on our pages, bound by their roles.
    Login {
        /// The login's number.
        login: i64,
        /// Whose.
        person: PersonId,
    },
    /// Whoever has a shell on the registry's own machine, bound by nothing but the journal.
    Operator,
    /// The registry itself, as when a right ends on its day.
    Registry,
}

impl Actor {
    /// How the journal names the author.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::Person(person) => json!({ "person": person }),
            Self::Token { token, person } => json!({ "person": person, "token": token }),
            Self::Login { login, person } => json!({ "person": person, "login": login }),
            Self::Operator => json!("operator"),
            Self::Registry => json!("registry"),
        }
    }

    /// The author's random id, where it is a person.
    #[must_use]
    pub const fn person(&self) -> Option<&PersonId> {
        match self {
            Self::Person(person) | Self::Token { person, .. } | Self::Login { person, .. } => Some(person),
            Self::Operator | Self::Registry => None,
        }
    }
}

/// What every flow of a person's is given: who and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warrant {
    /// Who does it.
    pub by: Actor,
    /// Why, in the author's own words.
    pub why: String,
}

impl Warrant {
    /// Checks that the author may do this.
    ///
    /// # Errors
    /// [`FlowError::Forbidden`], which says the role that it takes.
    pub fn allows(&self, tx: &Tx<'_>, act: &Act, network: &Network) -> Result<(), FlowError> {
        let Some(person) = self.by.person() else { return Ok(()) };
        let facts = tx.person_facts(person)?;
        may(&facts, act, network, tx.now()).map_err(|why| {
            let key = tx.person(person).ok().flatten().map_or_else(|| person.to_string(), |row| row.key);
            FlowError::Forbidden { author: format!("`{key}`"), why }
        })
    }

    /// The warrant as the journal tells it, with what was done.
    #[must_use]
    pub fn story(&self, mut what: Json) -> Json {
        if let Some(story) = what.as_object_mut() {
            story.insert("by".to_owned(), self.by.to_json());
            story.insert("why".to_owned(), json!(self.why));
        }
        what
    }
}

/// What a change did beside itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effects {
    /// Its journal entry; the orders that it gave carry the same number.
    pub entry: i64,
    /// The sessions that it told to stop.
    pub stopped: Vec<Stopped>,
}

/// A session that was told to stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Which.
    pub session: SessionId,
    /// On which machine.
    pub machine: MachineId,
    /// Through which controller.
    pub controller: tremen_rules::ControllerId,
    /// The number of its stop order.
    pub order: u64,
    /// Why, as a code.
    pub reason: String,
}

/// What a change would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Sessions that it would tell to stop.
    pub stopped: Vec<Stopped>,
    /// Machines that the person could use before and not after.
    pub closed: Vec<MachineId>,
    /// Machines that the person could use after and not before.
    pub opened: Vec<MachineId>,
    /// The venues of those machines.
    pub venues: BTreeSet<VenueId>,
}

/// Learns what a change about a person would do: runs it, looks, and takes it back.
///
/// # Errors
/// What the flow returns.
pub async fn preview<F>(store: &Store, person: PersonId, flow: F) -> Result<Preview, FlowError>
where
    F: FnOnce(&mut Tx<'_>) -> Result<Effects, FlowError> + Send + 'static,
{
    store.preview(move |tx| watched(tx, Some(&person), flow)).await
}

/// Runs a flow and tells what changed for a person, if it is about one. Whoever calls takes the transaction back.
///
/// # Errors
/// What the flow returns.
pub fn watched<E: From<FlowError> + From<StoreError>>(
    tx: &mut Tx<'_>,
    person: Option<&PersonId>,
    flow: impl FnOnce(&mut Tx<'_>) -> Result<Effects, E>,
) -> Result<Preview, E> {
    let usable = |tx: &mut Tx<'_>| person.map_or_else(|| Ok(BTreeSet::new()), |person| usable_machines(tx, person));
    let before = usable(tx)?;
    let effects = flow(tx)?;
    let after = usable(tx)?;
    let network = network(tx)?;
    let closed: Vec<_> = before.difference(&after).cloned().collect();
    let opened: Vec<_> = after.difference(&before).cloned().collect();
    let venues = closed.iter().chain(&opened).filter_map(|it| network.machines.get(it));
    let venues = venues.map(|machine| machine.venue.clone()).collect();
    Ok(Preview { stopped: effects.stopped, closed, opened, venues })
}

/// The machines that a person has the right to use, closing hours, other people's sessions, locks and the need for a
/// supervisor aside.
///
/// # Errors
/// When the store fails.
pub fn usable_machines(tx: &mut Tx<'_>, person: &PersonId) -> Result<BTreeSet<MachineId>, FlowError> {
    let network = network(tx)?;
    let facts = tx.person_facts(person)?;
    let now = tx.now();
    let aside = [DenialReason::OutsideOpeningHours, DenialReason::MachineBusy, DenialReason::SupervisorNeeded];
    let mut dossier = dossier_of(&network, "", facts);
    let mut usable = BTreeSet::new();
    for machine in network.machines.keys() {
        dossier.machine = machine.as_str();
        let refused = match decide(&dossier, &ReadingFacts::of_person(), now) {
            Decision::Grant(_) => false,
            Decision::More(reasons) | Decision::Deny(reasons) => {
                reasons.codes().iter().any(|reason| !aside.contains(reason))
            }
        };
        if !refused {
            usable.insert(machine.clone());
        }
    }
    Ok(usable)
}

/// A dossier about a person alone, without what is going on at the machine.
#[must_use]
pub const fn dossier_of<'n>(network: &'n Network, machine: &'n str, facts: PersonFacts) -> Dossier<'n> {
    Dossier { network, machine, person: Some(facts), locks: Vec::new(), in_use_by: None, standbys: Vec::new() }
}

/// The network in force.
#[derive(Debug, Clone)]
pub struct InForce(Arc<Snapshot>);

impl std::ops::Deref for InForce {
    type Target = Network;
    fn deref(&self) -> &Network {
        &self.0.network
    }
}

impl InForce {
    /// Which revision it is; 0 before anything was declared.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.0.revision
    }
}

/// The network in force; an empty one before anything was declared.
///
/// # Errors
/// When the store fails.
pub fn network(tx: &mut Tx<'_>) -> Result<InForce, StoreError> {
    tx.network().map(InForce)
}

/// The person whom somebody names by the venue's own key, or by their random id.
///
/// # Errors
/// [`FlowError::Unknown`] when there is nobody of that name.
pub fn person_named(tx: &Tx<'_>, name: &str) -> Result<PersonRow, FlowError> {
    if let Some(row) = tx.person_by_key(name)? {
        return Ok(row);
    }
    let by_id = PersonId::parse(name).ok().map(|id| tx.person(&id)).transpose()?.flatten();
    by_id.ok_or_else(|| FlowError::unknown("person", name))
}
