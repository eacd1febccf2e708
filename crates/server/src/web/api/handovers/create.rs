//! `POST /api/v1/handovers`: the flow `record_handover`.

use serde::Deserialize;
use tremen_rules::MachineId;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use crate::flows::record_handover;
use crate::store::Tx;

/// A handover to be recorded; its author is who showed the machine.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHandover {
    /// To whom, by the venue's own key or their id.
    #[schema(min_length = 1)]
    person: String,
    /// Which machine.
    #[schema(value_type = String, format = "id")]
    machine: MachineId,
    /// When; absent: now.
    #[schema(format = "instant")]
    at: Option<String>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Records a handover.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewHandover) -> Result<Done, Problem> {
    let request = record_handover::Request {
        person: caller.named(tx, "/person", &body.person)?.person,
        machine: body.machine,
        at: caller.begin("/at", body.at.as_deref())?,
    };
    Ok(Done::changed(record_handover::run(tx, &caller.warrant(body.reason), &request)?))
}
