//! `POST /api/v1/people/{id}`: the flow `keep_person`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::sight::person_in_path;
use super::super::write::Done;
use super::said::Said;
use crate::flows::keep_person;
use crate::store::Tx;

/// What is to be corrected of a person; what is absent stays as it is known.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Correction {
    /// Their name.
    #[schema(min_length = 1)]
    name: Option<String>,
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

/// Corrects what is known of a person.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Correction) -> Result<Done, Problem> {
    let person = person_in_path(tx, caller)?;
    let said = Said {
        key: None,
        name: body.name.as_deref(),
        email: body.email.as_deref(),
        birth_date: body.birth_date.as_deref(),
        language: body.language.as_deref(),
        guardian: body.guardian.as_deref(),
        guardian_consent: body.guardian_consent.as_deref(),
    };
    let (_, told) = said.read(tx, caller)?;
    Ok(Done::changed(keep_person::correct(tx, &caller.warrant(body.reason), &person, &told)?))
}
