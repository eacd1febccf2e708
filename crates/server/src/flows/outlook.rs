//! What would be decided about somebody at a machine, and until when. Start at [`Outlook::of`]. Writes nothing.
//!
//! The explanation and people's own page read it here, so that both tell the same.

use tremen_rules::{
    Decision, DenialReason, Dossier, Network, PersonFacts, PersonId, ReadingFacts, Time, decide, end_of_grant,
};

use crate::store::{StoreError, Tx};

/// What would be decided.
#[derive(Debug, Clone, PartialEq)]
pub struct Outlook {
    /// The decision.
    pub decision: Decision,
    /// When a grant would end by itself, and for which reason; none for a grant without a known end, and for a refusal.
    pub until: Option<(Time, DenialReason)>,
}

impl Outlook {
    /// Decides.
    #[must_use]
    pub fn of(dossier: &Dossier<'_>, reading: &ReadingFacts, at: Time) -> Self {
        let decision = decide(dossier, reading, at);
        let until = match &decision {
            Decision::Grant(_) => end_of_grant(dossier, reading, at),
            Decision::More(_) | Decision::Deny(_) => None,
        };
        Self { decision, until }
    }
}

/// The facts for a question about somebody at a machine, whether it exists or not.
///
/// # Errors
/// When the store fails.
pub(super) fn dossier<'n>(
    tx: &Tx<'_>,
    network: &'n Network,
    machine: &'n str,
    person: Option<PersonFacts>,
    at: Time,
) -> Result<Dossier<'n>, StoreError> {
    let (locks, in_use_by) = (tx.locks(machine, at)?, in_use(tx, machine, at)?);
    Ok(Dossier { network, machine, person, locks, in_use_by, standbys: Vec::new() })
}

/// Whose session is open at an instant. Of an instant to come nobody knows: a session lives from lease to lease.
fn in_use(tx: &Tx<'_>, machine: &str, at: Time) -> Result<Option<PersonId>, StoreError> {
    if at > tx.now() { Ok(None) } else { tx.in_use_at(machine, at) }
}
