//! `/cards`: what opens, never with its number.

mod block;
mod create;
mod list;
mod unblock;

use serde::Serialize;
use serde_json::json;
use tremen_rules::{CardId, PersonId};
use utoipa::ToSchema;

use super::call::Caller;
use super::endpoint::{Endpoint, list as listed, post};
use super::page::Page;
use super::problem::Problem;
use super::query::Parameter;
use crate::flows::token_scope::TokenScope;
use crate::store::{CardRow, StoreError, Tx};

/// A card.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CardView {
    /// Its random id; the number on it is told to nobody.
    pub id: String,
    /// Whose, by random id.
    pub person: String,
    /// uid, ntag424.
    pub kind: &'static str,
    /// What its owner calls it.
    pub label: Option<String>,
    /// Whether it is blocked now.
    pub blocked: bool,
}

impl CardView {
    fn of(tx: &Tx<'_>, row: &CardRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.card.to_string(),
            person: row.person.to_string(),
            kind: if row.ntag424 { "ntag424" } else { "uid" },
            label: row.label.clone(),
            blocked: tx.card_blocks(&row.card)?.iter().any(|block| block.covers(tx.now())),
        })
    }
}

/// The card that the address names.
fn in_path(tx: &Tx<'_>, caller: &Caller<'_>) -> Result<CardRow, Problem> {
    let id = caller.call.at("id");
    let found = CardId::parse(id).ok().map(|card| tx.card(&card)).transpose()?.flatten();
    found.ok_or_else(|| Problem::not_found("card", id))
}

fn whose(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Option<PersonId>, Problem> {
    in_path(tx, caller).map(|row| Some(row.person))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let scope = TokenScope::People;
    vec![
        listed::<Page<CardView>>("/cards", "List cards, or a person's; never their numbers", list::run)
            .asks(&[Parameter::text("person", "only those of this person, by key or id")]),
        post(
            "/cards",
            scope,
            "Attach a card to a person, at the desk",
            json!({ "person": "p-yann", "kind": "uid", "uid": "04 A1 B2 C3 D4 E5 90", "reason": "nouvelle carte" }),
            create::run,
        )
        .about(super::about_person)
        .makes(),
        post("/cards/{id}/block", scope, "Block a card", json!({ "reason": "perdue" }), block::run).about(whose),
        post("/cards/{id}/unblock", scope, "Unblock a card", json!({ "reason": "retrouvée" }), unblock::run)
            .about(whose),
    ]
}
