//! `/machines`: what they ask of people and how they are now, and taking them out of service.

mod list;
mod lock;
mod show;
mod unlock;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tremen_files::when::print_time;
use tremen_rules::MachineId;
use tremen_rules::network::Machine;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use super::super::board::{Shown, State};
use super::call::Caller;
use super::endpoint::{Endpoint, get, post};
use super::page::{Page, told};
use super::problem::Problem;
use super::query::Parameter;
use crate::flows::token_scope::TokenScope;

/// A machine: what it asks of people, and how it is now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MachineView {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub venue: String,
    /// Its name, for people.
    pub name: String,
    /// What it is, for search.
    pub kind: String,
    /// Its hazard class: green, amber, red.
    #[schema(value_type = String)]
    pub hazard: Json,
    /// All of these must be met; of each any one reference suffices.
    pub requires: Vec<RequirementView>,
    /// From this level on a person works alone.
    pub autonomous_from: u32,
    /// From this level on a person may stand by a learner.
    pub supervisor_level: u32,
    /// Whether everybody needs a local handover on it.
    pub handover: bool,
    /// Whether it is for members; null: as the venue says.
    pub members_only: Option<bool>,
    /// Minimum age in years.
    pub min_age: Option<u32>,
    /// How surely the card must be known: A0, A1p, A1.
    pub min_assurance: String,
    /// How it stops when a right ends.
    #[schema(schema_with = word_or_object)]
    pub stop_policy: Json,
    /// How long a grant lives without a word, in seconds.
    pub lease_seconds: u32,
    /// The longest session, in minutes.
    pub max_session_minutes: Option<u32>,
    /// The longest time without load, in minutes.
    pub idle_minutes: Option<u32>,
    /// What its controller does alone.
    #[schema(schema_with = word_or_object)]
    pub offline: Json,
    /// What a stop never switches off.
    pub auxiliaries: Vec<String>,
    /// How it is now.
    pub state: MachineState,
}

/// A policy is a word, or an object of one member with its number.
fn word_or_object() -> Schema {
    let word = ObjectBuilder::new().schema_type(Type::String);
    let object = ObjectBuilder::new().schema_type(Type::Object);
    OneOfBuilder::new().item(word).item(object).into()
}

/// One thing that a machine asks for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RequirementView {
    /// Any one of these suffices.
    pub references: Vec<String>,
    /// The lowest level that suffices.
    pub level: u32,
    /// The lowest version that suffices.
    pub min_version: Option<u32>,
}

/// How a machine is now; who uses it is told by `/sessions`.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MachineState {
    /// free, in_use, out_of_service, silent.
    pub is: &'static str,
    /// Since when.
    pub since: Option<String>,
    /// Until when, where that is known.
    pub until: Option<String>,
    /// Why it is out of service.
    pub why: Option<String>,
}

impl MachineView {
    pub(super) fn of(machine: &Machine, shown: &Shown) -> Self {
        let requirement = |it: &tremen_rules::network::Requirement| RequirementView {
            references: it.references.iter().map(ToString::to_string).collect(),
            level: it.level.number(),
            min_version: it.min_version,
        };
        Self {
            id: machine.id.to_string(),
            venue: machine.venue.to_string(),
            name: machine.name.clone(),
            kind: machine.kind.clone(),
            hazard: told(&machine.hazard),
            requires: machine.requires.iter().map(requirement).collect(),
            autonomous_from: machine.autonomous_from.number(),
            supervisor_level: machine.supervisor_level.number(),
            handover: machine.handover,
            members_only: machine.members_only,
            min_age: machine.min_age,
            min_assurance: machine.min_assurance.as_str().to_owned(),
            stop_policy: told(&machine.stop_policy),
            lease_seconds: machine.lease_seconds,
            max_session_minutes: machine.max_session_minutes,
            idle_minutes: machine.idle_minutes,
            offline: told(&machine.offline),
            auxiliaries: machine.auxiliaries.clone(),
            state: MachineState::of(&shown.state),
        }
    }
}

impl MachineState {
    fn of(state: &State) -> Self {
        let (is, since, until, why) = match state {
            State::Free => ("free", None, None, None),
            State::InUse { since, .. } => ("in_use", Some(*since), None, None),
            State::OutOfService { since, until, why } => ("out_of_service", Some(*since), *until, Some(why.clone())),
            State::Silent { since } => ("silent", *since, None, None),
        };
        Self { is, since: since.map(print_time), until: until.map(print_time), why }
    }
}

/// The machine that the address names.
pub(super) fn in_path(caller: &Caller<'_>) -> Result<MachineId, Problem> {
    let id = caller.call.at("id");
    let machine = caller.network.machines.get(id);
    machine.map(|machine| machine.id.clone()).ok_or_else(|| Problem::not_found("machine", id))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        get::<Page<MachineView>>("/machines", "List the machines", list::run)
            .asks(&[Parameter::text("venue", "only those of this venue")]),
        get::<MachineView>("/machines/{id}", "Show a machine", show::run),
        post(
            "/machines/{id}/lock",
            TokenScope::Machines,
            "Take a machine out of service",
            json!({ "reason": "extraction en panne", "until": "2027-03-10" }),
            lock::run,
        ),
        post(
            "/machines/{id}/unlock",
            TokenScope::Machines,
            "Put a machine back into service",
            json!({ "reason": "extraction réparée" }),
            unlock::run,
        ),
    ]
}
