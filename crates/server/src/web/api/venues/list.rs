//! `GET /api/v1/venues`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::whole;
use super::super::problem::Problem;
use super::VenueView;
use crate::store::Tx;

/// Lists the venues by id.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    Ok(whole(caller.network.venues.values().map(|venue| VenueView::of(venue, tx.now())).collect()))
}
