//! `GET /api/v1/machines/{id}`.

use serde_json::Value as Json;

use super::super::super::board::Board;
use super::super::call::Caller;
use super::super::page::told;
use super::super::problem::Problem;
use super::{MachineView, in_path};
use crate::store::Tx;

/// Shows a machine.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let machine = in_path(caller)?;
    let board = Board::read(tx)?;
    let standing = board.machine(machine.as_str()).ok_or_else(|| Problem::not_found("machine", &machine))?;
    Ok(told(&MachineView::of(standing.machine, standing.shown)))
}
