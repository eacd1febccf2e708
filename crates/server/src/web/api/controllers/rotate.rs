//! `POST /api/v1/controllers/{id}/rotate`: the flow `rotate_controller`.

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::{Secrets, in_path};
use crate::flows::rotate_controller;
use crate::store::Tx;

/// Gives a controller new secrets.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    Ok(Secrets::tell(rotate_controller::run(tx, &caller.warrant(body.reason), &in_path(caller)?)?))
}
