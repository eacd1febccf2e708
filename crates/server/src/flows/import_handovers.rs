//! Imports handovers: person, machine and instant say which. Start at [`run`].

use serde_json::json;
use tremen_files::table::{HandoverRow as FileRow, Row};
use tremen_rules::authority::Act;

use super::Warrant;
use super::import::{Fate, Import, ImportError, Imported, Problem, at, machine_exists};
use crate::store::{StoreError, Tx};

/// Imports handovers.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let mut import = Import::begin(tx, warrant)?;
    for Row { line, row } in rows {
        let fate = handover(tx, &mut import, row)?;
        import.note(*line, fate);
    }
    import.finish(tx, "handovers")
}

fn handover(tx: &Tx<'_>, import: &mut Import<'_>, row: &FileRow) -> Result<Result<Fate, Problem>, StoreError> {
    let person = match import.person(tx, "person", &row.person)? {
        Ok(person) => person,
        Err(problem) => return Ok(Err(problem)),
    };
    let FileRow { machine, at: instant, .. } = row;
    if let Err(problem) = machine_exists(&import.network, machine) {
        return Ok(Err(problem));
    }
    let by = match row.by.as_deref().map(|key| import.person(tx, "by", key)).transpose()? {
        None => None,
        Some(Err(problem)) => return Ok(Err(problem)),
        Some(Ok(by)) if by == person => return Ok(at("by", "nobody hands a machine over to themself")),
        Some(Ok(by)) => Some(by),
    };
    let known = tx.handovers_of(&person)?.into_iter().find(|(known, at, _)| known == machine && at == instant);
    if let Some((_, _, known_by)) = known {
        if by.is_some() && by != known_by {
            return Ok(at("by", "this handover is known with another author, and is not edited"));
        }
        return Ok(Ok(Fate::Unchanged));
    }
    if let Err(problem) = import.may(tx, &Act::Handover { machine: machine.clone(), person: person.clone() }) {
        return Ok(Err(problem));
    }
    tx.add_handover(&person, machine, *instant, by.as_ref())?;
    let story = json!({ "person": person, "machine": machine, "at": instant, "shown_by": by });
    import.record(tx, "handover_recorded", story)?;
    Ok(Ok(Fate::Added))
}
