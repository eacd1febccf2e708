//! `/awards`: what was awarded to whom, and what becomes of it.

mod create;
mod list;
mod renew;
mod resume;
mod revoke;
mod show;
mod suspend;

use serde::Serialize;
use serde_json::json;
use tremen_files::when::print_time;
use tremen_rules::{AwardId, PersonId, Time};
use utoipa::ToSchema;

use super::call::Caller;
use super::endpoint::{Endpoint, get, list as listed, post};
use super::page::Page;
use super::problem::Problem;
use super::query::Parameter;
use super::write::Done;
use crate::flows::award_reference::Made;
use crate::flows::award_state::AwardState;
use crate::flows::token_scope::TokenScope;
use crate::store::{StoredAward, Tx};

/// An award.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AwardView {
    /// Its id.
    pub id: String,
    /// Whose, by random id.
    pub person: String,
    /// What.
    pub reference: String,
    /// Which version of it.
    pub version: u32,
    /// How far: 1 discovery, 2 autonomous, 3 trainer.
    pub level: u32,
    /// In whose name.
    pub issuer: String,
    /// When.
    pub issued_at: String,
    /// Its end.
    pub valid_until: Option<String>,
    /// Who made it, by random id.
    pub awarded_by: Option<String>,
    /// Which award it supersedes.
    pub supersedes: Option<String>,
    /// Since when it is superseded.
    pub superseded_at: Option<String>,
    /// Since when it is revoked.
    pub revoked_at: Option<String>,
    /// When it is suspended.
    pub suspensions: Vec<SpanView>,
    /// How it is now: standing, to_come, superseded, revoked, suspended, expired. What it opens where is for `/explain`.
    pub state: &'static str,
}

/// An interval: `from` is inside, `until` is not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SpanView {
    /// The first instant inside.
    pub from: String,
    /// The first instant after; null: no end.
    pub until: Option<String>,
}

impl From<tremen_rules::Span> for SpanView {
    fn from(span: tremen_rules::Span) -> Self {
        Self { from: print_time(span.from), until: span.until.map(print_time) }
    }
}

impl AwardView {
    pub(super) fn of(stored: &StoredAward, now: Time) -> Self {
        let award = &stored.award;
        Self {
            id: award.id.to_string(),
            person: stored.person.to_string(),
            reference: award.reference.to_string(),
            version: award.version,
            level: award.level.number(),
            issuer: award.issuer.to_string(),
            issued_at: print_time(award.issued_at),
            valid_until: award.valid_until.map(print_time),
            awarded_by: stored.awarded_by.as_ref().map(ToString::to_string),
            supersedes: stored.supersedes.as_ref().map(ToString::to_string),
            superseded_at: award.superseded_at.map(print_time),
            revoked_at: award.revoked_at.map(print_time),
            suspensions: award.suspensions.iter().map(|span| (*span).into()).collect(),
            state: AwardState::of(award, now).as_str(),
        }
    }
}

/// The award that the address names.
fn in_path(tx: &Tx<'_>, caller: &Caller<'_>) -> Result<StoredAward, Problem> {
    let id = caller.call.at("id");
    let found = AwardId::parse(id).ok().map(|id| tx.award(&id)).transpose()?.flatten();
    found.ok_or_else(|| Problem::not_found("award", id))
}

fn whose(tx: &mut Tx<'_>, caller: &Caller<'_>) -> Result<Option<PersonId>, Problem> {
    in_path(tx, caller).map(|award| Some(award.person))
}

fn made(made: Made) -> Done {
    let id = made.award.award.id.to_string();
    let location = format!("/awards/{id}");
    Done::made(made.effects, Some(id), Some(location))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let scope = TokenScope::Awards;
    let why = || json!({ "reason": "demandé par l'atelier" });
    vec![
        listed::<Page<AwardView>>("/awards", "List awards by id, or a person's, the oldest first", list::run)
            .asks(&[Parameter::text("person", "only those of this person, by key or id")]),
        get::<AwardView>("/awards/{id}", "Show an award", show::run),
        post("/awards", scope, "Award a reference at a level to a person", create::example(), create::run)
            .about(super::about_person)
            .makes(),
        post("/awards/{id}/renew", scope, "Renew an award by one that supersedes it", why(), renew::run)
            .about(whose)
            .makes(),
        post("/awards/{id}/suspend", scope, "Suspend an award for a time", why(), suspend::run).about(whose),
        post("/awards/{id}/resume", scope, "End the suspension of an award", why(), resume::run).about(whose),
        post("/awards/{id}/revoke", scope, "Revoke an award, for good", why(), revoke::run).about(whose),
    ]
}
