//! The journal read whole and in order, for whoever verifies or exports it: one statement each, nothing kept in memory.

use tremen_tlog::Hash;

use super::decisions::{DECISION, DecisionRecord, read_decision};
use super::tx::{StoreError, Tx};
use crate::params;

/// An entry as its row says.
#[derive(Debug, Clone, Copy)]
pub struct EntryRow<'r> {
    /// Its number.
    pub entry: i64,
    /// When.
    pub at: i64,
    /// What happened.
    pub kind: &'r str,
    /// Digest of its salted payload, 32 bytes if nobody changed it.
    pub digest: &'r [u8],
    /// Salt and JSON text; none once erased.
    pub payload: Option<(&'r [u8], &'r str)>,
}

/// A leaf as its row says.
#[derive(Debug, Clone, Copy)]
pub struct ScannedLeaf<'r> {
    /// Its index.
    pub leaf: u64,
    /// Which entry it seals.
    pub entry: i64,
    /// Its hash, 32 bytes if nobody changed it.
    pub hash: &'r [u8],
    /// The entry, if it is there.
    pub row: Option<EntryRow<'r>>,
}

impl Tx<'_> {
    /// Gives all leaves of a tree in their order, each with its entry and payload.
    ///
    /// # Errors
    /// When the engine fails, or `each` does.
    pub fn scan_leaves(
        &self,
        tree: i64,
        mut each: impl FnMut(ScannedLeaf<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT l.entry, e.at, e.kind, e.digest, p.salt, p.body, l.leaf, l.hash FROM leaves l
                   LEFT JOIN entries e ON e.entry = l.entry LEFT JOIN payloads p ON p.entry = l.entry
                   WHERE l.tree = $1 ORDER BY l.leaf";
        self.query(sql, params![tree], |row| {
            let hash = row.bytes(7)?.unwrap_or_default();
            each(ScannedLeaf { leaf: row.get(6)?, entry: row.get(0)?, hash, row: read_entry(row)? })
        })?;
        Ok(())
    }

    /// Gives all entries that are no leaves, in the order of their numbers, each with its payload.
    ///
    /// # Errors
    /// When the engine fails, or `each` does.
    pub fn scan_unsealed(
        &self,
        mut each: impl FnMut(EntryRow<'_>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let sql = "SELECT e.entry, e.at, e.kind, e.digest, p.salt, p.body FROM entries e
                   LEFT JOIN payloads p ON p.entry = e.entry
                   WHERE NOT EXISTS (SELECT 1 FROM leaves l WHERE l.entry = e.entry) ORDER BY e.entry";
        self.query(sql, params![], |row| read_entry(row)?.map_or(Ok(()), &mut each))?;
        Ok(())
    }

    /// Gives all decisions in the order of their numbers.
    ///
    /// # Errors
    /// When the engine fails, or `each` does.
    pub fn scan_decisions(
        &self,
        mut each: impl FnMut(DecisionRecord) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        self.query(&format!("{DECISION} ORDER BY decision"), params![], |row| each(read_decision(row)?))?;
        Ok(())
    }

    /// The kept subtrees of a tree: level, position, hash.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn kept_subtrees(&self, tree: i64) -> Result<Vec<(u32, u64, Hash)>, StoreError> {
        let sql = "SELECT level, position, hash FROM subtrees WHERE tree = $1 ORDER BY level, position";
        self.query(sql, params![tree], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
    }

    /// Rows that stand on something that is not there: each named, with what it stands on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn dangling_rows(&self) -> Result<Vec<(String, &'static str)>, StoreError> {
        let questions = [
            (
                "payload of entry",
                "its entry is missing",
                "SELECT CAST(p.entry AS TEXT) FROM payloads p LEFT JOIN entries e ON e.entry = p.entry
                 WHERE e.entry IS NULL ORDER BY p.entry",
            ),
            (
                "leaves of tree",
                "that tree is missing",
                "SELECT DISTINCT CAST(tree AS TEXT) FROM leaves WHERE tree NOT IN (SELECT tree FROM trees) ORDER BY 1",
            ),
            (
                "order to",
                "its entry is missing",
                "SELECT o.controller || ' number ' || CAST(o.number AS TEXT) FROM orders o
                 LEFT JOIN entries e ON e.entry = o.entry WHERE e.entry IS NULL ORDER BY o.controller, o.number",
            ),
            (
                "revision",
                "its entry is missing",
                "SELECT CAST(r.revision AS TEXT) FROM revisions r LEFT JOIN entries e ON e.entry = r.entry
                 WHERE e.entry IS NULL ORDER BY r.revision",
            ),
            (
                "session opened by decision",
                "that decision is missing, or no grant of this session to this person on this machine",
                "SELECT CAST(s.decision AS TEXT) FROM sessions s LEFT JOIN decisions d ON d.decision = s.decision
                 WHERE d.decision IS NULL OR d.verdict <> 'grant' OR d.machine <> s.machine OR d.session <> s.session
                    OR d.person <> s.person ORDER BY s.decision",
            ),
        ];
        let mut found = Vec::new();
        for (place, what, sql) in questions {
            let rows = self.query(sql, params![], |row| row.get::<String>(0))?;
            found.extend(rows.into_iter().map(|name| (format!("{place} {name}"), what)));
        }
        Ok(found)
    }
}

/// The first six columns; none where the entry is missing.
fn read_entry<'r>(row: &'r super::Row<'_, '_>) -> Result<Option<EntryRow<'r>>, StoreError> {
    let (Some(at), Some(kind), Some(digest)) = (row.get::<Option<i64>>(1)?, row.text(2)?, row.bytes(3)?) else {
        return Ok(None);
    };
    let payload = row.bytes(4)?.zip(row.text(5)?);
    Ok(Some(EntryRow { entry: row.get(0)?, at, kind, digest, payload }))
}
