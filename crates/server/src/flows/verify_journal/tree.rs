//! One tree: its leaves in order, each computed anew from its entry, held to what is kept and to what was signed.

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding};
use tremen_tlog::checkpoint::cosigned_at;
use tremen_tlog::{Checkpoint, Entry, Frontier, Hash, Note, NoteError, Signature, VerifierKey};

use super::{Pass, VerifiedTree, open};
use crate::store::{CosignatureRow, ScannedLeaf, StoreError, Tree, Tx};

/// After so many leaves the progress is told.
const PROGRESS: u64 = 1024;

/// Verifies a tree: `before` is the one that it continues, `given` a checkpoint of it that somebody kept.
pub(super) fn verify(
    tx: &Tx<'_>,
    tree: &Tree,
    before: Option<&VerifiedTree>,
    given: Option<(&Note, &Checkpoint)>,
    pass: &mut Pass,
    progress: &mut impl FnMut(u64),
) -> Result<VerifiedTree, StoreError> {
    let mut signed = Vec::new();
    let kept = tx.checkpoint(tree.tree)?;
    let last = kept.as_ref().map(|row| (row.size, open(&row.note, tree)));
    signed.extend(last.clone().map(|(size, it)| (format!("checkpoint of tree {}", tree.tree), Some(size), it)));
    let cosignatures = tx.cosignatures(tree.tree)?;
    for row in &cosignatures {
        let place = format!("cosignature of {} leaves by `{}`", row.size, row.key);
        signed.push((place, Some(row.size), cosigned(row, tree)));
    }
    if let Some((note, _)) = given {
        signed.push(("the checkpoint given".to_owned(), None, open(&note.to_string(), tree)));
    }
    let mut leaves = Leaves::new(tx, tree, signed.iter().filter_map(|(_, _, it)| it.as_ref().ok()).map(|it| it.size))?;
    let done = pass.report.sealed;
    tx.scan_leaves(tree.tree, |leaf| {
        leaves.take(&leaf, pass);
        if leaves.next % PROGRESS == 0 {
            progress(done + leaves.next);
        }
        Ok(())
    })?;
    pass.report.sealed += leaves.count;
    leaves.subtrees_that_nothing_makes(tree, pass);
    for (place, row_size, checkpoint) in signed {
        let is_given = row_size.is_none();
        match checkpoint {
            Err(error) => pass.fault(place, error.to_string()),
            Ok(it) if row_size.is_some_and(|size| size != it.size) => {
                pass.fault(
                    place,
                    format!("its row says {} leaves, its text {}", row_size.unwrap_or_default(), it.size),
                );
            }
            Ok(it) => match leaves.why_not(&it) {
                Some(why) => pass.fault(place, why),
                None if is_given => pass.report.checkpoint = Some(it.size),
                None => {}
            },
        }
    }
    if kept.is_none() && leaves.next > 0 {
        let why = "it is missing: deleted, or never signed, as after a crash (`tremen journal seal` does)";
        pass.fault(format!("checkpoint of tree {}", tree.tree), why);
    }
    leaves.name_the_suspects(last.and_then(|(_, it)| it.ok()).as_ref(), pass);
    pass.opening(tree, before);
    let cosigned = cosignatures.into_iter().map(|row| (row.size, row.key)).collect();
    let (size, root) = (leaves.next, leaves.stored.root());
    Ok(VerifiedTree { origin: tree.origin.clone(), size, root, signed: kept.map(|row| row.size), cosigned })
}

/// The checkpoint that a cosignature's row says was signed, by the registry and by the cosigner.
fn cosigned(row: &CosignatureRow, tree: &Tree) -> Result<Checkpoint, NoteError> {
    let mut note = Note::parse(&row.note)?;
    note.signatures.push(Signature::parse(&row.line)?);
    cosigned_at(&note, &VerifierKey::parse(&row.key)?)?;
    open(&row.note, tree)
}

/// The leaves of a tree, as they come.
struct Leaves {
    tree: i64,
    /// The index that comes next.
    next: u64,
    /// How many rows there were.
    count: u64,
    /// The tree of the hashes as they are kept.
    stored: Frontier,
    /// The tree of the hashes as they are computed, from the first that differs on.
    computed: Option<Frontier>,
    /// Leaves whose hash is not that of their entry: leaf, entry, whether the payload is what the entry says.
    suspects: Vec<(u64, i64, bool)>,
    /// Whether a leaf is missing, so that the tree has no root.
    broken: bool,
    kept: BTreeMap<(u32, u64), Hash>,
    /// The sizes at which the roots are needed, and the roots.
    sizes: BTreeSet<u64>,
    roots: BTreeMap<u64, (Hash, Hash)>,
}

impl Leaves {
    fn new(tx: &Tx<'_>, tree: &Tree, sizes: impl Iterator<Item = u64>) -> Result<Self, StoreError> {
        let kept = tx.kept_subtrees(tree.tree)?.into_iter().map(|(level, at, hash)| ((level, at), hash)).collect();
        let stored = Frontier::default();
        let sizes: BTreeSet<u64> = sizes.collect();
        let roots = sizes.iter().filter(|size| **size == 0).map(|_| (0, (stored.root(), stored.root()))).collect();
        Ok(Self {
            tree: tree.tree,
            next: 0,
            count: 0,
            stored,
            computed: None,
            suspects: Vec::new(),
            broken: false,
            kept,
            sizes,
            roots,
        })
    }

    fn take(&mut self, row: &ScannedLeaf<'_>, pass: &mut Pass) {
        self.count += 1;
        pass.highest = pass.highest.max(row.entry);
        if row.leaf != self.next {
            let missing = if row.leaf == self.next + 1 {
                format!("leaf {} of tree {}", self.next, self.tree)
            } else {
                format!("leaves {} to {} of tree {}", self.next, row.leaf.saturating_sub(1), self.tree)
            };
            pass.fault(missing, "missing: it was deleted, or moved to where it is not looked for");
            self.broken = true;
            self.next = row.leaf;
        }
        let stored: Option<Hash> = row.hash.try_into().ok();
        let computed = row.row.and_then(|it| {
            let digest: &Hash = it.digest.try_into().ok()?;
            Some(Entry { leaf: row.leaf, entry: row.entry, at: it.at, kind: it.kind, digest }.hash())
        });
        match &row.row {
            None => {
                pass.known.insert(row.entry);
                pass.fault(
                    format!("entry {}", row.entry),
                    format!("missing: it was leaf {} of tree {}", row.leaf, self.tree),
                );
            }
            Some(entry) if computed != stored => {
                let is_digest_good = entry
                    .payload
                    .is_none_or(|(salt, body)| tremen_tlog::entry::payload_digest(salt, body) == entry.digest);
                pass.known.insert(row.entry);
                self.suspects.push((row.leaf, row.entry, is_digest_good));
                self.computed.get_or_insert_with(|| self.stored.clone());
            }
            Some(_) => {}
        }
        if let Some(entry) = &row.row {
            pass.entry(entry);
        }
        self.push(stored.unwrap_or_default(), computed, pass);
        self.next += 1;
    }

    fn push(&mut self, stored: Hash, computed: Option<Hash>, pass: &mut Pass) {
        let mut wrong = Vec::new();
        let (kept, tree, broken) = (&mut self.kept, self.tree, self.broken);
        self.stored.push(stored, |level, position, hash| {
            if level > 0 && level % 8 == 0 && !broken && kept.remove(&(u32::from(level), position)).as_ref() != Some(hash) {
                let (first, last) = (position << level, ((position + 1) << level) - 1);
                wrong.push((
                    format!("subtree {position} of level {level} of tree {tree}"),
                    format!("it is not the root of leaves {first} to {last}: it, or one of them, was changed, moved or deleted"),
                ));
            }
        });
        if let Some(other) = &mut self.computed {
            other.push(computed.unwrap_or(stored), |_, _, _| {});
        }
        for (place, what) in wrong {
            pass.fault(place, what);
        }
        let size = self.next + 1;
        if !self.broken && self.sizes.contains(&size) {
            let root = self.stored.root();
            self.roots.insert(size, (root, self.computed.as_ref().map_or(root, Frontier::root)));
        }
    }

    fn subtrees_that_nothing_makes(&mut self, tree: &Tree, pass: &mut Pass) {
        if !self.broken {
            for (level, position) in std::mem::take(&mut self.kept).into_keys() {
                pass.fault(format!("subtree {position} of level {level} of tree {}", tree.tree), "no leaves make it");
            }
        }
    }

    /// Why the tree is not the one that a checkpoint speaks of.
    fn why_not(&self, signed: &Checkpoint) -> Option<String> {
        if self.broken {
            return Some(format!(
                "it speaks of {} leaves; some are missing, so it cannot be held to them",
                signed.size
            ));
        }
        let Some((stored, computed)) = self.roots.get(&signed.size) else {
            let (first, last) = (self.next, signed.size.saturating_sub(1));
            return Some(format!("it speaks of {} leaves, and leaves {first} to {last} are missing", signed.size));
        };
        let is_either = [stored, computed].contains(&&signed.root);
        (!is_either).then(|| {
            format!(
                "its {} leaves are not those that are kept: theirs have the root {}, it says {}",
                signed.size,
                Base64::encode_string(stored),
                Base64::encode_string(&signed.root)
            )
        })
    }

    /// Says of each leaf that is not its entry's which of the two was changed, where the signed checkpoint tells.
    fn name_the_suspects(&mut self, signed: Option<&Checkpoint>, pass: &mut Pass) {
        let tree = self.tree;
        let roots = signed.and_then(|it| Some((it.size, it.root, self.roots.get(&it.size)?)));
        for (leaf, entry, is_digest_good) in std::mem::take(&mut self.suspects) {
            let roots = roots.filter(|(size, _, _)| leaf < *size);
            let is_leaf_signed = roots.is_some_and(|(_, root, (stored, _))| root == *stored);
            let is_entry_signed = roots.is_some_and(|(_, root, (_, computed))| root == *computed);
            let (place, what) = match (is_leaf_signed, is_entry_signed, is_digest_good) {
                (false, true, _) => (
                    format!("leaf {leaf} of tree {tree}"),
                    format!("it was changed: entry {entry} is as it was signed"),
                ),
                (true, _, true) => (
                    format!("entry {entry}"),
                    format!("its number, instant or kind was changed since leaf {leaf} of tree {tree} sealed it"),
                ),
                (true, _, false) => (
                    format!("entry {entry}"),
                    format!("its digest was changed since leaf {leaf} of tree {tree} sealed it"),
                ),
                (false, false, _) => (
                    format!("entry {entry}"),
                    format!("leaf {leaf} of tree {tree} is not its hash: one of them was changed or moved"),
                ),
            };
            pass.fault(place, what);
        }
    }
}
