//! What a controller reports: links taken up, sessions started, alive and ended, orders confirmed and refused.

use serde_json::json;
use tremen_rules::{ControllerId, MachineId};
use tremen_wire::{Event, Lease, Link, Report, SessionId};

use super::link_controller::{Entrance, LinkClock, Sender, enter};
use super::{FlowError, network, sessions};
use crate::store::{OrderRow, SessionRow, Touched, Tx};

/// A machine that draws less is idle, in milliamperes; the reference controller has the same limit.
const IDLE_BELOW_MA: u64 = 100;

/// What goes back to the controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A lease; of 0 seconds when the session is over or the report is only noted.
    Lease(Lease),
    /// The session is to stop: its order, once more, in the current link.
    Order(OrderRow, Option<Link>),
}

/// Takes a report in; `None` where nothing is answered.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>, sender: &Sender, report: &Report) -> Result<Option<Reply>, FlowError> {
    let network = network(tx)?;
    if !sender.is_trusted(tx, &network)? {
        return Ok(None);
    }
    let Entrance::New(clock) = enter(tx, sender, report.link, report.n)? else { return Ok(None) };
    let controller = &sender.controller;
    match report.event {
        Event::Linked => Ok(Some(noted(report, false))),
        Event::Started | Event::Alive => alive(tx, controller, report, clock),
        Event::Ended => ended(tx, controller, report),
        Event::Confirmed | Event::Refused => {
            settle(tx, controller, report)?;
            Ok(None)
        }
        Event::Relay => {
            stopped_by_relay(tx, controller, report)?;
            Ok(None)
        }
        Event::Tamper | Event::Fault => {
            let kind = if report.event == Event::Tamper { "controller_tampered" } else { "machine_faulted" };
            tx.record(kind, &json!({ "controller": controller, "machine": report.machine, "detail": report.detail }))?;
            touch(tx, report);
            Ok(None)
        }
        Event::Button => Ok(None),
        Event::OfflineUse => {
            tx.record(
                "machine_used_offline",
                &json!({ "controller": controller, "machine": report.machine, "at_s": report.at_s,
                         "entry": report.entry.map(|entry| entry.to_string()), "used_s": report.used_s }),
            )?;
            Ok(Some(noted(report, false)))
        }
    }
}

/// A lease of 0: the report is noted; if it spoke of a session, that one is over.
fn noted(report: &Report, of_session: bool) -> Reply {
    Reply::Lease(Lease {
        link: report.link,
        n: report.n,
        machine: report.machine.clone().filter(|_| of_session),
        session: report.session.filter(|_| of_session),
        lease_s: 0,
        until_s: None,
        on_lost: None,
    })
}

/// The session of a report, if it is this controller's.
fn session_of(tx: &Tx<'_>, controller: &ControllerId, report: &Report) -> Result<Option<SessionRow>, FlowError> {
    let row = report.session.map(|session| tx.session(session)).transpose()?.flatten();
    Ok(row.filter(|row| row.controller == *controller && report.machine.as_deref() == Some(row.machine.as_str())))
}

/// Whether a report is newer than all that spoke of the session in its link; notes it.
fn is_news(session: &mut SessionRow, report: &Report) -> bool {
    let (Some(link), Some(n)) = (report.link, report.n) else { return true };
    let overtaken = session.spoke.is_some_and(|(spoke, highest)| spoke == link.0 && n <= highest);
    if !overtaken {
        session.spoke = Some((link.0, n));
    }
    !overtaken
}

/// `started` and `alive`: a new lease, or the stop.
fn alive(
    tx: &mut Tx<'_>,
    controller: &ControllerId,
    report: &Report,
    clock: LinkClock,
) -> Result<Option<Reply>, FlowError> {
    let Some(mut session) = session_of(tx, controller, report)? else {
        return stop_again(tx, controller, report).map(Some);
    };
    if !is_news(&mut session, report) {
        return Ok(None); // overtaken, perhaps by the word that ended it
    }
    if session.ended_at.is_some() {
        return stop_again(tx, controller, report).map(Some);
    }
    let network = network(tx)?;
    let used = report.used_s.unwrap_or(session.used_s);
    let under_load = report.load_ma.is_some_and(|load| load >= IDLE_BELOW_MA);
    // Without measured load there is no telling an idle machine from a busy one.
    if used > session.used_s || under_load || !tx.has_capability(controller, "load")? {
        session.active_at = tx.now();
    }
    session.used_s = session.used_s.max(used);
    let machine = network.machines.get(&session.machine);
    let idle_end = sessions::idle_end(&network, &session);
    let order = session.stop_order.map(|number| tx.order(controller, number)).transpose()?.flatten();
    if let Some(machine) = machine {
        // Also where no lease is told any more: a controller that speaks is not silent, and what a slow stop policy lets
        // run on keeps the machine from the next person until it has stopped.
        session.lease_until = tx.now().plus_seconds(i64::from(machine.lease_seconds));
    }
    let Some(machine) = machine.filter(|_| order.is_none()) else {
        tx.keep_session(&session, idle_end)?;
        return Ok(order.map(|order| Reply::Order(order, report.link))); // it gets no lease any more
    };
    tx.keep_session(&session, idle_end)?;
    Ok(Some(Reply::Lease(Lease {
        link: report.link,
        n: report.n,
        machine: Some(session.machine.to_string()),
        session: Some(session.session),
        lease_s: u64::from(machine.lease_seconds),
        until_s: session.until().map(|end| clock.seconds(end)),
        on_lost: Some(sessions::wire_policy(tx, controller, machine.stop_policy)?),
    })))
}

/// Something runs that should not: a session that is over, or that nobody granted here.
fn stop_again(tx: &mut Tx<'_>, controller: &ControllerId, report: &Report) -> Result<Reply, FlowError> {
    let open = tx.open_orders(controller)?;
    if let Some(order) = open.into_iter().find(|order| order.session == report.session && order.stop.is_some()) {
        return Ok(Reply::Order(order, report.link));
    }
    let network = network(tx)?;
    let served = network.controllers.get(controller).map(|it| it.machines.as_slice()).unwrap_or_default();
    let machine = served.iter().find(|machine| report.machine.as_deref() == Some(machine.as_str()));
    let (Some(machine), Some(session)) = (machine, report.session) else {
        return Ok(noted(report, true)); // not even a machine of this controller's
    };
    let known = session_of(tx, controller, report)?;
    let why = known.and_then(|row| row.stop_why.or(row.end_why)).unwrap_or_else(|| "session_unknown".to_owned());
    let entry = tx.record(
        "running_session_stopped",
        &json!({ "controller": controller, "machine": machine, "session": session.to_string(), "why": why }),
    )?;
    let number = sessions::order_stop(tx, controller, machine, session, &why, entry)?;
    Ok(tx.order(controller, number)?.map_or_else(|| noted(report, true), |order| Reply::Order(order, report.link)))
}

/// `ended`: the session is over, whatever else is on its way.
fn ended(tx: &mut Tx<'_>, controller: &ControllerId, report: &Report) -> Result<Option<Reply>, FlowError> {
    if let Some(mut session) = session_of(tx, controller, report)? {
        if session.ended_at.is_some() {
            tx.note_used(session.session, report.used_s.unwrap_or(0))?; // ended by a tap, and told of only now
        } else if !is_news(&mut session, report) {
            return Ok(None);
        }
        session.used_s = session.used_s.max(report.used_s.unwrap_or(0));
        let why = session.stop_why.clone().unwrap_or_else(|| "ended".to_owned());
        sessions::close(tx, &session, &why)?;
    }
    let other = report.machine.as_deref().map(|machine| tx.open_session_on(machine)).transpose()?.flatten();
    if report.relay == Some(true) && other.is_none() {
        // The power is on and nobody's session is: a welded contact, or a fault of the controller.
        tx.record("relay_stuck", &json!({ "controller": controller, "machine": report.machine }))?;
    }
    Ok(Some(noted(report, true)))
}

/// `confirmed` and `refused` settle an order, not the session; only an open relay or `ended` means that it has stopped.
fn settle(tx: &mut Tx<'_>, controller: &ControllerId, report: &Report) -> Result<(), FlowError> {
    let Some(number) = report.order else { return Ok(()) };
    let confirmed = report.event == Event::Confirmed;
    let Some(order) = tx.order(controller, number)? else { return Ok(()) };
    if tx.settle_order(controller, number, if confirmed { "confirmed" } else { "refused" })? {
        tx.record(
            if confirmed { "order_confirmed" } else { "order_refused" },
            &json!({ "controller": controller, "order": number, "action": order.action.as_str(), "machine": order.machine }),
        )?;
    }
    if let Some(session) = order.session.filter(|_| confirmed && report.relay == Some(false)) {
        close_if_stopping(tx, session, report)?;
    }
    touch(tx, report);
    Ok(())
}

/// The relay of a machine whose session was told to stop is open: it has stopped.
fn stopped_by_relay(tx: &mut Tx<'_>, controller: &ControllerId, report: &Report) -> Result<(), FlowError> {
    touch(tx, report);
    let open = report.machine.as_deref().map(|machine| tx.open_session_on(machine)).transpose()?.flatten();
    if let Some(session) = open.filter(|row| row.controller == *controller && report.relay == Some(false)) {
        close_if_stopping(tx, session.session, report)?;
    }
    Ok(())
}

fn close_if_stopping(tx: &mut Tx<'_>, session: SessionId, report: &Report) -> Result<(), FlowError> {
    if let Some(mut row) = tx.session(session)?
        && row.ended_at.is_none()
        && let Some(why) = row.stop_why.clone()
        && is_news(&mut row, report)
    {
        sessions::close(tx, &row, &why)?;
    }
    Ok(())
}

fn touch(tx: &mut Tx<'_>, report: &Report) {
    if let Some(Ok(machine)) = report.machine.as_deref().map(MachineId::parse) {
        tx.touch(Touched::Machine(machine));
    }
}
