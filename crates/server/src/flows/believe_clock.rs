//! The system's clock is believed: the registry's time is set to it, in one transaction with all that the step moves.
//!
//! Nothing is revived or killed by the step itself: what runs goes on for as long as it had left, and what was done stays
//! done. Rights are looked at again, since a day may be over in earnest.

use serde_json::json;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, network, sessions};
use crate::clock::{Doubt, Finding};
use crate::store::Tx;

/// Why the clock is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// The difference is small.
    Small,
    /// The system says that its clock is synchronised.
    Synchronised,
    /// A person says so.
    Accepted,
}

impl Trust {
    const fn code(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Synchronised => "synchronised",
            Self::Accepted => "accepted",
        }
    }
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    /// By how many milliseconds the registry's time was set.
    pub step_ms: i64,
    /// What that did beside.
    pub effects: Effects,
}

/// Sets the registry's time to the system's; does nothing where there is nothing to believe, or not on these grounds.
///
/// # Errors
/// When a person accepts who may not, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, trust: Trust) -> Result<Option<Set>, FlowError> {
    let network = network(tx)?;
    warrant.allows(tx, &Act::Operate, &network)?;
    let (wall, finding) = tx.look_at_clock();
    let doubt = match (finding, trust) {
        (Finding::Agrees, _) | (Finding::Doubted(..), Trust::Small) => return Ok(None),
        (Finding::Correction(_), _) => tx.clock_doubt(),
        (Finding::Doubted(doubt, _), Trust::Synchronised | Trust::Accepted) => Some(doubt),
    };
    let from = tx.now();
    let step_ms = tx.set_clock()?;
    let story = warrant.story(json!({
        "from": from.to_string(), "to": wall.to_string(), "step_ms": step_ms, "doubt": doubt.map(Doubt::code),
        "trust": trust.code(),
    }));
    let entry = tx.record("clock_set", &story)?;
    tx.note_clock_step(entry, step_ms)?;
    let stopped = sessions::review_all(tx, entry)?;
    Ok(Some(Set { step_ms, effects: Effects { entry, stopped } }))
}
