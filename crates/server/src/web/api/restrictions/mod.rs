//! `/restrictions`: who may not use what for a time.

mod create;
mod end;
mod list;

use serde::Serialize;
use serde_json::json;
use tremen_files::when::print_time;
use tremen_rules::PersonId;
use utoipa::ToSchema;

use super::call::Caller;
use super::endpoint::{Endpoint, list as listed, post};
use super::page::Page;
use super::problem::Problem;
use super::query::Parameter;
use crate::flows::token_scope::TokenScope;
use crate::store::{RestrictionRow, Tx};

/// A restriction.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RestrictionView {
    /// Its number.
    pub id: i64,
    /// Whose, by random id.
    pub person: String,
    /// What they may not use: `network`, `venue:ID`, `machine:ID`, `reference:ID`.
    pub scope: String,
    /// Its beginning.
    pub from: String,
    /// Its end as it was made; null: until it is lifted.
    pub until: Option<String>,
    /// When it was lifted before its time.
    pub ended_at: Option<String>,
    /// Why.
    pub why: Option<String>,
}

impl RestrictionView {
    fn of(row: &RestrictionRow) -> Self {
        Self {
            id: row.restriction,
            person: row.person.to_string(),
            scope: row.scope.to_string(),
            from: print_time(row.span.from),
            until: row.span.until.map(print_time),
            ended_at: row.ended_at.map(print_time),
            why: row.why.clone(),
        }
    }
}

/// The restriction that the address names.
fn in_path(tx: &Tx<'_>, caller: &Caller<'_>) -> Result<RestrictionRow, Problem> {
    let id = caller.call.at("id");
    let found = id.parse().ok().map(|number| tx.restriction(number)).transpose()?.flatten();
    found.ok_or_else(|| Problem::not_found("restriction", id))
}

fn whose(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Option<PersonId>, Problem> {
    in_path(tx, caller).map(|row| Some(row.person))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let scope = TokenScope::Restrictions;
    let example = json!({ "person": "p-yann", "scope": "machine:trotec-speedy", "until": "2027-03-10",
                          "reason": "plateau laissé encrassé" });
    vec![
        listed::<Page<RestrictionView>>("/restrictions", "List restrictions, or a person's", list::run)
            .asks(&[Parameter::text("person", "only those of this person, by key or id")]),
        post("/restrictions", scope, "Restrict a person for a time", example, create::run)
            .about(super::about_person)
            .makes(),
        post("/restrictions/{id}/end", scope, "Lift a restriction", json!({ "reason": "formation suivie" }), end::run)
            .about(whose),
    ]
}
