//! `POST /api/v1/awards`: the flow `award_reference`.

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tremen_rules::{AwardId, IssuerId, Level, ReferenceId};
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use super::made;
use crate::flows::award_reference;
use crate::store::Tx;

/// An award to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAward {
    /// To whom, by the venue's own key or their id.
    #[schema(min_length = 1)]
    person: String,
    /// What.
    #[schema(value_type = String, format = "id")]
    reference: ReferenceId,
    /// Which version; absent: the current one.
    #[schema(minimum = 1)]
    version: Option<u32>,
    /// How far: 1 discovery, 2 autonomous, 3 trainer.
    #[schema(value_type = u32, minimum = 1, maximum = 3)]
    level: Level,
    /// In whose name.
    #[schema(value_type = String, format = "id")]
    issuer: IssuerId,
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

pub(super) fn example() -> Json {
    json!({
        "person": "p-yann", "reference": "decoupe-laser", "level": 1, "issuer": "ubo-open-factory",
        "reason": "atelier du 12 mars",
    })
}

/// Makes an award.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewAward) -> Result<Done, Problem> {
    let request = award_reference::Request {
        person: caller.named(tx, "/person", &body.person)?.person,
        reference: body.reference,
        version: body.version,
        level: body.level,
        issuer: body.issuer,
        issued_at: caller.begin("/issued_at", body.issued_at.as_deref())?,
        valid_until: caller.end("/valid_until", body.valid_until.as_deref())?,
        award: body.id,
    };
    Ok(made(award_reference::run(tx, &caller.warrant(body.reason), &request)?))
}
