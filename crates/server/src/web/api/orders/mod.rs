//! `/orders`: what controllers were told, and whether they confirmed it.

mod list;

use serde::Serialize;
use tremen_files::when::print_time;
use utoipa::ToSchema;

use super::endpoint::{Endpoint, list as listed};
use super::page::Page;
use super::query::{ENTRY, Parameter};
use crate::store::OrderRow;

/// An order to a controller.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderView {
    /// To which controller.
    pub controller: String,
    /// Its number; counts up for each controller.
    pub number: u64,
    /// stop, lock, unlock, identify.
    pub action: String,
    /// About which machine.
    pub machine: Option<String>,
    /// About which session.
    pub session: Option<String>,
    /// Why, as a code.
    pub reason: Option<String>,
    /// When it was given.
    pub at: String,
    /// How often it was sent.
    pub tries: u32,
    /// confirmed, refused, obsolete; null: it is being sent.
    pub settled: Option<String>,
    /// When it was settled.
    pub settled_at: Option<String>,
}

impl OrderView {
    fn of(row: &OrderRow) -> Self {
        Self {
            controller: row.controller.to_string(),
            number: row.number,
            action: row.action.as_str().to_owned(),
            machine: row.machine.as_ref().map(ToString::to_string),
            session: row.session.map(|session| session.to_string()),
            reason: row.reason.clone(),
            at: print_time(row.at),
            tries: row.tries,
            settled: row.settled.clone(),
            settled_at: row.settled_at.map(print_time),
        }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        listed::<Page<OrderView>>("/orders", "List the orders to the controllers of the caller's venues", list::run)
            .asks(&[
                Parameter::of("entry", "only those of the change with this journal entry", ENTRY),
                Parameter::text("controller", "only those to this one"),
            ]),
    ]
}
