//! `/memberships`: who is a member of which venue.

mod create;
mod list;

use serde::Serialize;
use serde_json::json;
use tremen_files::when::print_time;
use utoipa::ToSchema;

use super::endpoint::{Endpoint, list as listed, post};
use super::page::Page;
use super::query::Parameter;
use crate::flows::token_scope::TokenScope;
use crate::store::MembershipRow;

/// A membership.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MembershipView {
    /// Whose, by random id.
    pub person: String,
    /// Of which venue.
    pub venue: String,
    /// Its beginning.
    pub from: String,
    /// Its end; null: none.
    pub until: Option<String>,
}

impl MembershipView {
    fn of(row: &MembershipRow) -> Self {
        Self {
            person: row.person.to_string(),
            venue: row.venue.to_string(),
            from: print_time(row.span.from),
            until: row.span.until.map(print_time),
        }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        listed::<Page<MembershipView>>("/memberships", "List memberships, or a person's", list::run)
            .asks(&[Parameter::text("person", "only those of this person, by key or id")]),
        post(
            "/memberships",
            TokenScope::People,
            "Record that a person is a member of a venue, until when",
            json!({ "person": "p-yann", "venue": "ubo", "until": "2027-09-01", "reason": "adhésion 2026" }),
            create::run,
        )
        .about(super::about_person)
        .makes(),
    ]
}
