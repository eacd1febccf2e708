//! `/people`: who is known, for those who may read about them.

mod correct;
mod create;
mod list;
mod said;
mod show;

use serde::Serialize;
use serde_json::json;
use tremen_rules::PersonId;
use utoipa::ToSchema;

use super::call::Caller;
use super::endpoint::{Endpoint, get, list as listed, post};
use super::page::Page;
use super::sight;
use crate::flows::token_scope::TokenScope;
use crate::store::{PersonRow, Tx};

/// A person.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonView {
    /// Their random id, which the journal and all else call them.
    pub id: String,
    /// The venue's own key for them.
    pub key: String,
    /// Their name.
    pub name: String,
    /// How to reach them and when they were born; absent for who may not read it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// How to reach a person, and when they were born.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Contact {
    /// Where to write to them.
    pub email: Option<String>,
    /// Birth date.
    pub birth_date: Option<String>,
    /// The language that they read.
    pub language: Option<String>,
    /// Who answers for a minor, by random id.
    pub guardian: Option<String>,
    /// When the guardian consented.
    pub guardian_consent: Option<String>,
}

impl PersonView {
    fn of(tx: &Tx<'_>, caller: &Caller<'_>, row: &PersonRow) -> Self {
        let contact = sight::contact(tx, caller, &row.person).then(|| Contact {
            email: row.email.clone(),
            birth_date: row.birth_date.map(|date| date.to_string()),
            language: row.language.map(|language| crate::store::language_code(language).to_owned()),
            guardian: row.guardian.as_ref().map(PersonId::to_string),
            guardian_consent: row.guardian_consent.map(|date| date.to_string()),
        });
        Self { id: row.person.to_string(), key: row.key.clone(), name: row.name.clone(), contact }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        listed::<Page<PersonView>>("/people", "List the people that the caller may read about, by key", list::run),
        get::<PersonView>("/people/{id}", "Show a person, by the venue's own key or their id", show::run),
        post(
            "/people",
            TokenScope::People,
            "Enter a person, at the desk",
            json!({ "key": "p-nolwenn", "name": "Nolwenn Kermarrec", "birth_date": "2009-05-14", "guardian": "p-anna",
                    "guardian_consent": "2026-11-20", "reason": "inscription" }),
            create::run,
        )
        .makes(),
        post(
            "/people/{id}",
            TokenScope::People,
            "Correct what is known of a person; what is absent stays",
            json!({ "email": "yann@example.org", "reason": "nouvelle adresse" }),
            correct::run,
        )
        .about(|tx, caller| sight::person_in_path(tx, caller).map(Some)),
    ]
}
