//! `POST /api/v1/controllers`: the flow `provision_controller`.

use serde::Deserialize;
use tremen_rules::network::{Controller, Profile};
use tremen_rules::{ControllerId, MachineId, VenueId};
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use super::Secrets;
use crate::flows::provision_controller::{Request, run as provision};
use crate::store::Tx;

/// A controller to be given its first secrets; with a venue it is declared too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewController {
    /// Its id.
    #[schema(value_type = String, format = "id")]
    id: ControllerId,
    /// Where it hangs; absent: it is declared already.
    #[schema(value_type = Option<String>, format = "id")]
    venue: Option<VenueId>,
    /// The machines that it serves, for one that is to be declared.
    #[schema(value_type = Option<Vec<String>>)]
    machines: Option<Vec<MachineId>>,
    /// sealed or plain, for one that is to be declared; absent: sealed.
    #[schema(value_type = Option<String>)]
    profile: Option<Profile>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Gives a controller its first secrets.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewController) -> Result<Done, Problem> {
    let request = match body.venue {
        None => Request::Declared(body.id),
        Some(venue) => Request::New(Controller {
            id: body.id,
            venue,
            machines: body.machines.unwrap_or_default(),
            profile: body.profile.unwrap_or(Profile::Sealed),
        }),
    };
    Ok(Secrets::tell(provision(tx, &caller.warrant(body.reason), &request)?))
}
