//! Gives a controller new secrets, as when its old ones may be known to others. Start at [`run`].

use serde_json::json;
use tremen_rules::ControllerId;
use tremen_rules::authority::Act;

use super::provision_controller::{Provisioned, new_secrets};
use super::{FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Gives a controller new secrets, or its first ones; the old ones end at once.
///
/// # Errors
/// When the author may not, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, id: &ControllerId) -> Result<Provisioned, FlowError> {
    let network = network(tx)?;
    let controller = checks::controller(&network, id)?;
    let act = Act::ProvisionController { venue: controller.venue.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    let entry = tx.record("controller_rotated", &warrant.story(json!({ "controller": id })))?;
    let mut provisioned = new_secrets(tx, controller, entry)?;
    provisioned.effects.stopped = sessions::review_controller(tx, id, entry)?;
    Ok(provisioned)
}
