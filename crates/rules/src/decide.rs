//! The decision: may this reading start this machine now, and if not, why not.
//!
//! Start at [`decide()`]. It is total, denies by default and returns every reason that holds. What each reason means is
//! in `question.rs`, the tests of an award are in [`counting`](crate::counting).

use crate::decision::{Decision, DenialReason, Grant, Objection, Reasons};
use crate::dossier::{Assurance, Dossier, PersonFacts, ReadingFacts, Standby};
use crate::ids::PersonId;
use crate::network::Hazard;
use crate::question::{Question, Survey};
use crate::time::Time;

/// How long a supervisor's tap waits for its learner, in milliseconds: it serves while less than this old.
const STANDBY_MS: i64 = 30_000;

/// Answers whether this reading starts this machine at `now`: a grant, a need for a supervisor's tap, or every reason
/// against.
#[must_use]
pub fn decide(dossier: &Dossier, reading: &ReadingFacts, now: Time) -> Decision {
    let question = match Question::of(dossier, dossier.person.as_ref(), reading, now) {
        Ok(question) => question,
        Err(distrust) => return Decision::Deny(distrust.into()),
    };
    let Survey { mut objections, level, .. } = question.survey(now);
    if dossier.in_use_by.as_ref().is_some_and(|user| *user != question.person.person) {
        objections.push(Objection::bare(DenialReason::MachineBusy));
    }
    let mut supervisor = None;
    if level.is_some_and(|level| level < question.machine.autonomous_from) {
        supervisor = standing_by(dossier, question.person, now);
        if supervisor.is_none() {
            objections.push(Objection::bare(DenialReason::SupervisorNeeded));
        }
    }
    match Reasons::of(objections) {
        None => Decision::Grant(Grant { supervisor: supervisor.cloned() }),
        Some(reasons) if reasons.only(DenialReason::SupervisorNeeded) => Decision::More(reasons),
        Some(reasons) => Decision::Deny(reasons),
    }
}

/// The supervisor whose tap would serve this learner: the newest tap counts, of two at the same instant the smaller id.
fn standing_by<'d>(dossier: &'d Dossier, learner: &PersonFacts, now: Time) -> Option<&'d PersonId> {
    let in_time = |standby: &&Standby| standby.tapped_at <= now && now.since(standby.tapped_at) < STANDBY_MS;
    dossier
        .standbys
        .iter()
        .filter(in_time)
        .filter(|standby| standby.person.person != learner.person)
        .filter(|standby| may_supervise(dossier, &standby.person, &standby.reading, now).is_ok())
        .max_by_key(|standby| (standby.tapped_at, core::cmp::Reverse(&standby.person.person)))
        .map(|standby| &standby.person.person)
}

/// Answers whether a person may stand by a learner at this machine at `now`, who uses it aside.
///
/// Their own decision must have no reason, without anybody standing by them in turn: who needs a supervisor is none. Their
/// card needs the machine's minimum assurance, and A1 where the machine is red.
///
/// # Errors
/// Every reason against; [`DenialReason::LevelTooLow`] without a requirement where they meet all but are below the
/// machine's `supervisor_level`, or where the machine asks for nothing, so that nobody needs a supervisor.
pub fn may_supervise(
    dossier: &Dossier,
    person: &PersonFacts,
    reading: &ReadingFacts,
    now: Time,
) -> Result<(), Reasons> {
    let question = Question::of(dossier, Some(person), reading, now)?;
    let Survey { mut objections, level, .. } = question.survey(now);
    let is_red = question.machine.hazard == Hazard::Red;
    let asks_more = objections.iter().all(|objection| objection.reason != DenialReason::CardAssuranceTooLow);
    if is_red && asks_more && !question.is_read_at(Assurance::A1) {
        objections.push(Objection::bare(DenialReason::CardAssuranceTooLow));
    }
    match level {
        Some(level) if level < question.machine.autonomous_from => {
            objections.push(Objection::bare(DenialReason::SupervisorNeeded));
        }
        Some(level) if level >= question.machine.supervisor_level => {}
        None if !question.machine.requires.is_empty() => {} // said already, by each requirement that is not met
        Some(_) | None => objections.push(Objection::bare(DenialReason::LevelTooLow)),
    }
    Reasons::of(objections).map_or(Ok(()), Err)
}
