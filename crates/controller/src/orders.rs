//! Orders: stop, lock, unlock, identify (the Tremen wire, "Orders").
//!
//! Start with [`Controller::order`]. Every order is confirmed or refused each time it comes; what it changed is stored
//! before that is said.

use tremen_wire::{Action, Event, Order, Report, SessionId, StopPolicy};

use crate::Controller;
use crate::io::Output;
use crate::turn::Turn;

impl Controller {
    /// Does an order and says so.
    pub(crate) fn order(&mut self, order: Order, turn: &mut Turn<'_>) {
        if !self.line.is_current(order.link) {
            return;
        }
        let before = self.remembered.clone();
        self.remembered.last_order = self.remembered.last_order.max(order.number);
        let event = match order.action {
            Action::Stop => self.stop(order.session, order.stop, turn),
            Action::Lock => self.lock(&order, true),
            Action::Unlock => self.lock(&order, false),
            Action::Identify => {
                turn.out.push(Output::Identify { machine: order.machine.clone() });
                Event::Confirmed
            }
        };
        if before != self.remembered {
            turn.out.push(Output::Remember(self.remembered.clone()));
        }
        if let (Some(machine), Some(lcd)) = (&order.machine, &order.lcd) {
            turn.show(machine, lcd);
        }
        let said = Report { order: Some(order.number), machine: order.machine, ..Report::new(event) };
        self.line.report(said, turn);
    }

    /// A stop is done whenever its session is open here, whatever its number.
    fn stop(&mut self, id: Option<SessionId>, policy: Option<StopPolicy>, turn: &mut Turn<'_>) -> Event {
        let measures_load = self.measures_load();
        let Some(id) = id else { return Event::Refused };
        let Some(session) = self.session(id) else {
            // The grant that opens it may be under way: it comes too late now.
            let waiting = self.waiting_nonces();
            self.barred.bar(id, waiting);
            return Event::Refused;
        };
        session.heard();
        session.stop(policy.unwrap_or(StopPolicy::Immediate), turn.now, measures_load);
        self.end_what_ran_out(turn);
        Event::Confirmed
    }

    /// A lock or unlock is done only above the highest number done for its machine: an old one can't undo a newer one.
    fn lock(&mut self, order: &Order, lock: bool) -> Event {
        let Some(machine) = &order.machine else { return Event::Refused };
        if self.remembered.lock_orders.get(machine).is_none_or(|done| *done < order.number) {
            self.remembered.lock_orders.insert(machine.clone(), order.number);
            if lock {
                self.remembered.locked.insert(machine.clone());
            } else {
                self.remembered.locked.remove(machine);
            }
        }
        Event::Confirmed
    }
}
