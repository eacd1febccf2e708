//! `GET /api/v1/sessions`.

use serde_json::Value as Json;
use tremen_rules::authority::Act;
use tremen_rules::{MachineId, Time};
use tremen_wire::SessionId;

use super::super::call::Caller;
use super::super::page::{Paging, joined, whole};
use super::super::problem::Problem;
use super::super::sight;
use super::SessionView;
use crate::store::{SessionRow, Tx};

/// Lists open sessions, or the history of a machine.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    let Some(machine) = caller.call.asked("machine") else {
        let seen = sight::machines(tx, caller);
        let is_seen = |row: &SessionRow| seen.contains(&row.machine) || row.person == *caller.person();
        return Ok(whole(tx.open_sessions()?.iter().filter(|row| is_seen(row)).map(SessionView::of).collect()));
    };
    let machine = MachineId::parse(machine).ok().filter(|machine| caller.network.machines.contains_key(machine));
    let Some(machine) = machine else {
        return Err(Problem::in_query("machine", "this machine does not exist"));
    };
    caller.must(tx, &Act::ReadMachine { machine: machine.clone() })?;
    let after = match paging.after_parts()? {
        None => (Time::from_millis(i64::MIN), SessionId([0; 8])),
        Some([at, session]) => {
            let key = at.parse().ok().zip(SessionId::from_hex(session));
            let (at, session) = key.ok_or_else(|| paging.wrong(paging.after()))?;
            (Time::from_millis(at), session)
        }
    };
    let rows = tx.sessions_on_after(&machine, after, paging.limit)?;
    let key = |row: &SessionRow| joined(&[&row.opened_at.millis().to_string(), &row.session.to_string()]);
    Ok(paging.page(&rows, key, SessionView::of))
}
