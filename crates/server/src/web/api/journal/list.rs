//! `GET /api/v1/journal`.

use serde_json::Value as Json;
use tremen_rules::Time;

use super::super::call::Caller;
use super::super::page::Paging;
use super::super::problem::Problem;
use super::super::sight::JournalSight;
use super::EntryView;
use crate::store::Tx;

/// At most so many entries are looked at for one page, whoever may read them.
const LOOKED_AT: usize = 2000;

/// Lists entries by number. A page ends early where few of many may be read; its `next` goes on.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    let sight = JournalSight::of(tx, caller);
    let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
    let (mut items, mut last, mut looked_at) = (Vec::new(), paging.after_number()?, 0);
    loop {
        let rows = tx.entries_after(last, Time::from_millis(i64::MIN), 200)?;
        if rows.is_empty() {
            return Ok(paging.page_until(items, None));
        }
        for row in &rows {
            last = row.entry;
            if sight.takes_in(row, &caller.network) {
                items.push(EntryView::of(row));
            }
            if items.len() >= limit {
                return Ok(paging.page_until(items, Some(&last.to_string())));
            }
        }
        looked_at += rows.len();
        if looked_at >= LOOKED_AT {
            return Ok(paging.page_until(items, Some(&last.to_string())));
        }
    }
}
