//! Erases the payloads of journal entries: who, what and why are gone with their salt, and the tree stays whole. The
//! erasure is an entry itself; a payload that is missing without one is a fault that `tremen journal verify` names.

use serde_json::json;

use crate::flows::{FlowError, Warrant};
use crate::store::Tx;

/// What the journal needs to explain itself; their payloads are about nobody.
const NEVER: [&str; 4] = ["journal_opened", "journal_continued", "journal_cosigned", "payloads_erased"];

/// What was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// The entry that says so; none where nothing was left to erase.
    pub entry: Option<i64>,
    /// How many payloads.
    pub payloads: usize,
}

/// Erases the payloads of these entries, in this transaction. Those that are gone already are passed over, and so is what
/// the journal says of itself.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, entries: &[i64]) -> Result<Erased, FlowError> {
    let mut entries = entries.to_vec();
    entries.sort_unstable();
    entries.dedup();
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    let mut payloads = 0;
    for entry in entries {
        if tx.entry_kind(entry)?.is_none_or(|kind| NEVER.contains(&kind.as_str())) || !tx.erase_payload(entry)? {
            continue;
        }
        payloads += 1;
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 == entry => *last = entry,
            Some(_) | None => ranges.push([entry, entry]),
        }
    }
    if ranges.is_empty() {
        return Ok(Erased { entry: None, payloads: 0 });
    }
    // Both ends of each range belong to it.
    let entry = tx.record("payloads_erased", &warrant.story(json!({ "entries": ranges })))?;
    Ok(Erased { entry: Some(entry), payloads })
}
