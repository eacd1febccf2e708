//! `/handovers`: who was shown which machine.

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
use crate::store::HandoverRow;

/// Somebody was shown a machine.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HandoverView {
    /// Who, by random id.
    pub person: String,
    /// Which machine.
    pub machine: String,
    /// When.
    pub at: String,
    /// By whom, by random id.
    pub by: Option<String>,
}

impl HandoverView {
    fn of(row: &HandoverRow) -> Self {
        Self {
            person: row.person.to_string(),
            machine: row.machine.to_string(),
            at: print_time(row.at),
            by: row.by.as_ref().map(ToString::to_string),
        }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let example = json!({ "person": "p-yann", "machine": "trotec-speedy", "reason": "visite du 12 mars" });
    vec![
        listed::<Page<HandoverView>>("/handovers", "List handovers, or a person's", list::run)
            .asks(&[Parameter::text("person", "only those of this person, by key or id")]),
        post("/handovers", TokenScope::Machines, "Record that a person was shown a machine", example, create::run)
            .about(super::about_person)
            .makes(),
    ]
}
