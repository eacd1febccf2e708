//! Takes a controller out of service: its secrets end, and nothing that it asks is answered. Start at [`run`].

use serde_json::json;
use tremen_rules::ControllerId;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Ends a controller's secrets and links. Its sessions are told to stop; where the order cannot reach it any more, they
/// end with their lease.
///
/// # Errors
/// When the author may not, it has no secrets, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, id: &ControllerId) -> Result<Effects, FlowError> {
    let network = network(tx)?;
    let controller = checks::controller(&network, id)?;
    let act = Act::ProvisionController { venue: controller.venue.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    if !tx.end_credentials(id)? {
        return Err(FlowError::Refused(format!("controller `{id}` has no secrets: nothing answers it already")));
    }
    tx.end_links(id)?;
    let entry = tx.record("controller_retired", &warrant.story(json!({ "controller": id })))?;
    Ok(Effects { entry, stopped: sessions::review_controller(tx, id, entry)? })
}
