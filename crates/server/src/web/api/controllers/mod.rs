//! `/controllers`: the devices with reader and relay, for the people of their venue.

mod create;
mod list;
mod retire;
mod rotate;

use serde::Serialize;
use serde_json::{Value as Json, json};
use tremen_files::when::print_time;
use tremen_rules::ControllerId;
use tremen_rules::network::Controller;
use utoipa::ToSchema;

use super::call::Caller;
use super::endpoint::{Endpoint, get, post};
use super::page::{Page, told};
use super::problem::Problem;
use super::write::Done;
use crate::flows::provision_controller::Provisioned;
use crate::flows::token_scope::TokenScope;
use crate::keys::hex;
use crate::store::{StoreError, Tx};

/// A controller, and how it is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ControllerView {
    /// Its id, also its MQTT user name and client id.
    pub id: String,
    /// Where it hangs.
    pub venue: String,
    /// The machines that it serves.
    pub machines: Vec<String>,
    /// sealed, plain.
    #[schema(value_type = String)]
    pub profile: Json,
    /// How often it got secrets; null: it has none, and nothing answers it.
    pub secrets: Option<u32>,
    /// Name and version, as it says them.
    pub firmware: Option<String>,
    /// Whether its connection stands.
    pub online: bool,
    /// Since when it stands, or is gone.
    pub online_since: Option<String>,
    /// Since when it is silent about a session.
    pub silent_since: Option<String>,
}

impl ControllerView {
    fn of(tx: &Tx<'_>, controller: &Controller) -> Result<Self, StoreError> {
        let presence = tx.presence(&controller.id)?.unwrap_or_default();
        Ok(Self {
            id: controller.id.to_string(),
            venue: controller.venue.to_string(),
            machines: controller.machines.iter().map(ToString::to_string).collect(),
            profile: told(&controller.profile),
            secrets: tx.credential_version(&controller.id)?,
            firmware: Some(presence.firmware).filter(|firmware| !firmware.is_empty()),
            online: presence.online,
            online_since: presence.online_since.map(print_time),
            silent_since: presence.silent_since.map(print_time),
        })
    }
}

/// New secrets of a controller, told once; the former end at once.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Secrets {
    /// The number of its journal entry.
    pub entry: i64,
    /// Whose; also its MQTT user name and client id.
    pub controller: String,
    /// Its MQTT password.
    pub password: String,
    /// The key of its seals, in hexadecimal digits; null in the plain profile.
    pub key: Option<String>,
}

impl Secrets {
    fn tell(made: Provisioned) -> Done {
        let secrets = Self {
            entry: made.effects.entry,
            controller: made.controller.to_string(),
            password: made.password,
            key: made.key.map(|key| hex(&key)),
        };
        Done { answer: told(&secrets), ..Done::changed(made.effects) }
    }
}

/// The controller that the address names.
fn in_path(caller: &Caller<'_>) -> Result<ControllerId, Problem> {
    let id = caller.call.at("id");
    let controller = caller.network.controllers.get(id);
    controller.map(|controller| controller.id.clone()).ok_or_else(|| Problem::not_found("controller", id))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let scope = TokenScope::Controllers;
    vec![
        get::<Page<ControllerView>>("/controllers", "List the controllers of the caller's venues", list::run),
        post(
            "/controllers",
            scope,
            "Give a controller its first secrets; with a venue it is declared too",
            json!({ "id": "ubo-laser", "reason": "pose du boîtier" }),
            create::run,
        )
        .answers::<Secrets>()
        .makes(),
        post(
            "/controllers/{id}/rotate",
            scope,
            "Give a controller new secrets, or its first ones",
            json!({ "reason": "remplacement du boîtier" }),
            rotate::run,
        )
        .answers::<Secrets>(),
        post(
            "/controllers/{id}/retire",
            scope,
            "Take a controller out of service",
            json!({ "reason": "boîtier volé" }),
            retire::run,
        ),
    ]
}
