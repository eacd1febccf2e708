//! The checkpoint as witnesses ask for it: the last one with its cosignatures, and with the proof that it grew out of the one
//! that they signed last.

use tremen_tlog::{Note, Offer, Signature, consistency};

use crate::flows::FlowError;
use crate::store::{StoreError, Tx};

/// The last signed checkpoint, with the lines of those who cosigned it; none before anything was sealed.
///
/// # Errors
/// When the store fails or holds what no Tremen wrote.
pub fn last(tx: &Tx<'_>) -> Result<Option<(u64, Note)>, FlowError> {
    let Some(tree) = tx.newest_tree()? else { return Ok(None) };
    let Some(row) = tx.checkpoint(tree.tree)? else { return Ok(None) };
    let unreadable = |error: tremen_tlog::NoteError| StoreError::Unreadable(error.to_string());
    let mut note = Note::parse(&row.note).map_err(unreadable)?;
    for cosigned in tx.cosignatures(tree.tree)?.iter().filter(|it| it.size == row.size) {
        note.signatures.push(Signature::parse(&cosigned.line).map_err(unreadable)?);
    }
    Ok(Some((row.size, note)))
}

/// The last signed checkpoint for a witness that signed the one of `since` leaves last, 0 for none.
///
/// # Errors
/// [`FlowError::Refused`] where nothing is signed yet or the witness has signed a larger tree; else when the store fails.
pub fn run(tx: &Tx<'_>, since: u64) -> Result<Offer, FlowError> {
    let nothing = || FlowError::Refused("no checkpoint is signed yet".to_owned());
    let tree = tx.newest_tree()?.ok_or_else(nothing)?;
    let (size, checkpoint) = last(tx)?.ok_or_else(nothing)?;
    if since > size {
        return Err(FlowError::Refused(format!("the checkpoint has {size} leaves, fewer than {since}")));
    }
    let mut tiles = tx.tiles(tree.tree);
    let path = consistency(since, size, &mut |level, position| tiles.subtree(level, position))?;
    Ok(Offer { old: since, path, checkpoint })
}
