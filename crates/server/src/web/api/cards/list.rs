//! `GET /api/v1/cards`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::{Paging, whole};
use super::super::problem::Problem;
use super::super::sight::{Whose, whose};
use super::CardView;
use crate::store::{StoreError, Tx};

/// Lists cards by id; of one person all of them.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    let whose = whose(tx, caller)?;
    let rows = match &whose {
        Whose::One(person) => tx.cards_of(person)?,
        Whose::All => tx.cards_after(paging.after(), paging.limit)?,
    };
    let views = rows.iter().map(|row| CardView::of(tx, row)).collect::<Result<Vec<_>, StoreError>>()?;
    let is_full = matches!(whose, Whose::All) && rows.len() >= usize::try_from(paging.limit).unwrap_or(usize::MAX);
    if !is_full {
        return Ok(whole(views));
    }
    Ok(paging.page_until(views, rows.last().map(|row| row.card.as_str())))
}
