//! Puts a machine back into service. Start at [`run`].

use serde_json::json;
use tremen_rules::MachineId;
use tremen_rules::authority::Act;

use super::lock_machine::order;
use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Ends the locks of a machine; its controllers are ordered to unlock.
///
/// # Errors
/// When the author may not, it is not locked, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, machine: &MachineId) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    checks::machine(&network, machine)?;
    checks::allowed(tx, warrant, &Act::UnlockMachine { machine: machine.clone() }, &network)?;
    let locks = tx.end_locks(machine)?;
    if locks.is_empty() {
        return Err(FlowError::Refused(format!("machine `{machine}` is not locked")));
    }
    let entry = tx.record("machine_unlocked", &warrant.story(json!({ "machine": machine, "locks": locks })))?;
    let stopped = sessions::review_machine(tx, machine, entry)?;
    order(tx, &network, machine, tremen_wire::Action::Unlock, entry)?;
    Ok(Effects { entry, stopped })
}
