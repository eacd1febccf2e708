//! The journal's tree: which entry is which leaf, and the subtrees that make sealing and proving cheap. Start at
//! [`Tx::seal`]; what the hashes mean is in `tremen_tlog` and `docs/JOURNAL.md`.

use std::collections::BTreeMap;

use tremen_rules::Time;
use tremen_tlog::tree::peaks;
use tremen_tlog::{Frontier, Hash, node_hash};

use super::tx::{Row, StoreError, Tx};
use crate::params;

/// Every so many levels the roots of subtrees are kept; 256 nodes of a kept level make one of the next.
const STEP: u8 = 8;
/// How many nodes of a kept level make one of the next.
const WIDTH: u64 = 1 << STEP;

/// One tree of the journal. A restore begins a new one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    /// Its number; the highest is the one that grows.
    pub tree: i64,
    /// The origin of its checkpoints.
    pub origin: String,
    /// The verifier key of its checkpoints.
    pub key: String,
    /// The entry that opened it.
    pub entry: i64,
}

/// An entry that is no leaf yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    /// Its number.
    pub entry: i64,
    /// When.
    pub at: Time,
    /// What happened.
    pub kind: String,
    /// Digest of its salted payload.
    pub digest: Hash,
}

/// Where an entry is in the journal's trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeafRow {
    /// In which tree.
    pub tree: i64,
    /// The leaf's index.
    pub leaf: u64,
    /// The leaf's hash.
    pub hash: Hash,
}

/// The last signed checkpoint of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointRow {
    /// How many leaves it speaks for.
    pub size: u64,
    /// When it was signed.
    pub at: Time,
    /// The signed note.
    pub note: String,
}

/// Somebody else's word for a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CosignatureRow {
    /// How many leaves the checkpoint speaks for.
    pub size: u64,
    /// The cosigner's verifier key.
    pub key: String,
    /// When they signed, as they say.
    pub at: Time,
    /// Their line.
    pub line: String,
    /// The checkpoint, with the registry's own signature.
    pub note: String,
}

fn read_tree(row: &Row<'_, '_>) -> Result<Tree, StoreError> {
    Ok(Tree { tree: row.get(0)?, origin: row.get(1)?, key: row.get(2)?, entry: row.get(3)? })
}

impl Tx<'_> {
    /// All trees, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn trees(&self) -> Result<Vec<Tree>, StoreError> {
        self.query("SELECT tree, origin, key, entry FROM trees ORDER BY tree", params![], read_tree)
    }

    /// The tree that grows; none before the first entry was sealed.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn newest_tree(&self) -> Result<Option<Tree>, StoreError> {
        self.query_one("SELECT tree, origin, key, entry FROM trees ORDER BY tree DESC LIMIT 1", params![], read_tree)
    }

    /// Opens a tree, which grows from now on in place of any other.
    ///
    /// # Errors
    /// When the engine fails, or the origin was used before.
    pub fn open_tree(&self, origin: &str, key: &str, entry: i64) -> Result<Tree, StoreError> {
        let tree = self.newest_tree()?.map_or(1, |newest| newest.tree + 1);
        self.execute(
            "INSERT INTO trees (tree, origin, key, entry) VALUES ($1, $2, $3, $4)",
            params![tree, origin, key, entry],
        )?;
        Ok(Tree { tree, origin: origin.to_owned(), key: key.to_owned(), entry })
    }

    /// How many leaves a tree has.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn tree_size(&self, tree: i64) -> Result<u64, StoreError> {
        let last = self.query_one(
            "SELECT leaf FROM leaves WHERE tree = $1 ORDER BY leaf DESC LIMIT 1",
            params![tree],
            |row| row.get::<u64>(0),
        )?;
        Ok(last.map_or(0, |leaf| leaf + 1))
    }

    /// The right edge of a tree when it had so many leaves.
    ///
    /// # Errors
    /// When the engine fails, or a leaf or subtree is missing.
    pub fn frontier(&self, tree: i64, size: u64) -> Result<Frontier, StoreError> {
        let mut tiles = self.tiles(tree);
        let roots = peaks(size).map(|(level, position)| tiles.subtree(level, position)).collect::<Result<_, _>>()?;
        Frontier::restore(size, roots).ok_or_else(|| StoreError::Unreadable(format!("frontier of tree {tree}")))
    }

    /// Reads subtrees of a tree.
    #[must_use]
    pub const fn tiles(&self, tree: i64) -> Tiles<'_> {
        Tiles { tx: self, tree, read: BTreeMap::new() }
    }

    /// Entries above a number that are no leaves, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn unsealed_after(&self, floor: i64, limit: u32) -> Result<Vec<Unsealed>, StoreError> {
        self.query(
            "SELECT e.entry, e.at, e.kind, e.digest FROM entries e
             WHERE e.entry > $1 AND NOT EXISTS (SELECT 1 FROM leaves l WHERE l.entry = e.entry)
             ORDER BY e.entry LIMIT $2",
            params![floor, limit],
            |row| Ok(Unsealed { entry: row.get(0)?, at: row.get(1)?, kind: row.get(2)?, digest: row.get(3)? }),
        )
    }

    /// How many entries wait to be sealed: those above the highest that is a leaf. Reads these alone, so it may be asked
    /// often.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn journal_unsealed(&self) -> Result<u64, StoreError> {
        let count = self.query_one(
            "SELECT COUNT(*) FROM entries WHERE entry > (SELECT COALESCE(MAX(entry), 0) FROM leaves)",
            params![],
            |row| row.get::<u64>(0),
        )?;
        Ok(count.unwrap_or(0))
    }

    /// Makes entries the next leaves of a tree. `frontier` is the tree's right edge and moves along.
    ///
    /// # Errors
    /// When the engine fails: also when somebody else sealed in between, since no leaf and no entry comes twice.
    pub fn seal(&self, tree: i64, frontier: &mut Frontier, entries: &[Unsealed]) -> Result<(), StoreError> {
        for row in entries {
            let leaf = frontier.size();
            let (entry, at) = (row.entry, row.at.millis());
            let hash = tremen_tlog::Entry { leaf, entry, at, kind: &row.kind, digest: &row.digest }.hash();
            self.execute(
                "INSERT INTO leaves (tree, leaf, entry, hash) VALUES ($1, $2, $3, $4)",
                params![tree, leaf, entry, hash],
            )?;
            let mut completed = Vec::new();
            frontier.push(hash, |level, position, hash| {
                if level > 0 && level % STEP == 0 {
                    completed.push((level, position, *hash));
                }
            });
            for (level, position, hash) in completed {
                self.execute(
                    "INSERT INTO subtrees (tree, level, position, hash) VALUES ($1, $2, $3, $4)",
                    params![tree, u32::from(level), position, hash],
                )?;
            }
        }
        Ok(())
    }

    /// Where an entry is; none while it is not sealed.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn leaf_of(&self, entry: i64) -> Result<Option<LeafRow>, StoreError> {
        self.query_one("SELECT tree, leaf, hash FROM leaves WHERE entry = $1", params![entry], |row| {
            Ok(LeafRow { tree: row.get(0)?, leaf: row.get(1)?, hash: row.get(2)? })
        })
    }

    /// The last signed checkpoint of a tree.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn checkpoint(&self, tree: i64) -> Result<Option<CheckpointRow>, StoreError> {
        self.query_one("SELECT size, at, note FROM checkpoints WHERE tree = $1", params![tree], |row| {
            Ok(CheckpointRow { size: row.get(0)?, at: row.get(1)?, note: row.get(2)? })
        })
    }

    /// Keeps a checkpoint in place of the one before, for which it speaks too.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn put_checkpoint(&self, tree: i64, size: u64, note: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO checkpoints (tree, size, at, note) VALUES ($1, $2, $3, $4)
             ON CONFLICT (tree) DO UPDATE SET size = excluded.size, at = excluded.at, note = excluded.note
             WHERE excluded.size > checkpoints.size",
            params![tree, size, self.now(), note],
        )?;
        Ok(())
    }

    /// Keeps somebody's cosignature; tells whether it is a new one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_cosignature(&self, tree: i64, new: &CosignatureRow, entry: i64) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO cosignatures (tree, size, key, at, line, note, entry) VALUES ($1, $2, $3, $4, $5, $6, $7)
             ON CONFLICT (tree, size, key) DO NOTHING",
            params![tree, new.size, new.key, new.at, new.line, new.note, entry],
        )?;
        Ok(added > 0)
    }

    /// The cosignatures of a tree, those of the largest checkpoint first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn cosignatures(&self, tree: i64) -> Result<Vec<CosignatureRow>, StoreError> {
        self.query(
            "SELECT size, key, at, line, note FROM cosignatures WHERE tree = $1 ORDER BY size DESC, key",
            params![tree],
            |row| {
                let (size, key, at) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(CosignatureRow { size, key, at, line: row.get(3)?, note: row.get(4)? })
            },
        )
    }
}

/// The subtrees of a tree, read a tile of 256 nodes at a time (as C2SP `tlog-tiles` cuts them) and kept while it lives.
#[derive(Debug)]
pub struct Tiles<'t> {
    tx: &'t Tx<'t>,
    tree: i64,
    read: BTreeMap<(u8, u64), Vec<Hash>>,
}

impl Tiles<'_> {
    /// The root of a complete subtree.
    ///
    /// # Errors
    /// When the engine fails, or a leaf or subtree is missing.
    pub fn subtree(&mut self, level: u8, position: u64) -> Result<Hash, StoreError> {
        let above = level % STEP;
        let first = position << above;
        let tile = self.tile(level - above, first / WIDTH)?;
        let skip = usize::try_from(first % WIDTH).unwrap_or(usize::MAX);
        let mut row: Vec<Hash> = tile.iter().skip(skip).take(1 << above).copied().collect();
        if row.len() < 1 << above {
            return Err(StoreError::Unreadable(format!(
                "the journal's tree {} has no subtree {position} of level {level}; `tremen journal verify` says more",
                self.tree
            )));
        }
        while row.len() > 1 {
            row = row.chunks_exact(2).filter_map(|pair| Some(node_hash(pair.first()?, pair.get(1)?))).collect();
        }
        row.first().copied().ok_or_else(|| StoreError::Unreadable("a subtree without leaves".to_owned()))
    }

    /// The nodes of a kept level from `number * 256` on, 256 at most.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn tile(&mut self, level: u8, number: u64) -> Result<&[Hash], StoreError> {
        if !self.read.contains_key(&(level, number)) {
            let (from, until) = (number * WIDTH, (number + 1) * WIDTH);
            let mut hashes = Vec::new();
            let mut expected = from;
            let read = |row: &Row<'_, '_>| {
                // What stands behind a gap is not where it says.
                if row.get::<u64>(0)? == expected {
                    expected += 1;
                    hashes.push(row.get(1)?);
                }
                Ok(())
            };
            if level == 0 {
                let sql = "SELECT leaf, hash FROM leaves WHERE tree = $1 AND leaf >= $2 AND leaf < $3 ORDER BY leaf";
                self.tx.query(sql, params![self.tree, from, until], read)?;
            } else {
                let sql = "SELECT position, hash FROM subtrees
                           WHERE tree = $1 AND level = $2 AND position >= $3 AND position < $4 ORDER BY position";
                self.tx.query(sql, params![self.tree, u32::from(level), from, until], read)?;
            }
            self.read.insert((level, number), hashes);
        }
        Ok(self.read.get(&(level, number)).map_or(&[], Vec::as_slice))
    }
}
