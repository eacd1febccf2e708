//! The decision.
use crate::decision::{Decision, DenialReason, Reasons};
use crate::dossier::{Dossier, ReadingFacts};
use crate::time::Time;

/// Answers whether this reading starts this machine at `now`.
#[must_use]
pub fn decide(dossier: &Dossier, reading: &ReadingFacts, now: Time) -> Decision {
    let _ = (dossier, reading, now);
    Decision::Deny(Reasons::one(DenialReason::ControllerNotTrusted))
}
