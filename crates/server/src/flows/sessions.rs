//! What changes do to running sessions: whether each right still holds, until when, and the order to stop where not.
//!
//! Every flow that changes a fact or a rule ends with one of [`review_person`], [`review_machine`], [`review_all`].

use serde_json::json;
use tremen_rules::network::StopPolicy;
use tremen_rules::{
    CardFacts, ControllerId, DenialReason, Dossier, MachineId, Network, PersonId, ReadingFacts, Time, end_of_grant,
    session_is_refused,
};
use tremen_wire::{Action, SessionId};

use super::{FlowError, Stopped, network};
use crate::store::{NewOrder, SessionRow, Tx};
use crate::words;

/// Looks again at the running sessions of a person; those that lost their right are told to stop.
///
/// # Errors
/// When the store fails.
pub fn review_person(tx: &mut Tx<'_>, person: &PersonId, entry: i64) -> Result<Vec<Stopped>, FlowError> {
    let sessions = tx.open_sessions_of(person)?;
    review(tx, sessions, entry)
}

/// Looks again at the running session of a machine.
///
/// # Errors
/// When the store fails.
pub fn review_machine(tx: &mut Tx<'_>, machine: &MachineId, entry: i64) -> Result<Vec<Stopped>, FlowError> {
    let sessions = tx.open_session_on(machine.as_str())?.into_iter().collect();
    review(tx, sessions, entry)
}

/// Looks again at the running sessions through a controller.
///
/// # Errors
/// When the store fails.
pub fn review_controller(tx: &mut Tx<'_>, controller: &ControllerId, entry: i64) -> Result<Vec<Stopped>, FlowError> {
    let sessions = tx.open_sessions_through(controller)?;
    review(tx, sessions, entry)
}

/// Looks again at all running sessions, as after a change of rules.
///
/// # Errors
/// When the store fails.
pub fn review_all(tx: &mut Tx<'_>, entry: i64) -> Result<Vec<Stopped>, FlowError> {
    let sessions = tx.open_sessions()?;
    review(tx, sessions, entry)
}

fn review(tx: &mut Tx<'_>, sessions: Vec<SessionRow>, entry: i64) -> Result<Vec<Stopped>, FlowError> {
    let mut stopped = Vec::new();
    for mut session in sessions {
        if session.stop_order.is_some() {
            continue; // it is told already, and a policy that runs is never put off
        }
        match standing(tx, &session)? {
            Standing::Refused(reason) => stopped.push(stop(tx, &mut session, reason.code(), entry)?),
            Standing::Until(end) => {
                (session.right_end, session.right_why) = end.unzip();
                session.hard_end = hard_end(&*network(tx)?, &session);
                let idle_end = idle_end(&*network(tx)?, &session);
                tx.keep_session(&session, idle_end)?;
            }
        }
    }
    Ok(stopped)
}

/// Whether a running session's right holds now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No, for this reason.
    Refused(DenialReason),
    /// Yes, until this instant for this reason, as far as is known.
    Until(Option<(Time, DenialReason)>),
}

/// Whether a running session's right holds now, and until when.
///
/// # Errors
/// When the store fails.
pub fn standing(tx: &mut Tx<'_>, session: &SessionRow) -> Result<Standing, FlowError> {
    let network = network(tx)?;
    let reading = reading_of(tx, &network, session)?;
    let dossier = Dossier {
        network: &network,
        machine: session.machine.as_str(),
        person: Some(tx.person_facts(&session.person)?),
        locks: tx.locks(session.machine.as_str(), tx.now())?,
        in_use_by: None,
        standbys: Vec::new(),
    };
    Ok(match session_is_refused(&dossier, &reading, tx.now()) {
        Some(objection) => Standing::Refused(objection.reason),
        None => Standing::Until(end_of_grant(&dossier, &reading, tx.now())),
    })
}

/// What is known today of the reading that opened a session.
fn reading_of(tx: &Tx<'_>, network: &Network, session: &SessionRow) -> Result<ReadingFacts, FlowError> {
    let controller = network.controllers.get(&session.controller);
    let blocks = session.card.as_ref().map(|card| tx.card_blocks(card)).transpose()?.unwrap_or_default();
    Ok(ReadingFacts {
        controller_trusted: controller.is_some() && tx.credential_version(&session.controller)?.is_some(),
        replayed: false,
        serves_machine: controller.is_some_and(|controller| controller.machines.contains(&session.machine)),
        card: CardFacts::Known { assurance: session.assurance, blocks },
    })
}

/// The longest that a session may last, by the rules in force.
#[must_use]
pub fn hard_end(network: &Network, session: &SessionRow) -> Option<Time> {
    let minutes = network.machines.get(&session.machine)?.max_session_minutes?;
    Some(session.opened_at.plus_seconds(i64::from(minutes) * 60))
}

/// The instant at which a session ends for want of load; none where the machine does not ask for it.
#[must_use]
pub fn idle_end(network: &Network, session: &SessionRow) -> Option<Time> {
    let minutes = network.machines.get(&session.machine)?.idle_minutes?;
    Some(session.active_at.plus_seconds(i64::from(minutes) * 60))
}

/// Tells a running session to stop: the order is a row of this transaction, sent after its commit until confirmed.
///
/// # Errors
/// When the store fails.
pub fn stop(tx: &mut Tx<'_>, session: &mut SessionRow, reason: &str, entry: i64) -> Result<Stopped, FlowError> {
    let order = order_stop(tx, &session.controller, &session.machine, session.session, reason, entry)?;
    session.stop_order = Some(order);
    session.stop_why = Some(reason.to_owned());
    tx.keep_session(session, None)?;
    tx.touch(crate::store::Touched::Machine(session.machine.clone()));
    Ok(Stopped {
        session: session.session,
        machine: session.machine.clone(),
        controller: session.controller.clone(),
        order,
        reason: reason.to_owned(),
    })
}

/// Orders a controller to stop a session under the machine's stop policy, and tells the order's number.
///
/// # Errors
/// When the store fails.
pub fn order_stop(
    tx: &mut Tx<'_>,
    controller: &ControllerId,
    machine: &MachineId,
    session: SessionId,
    reason: &str,
    entry: i64,
) -> Result<u64, FlowError> {
    let network = network(tx)?;
    let policy = network.machines.get(machine).map_or(StopPolicy::Immediate, |machine| machine.stop_policy);
    let stop = wire_policy(tx, controller, policy)?;
    let lcd = words::stop_lcd(reason, words::language_of(&network));
    Ok(tx.add_order(&NewOrder {
        controller,
        action: Action::Stop,
        machine: Some(machine),
        session: Some(session),
        reason: Some(reason),
        stop: Some(stop),
        lcd: Some(&lcd),
        entry,
    })?)
}

/// A machine's stop policy for the wire: `finish_job` needs measured load, else it is immediate.
///
/// # Errors
/// When the store fails.
pub fn wire_policy(
    tx: &Tx<'_>,
    controller: &ControllerId,
    policy: StopPolicy,
) -> Result<tremen_wire::StopPolicy, FlowError> {
    Ok(match policy {
        StopPolicy::Immediate => tremen_wire::StopPolicy::Immediate,
        StopPolicy::Graceful(seconds) => tremen_wire::StopPolicy::Graceful { seconds: u64::from(seconds) },
        StopPolicy::FinishJob(longest) if tx.has_capability(controller, "load")? => {
            tremen_wire::StopPolicy::FinishJob { longest_s: u64::from(longest) }
        }
        StopPolicy::FinishJob(_) => tremen_wire::StopPolicy::Immediate,
    })
}

/// Closes a session for good: its stop orders have no purpose any more.
///
/// # Errors
/// When the store fails.
pub fn close(tx: &mut Tx<'_>, session: &SessionRow, why: &str) -> Result<(), FlowError> {
    if tx.close_session(session, why)? {
        tx.drop_stop_orders(session.session)?;
        tx.record(
            "session_ended",
            &json!({ "session": session.session.to_string(), "machine": session.machine, "person": session.person,
                     "why": why, "used_s": session.used_s }),
        )?;
    }
    Ok(())
}
