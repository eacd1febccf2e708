//! Writes the whole journal as lines of JSON that a stranger can verify (`docs/JOURNAL.md`): each tree with its leaves in
//! order and its checkpoint with all signatures, then what is not sealed yet.

use serde_json::{Value as Json, json};
use tremen_tlog::{Note, Signature};

use crate::keys::hex;
use crate::store::{EntryRow, StoreError, Tx};

/// Gives one line after the other, without its end.
///
/// # Errors
/// When the store fails, or `write` does.
pub fn run(tx: &Tx<'_>, mut write: impl FnMut(&str) -> Result<(), StoreError>) -> Result<(), StoreError> {
    for tree in tx.trees()? {
        write(&json!({ "format": "tremen-journal-export/1", "origin": tree.origin, "key": tree.key }).to_string())?;
        tx.scan_leaves(tree.tree, |leaf| match &leaf.row {
            Some(row) => write(&line(Some(leaf.leaf), row).to_string()),
            None => Err(StoreError::Unreadable(format!("entry {} is missing: `tremen journal verify`", leaf.entry))),
        })?;
        let Some(checkpoint) = tx.checkpoint(tree.tree)? else { continue };
        write(&json!({ "checkpoint": checkpoint.note }).to_string())?;
        for row in tx.cosignatures(tree.tree)? {
            let read = || -> Result<Note, tremen_tlog::NoteError> {
                let mut note = Note::parse(&row.note)?;
                note.signatures.push(Signature::parse(&row.line)?);
                Ok(note)
            };
            let note = read().map_err(|error| StoreError::Unreadable(error.to_string()))?;
            write(&json!({ "checkpoint": note.to_string(), "cosigner": row.key }).to_string())?;
        }
    }
    tx.scan_unsealed(|row| write(&line(None, &row).to_string()))
}

fn line(leaf: Option<u64>, row: &EntryRow<'_>) -> Json {
    let (salt, body) = row.payload.unzip();
    json!({ "leaf": leaf, "entry": row.entry, "at": row.at, "kind": row.kind, "digest": hex(row.digest),
            "salt": salt.map(hex), "body": body })
}
