//! `GET /api/v1/restrictions`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::{Paging, whole};
use super::super::problem::Problem;
use super::super::sight::{Whose, whose};
use super::RestrictionView;
use crate::store::Tx;

/// Lists restrictions by number; of one person all of them.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    match whose(tx, caller)? {
        Whose::One(person) => Ok(whole(tx.restrictions_of(&person)?.iter().map(RestrictionView::of).collect())),
        Whose::All => {
            let rows = tx.restrictions_after(paging.after_number()?, paging.limit)?;
            Ok(paging.page(&rows, |row| row.restriction.to_string(), RestrictionView::of))
        }
    }
}
