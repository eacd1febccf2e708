//! `POST /api/v1/awards/{id}/renew`: the flow `renew_award`.

use serde::Deserialize;
use tremen_rules::{AwardId, Level};
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use super::{in_path, made};
use crate::flows::renew_award;
use crate::store::Tx;

/// The award that supersedes the one of the address.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Renewal {
    /// Which version of the reference; absent: the current one.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// How far; absent: as far as the old one.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 3)]
    level: Option<Level>,
    /// When; absent: now.
    #[schema(format = "instant")]
    issued_at: Option<String>,
    /// Its end; absent: from the reference's validity.
    #[schema(format = "instant")]
    valid_until: Option<String>,
    /// Its id, unique for ever; absent: a random one.
    #[schema(value_type = Option<String>, format = "id")]
    id: Option<AwardId>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Renews an award.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: Renewal) -> Result<Done, Problem> {
    let request = renew_award::Request {
        award: in_path(tx, caller)?.award.id,
        version: body.version,
        level: body.level,
        issued_at: caller.begin("/issued_at", body.issued_at.as_deref())?,
        valid_until: caller.end("/valid_until", body.valid_until.as_deref())?,
        id: body.id,
    };
    Ok(made(renew_award::run(tx, &caller.warrant(body.reason), &request)?))
}
