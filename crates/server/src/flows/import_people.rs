//! Imports people: enters those whose key is new, corrects the others. Start at [`run`].
//!
//! An empty cell takes nothing away from what is known: a file with fewer columns does no harm.

use tremen_files::table::{PersonRow as FileRow, Row};
use tremen_rules::PersonId;
use tremen_rules::authority::Act;

use super::Warrant;
use super::import::{Fate, Import, ImportError, Imported, Problem, at};
use super::keep_person::{self, Told};
use crate::store::{StoreError, Tx};

/// Imports people.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let mut import = Import::begin(tx, warrant)?;
    for Row { row, .. } in rows {
        // first all of them, without their guardians, who may stand on a later line
        let person = match tx.person_by_key(&row.person)? {
            Some(known) => known.person,
            None => enter(tx, row)?,
        };
        import.knows(&row.person, person);
    }
    for Row { line, row } in rows {
        let fate = person(tx, &mut import, row)?;
        import.note(*line, fate);
    }
    import.finish(tx, "people")
}

fn enter(tx: &Tx<'_>, row: &FileRow) -> Result<PersonId, StoreError> {
    let person = keep_person::fresh_id(tx)?;
    tx.put_person(&keep_person::nobody_yet(person.clone(), &row.person))?; // until its row is looked at
    Ok(person)
}

fn person(tx: &Tx<'_>, import: &mut Import<'_>, row: &FileRow) -> Result<Result<Fate, Problem>, StoreError> {
    let guardian = row.guardian.as_ref().map(|key| import.person(tx, "guardian", key)).transpose()?;
    let guardian = match guardian.transpose() {
        Ok(guardian) => guardian,
        Err(problem) => return Ok(Err(problem)),
    };
    let Some(known) = tx.person_by_key(&row.person)? else {
        return Err(StoreError::Engine("a person who was just entered is not there".to_owned()));
    };
    let told = Told {
        name: Some(row.name.clone()),
        email: row.email.clone(),
        birth_date: row.birth_date,
        language: row.language,
        guardian,
        guardian_consent: row.guardian_consent,
    };
    if let Some((column, problem)) = keep_person::fault(tx, &import.network, &known.person, &told) {
        return Ok(at(column, problem));
    }
    let wanted = keep_person::with(&known, &told);
    if wanted == known {
        return Ok(Ok(Fate::Unchanged));
    }
    if let Err(problem) = import.may(tx, &Act::KeepPerson { person: known.person.clone() }) {
        return Ok(Err(problem));
    }
    keep_person::put(tx, import.warrant, &known, &wanted)?;
    Ok(Ok(if known.name.is_empty() { Fate::Added } else { Fate::Changed }))
}
