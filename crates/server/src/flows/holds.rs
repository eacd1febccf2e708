//! What incidents hold back from retention and erasure. Start at [`Holds::now`]. Writes nothing.
//!
//! Worked out from the incidents each time, never kept: an incident that is opened holds at once, one whose time is over
//! holds nothing.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use tremen_rules::{PersonId, Time};

use crate::store::{IncidentRow, StoreError, Tx};

/// The incidents that hold at this instant, and the people whose facts they need.
#[derive(Debug, Clone, Default)]
pub struct Holds {
    incidents: Vec<IncidentRow>,
    people: BTreeMap<PersonId, Vec<usize>>,
}

impl Holds {
    /// What is held now.
    ///
    /// # Errors
    /// When the store fails.
    pub fn now(tx: &Tx<'_>) -> Result<Self, StoreError> {
        let incidents = tx.holding_incidents()?;
        let mut people: BTreeMap<PersonId, Vec<usize>> = BTreeMap::new();
        for (place, incident) in incidents.iter().enumerate() {
            for person in tx.people_of_incident(incident)? {
                people.entry(person).or_default().push(place);
            }
        }
        Ok(Self { incidents, people })
    }

    /// Whether something that lasted from an instant to another on a machine is held.
    #[must_use]
    pub fn machine(&self, machine: &str, from: Time, until: Time) -> bool {
        self.incidents.iter().any(|incident| {
            let around = incident.around();
            incident.machine.as_str() == machine && from < around.end() && until >= around.from
        })
    }

    /// Whether the facts about a person are held.
    #[must_use]
    pub fn person(&self, person: &PersonId) -> bool {
        self.people.contains_key(person)
    }

    /// The incidents that hold the facts about a person, the oldest first.
    #[must_use]
    pub fn incidents_of(&self, person: &PersonId) -> Vec<&IncidentRow> {
        let places = self.people.get(person).into_iter().flatten();
        places.filter_map(|place| self.incidents.get(*place)).collect()
    }

    /// Whether a payload of the journal is held: it speaks of an incident's machine, or of somebody whose facts are held.
    #[must_use]
    pub fn story(&self, body: &Json) -> bool {
        match body {
            Json::String(text) => {
                self.incidents.iter().any(|incident| incident.machine.as_str() == text)
                    || PersonId::parse(text).is_ok_and(|person| self.person(&person))
            }
            Json::Array(all) => all.iter().any(|it| self.story(it)),
            Json::Object(all) => all.values().any(|it| self.story(it)),
            Json::Null | Json::Bool(_) | Json::Number(_) => false,
        }
    }
}
