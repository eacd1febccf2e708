//! Stops a running session at a manager's or trainer's word. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_wire::SessionId;

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// The code of a stop that somebody asked for, on the wire and in the journal.
pub const BY_HAND: &str = "manager";

/// Tells a session to stop, under its machine's stop policy.
///
/// # Errors
/// When the author may not, the session is over or told to stop already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, session: SessionId) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let mut row = tx.session(session)?.ok_or_else(|| FlowError::unknown("session", session))?;
    if row.ended_at.is_some() {
        return Err(FlowError::Refused(format!("session {session} is over already")));
    }
    if let Some(order) = row.stop_order {
        let problem = format!("session {session} is told to stop already, by order {order} of `{}`", row.controller);
        return Err(FlowError::Refused(problem));
    }
    // of a machine that is declared no more nobody is the manager, but its session can always be stopped from the shell
    match network.machines.get(&row.machine) {
        Some(machine) => {
            let act = Act::EndSession { venue: machine.venue.clone(), of: row.person.clone() };
            checks::allowed(tx, warrant, &act, &network)?;
        }
        None => checks::allowed(tx, warrant, &Act::Operate, &network)?,
    }
    let story = json!({ "person": row.person, "session": session.to_string(), "machine": row.machine });
    let entry = tx.record("session_stopped", &warrant.story(story))?;
    let stopped = sessions::stop(tx, &mut row, BY_HAND, entry)?;
    Ok(Effects { entry, stopped: vec![stopped] })
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::flows::rehearsal::Stage;
    use crate::flows::sessions;

    #[test]
    fn a_manager_stops_a_session_once() {
        let stage = Stage::sample();
        let session = stage.session("trotec-speedy", "p-anna", None);
        let by = stage.by("p-maiwenn");
        let effects = stage.write(move |tx| run(tx, &by, session)).unwrap();
        assert_eq!(effects.stopped[0].reason, "manager");
        assert_eq!(stage.last_entry().kind, "session_stopped");
        let by = stage.by("p-maiwenn");
        assert!(stage.write(move |tx| run(tx, &by, session)).unwrap_err().to_string().contains("told to stop already"));
        stage.change(move |tx| {
            let row = tx.session(session).unwrap().unwrap();
            sessions::close(tx, &row, "ended").unwrap();
        });
        let by = stage.by("p-maiwenn");
        assert!(stage.write(move |tx| run(tx, &by, session)).unwrap_err().to_string().contains("is over already"));
    }

    #[test]
    fn another_venues_manager_does_not_stop_it() {
        let stage = Stage::sample();
        let session = stage.session("trotec-speedy", "p-anna", None);
        let by = stage.by("p-zoe");
        assert!(stage.write(move |tx| run(tx, &by, session)).unwrap_err().to_string().contains("manager of venue:ubo"));
    }
}
