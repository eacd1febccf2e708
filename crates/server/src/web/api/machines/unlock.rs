//! `POST /api/v1/machines/{id}/unlock`: the flow `unlock_machine`.

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::in_path;
use crate::flows::unlock_machine;
use crate::store::Tx;

/// Puts a machine back into service.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    Ok(Done::changed(unlock_machine::run(tx, &caller.warrant(body.reason), &in_path(caller)?)?))
}
