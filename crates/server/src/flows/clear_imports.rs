//! Gives up large imports that fell silent, and clears away what they staged. Start at [`run`].

use serde_json::json;

use super::FlowError;
use super::import_in_slices::SLICE;
use crate::store::{Store, Tx};

/// An import that has staged nothing for so long is given up, in milliseconds.
const SILENT_MS: i64 = 60_000;

/// Gives up what is silent and clears it away, in short transactions; tells whether another import is at work.
///
/// # Errors
/// When the store fails.
pub async fn run(store: &Store) -> Result<bool, FlowError> {
    let at_work = store.write(give_up).await?;
    while store.write(clear_some).await? {}
    Ok(at_work)
}

fn give_up(tx: &mut Tx<'_>) -> Result<bool, FlowError> {
    let mut at_work = false;
    for open in tx.open_imports()? {
        if tx.now().since(open.beat_at) < SILENT_MS {
            at_work = true;
        } else {
            abandon(tx, open.import)?;
        }
    }
    Ok(at_work)
}

/// Gives an import up: nothing of it ever counts.
pub(super) fn abandon(tx: &mut Tx<'_>, import: i64) -> Result<(), FlowError> {
    if tx.abandon_import(import)? {
        tx.record("import_abandoned", &json!({ "import": import }))?;
    }
    Ok(())
}

/// Clears some rows away; false when none are left.
fn clear_some(tx: &mut Tx<'_>) -> Result<bool, FlowError> {
    let Some(import) = tx.uncleared_import()? else { return Ok(false) };
    tx.clear_import(import, u32::try_from(SLICE).unwrap_or(u32::MAX))?;
    Ok(true)
}
