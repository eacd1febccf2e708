//! Records that somebody showed a person this very machine. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::{MachineId, PersonId, Time};

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Who was shown which machine, when and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// To whom.
    pub person: PersonId,
    /// Which.
    pub machine: MachineId,
    /// When; none: now.
    pub at: Option<Time>,
}

/// Records the handover; its author is who showed the machine.
///
/// # Errors
/// When the author may not, it is known already or still to come, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    let network = network(tx)?;
    let Request { person, machine, .. } = request;
    checks::person(tx, person)?;
    checks::machine(&network, machine)?;
    checks::allowed(tx, warrant, &Act::Handover { machine: machine.clone(), person: person.clone() }, &network)?;
    let at = request.at.unwrap_or(tx.now());
    if at > tx.now() {
        let problem = format!("a handover is recorded once it has happened, not before {}", checks::print(at));
        return Err(FlowError::Refused(problem));
    }
    if !tx.add_handover(person, machine, at, warrant.by.person())? {
        return Err(FlowError::Refused(format!("this handover of `{machine}` is recorded already")));
    }
    let story = json!({ "person": person, "machine": machine, "at": at });
    let entry = tx.record("handover_recorded", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, person, entry)? })
}

#[cfg(test)]
mod tests {
    use super::{Request, run};
    use crate::flows::rehearsal::{Stage, id, time};

    fn to(stage: &Stage, key: &str) -> Request {
        Request { person: stage.person(key), machine: id("trotec-speedy"), at: None }
    }

    #[test]
    fn a_trainer_of_the_venue_shows_the_machine() {
        let stage = Stage::sample();
        let (by, request) = (stage.by("p-maiwenn"), to(&stage, "p-yann"));
        stage.write(move |tx| run(tx, &by, &request)).unwrap();
        let known = stage.read(|tx| tx.handovers_of(&stage.person("p-yann")));
        let expected = (id("trotec-speedy"), time("2026-11-26T15:00:00+01:00"), Some(stage.person("p-maiwenn")));
        assert_eq!(known, [expected]);
        assert_eq!(stage.last_entry().kind, "handover_recorded");
    }

    #[test]
    fn it_is_recorded_once_after_it_happened_and_by_another() {
        let stage = Stage::sample();
        let refused = |request: Request| {
            let by = stage.by("p-maiwenn");
            stage.write(move |tx| run(tx, &by, &request)).unwrap_err().to_string()
        };
        assert!(refused(to(&stage, "p-maiwenn")).contains("for themself"));
        assert!(
            refused(Request { at: Some(time("2027-01-01")), ..to(&stage, "p-yann") }).contains("once it has happened")
        );
        let (by, request) = (stage.by("p-maiwenn"), to(&stage, "p-yann"));
        stage.write(move |tx| run(tx, &by, &request)).unwrap();
        assert!(refused(to(&stage, "p-yann")).contains("recorded already"));
    }
}
