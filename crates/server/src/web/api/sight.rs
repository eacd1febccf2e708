//! Who sees what, asked of `rules::authority` for each request: a member sees what is about themself, a manager what is of
//! their venue, an auditor all but contact details. Start at [`whose`] and [`machines`].

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tremen_rules::authority::Act;
use tremen_rules::{MachineId, Network, PersonId, Scope, VenueId};

use super::call::Caller;
use super::problem::{self, Problem};
use crate::flows::person_named;
use crate::store::{Entry, Tx};

/// Whose facts a list tells.
pub(super) enum Whose {
    /// Everybody's.
    All,
    /// One person's.
    One(PersonId),
}

/// Whether the caller may read about anybody.
pub(super) fn sees_everybody(tx: &Tx<'_>, caller: &Caller<'_>) -> bool {
    // Nobody has this id, so what allows it is a role, not being the person.
    PersonId::parse("nobody").is_ok_and(|person| caller.can(tx, &Act::ReadPerson { person }))
}

/// Whose facts a list tells this caller: the person's whom `?person=` names, else everybody's, or the caller's own.
///
/// # Errors
/// 403 where the caller may not read about the person named; whether there is such a person is told to nobody else.
pub(super) fn whose(tx: &Tx<'_>, caller: &Caller<'_>) -> Result<Whose, Problem> {
    match caller.call.asked("person") {
        Some(name) => readable(tx, caller, name).map(Whose::One).map_err(|problem| match problem {
            None => Problem::in_query("person", format!("person `{name}` does not exist")),
            Some(problem) => problem,
        }),
        None if sees_everybody(tx, caller) => Ok(Whose::All),
        None => Ok(Whose::One(caller.person().clone())),
    }
}

/// The person whom the address names.
///
/// # Errors
/// 403 as [`whose`], 404.
pub(super) fn person_in_path(tx: &Tx<'_>, caller: &Caller<'_>) -> Result<PersonId, Problem> {
    let name = caller.call.at("id");
    readable(tx, caller, name).map_err(|problem| problem.unwrap_or_else(|| Problem::not_found("person", name)))
}

/// The person of this name, if the caller may read about them; no problem at all means that there is nobody.
fn readable(tx: &Tx<'_>, caller: &Caller<'_>, name: &str) -> Result<PersonId, Option<Problem>> {
    let found = match person_named(tx, name) {
        Ok(row) => Some(row.person),
        Err(error) if error.is_unknown() => None,
        Err(error) => return Err(Some(error.into())),
    };
    match found {
        Some(person) if caller.can(tx, &Act::ReadPerson { person: person.clone() }) => Ok(person),
        None if sees_everybody(tx, caller) => Err(None),
        Some(_) | None => Err(Some(Problem::new(problem::FORBIDDEN, "the person may read about themself only"))),
    }
}

/// Whether the caller may read how to reach a person.
pub(super) fn contact(tx: &Tx<'_>, caller: &Caller<'_>, person: &PersonId) -> bool {
    caller.can(tx, &Act::ReadContact { person: person.clone() })
}

/// The machines whose history the caller may read.
pub(super) fn machines(tx: &Tx<'_>, caller: &Caller<'_>) -> BTreeSet<MachineId> {
    let may = |machine: &&MachineId| caller.can(tx, &Act::ReadMachine { machine: (*machine).clone() });
    caller.network.machines.keys().filter(may).cloned().collect()
}

/// The venues whose controllers the caller may read about.
pub(super) fn venues_with_controllers(tx: &Tx<'_>, caller: &Caller<'_>) -> BTreeSet<VenueId> {
    let may = |venue: &&VenueId| caller.can(tx, &Act::ReadControllers { venue: (*venue).clone() });
    caller.network.venues.keys().filter(may).cloned().collect()
}

/// Which of the journal's entries a caller may read.
pub(super) struct JournalSight {
    whole: bool,
    venues: BTreeSet<VenueId>,
    person: PersonId,
}

impl JournalSight {
    /// Asks it once for many entries.
    pub(super) fn of(tx: &Tx<'_>, caller: &Caller<'_>) -> Self {
        let may = |venue: &&VenueId| caller.can(tx, &Act::ReadJournal { venue: Some((*venue).clone()) });
        Self {
            whole: caller.can(tx, &Act::ReadJournal { venue: None }),
            venues: caller.network.venues.keys().filter(may).cloned().collect(),
            person: caller.person().clone(),
        }
    }

    /// Whether it takes this entry in: one of a venue of theirs, or about themself.
    pub(super) fn takes_in(&self, entry: &Entry, network: &Network) -> bool {
        let Some(body) = &entry.body else { return self.whole };
        self.whole
            || body.get("person").and_then(Json::as_str) == Some(self.person.as_str())
            || venues_of(body, network).iter().any(|venue| self.venues.contains(venue))
    }
}

/// The venues that an entry is about: where its machine or controller stands, whose issuer it names, to what it extends.
fn venues_of(body: &Json, network: &Network) -> BTreeSet<VenueId> {
    let text = |name: &str| body.get(name).and_then(Json::as_str);
    let mut venues = BTreeSet::new();
    let mut of_machine = |id: &str| venues.extend(network.machines.get(id).map(|machine| machine.venue.clone()));
    let scope = text("scope").and_then(|scope| Scope::parse(scope).ok());
    text("machine").into_iter().for_each(&mut of_machine);
    if let Some(Scope::Machine(machine)) = &scope {
        of_machine(machine.as_str());
    }
    let mut issuers: Vec<&str> = text("issuer").into_iter().collect();
    match &scope {
        Some(Scope::Venue(venue)) => venues.extend([venue.clone()]),
        Some(Scope::Issuer(issuer)) => issuers.push(issuer.as_str()),
        Some(Scope::Network | Scope::Machine(_) | Scope::Reference(_)) | None => {}
    }
    venues.extend(text("venue").and_then(|venue| VenueId::parse(venue).ok()));
    let controller = text("controller").and_then(|controller| network.controllers.get(controller));
    venues.extend(controller.map(|controller| controller.venue.clone()));
    let own = |venue: &&tremen_rules::network::Venue| {
        venue.issuer.as_ref().is_some_and(|own| issuers.iter().any(|issuer| own.as_str() == *issuer))
    };
    venues.extend(network.venues.values().filter(own).map(|venue| venue.id.clone()));
    venues
}
