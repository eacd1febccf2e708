//! Tells in the journal which payloads an erasure took, in the transaction that takes them. The table of erasures alone would
//! not do: whoever can delete a payload unseen can write a row there, but not an entry that was sealed long ago.

use serde_json::json;

use crate::store::{StoreError, Tx};

/// Records that the payloads of these entries are gone, on the word of another entry. None, and nothing is recorded.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &Tx<'_>, cause: i64, entries: impl IntoIterator<Item = i64>) -> Result<(), StoreError> {
    let mut entries: Vec<i64> = entries.into_iter().collect();
    entries.sort_unstable();
    let mut ranges: Vec<[i64; 2]> = Vec::new();
    for entry in entries {
        match ranges.last_mut() {
            Some([_, last]) if *last + 1 >= entry => *last = entry,
            Some(_) | None => ranges.push([entry, entry]),
        }
    }
    if !ranges.is_empty() {
        // Both ends of each range belong to it.
        tx.record("payloads_erased", &json!({ "entries": ranges, "cause": cause, "by": "registry" }))?;
    }
    Ok(())
}
