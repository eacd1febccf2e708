//! Enters people and corrects what is known of them. Start at [`enter`] and [`correct`]; an import does the same to many
//! (`import_people.rs`).
//!
//! What is not told takes nothing away from what is known.

use chrono::NaiveDate;
use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::months::local_date;
use tremen_rules::network::Language;
use tremen_rules::{Network, PersonId};

use super::{Effects, FlowError, Warrant, checks, network, outliving, sessions};
use crate::store::{NewPerson, PersonRow, StoreError, Tx};

/// What is told of a person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Told {
    /// Their name.
    pub name: Option<String>,
    /// Where to write to them.
    pub email: Option<String>,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// The language that they read.
    pub language: Option<Language>,
    /// Who answers for a minor.
    pub guardian: Option<PersonId>,
    /// When the guardian consented.
    pub guardian_consent: Option<NaiveDate>,
}

/// A person who was entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// Their random id.
    pub person: PersonId,
    /// What it did beside.
    pub effects: Effects,
}

/// Enters a person under a key of the venue's own.
///
/// # Errors
/// When the author may not, somebody has this key, no name is told, something cannot be, or the store fails.
pub fn enter(tx: &mut Tx<'_>, warrant: &Warrant, key: &str, told: &Told) -> Result<Entered, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let person = fresh_id(tx)?;
    checks::allowed(tx, warrant, &Act::KeepPerson { person: person.clone() }, &network)?;
    if let Some(known) = tx.person_by_key(key)? {
        return Err(FlowError::Refused(format!("`{key}` is somebody already: person `{}`", known.person)));
    }
    if told.name.is_none() {
        return Err(FlowError::Refused("a name is needed".to_owned()));
    }
    let effects = put_checked(tx, warrant, &network, &nobody_yet(person.clone(), key), told)?;
    Ok(Entered { person, effects })
}

/// Corrects what is known of a person.
///
/// # Errors
/// When the author may not, they were erased, something cannot be, all of it is known already, or the store fails.
pub fn correct(tx: &mut Tx<'_>, warrant: &Warrant, person: &PersonId, told: &Told) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    checks::allowed(tx, warrant, &Act::KeepPerson { person: person.clone() }, &network)?;
    let known = checks::person(tx, person)?;
    put_checked(tx, warrant, &network, &known, told)
}

fn put_checked(
    tx: &mut Tx<'_>,
    warrant: &Warrant,
    network: &Network,
    known: &PersonRow,
    told: &Told,
) -> Result<Effects, FlowError> {
    if let Some((column, problem)) = fault(tx, network, &known.person, told) {
        return Err(FlowError::Refused(format!("{column}: {problem}")));
    }
    let wanted = with(known, told);
    if wanted == *known {
        return Err(FlowError::Refused("all of this is known already".to_owned()));
    }
    let entry = put(tx, warrant, known, &wanted)?;
    // An age that was wrong may take a right away.
    Ok(Effects { entry, stopped: sessions::review_person(tx, &wanted.person, entry)? })
}

/// A new random id.
pub(super) fn fresh_id(tx: &Tx<'_>) -> Result<PersonId, StoreError> {
    PersonId::try_from(tx.random_id()).map_err(|error| StoreError::Engine(error.to_string()))
}

/// Somebody of whom nothing is known but the key. Nobody who was entered has an empty name.
pub(super) fn nobody_yet(person: PersonId, key: &str) -> NewPerson {
    NewPerson {
        person,
        key: key.to_owned(),
        name: String::new(),
        email: None,
        birth_date: None,
        language: None,
        guardian: None,
        guardian_consent: None,
    }
}

/// Why this cannot be told of a person: the column that it is about, and what is wrong.
pub(super) fn fault(tx: &Tx<'_>, network: &Network, person: &PersonId, told: &Told) -> Option<(&'static str, String)> {
    if told.guardian.as_ref() == Some(person) {
        return Some(("guardian", "nobody is their own guardian".to_owned()));
    }
    let today = local_date(tx.now(), network.settings.time_zone);
    let unborn = told.birth_date.filter(|birth| *birth > today)?;
    Some(("birth_date", format!("{unborn} is still to come")))
}

/// What is known of a person, with what is told now.
pub(super) fn with(known: &PersonRow, told: &Told) -> NewPerson {
    let told = told.clone();
    NewPerson {
        person: known.person.clone(),
        key: known.key.clone(),
        name: told.name.unwrap_or_else(|| known.name.clone()),
        email: told.email.or_else(|| known.email.clone()),
        birth_date: told.birth_date.or(known.birth_date),
        language: told.language.or(known.language),
        guardian: told.guardian.or_else(|| known.guardian.clone()),
        guardian_consent: told.guardian_consent.or(known.guardian_consent),
    }
}

/// Writes what is wanted in place of what is known, and tells the journal's entry. A restriction that outlived an erasure
/// meets its person again; the caller looks at the sessions.
pub(super) fn put(tx: &Tx<'_>, warrant: &Warrant, known: &PersonRow, wanted: &NewPerson) -> Result<i64, StoreError> {
    tx.put_person(wanted)?;
    outliving::meet_again(tx, warrant, wanted)?;
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
    let kind = if known.name.is_empty() { "person_entered" } else { "person_corrected" };
    tx.record(kind, &warrant.story(json!({ "person": wanted.person, "columns": changed })))
}

#[cfg(test)]
mod tests {
    use super::{Told, correct, enter};
    use crate::flows::rehearsal::Stage;

    fn called(name: &str) -> Told {
        Told { name: Some(name.to_owned()), ..Told::default() }
    }

    #[test]
    fn a_manager_enters_a_person_once_under_a_key_and_the_journal_holds_no_name() {
        let stage = Stage::sample();
        let entering = |by: &str, key: &'static str, told: Told| {
            let by = stage.by(by);
            stage.write(move |tx| enter(tx, &by, key, &told)).map_err(|error| error.to_string())
        };
        assert!(entering("p-yann", "p-new", called("Nine")).unwrap_err().contains("manager of any venue"));
        assert!(
            entering("p-yann", "p-anna", called("Nine")).unwrap_err().contains("manager"),
            "not whether she exists"
        );
        assert!(entering("p-maiwenn", "p-new", Told::default()).unwrap_err().contains("a name is needed"));
        let made = entering("p-maiwenn", "p-new", called("Nine")).unwrap();
        assert_eq!(stage.person("p-new"), made.person);
        let told = stage.last_entry();
        assert_eq!((told.kind.as_str(), told.entry), ("person_entered", made.effects.entry));
        let body = told.body.unwrap().to_string();
        assert!(!body.contains("Nine") && !body.contains("p-new"), "{body}");
        assert!(entering("p-maiwenn", "p-new", called("Dix")).unwrap_err().contains("`p-new` is somebody already"));
    }

    #[test]
    fn what_is_corrected_takes_nothing_away_and_nothing_impossible_is_believed() {
        let stage = Stage::sample();
        let yann = stage.person("p-yann");
        let before = stage.read(|tx| tx.person(&yann)).unwrap();
        let correcting = |by: &str, told: Told| {
            let (by, yann) = (stage.by(by), yann.clone());
            stage.write(move |tx| correct(tx, &by, &yann, &told)).map_err(|error| error.to_string())
        };
        let entries = stage.entries();
        let born = |date: &str| Told { birth_date: Some(date.parse().unwrap()), ..Told::default() };
        assert!(correcting("p-yann", born("1999-01-01")).unwrap_err().contains("manager of any venue"));
        assert!(correcting("p-maiwenn", born("2031-01-01")).unwrap_err().contains("birth_date: 2031-01-01 is still"));
        let own = Told { guardian: Some(yann.clone()), ..Told::default() };
        assert!(correcting("p-maiwenn", own).unwrap_err().contains("their own guardian"));
        assert!(correcting("p-maiwenn", called(&before.name)).unwrap_err().contains("known already"));
        assert_eq!(stage.entries(), entries, "what is refused leaves nothing");
        correcting("p-maiwenn", born("1999-01-01")).unwrap();
        assert_eq!(stage.last_entry().kind, "person_corrected");
        let after = stage.read(|tx| tx.person(&yann)).unwrap();
        assert_eq!(after.birth_date.unwrap().to_string(), "1999-01-01");
        assert_eq!((after.name, after.email, after.language), (before.name, before.email, before.language));
    }
}
