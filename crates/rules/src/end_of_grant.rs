//! When a grant ends by itself, and whether a running session's right still holds.
//!
//! Start at [`end_of_grant`]. Both ask the same rules as [`decide()`](crate::decide()), through the same code; who uses
//! the machine and who stands by is left aside, since a session that runs needs neither again.

use crate::decision::{DenialReason, Objection};
use crate::dossier::{Dossier, ReadingFacts};
use crate::question::Question;
use crate::time::Time;

/// The first instant after `now` at which [`decide()`](crate::decide()) would refuse, machine_busy and supervisor_needed
/// aside, with the reason that it would show; none when the facts and rules that are known never make it refuse.
///
/// Between two instants at which a fact or a rule changes its word nothing changes, so only those are asked, in order.
#[must_use]
pub fn end_of_grant(dossier: &Dossier, reading: &ReadingFacts, now: Time) -> Option<(Time, DenialReason)> {
    let mut t = now.plus_millis(1);
    let mut open_until = t;
    loop {
        let question = match Question::of(dossier, dossier.person.as_ref(), reading, t) {
            Ok(question) => question,
            Err(distrust) => return Some((t, distrust.reason)),
        };
        let survey = question.survey(t);
        if let Some(objection) = survey.first() {
            return Some((t, objection.reason));
        }
        if open_until <= t {
            open_until = question.open_until(t);
        }
        let next = survey.until.min(open_until);
        if next == Time::MAX {
            return None;
        }
        t = next.max(t.plus_millis(1));
    }
}

/// Why an open session's right no longer holds at `now`, machine_busy and supervisor_needed aside: the objection that
/// would be shown; none while it holds.
#[must_use]
pub fn session_is_refused(dossier: &Dossier, reading: &ReadingFacts, now: Time) -> Option<Objection> {
    match Question::of(dossier, dossier.person.as_ref(), reading, now) {
        Ok(question) => question.survey(now).first().cloned(),
        Err(distrust) => Some(distrust),
    }
}
