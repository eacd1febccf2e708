//! Forgets single taps: what they count for stays, whose they were goes. Start at [`plan`], then [`run`].
//!
//! A tap goes whole: decision, session, first card, payload. Whoever forgets it records why in the same transaction.

use tremen_rules::months::local_date;
use tremen_rules::network::Profile;
use tremen_rules::{Network, Time};

use super::holds::Holds;
use crate::store::{DailyCount, OldDecision, SessionRow, StoreError, Tx};

/// A tap that can go.
#[derive(Debug, Clone)]
pub(super) struct Tap {
    decision: OldDecision,
    /// The sessions that it opened, all over: none or one.
    pub sessions: Vec<SessionRow>,
}

/// A tap, if it can go: it and its session were over before an instant, and nothing holds it.
pub(super) fn plan(tx: &Tx<'_>, decision: i64, before: Time, holds: &Holds) -> Result<Option<Tap>, StoreError> {
    let Some(decision) = tx.old_decision(decision)?.filter(|it| it.at < before) else { return Ok(None) };
    let mut sessions = Vec::new();
    let mut end = decision.at;
    for session in tx.sessions_of_decision(decision.decision)? {
        let Some(row) = tx.session(session)? else { continue };
        let Some(ended_at) = row.ended_at.filter(|at| *at < before) else { return Ok(None) };
        end = end.max(ended_at);
        sessions.push(row);
    }
    let held = holds.machine(&decision.machine, decision.at, end);
    // the newest one only loses whose it was, and that once
    let nothing_left = decision.newest && decision.person.is_none() && tx.erasure_of_payload(decision.entry)?.is_some();
    Ok((!held && !nothing_left).then_some(Tap { decision, sessions }))
}

/// Forgets it.
pub(super) fn run(tx: &Tx<'_>, network: &Network, tap: &Tap, cause: i64) -> Result<(), StoreError> {
    let Tap { decision, sessions } = tap;
    for session in sessions {
        tx.count(&DailyCount {
            day: day(network, session.machine.as_str(), session.opened_at),
            machine: session.machine.to_string(),
            what: "session".to_owned(),
            reason: session.end_why.clone().unwrap_or_default(),
            count: 1,
            used_s: session.used_s,
        })?;
        tx.forget_session(session.session)?;
    }
    if let Some(person) = &decision.person {
        tx.saw_person(person, decision.at)?;
    }
    if decision.newest {
        tx.blank_decision(decision.decision)?;
        tx.erase_payload(decision.entry, cause, None)?;
        return Ok(());
    }
    tx.count(&DailyCount {
        day: day(network, &decision.machine, decision.at),
        machine: decision.machine.clone(),
        what: decision.verdict.clone(),
        reason: decision.reason.clone().unwrap_or_default(),
        count: 1,
        used_s: 0,
    })?;
    let sealed = network.controllers.get(&decision.controller).is_some_and(|it| it.profile == Profile::Sealed);
    if let Some(nonce) = decision.nonce.filter(|_| !sealed) {
        tx.keep_nonce(&decision.controller, nonce)?; // a sealed ask is stale after 20 s, whatever its nonce
    }
    tx.forget_decision(decision.decision)?;
    tx.erase_payload(decision.entry, cause, Some(decision.decision))?;
    Ok(())
}

/// The day of an instant at a machine: in its venue's time zone.
pub(super) fn day(network: &Network, machine: &str, at: Time) -> String {
    let venue = network.machines.get(machine).and_then(|machine| network.venues.get(&machine.venue));
    local_date(at, venue.map_or(network.settings.time_zone, |venue| venue.time_zone)).to_string()
}
