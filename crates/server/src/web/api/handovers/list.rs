//! `GET /api/v1/handovers`.

use serde_json::Value as Json;
use tremen_rules::{MachineId, PersonId, Time};

use super::super::call::Caller;
use super::super::page::{Paging, joined, whole};
use super::super::problem::Problem;
use super::super::sight::{Whose, whose};
use super::HandoverView;
use crate::store::{HandoverRow, Tx};

/// Lists handovers by person, machine and instant.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Json, Problem> {
    let paging = Paging::read(caller.call);
    match whose(tx, caller)? {
        Whose::One(person) => {
            let rows = tx.handovers_of(&person)?.into_iter().map(|(machine, at, by)| HandoverRow {
                person: person.clone(),
                machine,
                at,
                by,
            });
            Ok(whole(rows.map(|row| HandoverView::of(&row)).collect()))
        }
        Whose::All => {
            let after = match paging.after_parts()? {
                None => None,
                Some([person, machine, at]) => {
                    let key = (PersonId::parse(person).ok(), MachineId::parse(machine).ok(), at.parse().ok());
                    let (Some(person), Some(machine), Some(at)) = key else { return Err(paging.wrong(paging.after())) };
                    Some((person, machine, Time::from_millis(at)))
                }
            };
            let rows = tx.handovers_after(after.as_ref(), paging.limit)?;
            let key =
                |row: &HandoverRow| joined(&[row.person.as_str(), row.machine.as_str(), &row.at.millis().to_string()]);
            Ok(paging.page(&rows, key, HandoverView::of))
        }
    }
}
