//! `POST /api/v1/sessions/{id}/stop`: the flow `stop_session`.

use tremen_wire::SessionId;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use crate::flows::stop_session;
use crate::store::Tx;

/// Stops a running session.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    let id = caller.call.at("id");
    let session = SessionId::from_hex(id).map(|session| tx.session(session)).transpose()?.flatten();
    let session = session.ok_or_else(|| Problem::not_found("session", id))?.session;
    Ok(Done::changed(stop_session::run(tx, &caller.warrant(body.reason), session)?))
}
