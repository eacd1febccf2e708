//! `/sessions`: who uses which machine, for the machine's people and for whose session it is.

mod list;
mod stop;

use serde::Serialize;
use serde_json::json;
use tremen_files::when::print_time;
use utoipa::ToSchema;

use super::endpoint::{Endpoint, list as listed, post};
use super::page::Page;
use super::query::Parameter;
use crate::flows::token_scope::TokenScope;
use crate::store::SessionRow;

/// A grant in use, or one that was.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SessionView {
    /// Its random name.
    pub id: String,
    /// On which machine.
    pub machine: String,
    /// Through which controller.
    pub controller: String,
    /// Whose, by random id.
    pub person: String,
    /// The decision that granted it.
    pub decision: i64,
    /// When it was granted.
    pub opened_at: String,
    /// The end of its lease.
    pub lease_until: String,
    /// Seconds under load, or with the relay closed.
    pub used_s: u64,
    /// The number of its stop order, once it was told to stop.
    pub stop_order: Option<u64>,
    /// Why it was told to stop.
    pub stop_why: Option<String>,
    /// When it ended; null: it is open.
    pub ended_at: Option<String>,
    /// Why it ended.
    pub end_why: Option<String>,
}

impl SessionView {
    fn of(row: &SessionRow) -> Self {
        Self {
            id: row.session.to_string(),
            machine: row.machine.to_string(),
            controller: row.controller.to_string(),
            person: row.person.to_string(),
            decision: row.decision,
            opened_at: print_time(row.opened_at),
            lease_until: print_time(row.lease_until),
            used_s: row.used_s,
            stop_order: row.stop_order,
            stop_why: row.stop_why.clone(),
            ended_at: row.ended_at.map(print_time),
            end_why: row.end_why.clone(),
        }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        listed::<Page<SessionView>>(
            "/sessions",
            "List the open sessions that the caller may see; with `machine` all of one machine, the oldest first",
            list::run,
        )
        .asks(&[Parameter::text("machine", "all sessions of this machine, open or over")]),
        post(
            "/sessions/{id}/stop",
            TokenScope::Machines,
            "Stop a running session, under its machine's stop policy",
            json!({ "reason": "fermeture exceptionnelle" }),
            stop::run,
        ),
    ]
}
