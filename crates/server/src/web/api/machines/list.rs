//! `GET /api/v1/machines`.

use serde_json::Value as Json;

use super::super::super::board::Board;
use super::super::call::Caller;
use super::super::page::whole;
use super::super::problem::Problem;
use super::MachineView;
use crate::store::Tx;

/// Lists the machines by id, of one venue where `?venue=` names one.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let venue = caller.call.asked("venue");
    if let Some(venue) = venue.filter(|venue| !caller.network.venues.contains_key(*venue)) {
        return Err(Problem::in_query("venue", format!("venue `{venue}` does not exist")));
    }
    let board = Board::read(tx)?;
    let machines = caller.network.machines.values();
    let here = machines.filter(|machine| venue.is_none_or(|venue| machine.venue.as_str() == venue));
    let views = here.filter_map(|machine| Some(MachineView::of(machine, board.machine(machine.id.as_str())?.shown)));
    Ok(whole(views.collect()))
}
