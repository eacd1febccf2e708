//! `POST /api/v1/restrictions`: the flow `restrict_person`.

use serde::Deserialize;
use tremen_rules::Scope;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use crate::flows::restrict_person;
use crate::store::Tx;

/// A restriction to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRestriction {
    /// Whom, by the venue's own key or their id.
    #[schema(min_length = 1)]
    person: String,
    /// What they may not use: `network`, `venue:ID`, `machine:ID`, `reference:ID`.
    #[schema(value_type = String, format = "scope")]
    scope: Scope,
    /// From when on; absent: now.
    #[schema(format = "instant")]
    from: Option<String>,
    /// Until when; absent: until it is lifted.
    #[schema(format = "instant")]
    until: Option<String>,
    /// Why; it is kept in the journal, and the person may ask for it.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Restricts a person.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewRestriction) -> Result<Done, Problem> {
    let request = restrict_person::Request {
        person: caller.named(tx, "/person", &body.person)?.person,
        scope: body.scope,
        from: caller.begin("/from", body.from.as_deref())?,
        until: caller.end("/until", body.until.as_deref())?,
    };
    let made = restrict_person::run(tx, &caller.warrant(body.reason), &request)?;
    Ok(Done::made(made.effects, Some(made.restriction.to_string()), None))
}
