//! When a grant ends.
use crate::decision::{DenialReason, Objection};
use crate::dossier::{Dossier, ReadingFacts};
use crate::time::Time;

/// The first instant after `now` at which [`decide`](crate::decide()) would refuse, and its first reason.
#[must_use]
pub fn end_of_grant(dossier: &Dossier, reading: &ReadingFacts, now: Time) -> Option<(Time, DenialReason)> {
    let _ = (dossier, reading, now);
    None
}

/// Why an open session's right no longer holds at `now`.
#[must_use]
pub fn session_is_refused(dossier: &Dossier, reading: &ReadingFacts, now: Time) -> Option<Objection> {
    let _ = (dossier, reading, now);
    None
}
