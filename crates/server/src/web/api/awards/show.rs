//! `GET /api/v1/awards/{id}`.

use serde_json::Value as Json;
use tremen_rules::authority::Act;

use super::super::call::Caller;
use super::super::page::told;
use super::super::problem::Problem;
use super::super::sight::sees_everybody;
use super::{AwardView, in_path};
use crate::store::Tx;

/// Shows an award to who may read about its person; to others there is none of this id.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let award = in_path(tx, caller)?;
    let may = sees_everybody(tx, caller) || caller.can(tx, &Act::ReadPerson { person: award.person.clone() });
    if !may {
        return Err(Problem::not_found("award", caller.call.at("id")));
    }
    Ok(told(&AwardView::of(&award, tx.now())))
}
