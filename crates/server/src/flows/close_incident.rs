//! Closes an incident: what it holds goes on being held until the day that was said. Start at [`run`].

use serde_json::json;
use tremen_rules::Time;
use tremen_rules::authority::Act;

use super::checks::print;
use super::note_incident::open_one;
use super::{Effects, FlowError, Warrant, checks, network};
use crate::store::Tx;

/// Which incident, and how long to keep what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which.
    pub incident: i64,
    /// Until when it holds what is around it: as long as somebody may still go to court.
    pub keep_until: Time,
}

/// Closes it; the warrant's reason is what came of it.
///
/// # Errors
/// When the author may not, there is no such incident, it is closed already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let Request { incident, keep_until } = request;
    let row = open_one(tx, *incident)?;
    checks::allowed(tx, warrant, &Act::RecordIncident { machine: row.machine.clone() }, &network)?;
    if *keep_until < tx.now() {
        let (until, now) = (print(*keep_until), print(tx.now()));
        return Err(FlowError::Refused(format!("what it holds is kept until now ({now}) or later, not until {until}")));
    }
    tx.close_incident(*incident, why, *keep_until)?;
    let story = json!({ "incident": incident, "machine": row.machine, "keep_until": keep_until });
    let entry = tx.record("incident_closed", &warrant.story(story))?;
    Ok(Effects { entry, stopped: Vec::new() })
}
