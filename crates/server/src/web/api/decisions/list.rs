//! `GET /api/v1/decisions`.

use serde_json::Value as Json;
use tremen_rules::authority::Act;
use tremen_rules::{MachineId, Time};

use super::super::call::Caller;
use super::super::page::{Paging, joined};
use super::super::problem::Problem;
use super::DecisionView;
use crate::store::{DecisionRecord, Tx};

/// Lists decisions by instant and number.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    let after = match paging.after_parts()? {
        None => (Time::from_millis(i64::MIN), 0),
        Some([at, number]) => {
            let key = at.parse().ok().zip(number.parse().ok());
            let (at, number) = key.ok_or_else(|| paging.wrong(paging.after()))?;
            (Time::from_millis(at), number)
        }
    };
    let rows = match caller.call.asked("machine") {
        None => tx.decisions_of_after(caller.person(), after, paging.limit)?,
        Some(id) => {
            let machine = MachineId::parse(id).ok().filter(|machine| caller.network.machines.contains_key(machine));
            let Some(machine) = machine else {
                return Err(Problem::in_query("machine", format!("machine `{id}` does not exist")));
            };
            caller.must(tx, &Act::ReadMachine { machine: machine.clone() })?;
            tx.decisions_on_after(&machine, after, paging.limit)?
        }
    };
    let key = |row: &DecisionRecord| joined(&[&row.at.millis().to_string(), &row.decision.to_string()]);
    Ok(paging.page(&rows, key, DecisionView::of))
}
