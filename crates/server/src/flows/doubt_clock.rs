//! Whether the system's clock is doubted: noted when it begins and when it ends by itself, so that the journal can say
//! later why red machines did not answer.

use serde_json::json;

use super::{Actor, FlowError};
use crate::clock::{Doubt, Finding};
use crate::store::Tx;

/// What changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// The clock is doubted from now on; it is so many milliseconds ahead.
    Doubted(Doubt, i64),
    /// The clock came back to the registry's time.
    Agreed,
}

/// Compares the clock with the registry's time, and notes what that changes.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>) -> Result<Option<Noted>, FlowError> {
    let (wall, finding) = tx.look_at_clock();
    let by = Actor::Registry.to_json();
    match (finding, tx.clock_doubt()) {
        (Finding::Doubted(doubt, step_ms), known) if known != Some(doubt) => {
            tx.doubt_clock(Some(doubt))?;
            tx.record(
                "clock_doubted",
                &json!({ "doubt": doubt.code(), "system": wall.to_string(), "step_ms": step_ms, "by": by }),
            )?;
            Ok(Some(Noted::Doubted(doubt, step_ms)))
        }
        (Finding::Agrees, Some(doubt)) => {
            tx.doubt_clock(None)?;
            tx.record("clock_agreed", &json!({ "doubt": doubt.code(), "by": by }))?;
            Ok(Some(Noted::Agreed))
        }
        (Finding::Doubted(..) | Finding::Agrees | Finding::Correction(_), _) => Ok(None),
    }
}
