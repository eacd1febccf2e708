//! `POST /api/v1/machines/{id}/lock`: the flow `lock_machine`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use super::in_path;
use crate::flows::lock_machine;
use crate::store::Tx;

/// A lock.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Lock {
    /// Why; it is shown at the machine and kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
    /// Until when; absent: until it is unlocked.
    #[schema(format = "instant")]
    until: Option<String>,
}

/// Takes a machine out of service.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Lock) -> Result<Done, Problem> {
    let until = caller.end("/until", body.until.as_deref())?;
    let request = lock_machine::Request { machine: in_path(caller)?, until };
    Ok(Done::changed(lock_machine::run(tx, &caller.warrant(body.reason), &request)?))
}
