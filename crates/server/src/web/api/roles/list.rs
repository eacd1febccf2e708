//! `GET /api/v1/roles`.

use serde_json::Value as Json;

use super::super::call::Caller;
use super::super::page::{Paging, whole};
use super::super::problem::Problem;
use super::super::sight::{Whose, whose};
use super::RoleView;
use crate::store::Tx;

/// Lists roles by number; of one person all of them.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    match whose(tx, caller)? {
        Whose::One(person) => Ok(whole(tx.roles_of(&person)?.iter().map(RoleView::of).collect())),
        Whose::All => {
            let rows = tx.roles_after(paging.after_number()?, paging.limit)?;
            Ok(paging.page(&rows, |row| row.held.to_string(), RoleView::of))
        }
    }
}
