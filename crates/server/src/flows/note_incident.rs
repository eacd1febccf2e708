//! Notes something of an incident, or who was there. Start at [`run`].

use serde_json::json;
use tremen_rules::PersonId;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, checks, network};
use crate::store::{IncidentRow, Tx};

/// The longest note, in characters.
const LONGEST_NOTE: usize = 4000;

/// What to note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Of which incident.
    pub incident: i64,
    /// What.
    pub text: String,
    /// Who was there, as is known now.
    pub people: Vec<PersonId>,
}

/// Notes it; a note is never changed.
///
/// # Errors
/// When the author may not, there is no such incident, it is closed, the text is empty or too long, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    let network = network(tx)?;
    let Request { incident, people, .. } = request;
    let row = open_one(tx, *incident)?;
    checks::allowed(tx, warrant, &Act::RecordIncident { machine: row.machine.clone() }, &network)?;
    let text = request.text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_NOTE {
        return Err(FlowError::Refused(format!("a note has between 1 and {LONGEST_NOTE} characters")));
    }
    for person in people {
        checks::person(tx, person)?;
        tx.add_incident_person(*incident, person)?;
    }
    tx.add_incident_note(*incident, warrant.by.person(), text)?;
    let story = json!({ "incident": incident, "machine": row.machine, "text": text, "people": people });
    let entry = tx.record("incident_noted", &warrant.story(story))?;
    Ok(Effects { entry, stopped: Vec::new() })
}

/// An incident that is open still.
pub(super) fn open_one(tx: &Tx<'_>, incident: i64) -> Result<IncidentRow, FlowError> {
    let row = tx.incident(incident)?.ok_or_else(|| FlowError::unknown("incident", incident))?;
    match row.closed_at {
        None => Ok(row),
        Some(at) => {
            let at = checks::print(at);
            Err(FlowError::Refused(format!("incident {incident} is closed since {at}; open another one that names it")))
        }
    }
}
