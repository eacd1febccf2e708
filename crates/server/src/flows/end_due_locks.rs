//! Ends locks whose time is over: a controller that was ordered to lock stays locked until it is ordered to unlock.
//! Start at [`run`]; whoever keeps the time calls it at [`Tx::next_lock_end`].

use serde_json::json;
use tremen_rules::MachineId;
use tremen_wire::Action;

use super::lock_machine::order;
use super::{Actor, FlowError, Warrant, network};
use crate::store::Tx;

/// Ends the locks whose time is over, and tells which machines are in service again.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>) -> Result<Vec<MachineId>, FlowError> {
    let network = network(tx)?;
    let mut free = Vec::new();
    for machine in tx.settle_due_locks()? {
        if tx.lock_reason(machine.as_str(), tx.now())?.is_some() {
            continue; // another lock goes on
        }
        let warrant = Warrant { by: Actor::Registry, why: "the lock's time is over".to_owned() };
        let entry = tx.record("machine_unlocked", &warrant.story(json!({ "machine": machine })))?;
        order(tx, &network, &machine, Action::Unlock, entry)?;
        free.push(machine);
    }
    Ok(free)
}
