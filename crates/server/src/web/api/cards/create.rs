//! `POST /api/v1/cards`: the flow `attach_card`.

use serde::Deserialize;
use tremen_files::uid::{UidFormat, parse_uid};
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use crate::flows::attach_card;
use crate::store::Tx;

/// A card to be attached.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewCard {
    /// To whom, by the venue's own key or their id.
    #[schema(min_length = 1)]
    person: String,
    /// uid, ntag424.
    kind: String,
    /// Its number, in hexadecimal digits with or without separators. No answer ever tells it.
    #[schema(min_length = 1)]
    uid: String,
    /// What its owner calls it.
    #[schema(max_length = 100)]
    label: Option<String>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Attaches a card.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewCard) -> Result<Done, Problem> {
    let ntag424 = match body.kind.as_str() {
        "uid" => false,
        "ntag424" => true,
        other => return Err(Problem::in_body("/kind", format!("`{other}` is not one of uid, ntag424"))),
    };
    let uid = parse_uid(&body.uid, UidFormat::default());
    let request = attach_card::Request {
        person: caller.named(tx, "/person", &body.person)?.person,
        ntag424,
        uid: uid.map_err(|error| Problem::in_body("/uid", error.to_string()))?,
        label: body.label,
    };
    let made = attach_card::run(tx, &caller.warrant(body.reason), &request)?;
    Ok(Done::made(made.effects, Some(made.card.to_string()), None))
}
