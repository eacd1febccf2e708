//! `POST /api/v1/awards/{id}/revoke`: the flow `revoke_award`.

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::in_path;
use crate::flows::revoke_award;
use crate::store::Tx;

/// Revokes an award, for good.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    let award = in_path(tx, caller)?.award.id;
    Ok(Done::changed(revoke_award::run(tx, &caller.warrant(body.reason), &award)?))
}
