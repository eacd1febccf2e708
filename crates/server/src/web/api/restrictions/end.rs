//! `POST /api/v1/restrictions/{id}/end`: the flow `end_restriction`.

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::in_path;
use crate::flows::end_restriction;
use crate::store::Tx;

/// Lifts a restriction.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    let restriction = in_path(tx, caller)?.restriction;
    Ok(Done::changed(end_restriction::run(tx, &caller.warrant(body.reason), restriction)?))
}
