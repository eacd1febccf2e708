//! `GET /api/v1/orders`.

use serde_json::Value as Json;
use tremen_rules::ControllerId;

use super::super::call::Caller;
use super::super::page::{Paging, joined, whole};
use super::super::problem::Problem;
use super::super::sight;
use super::OrderView;
use crate::store::{OrderRow, Tx};

/// Lists orders by controller and number; of one change all of them.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    let venues = sight::venues_with_controllers(tx, caller);
    let controllers = caller.network.controllers.values();
    let mut seen: Vec<&ControllerId> =
        controllers.filter(|it| venues.contains(&it.venue)).map(|controller| &controller.id).collect();
    if let Some(entry) = caller.call.number("entry") {
        let rows = tx.orders_of_entry(entry)?;
        return Ok(whole(rows.iter().filter(|row| seen.contains(&&row.controller)).map(OrderView::of).collect()));
    }
    if let Some(only) = caller.call.asked("controller") {
        seen.retain(|controller| controller.as_str() == only);
        if seen.is_empty() {
            let detail = format!("there is no controller `{only}` whose orders this person may read");
            return Err(Problem::in_query("controller", detail));
        }
    }
    let (after, number) = match paging.after_parts()? {
        None => ("", 0),
        Some([controller, number]) => (controller, number.parse().map_err(|_| paging.wrong(paging.after()))?),
    };
    let limit = usize::try_from(paging.limit).unwrap_or(usize::MAX);
    let mut rows: Vec<OrderRow> = Vec::new();
    for controller in seen.into_iter().filter(|controller| controller.as_str() >= after) {
        let from = if controller.as_str() == after { number } else { 0 };
        let left = limit.saturating_sub(rows.len());
        rows.extend(tx.orders_after(controller, from, u32::try_from(left).unwrap_or(u32::MAX))?);
        if rows.len() >= limit {
            break;
        }
    }
    let key = |row: &OrderRow| joined(&[row.controller.as_str(), &row.number.to_string()]);
    Ok(paging.page(&rows, key, OrderView::of))
}
