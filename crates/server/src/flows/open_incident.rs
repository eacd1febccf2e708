//! Opens an incident on a machine and a time: from now on it holds what is around it. Start at [`run`].
//!
//! An incident holds the taps, sessions and orders of its machine from a day before to a day after, the facts about
//! those people and about who taught them, and what the journal says of both; [`holds`](super::holds) tells which.

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::{MachineId, PersonId, Span, Time};

use super::checks::print;
use super::{Effects, FlowError, Warrant, checks, lock_machine, network};
use crate::store::Tx;

/// What happened where, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// On which machine.
    pub machine: MachineId,
    /// From when.
    pub from: Time,
    /// Until when; none: until now.
    pub until: Option<Time>,
    /// Who was there besides those whose cards the machine saw.
    pub people: Vec<PersonId>,
    /// Whether to take the machine out of service at once.
    pub lock: bool,
}

/// An incident that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its number.
    pub incident: i64,
    /// How many people it holds the facts of, those who taught them included.
    pub people: usize,
    /// What it did beside.
    pub effects: Effects,
}

/// Opens an incident; with `lock`, the machine is taken out of service in the same transaction.
///
/// # Errors
/// When the author may not, the machine or a person does not exist, it lies ahead, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Opened, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let Request { machine, from, people, .. } = request;
    checks::machine(&network, machine)?;
    checks::allowed(tx, warrant, &Act::RecordIncident { machine: machine.clone() }, &network)?;
    let span = Span::new(*from, Some(request.until.unwrap_or(tx.now())));
    if span.is_empty() || span.end() > tx.now() {
        let (from, until, now) = (print(span.from), print(span.end()), print(tx.now()));
        return Err(FlowError::Refused(format!(
            "an incident has happened: it begins before its end and ends by now ({now}); this one would last from {from} until {until}"
        )));
    }
    for person in people {
        checks::person(tx, person)?;
    }
    let story = json!({ "machine": machine, "from": span.from, "until": span.until, "people": people });
    let entry = tx.record("incident_opened", &warrant.story(story))?;
    let incident = tx.add_incident(machine, span, warrant.by.person(), entry, why)?;
    for person in people {
        tx.add_incident_person(incident, person)?;
    }
    let mut effects = Effects { entry, stopped: Vec::new() };
    if request.lock {
        let lock = lock_machine::Request { machine: machine.clone(), until: None };
        effects.stopped = lock_machine::run(tx, warrant, &lock)?.stopped;
    }
    let held = tx.incident(incident)?.map(|row| tx.people_of_incident(&row)).transpose()?.unwrap_or_default();
    Ok(Opened { incident, people: held.len(), effects })
}

#[cfg(test)]
mod tests {
    use super::{Request, run};
    use crate::flows::rehearsal::{NOW, Stage, id, time};
    use crate::flows::{close_incident, note_incident};

    fn near_miss() -> Request {
        Request {
            machine: id("trotec-speedy"),
            from: time("2026-11-26T14:00:00+01:00"),
            until: None,
            people: Vec::new(),
            lock: false,
        }
    }

    #[test]
    fn an_incident_holds_who_was_there_and_who_taught_them() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let by = stage.by("p-maiwenn");
        let opened = stage.write(move |tx| run(tx, &by, &near_miss())).unwrap();
        assert_eq!(stage.last_entry().kind, "incident_opened");
        let held = stage.read(|tx| {
            let incident = tx.incident(opened.incident)?.unwrap();
            assert!(incident.holds(tx.now()));
            tx.people_of_incident(&incident)
        });
        assert!(held.contains(&stage.person("p-anna")));
        let teachers = stage.read(|tx| Ok(tx.awards_of(&stage.person("p-anna"))?.into_iter().map(|it| it.awarded_by)));
        for teacher in teachers.flatten() {
            assert!(held.contains(&teacher), "{teacher}");
        }
        assert_eq!(opened.people, held.len());
    }

    #[test]
    fn a_lock_on_opening_stops_what_runs() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let by = stage.by("p-maiwenn");
        let opened = stage.write(move |tx| run(tx, &by, &Request { lock: true, ..near_miss() })).unwrap();
        assert_eq!(opened.effects.stopped[0].reason, "machine_out_of_service");
    }

    #[test]
    fn it_is_for_the_machines_people_and_never_ahead() {
        let stage = Stage::sample();
        let by = stage.by("p-zoe");
        let refused = stage.write(move |tx| run(tx, &by, &near_miss())).unwrap_err();
        assert!(refused.to_string().contains("manager of venue:ubo"), "{refused}");
        let by = stage.by("p-maiwenn");
        let ahead = Request { until: Some(time(NOW).plus_millis(1)), ..near_miss() };
        let refused = stage.write(move |tx| run(tx, &by, &ahead)).unwrap_err();
        assert!(refused.to_string().contains("has happened"), "{refused}");
    }

    #[test]
    fn it_takes_notes_until_it_is_closed_and_holds_on_as_long_as_it_was_told_to() {
        let stage = Stage::sample();
        let by = stage.by("p-maiwenn");
        let number = stage.write(move |tx| run(tx, &by, &near_miss())).unwrap().incident;
        let note = |text: &str| note_incident::Request {
            incident: number,
            text: text.to_owned(),
            people: vec![stage.person("p-zoe")],
        };
        let (by, request) = (stage.by("p-maiwenn"), note("lentille fendue"));
        stage.write(move |tx| note_incident::run(tx, &by, &request)).unwrap();
        let keep_until = time("2036-11-26");
        let by = stage.by("p-maiwenn");
        let close = close_incident::Request { incident: number, keep_until };
        stage.write(move |tx| close_incident::run(tx, &by, &close)).unwrap();
        let (row, notes, named) = stage
            .read(|tx| Ok((tx.incident(number)?.unwrap(), tx.incident_notes(number)?, tx.people_named_in(number)?)));
        assert_eq!((notes[0].text.as_str(), named), ("lentille fendue", vec![stage.person("p-zoe")]));
        assert!(row.holds(keep_until.plus_millis(-1)) && !row.holds(keep_until));
        let (by, late) = (stage.by("p-maiwenn"), note("trop tard"));
        assert!(
            stage.write(move |tx| note_incident::run(tx, &by, &late)).unwrap_err().to_string().contains("is closed")
        );
    }
}
