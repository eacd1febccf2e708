//! Proofs of RFC 9162: that a leaf is in a tree (section 2.1.3), and that a tree grew out of another (section 2.1.4).
//!
//! The makers follow the norm's recursive definitions over complete subtrees that the caller looks up; the verifiers are
//! the norm's own algorithms, and share nothing with the makers but the hash of a node.

use std::ops::Range;

use crate::tree::{Hash, empty_root, node_hash};

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// The leaf's index is not below the tree's size, or the older tree is the larger one.
    #[error("the proof is about a leaf or a tree that cannot be in this tree")]
    OutOfRange,
    /// The path has more or fewer hashes than such a proof has.
    #[error("the proof is too long or too short")]
    Length,
    /// The path leads to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The audit path of the leaf at `index` in the tree of `size` leaves, from the leaf's sibling upwards. `subtree` looks up
/// the root of the complete subtree of a level and position.
///
/// # Errors
/// What `subtree` returns. An index that is not in the tree has an empty path.
pub fn inclusion<E>(
    index: u64,
    size: u64,
    subtree: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let mut range = 0..size;
    while range.contains(&index) && range.end - range.start > 1 {
        let (left, right) = split(&range);
        let (own, other) = if left.contains(&index) { (left, right) } else { (right, left) };
        path.push(root(other, subtree)?);
        range = own;
    }
    path.reverse();
    Ok(path)
}

/// The proof that the tree of `new` leaves begins with the tree of `old` leaves; empty where `old` is 0, or `new`.
///
/// # Errors
/// What `subtree` returns. An old size above the new one has an empty proof.
pub fn consistency<E>(
    old: u64,
    new: u64,
    subtree: &mut impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    if old == 0 || old >= new {
        return Ok(path);
    }
    let mut range = 0..new;
    while range.end != old {
        let (left, right) = split(&range);
        if old <= left.end {
            path.push(root(right, subtree)?);
            range = left;
        } else {
            path.push(root(left, subtree)?);
            range = right;
        }
    }
    if range.start > 0 {
        path.push(root(range, subtree)?); // the old tree's own end; its whole root the verifier has
    }
    path.reverse();
    Ok(path)
}

/// Both sides of a tree of more than one leaf: the left one is the largest complete subtree that is not all of it.
fn split(range: &Range<u64>) -> (Range<u64>, Range<u64>) {
    let middle = range.start + (1 << (range.end - range.start - 1).ilog2());
    (range.start..middle, middle..range.end)
}

fn root<E>(range: Range<u64>, subtree: &mut impl FnMut(u8, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    let size = range.end - range.start;
    if size.is_power_of_two() {
        let level = u8::try_from(size.ilog2()).unwrap_or(u8::MAX); // below 64
        return subtree(level, range.start >> level);
    }
    let (left, right) = split(&range);
    Ok(node_hash(&root(left, subtree)?, &root(right, subtree)?))
}

/// Checks that the leaf is at `index` in the tree of `size` leaves with this root (RFC 9162 section 2.1.3.2).
///
/// # Errors
/// [`ProofError`], which says why it is not shown.
pub fn verify_inclusion(leaf: &Hash, index: u64, size: u64, path: &[Hash], root: &Hash) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::OutOfRange);
    }
    let (mut node, mut last, mut hash) = (index, size - 1, *leaf);
    for sibling in path {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root { Ok(()) } else { Err(ProofError::Root) }
}

/// Checks that the tree of `new` leaves begins with the tree of `old` leaves (RFC 9162 section 2.1.4.2).
///
/// # Errors
/// [`ProofError`], which says why it is not shown.
pub fn verify_consistency(
    (old, old_root): (u64, &Hash),
    (new, new_root): (u64, &Hash),
    path: &[Hash],
) -> Result<(), ProofError> {
    if old > new {
        return Err(ProofError::OutOfRange);
    }
    if old == 0 || old == new {
        let same = if old == 0 { *old_root == empty_root() } else { old_root == new_root };
        return match (path, same) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::Root),
            (_, _) => Err(ProofError::Length),
        };
    }
    // A complete old tree is its own first node, and is left out of the path.
    let (first, rest) = match path {
        _ if old.is_power_of_two() => (old_root, path),
        [first, rest @ ..] => (first, rest),
        [] => return Err(ProofError::Length),
    };
    let (mut node, mut last) = (old - 1, new - 1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let (mut to_old, mut to_new) = (*first, *first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            to_old = node_hash(sibling, &to_old);
            to_new = node_hash(sibling, &to_new);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            to_new = node_hash(&to_new, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if to_old == *old_root && to_new == *new_root { Ok(()) } else { Err(ProofError::Root) }
}
