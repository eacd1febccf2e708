//! `GET /api/v1/awards`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::{Paging, whole};
use super::super::problem::Problem;
use super::super::sight::{Whose, whose};
use super::AwardView;
use crate::store::Tx;

/// Lists awards by id; of one person all of them, the oldest first.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let (paging, now) = (Paging::read(caller.call), tx.now());
    match whose(tx, caller)? {
        Whose::One(person) => Ok(whole(tx.awards_of(&person)?.iter().map(|award| AwardView::of(award, now)).collect())),
        Whose::All => {
            let rows = tx.awards_after(paging.after(), paging.limit)?;
            Ok(paging.page(&rows, |row| row.award.id.to_string(), |award| AwardView::of(award, now)))
        }
    }
}
