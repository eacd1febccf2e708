//! `/journal`: what happened, for those who may read it; `/events` sends the same as it comes.

mod list;

use serde::Serialize;
use serde_json::Value as Json;
use tremen_files::when::print_time;
use utoipa::ToSchema;

use super::endpoint::{Deed, Endpoint, get, list as listed};
use super::page::Page;
use super::query::{ENTRY, Parameter};
use crate::flows::token_scope::TokenScope;
use crate::store::Entry;

/// An entry of the journal.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct EntryView {
    /// Its number.
    pub entry: i64,
    /// When.
    pub at: String,
    /// What happened, in the past tense: `award_revoked`.
    pub kind: String,
    /// Who, what, why, with random ids of people; null once it was erased.
    #[schema(value_type = Option<Object>)]
    pub body: Option<Json>,
}

impl EntryView {
    pub(super) fn of(entry: &Entry) -> Self {
        let Entry { entry, at, kind, body } = entry;
        Self { entry: *entry, at: print_time(*at), kind: kind.clone(), body: body.clone() }
    }
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let events = get::<EntryView>("/events", "Send the journal's entries as they come", |_, _| Ok(Json::Null));
    vec![
        listed::<Page<EntryView>>("/journal", "List the journal's entries that the caller may read", list::run)
            .needs(TokenScope::Journal),
        Endpoint { deed: Deed::Events, ..events }.needs(TokenScope::Journal).asks(&[Parameter::of(
            "after",
            "begin after this entry; absent: with what comes next",
            ENTRY,
        )]),
    ]
}
