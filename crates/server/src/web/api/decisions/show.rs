//! `GET /api/v1/decisions/{id}`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::told;
use super::super::problem::Problem;
use super::{DecisionView, is_seen};
use crate::store::Tx;

/// Shows a decision with what was read when it was made; to who may not read it there is none of this number.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let id = caller.call.at("id");
    let found = id.parse().ok().map(|number| tx.decision(number)).transpose()?.flatten();
    let Some(row) = found.filter(|row| is_seen(tx, caller, row)) else {
        return Err(Problem::not_found("decision", id));
    };
    let read = tx.entry(row.entry)?.and_then(|entry| entry.body);
    Ok(told(&DecisionView { read, ..DecisionView::of(&row) }))
}
