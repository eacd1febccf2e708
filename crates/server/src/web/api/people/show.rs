//! `GET /api/v1/people/{id}`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::told;
use super::super::problem::Problem;
use super::super::sight::person_in_path;
use super::PersonView;
use crate::store::Tx;

/// Shows a person.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let person = person_in_path(tx, caller)?;
    let row = tx.person(&person)?.ok_or_else(|| Problem::not_found("person", &person))?;
    Ok(told(&PersonView::of(tx, caller, &row)))
}
