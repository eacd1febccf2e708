//! Puts a new device in a controller's place: new secrets, and nothing remembered of the old one. Start at [`run`].

use serde_json::json;
use tremen_rules::ControllerId;
use tremen_rules::authority::Act;

use super::provision_controller::{Provisioned, new_secrets};
use super::{FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Gives the new device its secrets; the old one's secrets and links end at once. Sessions through the old one end with
/// their lease, since no message reaches it any more.
///
/// # Errors
/// When the author may not, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, id: &ControllerId) -> Result<Provisioned, FlowError> {
    let network = network(tx)?;
    let controller = checks::controller(&network, id)?;
    let act = Act::ProvisionController { venue: controller.venue.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    let entry = tx.record("controller_replaced", &warrant.story(json!({ "controller": id })))?;
    tx.end_links(id)?;
    let mut provisioned = new_secrets(tx, controller, entry)?;
    provisioned.effects.stopped = sessions::review_controller(tx, id, entry)?;
    // a device fresh from its box knows nothing of locks
    for machine in &controller.machines {
        if tx.lock_reason(machine.as_str(), tx.now())?.is_some() {
            super::lock_machine::order(tx, &network, machine, tremen_wire::Action::Lock, entry)?;
        }
    }
    Ok(provisioned)
}
