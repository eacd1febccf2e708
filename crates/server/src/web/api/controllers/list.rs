//! `GET /api/v1/controllers`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::whole;
use super::super::problem::Problem;
use super::super::sight;
use super::ControllerView;
use crate::store::{StoreError, Tx};

/// Lists controllers by id.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let venues = sight::venues_with_controllers(tx, caller);
    let seen = caller.network.controllers.values().filter(|controller| venues.contains(&controller.venue));
    Ok(whole(seen.map(|controller| ControllerView::of(tx, controller)).collect::<Result<Vec<_>, StoreError>>()?))
}
