//! `GET /api/v1/references`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::whole;
use super::super::problem::Problem;
use super::ReferenceView;
use crate::store::Tx;

/// Lists the references by id.
pub(super) fn run(_: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    Ok(whole(caller.network.references.values().map(ReferenceView::of).collect()))
}
