//! `GET /api/v1/people`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::{Paging, whole};
use super::super::problem::Problem;
use super::super::sight;
use super::PersonView;
use crate::store::Tx;

/// Lists the people by key: all, or the caller alone.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    if !sight::sees_everybody(tx, caller) {
        let own = tx.person(caller.person())?;
        return Ok(whole(own.iter().map(|row| PersonView::of(tx, caller, row)).collect()));
    }
    let rows = tx.people_after(paging.after(), paging.limit)?;
    Ok(paging.page(&rows, |row| row.key.clone(), |row| PersonView::of(tx, caller, row)))
}
