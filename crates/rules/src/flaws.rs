//! What is wrong with a network file, and what is allowed in its stead.
//!
//! Start at [`Network::check`]. A file with a flaw is refused whole; one with a warning is applied, and the warning shown.
//! Nothing here changes a network.

use std::collections::{BTreeMap, BTreeSet};

use crate::dossier::{Assurance, Level};
use crate::ids::{ControllerId, IssuerId, MachineId, ReferenceId, VenueId};
use crate::network::{
    Acceptance, AcceptedReferences, Controller, Hazard, Machine, Network, Offline, Profile, Reference, Requirement,
    StopPolicy, Venue,
};

/// A table of the network file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// `[network]`.
    Network,
    /// `[[issuer]]`.
    Issuer,
    /// `[[venue]]`.
    Venue,
    /// `[[reference]]`.
    Reference,
    /// `[[machine]]`.
    Machine,
    /// `[[acceptance]]`.
    Acceptance,
    /// `[[controller]]`.
    Controller,
}

impl Table {
    /// Its name in the file.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Issuer => "issuer",
            Self::Venue => "venue",
            Self::Reference => "reference",
            Self::Machine => "machine",
            Self::Acceptance => "acceptance",
            Self::Controller => "controller",
        }
    }
}

/// Which entry of a table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entry {
    /// The table has one entry only.
    Only,
    /// The one with this id.
    Id(String),
    /// The one at this index, counted from 0 in the file's order, where the table has no ids.
    Index(usize),
}

/// Where in the network file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Which table.
    pub table: Table,
    /// Which entry.
    pub entry: Entry,
    /// Which key of it; none for the entry as a whole.
    pub key: Option<&'static str>,
}

impl core::fmt::Display for Place {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.table.as_str())?;
        match &self.entry {
            Entry::Only => {}
            Entry::Id(id) => write!(f, " `{id}`")?,
            Entry::Index(index) => write!(f, " {}", index + 1)?,
        }
        self.key.map_or(Ok(()), |key| write!(f, ": {key}"))
    }
}

/// Something in the network file that is refused, or warned of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct Flaw {
    /// Where.
    pub place: Place,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

/// Flaws as they are found, with the place at which the search is.
struct Found {
    table: Table,
    entry: Entry,
    flaws: Vec<Flaw>,
}

impl Found {
    const fn new() -> Self {
        Self { table: Table::Network, entry: Entry::Only, flaws: Vec::new() }
    }

    fn go_to(&mut self, table: Table, id: &str) {
        (self.table, self.entry) = (table, Entry::Id(id.to_owned()));
    }

    fn say(&mut self, key: &'static str, problem: impl Into<String>) {
        let place = Place { table: self.table, entry: self.entry.clone(), key: Some(key) };
        self.flaws.push(Flaw { place, problem: problem.into() });
    }

    fn known<K: Ord + core::fmt::Display, V>(&mut self, key: &'static str, id: &K, table: &BTreeMap<K, V>, what: &str) {
        if !table.contains_key(id) {
            self.say(key, format!("no {what} has the id `{id}`"));
        }
    }

    fn own_key(&mut self, key: &str, id: &str) {
        if key != id {
            self.say("id", format!("filed under `{key}` but named `{id}`; both must be the same"));
        }
    }

    fn at_least_one(&mut self, key: &'static str, number: impl Into<Option<u32>>) {
        if number.into() == Some(0) {
            self.say(key, "0 is too small: a whole number of at least 1");
        }
    }
}

impl Network {
    /// Everything for which the file is refused, in the order of its tables.
    #[must_use]
    pub fn check(&self) -> Vec<Flaw> {
        let mut found = Found::new();
        if self.settings.languages.is_empty() {
            found.say("languages", "at least one of `fr`, `en`, `br` is needed, the default first");
        }
        for (key, issuer) in &self.issuers {
            found.go_to(Table::Issuer, key.as_str());
            found.own_key(key.as_str(), issuer.id.as_str());
        }
        for (key, venue) in &self.venues {
            found.go_to(Table::Venue, key.as_str());
            found.own_key(key.as_str(), venue.id.as_str());
            self.check_venue(venue, &mut found);
        }
        for (key, reference) in &self.references {
            found.go_to(Table::Reference, key.as_str());
            found.own_key(key.as_str(), reference.id.as_str());
            self.check_reference(reference, &mut found);
        }
        for (key, machine) in &self.machines {
            found.go_to(Table::Machine, key.as_str());
            found.own_key(key.as_str(), machine.id.as_str());
            self.check_machine(machine, &mut found);
        }
        for (index, rule) in self.acceptances.iter().enumerate() {
            (found.table, found.entry) = (Table::Acceptance, Entry::Index(index));
            self.check_acceptance(index, rule, &mut found);
        }
        for (key, controller) in &self.controllers {
            found.go_to(Table::Controller, key.as_str());
            found.own_key(key.as_str(), controller.id.as_str());
            self.check_controller(controller, &mut found);
        }
        found.flaws
    }

    fn check_venue(&self, venue: &Venue, found: &mut Found) {
        if let Some(issuer) = &venue.issuer {
            found.known("issuer", issuer, &self.issuers, "issuer");
        }
        for other in &venue.reciprocal {
            found.known("reciprocal", other, &self.venues, "venue");
            if *other == venue.id {
                found.say("reciprocal", "a venue's own members count anyway: name other venues only");
            }
        }
        if let Some([latitude, longitude]) = venue.position
            && !((-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude))
        {
            let problem =
                format!("[{latitude}, {longitude}] is nowhere: latitude -90 to 90, then longitude -180 to 180");
            found.say("position", problem);
        }
    }

    fn check_reference(&self, reference: &Reference, found: &mut Found) {
        found.known("issuer", &reference.issuer, &self.issuers, "issuer");
        found.at_least_one("version", reference.version);
        found.at_least_one("oldest_valid_version", reference.oldest_valid_version);
        found.at_least_one("valid_months", reference.valid_months);
        if reference.oldest_valid_version > reference.version {
            let Reference { oldest_valid_version: oldest, version, .. } = reference;
            found.say("oldest_valid_version", format!("{oldest} does not exist yet: at most the version, {version}"));
        }
        for prerequisite in &reference.prerequisites {
            found.known("prerequisites", &prerequisite.reference, &self.references, "reference");
        }
        if let Some(cycle) = self.prerequisite_cycle(&reference.id) {
            let way = cycle.iter().map(|id| format!("`{id}`")).collect::<Vec<_>>().join(" needs ");
            found.say(
                "prerequisites",
                format!("nobody could ever meet them, since {way}: a reference may not need itself"),
            );
        }
        let mut seen = BTreeSet::new();
        for criterion in &reference.criteria {
            if !seen.insert(&criterion.id) {
                found.say("criteria", format!("`{}` is there twice: ids are unique within a reference", criterion.id));
            }
        }
    }

    /// The shortest way over prerequisites from a reference back to itself, both ends included.
    fn prerequisite_cycle<'n>(&'n self, start: &'n ReferenceId) -> Option<Vec<&'n ReferenceId>> {
        let needs = |id: &ReferenceId| self.references.get(id).map_or(&[][..], |known| &known.prerequisites);
        let mut came_from: BTreeMap<&ReferenceId, &ReferenceId> = BTreeMap::new();
        let mut layer = vec![start];
        while !layer.is_empty() {
            let mut next = Vec::new();
            for id in layer {
                for needed in needs(id).iter().map(|prerequisite| &prerequisite.reference) {
                    if came_from.contains_key(needed) {
                        continue;
                    }
                    came_from.insert(needed, id);
                    if needed == start {
                        let mut way = vec![start];
                        let mut at = id;
                        while at != start {
                            way.push(at);
                            at = came_from.get(at)?;
                        }
                        way.push(start);
                        way.reverse();
                        return Some(way);
                    }
                    next.push(needed);
                }
            }
            layer = next;
        }
        None
    }

    fn check_machine(&self, machine: &Machine, found: &mut Found) {
        found.known("venue", &machine.venue, &self.venues, "venue");
        for Requirement { references, min_version, .. } in &machine.requires {
            if references.is_empty() {
                found.say("requires", "`reference` is empty: name one or more, any one of which suffices");
            }
            for reference in references {
                found.known("requires", reference, &self.references, "reference");
            }
            if *min_version == Some(0) {
                found.say("requires", "min_version 0 is too small: a whole number of at least 1");
            }
        }
        if machine.requires.is_empty() && machine.autonomous_from > Level::Discovery {
            let problem = "without `requires` nobody has a level: leave it out or 1, or name what the machine requires";
            found.say("autonomous_from", problem);
        }
        found.at_least_one("min_age", machine.min_age);
        found.at_least_one("max_session_minutes", machine.max_session_minutes);
        found.at_least_one("idle_minutes", machine.idle_minutes);
        match machine.stop_policy {
            StopPolicy::Immediate => {}
            StopPolicy::Graceful(seconds) | StopPolicy::FinishJob(seconds) => {
                found.at_least_one("stop_policy", seconds)
            }
        }
        if !(10..=3600).contains(&machine.lease_seconds) {
            found.say("lease_seconds", format!("{} is not allowed: 10 to 3600 seconds", machine.lease_seconds));
        }
        if let Offline::AllowlistHours(hours) = machine.offline {
            if !(1..=24).contains(&hours) {
                found.say("offline", format!("allowlist_hours = {hours} is not allowed: 1 to 24 hours"));
            }
            if machine.hazard == Hazard::Red {
                found.say("offline", "a red machine never starts without the registry: only \"deny\" is allowed");
            }
            if machine.min_assurance > Assurance::A0 {
                let problem = "only the registry can check a card above A0: only \"deny\" is allowed";
                found.say("offline", problem);
            }
        }
    }

    fn check_acceptance(&self, index: usize, rule: &Acceptance, found: &mut Found) {
        found.known("venue", &rule.venue, &self.venues, "venue");
        found.known("issuer", &rule.issuer, &self.issuers, "issuer");
        found.at_least_one("min_version", rule.min_version);
        found.at_least_one("max_age_months", rule.max_age_months);
        if self.venues.get(&rule.venue).is_some_and(|venue| venue.issuer.as_ref() == Some(&rule.issuer)) {
            let Acceptance { issuer, venue, .. } = rule;
            found.say(
                "issuer",
                format!("`{issuer}` is the own issuer of `{venue}`, recognised without a rule: name others"),
            );
        }
        if let AcceptedReferences::These(named) = &rule.references {
            if named.is_empty() {
                found.say("references", "the list is empty: \"all\", or one or more ids");
            }
            for reference in named {
                found.known("references", reference, &self.references, "reference");
            }
        }
        let same_pair = |(_, other): &(usize, &Acceptance)| other.venue == rule.venue && other.issuer == rule.issuer;
        for (earlier, other) in self.acceptances.iter().enumerate().take(index).filter(same_pair) {
            let shared = match (&rule.references, &other.references) {
                (AcceptedReferences::All, AcceptedReferences::All) => Some("all references".to_owned()),
                (AcceptedReferences::These(these), AcceptedReferences::These(those)) => {
                    these.iter().find(|id| those.contains(id)).map(|id| format!("`{id}`"))
                }
                (AcceptedReferences::All, AcceptedReferences::These(_))
                | (AcceptedReferences::These(_), AcceptedReferences::All) => None,
            };
            if let Some(shared) = shared {
                let Acceptance { venue, issuer, .. } = rule;
                let problem = format!(
                    "rule {} of `{venue}` for `{issuer}` speaks of {shared} as well: one rule for each, or one that names \
                     references beside one for all",
                    earlier + 1
                );
                found.say("references", problem);
            }
        }
    }

    fn check_controller(&self, controller: &Controller, found: &mut Found) {
        if !is_wire_name(&controller.id) {
            let problem = "the wire allows 1 to 32 lower-case letters, digits and `-`, the first and last not `-`";
            found.say("id", format!("`{}` is not allowed: {problem}", controller.id));
        }
        found.known("venue", &controller.venue, &self.venues, "venue");
        let mut seen: BTreeSet<&MachineId> = BTreeSet::new();
        for id in &controller.machines {
            found.known("machines", id, &self.machines, "machine");
            if !seen.insert(id) {
                found.say("machines", format!("`{id}` is named twice: once suffices"));
            }
            if let Some(machine) = self.machines.get(id)
                && machine.venue != controller.venue
            {
                let Controller { venue, .. } = controller;
                let problem = format!("`{id}` stands in `{}`: only machines of `{venue}` are allowed", machine.venue);
                found.say("machines", problem);
            }
            let before = self.controllers.values().take_while(|other| other.id < controller.id);
            if let Some(other) = before.into_iter().find(|other| other.machines.contains(id)) {
                found.say(
                    "machines",
                    format!("`{id}` is served by `{}` already: one controller for each machine", other.id),
                );
            }
        }
    }

    /// Everything that is applied although it is a risk, in the order of the tables.
    #[must_use]
    pub fn warnings(&self) -> Vec<Flaw> {
        let mut found = Found::new();
        let mut owners: BTreeMap<&IssuerId, &VenueId> = BTreeMap::new();
        for venue in self.venues.values() {
            if let Some(issuer) = &venue.issuer
                && let Some(other) = owners.insert(issuer, &venue.id)
            {
                found.go_to(Table::Venue, venue.id.as_str());
                let problem = format!(
                    "`{issuer}` is also the own issuer of `{other}`: the managers of both award and revoke for it"
                );
                found.say("issuer", problem);
            }
        }
        for machine in self.machines.values() {
            found.go_to(Table::Machine, machine.id.as_str());
            if machine.hazard == Hazard::Red && machine.min_assurance == Assurance::A0 {
                let problem = "a red machine that takes A0 can be started with a copied card: \"A1\" asks for one that \
                               cannot be copied";
                found.say("min_assurance", problem);
            }
            if machine.supervisor_level < machine.autonomous_from {
                let problem = "below `autonomous_from`: such a supervisor would need one and cannot stand by";
                found.say("supervisor_level", problem);
            }
        }
        for controller in self.controllers.values().filter(|controller| controller.profile == Profile::Plain) {
            found.go_to(Table::Controller, controller.id.as_str());
            let is_red = |id: &&MachineId| self.machines.get(*id).is_some_and(|machine| machine.hazard == Hazard::Red);
            for red in controller.machines.iter().filter(is_red) {
                let problem = format!(
                    "`{red}` is red, and in the plain profile whoever reaches the broker can forge its grants: \"sealed\" \
                     is safe"
                );
                found.say("profile", problem);
            }
        }
        found.flaws
    }
}

/// Whether an id is also a name on the wire: `[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?` (the Tremen wire, version 1).
fn is_wire_name(id: &ControllerId) -> bool {
    let name = id.as_str();
    name.len() <= 32 && !name.ends_with('-') && name.bytes().all(|byte| !matches!(byte, b'.' | b'_'))
}
