//! What several flows ask before they write: a reason, an author who may, names that exist.
//!
//! Nothing here writes.

use tremen_files::nearest::did_you_mean;
use tremen_rules::authority::{Act, Forbidden, may, needs_second_person, powers};
use tremen_rules::network::{Controller, Machine};
use tremen_rules::{AwardId, ControllerId, MachineId, Network, PersonFacts, PersonId, Scope, Span, VenueId};

use super::{Actor, FlowError, Warrant};
use crate::store::{PersonRow, StoreError, StoredAward, Tx};

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1000;

/// The reason that somebody gave, without space around it.
///
/// # Errors
/// [`FlowError::Refused`] when there is none, or a novel.
pub(super) fn reason(warrant: &Warrant) -> Result<&str, FlowError> {
    let why = warrant.why.trim();
    if why.is_empty() {
        return Err(FlowError::Refused("a reason is needed: whoever it concerns will ask for it".to_owned()));
    }
    if why.chars().count() > LONGEST_REASON {
        return Err(FlowError::Refused(format!("the reason is too long: at most {LONGEST_REASON} characters")));
    }
    Ok(why)
}

/// Who does it, with the facts about them, for many acts at once.
pub(super) struct Author<'w> {
    warrant: &'w Warrant,
    facts: Option<PersonFacts>,
}

impl<'w> Author<'w> {
    /// Reads who does it.
    pub(super) fn of(tx: &Tx<'_>, warrant: &'w Warrant) -> Result<Self, StoreError> {
        let facts = warrant.by.person().map(|person| tx.person_facts(person)).transpose()?;
        Ok(Self { warrant, facts })
    }

    /// Checks that the author may do this, and alone.
    ///
    /// # Errors
    /// Why not, as the end of a sentence.
    pub(super) fn may(&self, tx: &Tx<'_>, act: &Act, network: &Network) -> Result<(), String> {
        match (&self.facts, powers(act, network)) {
            (_, Err(Forbidden::Nobody(why))) => Err(why),
            (None, Ok(_) | Err(Forbidden::ForOneself(_) | Forbidden::Needs(_))) => Ok(()),
            (Some(facts), Ok(_) | Err(Forbidden::ForOneself(_) | Forbidden::Needs(_))) => {
                may(facts, act, network, tx.now()).map_err(|why| why.to_string())?;
                second_person(self.warrant, act, network).map_err(|error| error.to_string())
            }
        }
    }
}

/// Checks that the author may do this, alone, and that somebody may do it at all.
///
/// # Errors
/// [`FlowError::Forbidden`], or [`FlowError::Refused`] where it is for nobody to do or takes two persons.
pub(super) fn allowed(tx: &Tx<'_>, warrant: &Warrant, act: &Act, network: &Network) -> Result<(), FlowError> {
    if let Err(Forbidden::Nobody(why)) = powers(act, network) {
        return Err(FlowError::Refused(why));
    }
    warrant.allows(tx, act, network)?;
    second_person(warrant, act, network)
}

/// Refuses what takes two persons where one alone does it. The operator of the registry's own machine is bound by
/// nothing but the journal.
fn second_person(warrant: &Warrant, act: &Act, network: &Network) -> Result<(), FlowError> {
    match &warrant.by {
        Actor::Person(_) | Actor::Token { .. } | Actor::Login { .. } if needs_second_person(act, network) => Err(FlowError::Refused(
            "this takes a second person's confirmation, as the network's `four_eyes` says; one person alone cannot do it"
                .to_owned(),
        )),
        Actor::Person(_) | Actor::Token { .. } | Actor::Login { .. } | Actor::Operator | Actor::Registry => Ok(()),
    }
}

/// The person with this random id, who was not erased.
pub(super) fn person(tx: &Tx<'_>, person: &PersonId) -> Result<PersonRow, FlowError> {
    let row = tx.person(person)?.ok_or_else(|| FlowError::unknown("person", person))?;
    match tx.erasure(person)? {
        None => Ok(row),
        Some(erasure) => {
            let at = print(erasure.asked_at);
            Err(FlowError::Refused(format!(
                "person `{person}` was erased on {at}: nothing is done about them any more"
            )))
        }
    }
}

/// The award with this id.
pub(super) fn award(tx: &Tx<'_>, award: &AwardId) -> Result<StoredAward, FlowError> {
    tx.award(award)?.ok_or_else(|| FlowError::unknown("award", award))
}

/// The machine with this id.
pub(super) fn machine<'n>(network: &'n Network, machine: &MachineId) -> Result<&'n Machine, FlowError> {
    network.machines.get(machine).ok_or_else(|| FlowError::Unknown {
        what: "machine",
        id: machine.to_string(),
        hint: did_you_mean(machine.as_str(), network.machines.keys().map(MachineId::as_str)),
    })
}

/// The controller with this id.
pub(super) fn controller<'n>(network: &'n Network, controller: &ControllerId) -> Result<&'n Controller, FlowError> {
    network.controllers.get(controller).ok_or_else(|| FlowError::Unknown {
        what: "controller",
        id: controller.to_string(),
        hint: did_you_mean(controller.as_str(), network.controllers.keys().map(ControllerId::as_str)),
    })
}

/// The controllers that serve a machine.
pub(super) fn controllers_of(network: &Network, machine: &MachineId) -> Vec<ControllerId> {
    let serving = network.controllers.values().filter(|controller| controller.machines.contains(machine));
    serving.map(|controller| controller.id.clone()).collect()
}

/// Checks that what a restriction or a role extends to exists.
///
/// # Errors
/// [`FlowError::Unknown`], with the nearest name that does.
pub(super) fn scope_exists(network: &Network, scope: &Scope) -> Result<(), FlowError> {
    let check = |what: &'static str, id: &str, known: Vec<&str>| {
        if known.contains(&id) {
            return Ok(());
        }
        Err(FlowError::Unknown { what, id: id.to_owned(), hint: did_you_mean(id, known) })
    };
    match scope {
        Scope::Network => Ok(()),
        Scope::Venue(id) => check("venue", id.as_str(), network.venues.keys().map(VenueId::as_str).collect()),
        Scope::Machine(id) => machine(network, id).map(drop),
        Scope::Reference(id) => {
            check("reference", id.as_str(), network.references.keys().map(|known| known.as_str()).collect())
        }
        Scope::Issuer(id) => check("issuer", id.as_str(), network.issuers.keys().map(|known| known.as_str()).collect()),
    }
}

/// A span that begins now or later and is not over at once.
///
/// # Errors
/// [`FlowError::Refused`]: what was is not changed afterwards.
pub(super) fn from_now_on(tx: &Tx<'_>, what: &str, span: Span) -> Result<Span, FlowError> {
    if span.from < tx.now() {
        let (from, now) = (print(span.from), print(tx.now()));
        return Err(FlowError::Refused(format!("{what} begins now ({now}) or later, not at {from}")));
    }
    if span.is_empty() {
        let (from, until) = (print(span.from), print(span.end()));
        return Err(FlowError::Refused(format!("{what} would end at {until}, not after its beginning at {from}")));
    }
    Ok(span)
}

/// An instant for people and scripts: RFC 3339 in UTC.
pub(super) fn print(time: tremen_rules::Time) -> String {
    tremen_files::when::print_time(time)
}
