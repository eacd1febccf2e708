//! Imports people: enters those whose key is new, corrects the others. Start at [`run`].
//!
//! An empty cell takes nothing away from what is known: a file with fewer columns does no harm.

use serde_json::json;
use tremen_files::table::{PersonRow as FileRow, Row};
use tremen_rules::PersonId;
use tremen_rules::authority::Act;
use tremen_rules::months::local_date;

use super::import::{Fate, Import, ImportError, Imported, Problem, at};
use super::{Warrant, outliving};
use crate::store::{NewPerson, StoreError, Tx};

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
    let person = PersonId::try_from(tx.random_id()).map_err(|error| StoreError::Engine(error.to_string()))?;
    tx.put_person(&NewPerson {
        person: person.clone(),
        key: row.person.clone(),
        name: String::new(), // until its row is looked at: a person entered now has no name yet
        email: None,
        birth_date: None,
        language: None,
        guardian: None,
        guardian_consent: None,
    })?;
    Ok(person)
}

fn person(tx: &Tx<'_>, import: &mut Import<'_>, row: &FileRow) -> Result<Result<Fate, Problem>, StoreError> {
    let guardian = match &row.guardian {
        None => None,
        Some(key) if *key == row.person => return Ok(at("guardian", "nobody is their own guardian")),
        Some(key) => match import.person(tx, "guardian", key)? {
            Ok(guardian) => Some(guardian),
            Err(problem) => return Ok(Err(problem)),
        },
    };
    let today = local_date(tx.now(), import.network.settings.time_zone);
    if let Some(birth) = row.birth_date.filter(|birth| *birth > today) {
        return Ok(at("birth_date", format!("{birth} is still to come")));
    }
    let Some(known) = tx.person_by_key(&row.person)? else {
        return Err(StoreError::Engine("a person who was just entered is not there".to_owned()));
    };
    let is_new = known.name.is_empty();
    let wanted = NewPerson {
        name: row.name.clone(),
        email: row.email.clone().or(known.email.clone()),
        birth_date: row.birth_date.or(known.birth_date),
        language: row.language.or(known.language),
        guardian: guardian.or(known.guardian.clone()),
        guardian_consent: row.guardian_consent.or(known.guardian_consent),
        ..known.clone()
    };
    if wanted == known {
        return Ok(Ok(Fate::Unchanged));
    }
    if let Err(problem) = import.may(tx, &Act::KeepPerson { person: known.person.clone() }) {
        return Ok(Err(problem));
    }
    tx.put_person(&wanted)?;
    outliving::meet_again(tx, import.warrant, &wanted)?;
    // the journal holds who, never what they are called or when they were born
    let changed: Vec<&str> = [
        ("name", wanted.name != known.name),
        ("email", wanted.email != known.email),
        ("birth_date", wanted.birth_date != known.birth_date),
        ("language", wanted.language != known.language),
        ("guardian", wanted.guardian != known.guardian),
        ("guardian_consent", wanted.guardian_consent != known.guardian_consent),
    ]
    .into_iter()
    .filter_map(|(column, differs)| differs.then_some(column))
    .collect();
    let kind = if is_new { "person_entered" } else { "person_corrected" };
    import.record(tx, kind, json!({ "person": known.person, "columns": changed }))?;
    Ok(Ok(if is_new { Fate::Added } else { Fate::Changed }))
}
