//! Keeps the cosignature of another venue, or of anybody with a key, on one of the journal's checkpoints.

use serde_json::json;
use tremen_rules::Time;
use tremen_tlog::checkpoint::cosigned_at;
use tremen_tlog::{Checkpoint, Note, VerifierKey};

use crate::flows::{FlowError, Warrant};
use crate::store::{CosignatureRow, Tx};

/// What was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// The entry that says so.
    pub entry: i64,
    /// The log.
    pub origin: String,
    /// How many leaves the checkpoint speaks for.
    pub size: u64,
    /// When it was cosigned, as the cosigner says.
    pub at: Time,
}

/// Keeps the line of this key on a checkpoint, if the checkpoint is one of this journal's own and the line is good.
///
/// # Errors
/// [`FlowError::Refused`], which says what does not hold; else when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, note: &Note, key: &VerifierKey) -> Result<Kept, FlowError> {
    let refused = |error: &dyn std::fmt::Display| FlowError::Refused(error.to_string());
    let named = Checkpoint::parse(&note.text).map_err(|error| refused(&error))?;
    let tree = tx.trees()?.into_iter().find(|tree| tree.origin == named.origin);
    let tree = tree.ok_or_else(|| refused(&format_args!("`{}` is no origin of this journal", named.origin)))?;
    let own = VerifierKey::parse(&tree.key).map_err(|error| refused(&error))?;
    let checkpoint = Checkpoint::open(note, &own).map_err(|error| refused(&error))?;
    let size = tx.tree_size(tree.tree)?;
    if checkpoint.size > size || tx.frontier(tree.tree, checkpoint.size)?.root() != checkpoint.root {
        return Err(refused(&"the journal did not grow out of this checkpoint: `tremen journal verify` says more"));
    }
    let seconds = cosigned_at(note, key).map_err(|error| refused(&error))?;
    let at = Time::from_millis(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000));
    let line = |key: &VerifierKey| note.signatures.iter().find(|line| line.is_of(key)).cloned();
    let (Some(cosigner), Some(registry)) = (line(key), line(&own)) else {
        return Err(refused(&"a signature is missing")); // both were checked above
    };
    let row = CosignatureRow {
        size: checkpoint.size,
        key: key.to_string(),
        at,
        line: cosigner.to_string(),
        note: Note { text: note.text.clone(), signatures: vec![registry] }.to_string(),
    };
    let told = json!({ "origin": tree.origin, "size": checkpoint.size, "key": row.key, "at": at });
    let entry = tx.record("journal_cosigned", &warrant.story(told))?;
    if !tx.add_cosignature(tree.tree, &row, entry)? {
        return Err(refused(&format_args!("`{}` has cosigned {} leaves already", key.name(), checkpoint.size)));
    }
    Ok(Kept { entry, origin: tree.origin, size: checkpoint.size, at })
}
