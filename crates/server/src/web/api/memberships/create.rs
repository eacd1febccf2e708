//! `POST /api/v1/memberships`: the flow `record_membership`.

use serde::Deserialize;
use tremen_rules::VenueId;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use crate::flows::record_membership;
use crate::store::Tx;

/// A membership to be recorded; one with the same beginning gets its end from this one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewMembership {
    /// Whose, by the venue's own key or their id.
    #[schema(min_length = 1)]
    person: String,
    /// Of which venue.
    #[schema(value_type = String, format = "id")]
    venue: VenueId,
    /// From when on; absent: now.
    #[schema(format = "instant")]
    from: Option<String>,
    /// Its end; absent: without end.
    #[schema(format = "instant")]
    until: Option<String>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Records a membership.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewMembership) -> Result<Done, Problem> {
    let request = record_membership::Request {
        person: caller.named(tx, "/person", &body.person)?.person,
        venue: body.venue,
        from: caller.begin("/from", body.from.as_deref())?,
        until: caller.end("/until", body.until.as_deref())?,
    };
    Ok(Done::changed(record_membership::run(tx, &caller.warrant(body.reason), &request)?))
}
