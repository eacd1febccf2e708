//! `people`: who comes to a venue, under the venue's own key.

use chrono::NaiveDate;
use chrono_tz::Tz;
use tremen_rules::network::Language;

use super::{Column, Identity, Kind, RowError, Table, needed, optional, or_empty, read, write};
use crate::person;
use crate::words::{LANGUAGES, word};

pub(super) const COLUMNS: [Column; 7] = [
    needed("person"),
    needed("name"),
    optional("email"),
    optional("birth_date"),
    optional("language"),
    optional("guardian"),
    optional("guardian_consent"),
];

/// A person, as the venue's own list has them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The venue's own key for the person.
    pub person: String,
    /// Their name.
    pub name: String,
    /// Where to write to them.
    pub email: Option<String>,
    /// Their birth date.
    pub birth_date: Option<NaiveDate>,
    /// The language that they read best.
    pub language: Option<Language>,
    /// The person who answers for them, by the venue's key.
    pub guardian: Option<String>,
    /// When that person agreed.
    pub guardian_consent: Option<NaiveDate>,
}

/// Reads a file of people.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_people(bytes: &[u8], zone: Tz) -> Result<Table<PersonRow>, Vec<RowError>> {
    read(
        Kind::People,
        bytes,
        zone,
        |cells| {
            let person = cells.person();
            let name = cells.needed("name", person::name);
            let email = cells.optional("email", person::email);
            let birth_date = cells.optional("birth_date", person::date);
            let language = cells.optional("language", person::language);
            let guardian = cells.optional("guardian", person::key);
            if guardian.is_some() && guardian == person {
                cells.refuse("guardian", "nobody is their own guardian");
            }
            let guardian_consent = cells.optional("guardian_consent", person::date);
            Some(PersonRow { person: person?, name: name?, email, birth_date, language, guardian, guardian_consent })
        },
        |row| Some(Identity { column: Some("person"), key: row.person.clone(), fact: "this person" }),
    )
}

/// Writes a file of people.
#[must_use]
pub fn write_people<'r>(rows: impl IntoIterator<Item = &'r PersonRow>) -> String {
    write::write(
        Kind::People,
        rows.into_iter().map(|row| {
            [
                row.person.clone(),
                row.name.clone(),
                or_empty(row.email.as_ref()),
                or_empty(row.birth_date.as_ref()),
                row.language.map(|language| word(&language, &LANGUAGES)).unwrap_or_default().to_owned(),
                or_empty(row.guardian.as_ref()),
                or_empty(row.guardian_consent.as_ref()),
            ]
        }),
    )
}
