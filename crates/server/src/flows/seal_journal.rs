//! Seals the journal: entries become leaves of its tree, and the tree's checkpoint is signed. Run by `sealer.rs` in small
//! slices, each a transaction of its own, so that no tap waits for it.

use tremen_tlog::{Checkpoint, Frontier, KeyKind, Note, VerifierKey};

use crate::flows::{Actor, FlowError, open_journal};
use crate::store::{StoreError, Tree, Tx, Unsealed};

/// Makes entries leaves; opens the journal's tree first where there is none, or only one of another key. Tells the tree's
/// right edge, which the next slice may give back to spare a look-up.
///
/// # Errors
/// When the store fails: also when somebody else sealed these entries in between.
pub fn run(
    tx: &mut Tx<'_>,
    entries: &[Unsealed],
    known: Option<(i64, Frontier)>,
) -> Result<(i64, Frontier), FlowError> {
    let tree = growing_tree(tx)?.tree;
    let size = tx.tree_size(tree)?;
    let mut frontier = match known {
        Some((known, frontier)) if known == tree && frontier.size() == size => frontier,
        Some(_) | None => tx.frontier(tree, size)?,
    };
    tx.seal(tree, &mut frontier, entries)?;
    // A tree with leaves has a checkpoint from the first: a copy that is made right now verifies, and a crash hides none.
    if size == 0 {
        sign(tx)?;
    }
    Ok((tree, frontier))
}

/// The newest tree, if its checkpoints are signed with the key that this registry has; else a new one.
fn growing_tree(tx: &mut Tx<'_>) -> Result<Tree, FlowError> {
    let Some(tree) = tx.newest_tree()? else {
        return open_journal::run(tx, &Actor::Registry, "the first entries are sealed");
    };
    let own = VerifierKey::new(&tree.origin, KeyKind::Log, tx.keys().network.verifying_key());
    if own.is_ok_and(|own| own.to_string() == tree.key) {
        Ok(tree)
    } else {
        open_journal::run(tx, &Actor::Registry, "the registry has another key")
    }
}

/// Signs the checkpoint of the growing tree, if it has grown since the last one, and tells its size.
///
/// # Errors
/// [`FlowError::Refused`] where the tree did not grow out of the checkpoint signed last: somebody changed it, and signing
/// would hide that. Else when the store fails.
pub fn sign(tx: &mut Tx<'_>) -> Result<Option<u64>, FlowError> {
    let Some(tree) = tx.newest_tree()? else { return Ok(None) };
    let size = tx.tree_size(tree.tree)?;
    if let Some(last) = tx.checkpoint(tree.tree)? {
        // INVARIANT (a log never contradicts itself): what was signed is a beginning of what is signed next.
        let signed = Note::parse(&last.note).and_then(|note| Checkpoint::parse(&note.text));
        let root = if last.size <= size { Some(tx.frontier(tree.tree, last.size)?.root()) } else { None };
        if signed.ok().map(|signed| signed.root) != root {
            return Err(FlowError::Refused(format!(
                "the journal's tree of {size} leaves did not grow out of its checkpoint of {}: `tremen journal verify` says \
                 what was changed",
                last.size
            )));
        }
        if last.size == size {
            return Ok(None);
        }
    }
    let root = tx.frontier(tree.tree, size)?.root();
    let checkpoint = Checkpoint { origin: tree.origin, size, root };
    let note =
        checkpoint.sign(&tx.keys().network).map_err(|error| StoreError::Unreadable(error.to_string()))?.to_string();
    tx.put_checkpoint(tree.tree, size, &note)?;
    Ok(Some(size))
}
