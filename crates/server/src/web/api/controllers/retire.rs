//! `POST /api/v1/controllers/{id}/retire`: the flow `retire_controller`.

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::in_path;
use crate::flows::retire_controller;
use crate::store::Tx;

/// Takes a controller out of service.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    Ok(Done::changed(retire_controller::run(tx, &caller.warrant(body.reason), &in_path(caller)?)?))
}
