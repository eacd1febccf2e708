//! `POST /api/v1/roles/{id}/end`: the flow `end_role`.

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::in_path;
use crate::flows::end_role;
use crate::store::Tx;

/// Ends a role.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    let held = in_path(tx, caller)?;
    let request = end_role::Request { person: held.person, role: held.role, scope: held.scope };
    Ok(Done::changed(end_role::run(tx, &caller.warrant(body.reason), &request)?))
}
