//! `POST /api/v1/people`: the flow `keep_person`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use super::said::Said;
use crate::flows::keep_person;
use crate::store::Tx;

/// A person to be entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewPerson {
    /// The venue's own key for them, which nobody has yet.
    #[schema(min_length = 1, max_length = 128)]
    key: String,
    /// Their name.
    #[schema(min_length = 1)]
    name: String,
    /// Where to write to them.
    email: Option<String>,
    /// Birth date, `2009-05-14`.
    birth_date: Option<String>,
    /// fr, en, br.
    language: Option<String>,
    /// Who answers for a minor, by the venue's own key or their id.
    #[schema(min_length = 1)]
    guardian: Option<String>,
    /// The date on which the guardian consented.
    guardian_consent: Option<String>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Enters a person.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewPerson) -> Result<Done, Problem> {
    let said = Said {
        key: Some(&body.key),
        name: Some(&body.name),
        email: body.email.as_deref(),
        birth_date: body.birth_date.as_deref(),
        language: body.language.as_deref(),
        guardian: body.guardian.as_deref(),
        guardian_consent: body.guardian_consent.as_deref(),
    };
    let (key, told) = said.read(tx, caller)?;
    let made = keep_person::enter(tx, &caller.warrant(body.reason), &key, &told)?;
    let id = made.person.to_string();
    let location = format!("/people/{id}");
    Ok(Done::made(made.effects, Some(id), Some(location)))
}
