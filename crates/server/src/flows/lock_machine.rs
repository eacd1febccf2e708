//! Takes a machine out of service: the registry refuses everybody, and its controllers are ordered to lock. Start at
//! [`run`]. The order to unlock at a lock's end is for [`end_due_locks`](super::end_due_locks).

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::{DenialReason, MachineId, Network, Span, Time};
use tremen_wire::Action;

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::{NewOrder, Touched, Tx};

/// Which machine, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which.
    pub machine: MachineId,
    /// Until when; none: until it is unlocked.
    pub until: Option<Time>,
}

/// Locks the machine; the session on it is told to stop, then its controllers are told to lock.
///
/// # Errors
/// When the author may not, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let machine = &request.machine;
    checks::machine(&network, machine)?;
    checks::allowed(tx, warrant, &Act::LockMachine { machine: machine.clone() }, &network)?;
    let span = checks::from_now_on(tx, "a lock", Span::new(tx.now(), request.until))?;
    let lock = tx.add_lock(machine, span.until, why)?;
    let story = json!({ "lock": lock, "machine": machine, "from": span.from, "until": span.until });
    let entry = tx.record("machine_locked", &warrant.story(story))?;
    let stopped = sessions::review_machine(tx, machine, entry)?;
    order(tx, &network, machine, Action::Lock, entry)?;
    Ok(Effects { entry, stopped })
}

/// Orders a machine's controllers to lock or unlock it, in place of what they were ordered before.
pub(super) fn order(
    tx: &mut Tx<'_>,
    network: &Network,
    machine: &MachineId,
    action: Action,
    entry: i64,
) -> Result<(), FlowError> {
    let reason = (action == Action::Lock).then_some(DenialReason::MachineOutOfService.code());
    for controller in checks::controllers_of(network, machine) {
        tx.drop_lock_orders(&controller, machine)?;
        let machine = Some(machine);
        let controller = &controller;
        tx.add_order(&NewOrder { controller, action, machine, session: None, reason, stop: None, lcd: None, entry })?;
    }
    tx.touch(Touched::Machine(machine.clone()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use tremen_wire::Action;

    use super::{Request, run};
    use crate::flows::rehearsal::{Stage, id, time};
    use crate::flows::{end_due_locks, unlock_machine};

    fn laser() -> Request {
        Request { machine: id("trotec-speedy"), until: None }
    }

    #[test]
    fn a_lock_stops_the_session_and_tells_the_controller() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let by = stage.by("p-maiwenn");
        let effects = stage.write(move |tx| run(tx, &by, &laser())).unwrap();
        assert_eq!(effects.stopped[0].reason, "machine_out_of_service");
        let orders = stage.read(|tx| tx.orders_of_entry(effects.entry));
        assert_eq!(orders.iter().map(|it| it.action).collect::<Vec<_>>(), [Action::Stop, Action::Lock]);
        assert_eq!(stage.last_entry().kind, "machine_locked");
    }

    #[test]
    fn an_unlock_replaces_the_order_to_lock() {
        let stage = Stage::sample();
        let by = stage.by("p-maiwenn");
        let open = stage.change(move |tx| {
            run(tx, &by, &laser()).unwrap();
            unlock_machine::run(tx, &by, &id("trotec-speedy")).unwrap();
            tx.open_orders(&id("ubo-laser")).unwrap()
        });
        assert_eq!(open.iter().map(|it| it.action).collect::<Vec<_>>(), [Action::Unlock]);
        let by = stage.by("p-maiwenn");
        let refused = stage.write(move |tx| unlock_machine::run(tx, &by, &id("trotec-speedy"))).unwrap_err();
        assert!(refused.to_string().contains("is not locked"));
    }

    #[test]
    fn a_lock_with_an_end_is_followed_by_an_unlock() {
        let stage = Stage::sample();
        let until = time("2026-11-26T16:00:00+01:00");
        let by = stage.by("p-maiwenn");
        stage.write(move |tx| run(tx, &by, &Request { until: Some(until), ..laser() })).unwrap();
        assert_eq!(stage.read(|tx| tx.next_lock_end()), Some(until));
        stage.clock.set(until.plus_millis(-1));
        assert_eq!(stage.write(end_due_locks::run).unwrap(), []);
        stage.clock.set(until);
        assert_eq!(stage.write(end_due_locks::run).unwrap(), [id("trotec-speedy")]);
        assert_eq!(stage.write(end_due_locks::run).unwrap(), []);
        let open = stage.read(|tx| tx.open_orders(&id("ubo-laser")));
        assert_eq!(open.iter().map(|it| it.action).collect::<Vec<_>>(), [Action::Unlock]);
    }

    #[test]
    fn a_lock_under_another_lock_unlocks_nothing() {
        let stage = Stage::sample();
        let until = time("2026-11-26T16:00:00+01:00");
        let by = stage.by("p-maiwenn");
        stage.change(move |tx| {
            run(tx, &by, &laser()).unwrap();
            run(tx, &by, &Request { until: Some(until), ..laser() }).unwrap();
        });
        stage.clock.set(until);
        assert_eq!(stage.write(end_due_locks::run).unwrap(), []);
    }

    #[test]
    fn another_venues_manager_does_not_lock_and_a_mistyped_machine_is_named() {
        let stage = Stage::sample();
        let (by, other) = (stage.by("p-zoe"), stage.by("p-maiwenn"));
        assert!(
            stage.write(move |tx| run(tx, &by, &laser())).unwrap_err().to_string().contains("manager of venue:ubo")
        );
        let slip = Request { machine: id("trotec-speedi"), until: None };
        let refused = stage.write(move |tx| run(tx, &other, &slip)).unwrap_err().to_string();
        assert_eq!(refused, "machine `trotec-speedi` does not exist; did you mean `trotec-speedy`?");
    }
}
