//! `POST /api/v1/awards/{id}/suspend`: the flow `suspend_award`.

use serde::Deserialize;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use super::in_path;
use crate::flows::suspend_award;
use crate::store::Tx;

/// A suspension.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Suspension {
    /// From when on; absent: now.
    #[schema(format = "instant")]
    from: Option<String>,
    /// Until when; absent: until it is resumed.
    #[schema(format = "instant")]
    until: Option<String>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Suspends an award.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Suspension) -> Result<Done, Problem> {
    let request = suspend_award::Request {
        award: in_path(tx, caller)?.award.id,
        from: caller.begin("/from", body.from.as_deref())?,
        until: caller.end("/until", body.until.as_deref())?,
    };
    Ok(Done::changed(suspend_award::run(tx, &caller.warrant(body.reason), &request)?))
}
