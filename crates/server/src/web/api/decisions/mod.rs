//! `/decisions`: what was asked at machines and answered, and what it rested on.

mod list;
mod show;

use serde::Serialize;
use serde_json::Value as Json;
use tremen_files::when::print_time;
use tremen_rules::MachineId;
use tremen_rules::authority::Act;
use utoipa::ToSchema;

use super::call::Caller;
use super::endpoint::{Endpoint, get, list as listed};
use super::page::Page;
use super::query::Parameter;
use crate::flows::token_scope::TokenScope;
use crate::store::{DecisionRecord, Tx};

/// A decision.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DecisionView {
    /// Its number.
    pub id: i64,
    /// Its journal entry.
    pub entry: i64,
    /// When.
    pub at: String,
    /// Through which controller.
    pub controller: String,
    /// At which machine, as it was asked.
    pub machine: String,
    /// Whose card, by random id.
    pub person: Option<String>,
    /// What for.
    pub intent: String,
    /// grant, more, deny, done.
    pub verdict: String,
    /// The reason that was shown.
    pub reason: Option<String>,
    /// The session granted, or ended.
    pub session: Option<String>,
    /// What was read when it was decided; only where one decision is shown, null once it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub read: Option<Json>,
}

impl DecisionView {
    fn of(row: &DecisionRecord) -> Self {
        Self {
            id: row.decision,
            entry: row.entry,
            at: print_time(row.at),
            controller: row.controller.to_string(),
            machine: row.machine.clone(),
            person: row.person.as_ref().map(ToString::to_string),
            intent: row.intent.clone(),
            verdict: row.verdict.clone(),
            reason: row.reason.clone(),
            session: row.session.map(|session| session.to_string()),
            read: None,
        }
    }
}

/// Whether the caller may read a decision: at a machine of theirs, or about themself.
fn is_seen(tx: &Tx<'_>, caller: &Caller<'_>, row: &DecisionRecord) -> bool {
    let of_machine =
        || MachineId::parse(&row.machine).is_ok_and(|machine| caller.can(tx, &Act::ReadMachine { machine }));
    row.person.as_ref() == Some(caller.person()) || of_machine()
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        listed::<Page<DecisionView>>("/decisions", "List the caller's own decisions, or those at a machine", list::run)
            .needs(TokenScope::Journal)
            .asks(&[Parameter::text("machine", "those at this machine; absent: the caller's own")]),
        get::<DecisionView>("/decisions/{id}", "Show a decision with what was read when it was made", show::run)
            .needs(TokenScope::Journal),
    ]
}
