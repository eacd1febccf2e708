//! `/roles`: who may do what where.

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
use crate::store::{HeldRoleRow, Tx};

/// A role that somebody holds or held.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RoleView {
    /// Its number.
    pub id: i64,
    /// Whose, by random id.
    pub person: String,
    /// manager, trainer, referent, issuer-agent, network-admin, auditor.
    pub role: String,
    /// Over what: `network`, `venue:ID`, `issuer:ID`, `machine:ID`.
    pub scope: String,
    /// Its beginning.
    pub from: String,
    /// Its end as it was given; null: until it is ended.
    pub until: Option<String>,
    /// When it was ended before its time.
    pub ended_at: Option<String>,
}

impl RoleView {
    fn of(row: &HeldRoleRow) -> Self {
        Self {
            id: row.held,
            person: row.person.to_string(),
            role: row.role.as_str().to_owned(),
            scope: row.scope.to_string(),
            from: print_time(row.span.from),
            until: row.span.until.map(print_time),
            ended_at: row.ended_at.map(print_time),
        }
    }
}

/// The role that the address names.
fn in_path(tx: &Tx<'_>, caller: &Caller<'_>) -> Result<HeldRoleRow, Problem> {
    let id = caller.call.at("id");
    let found = id.parse().ok().map(|number| tx.role(number)).transpose()?.flatten();
    found.ok_or_else(|| Problem::not_found("role", id))
}

fn whose(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Option<PersonId>, Problem> {
    in_path(tx, caller).map(|row| Some(row.person))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let example = json!({ "person": "p-anna", "role": "trainer", "scope": "venue:ubo", "reason": "formée en octobre" });
    vec![
        listed::<Page<RoleView>>("/roles", "List roles, or a person's", list::run)
            .asks(&[Parameter::text("person", "only those of this person, by key or id")]),
        post("/roles", TokenScope::Roles, "Give a person a role", example, create::run)
            .about(super::about_person)
            .makes(),
        post(
            "/roles/{id}/end",
            TokenScope::Roles,
            "End a role, and the tokens that rest on it",
            json!({ "reason": "départ" }),
            end::run,
        )
        .about(whose),
    ]
}
