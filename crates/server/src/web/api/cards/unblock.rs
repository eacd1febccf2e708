//! `POST /api/v1/cards/{id}/unblock`: the flow `unblock_card`.

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::{Done, Why};
use super::in_path;
use crate::flows::unblock_card;
use crate::store::Tx;

/// Unblocks a card.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Why) -> Result<Done, Problem> {
    let card = in_path(tx, caller)?.card;
    Ok(Done::changed(unblock_card::run(tx, &caller.warrant(body.reason), &card)?))
}
