//! Verifies the journal: everything is computed anew from entries and payloads and held to the leaves, the subtrees, the
//! signed checkpoints, the rows that point to entries, and to a checkpoint that somebody kept. Start at [`run`].
//!
//! Whoever can write to the database can write all of it, checkpoints aside; so what is found is as good as the checkpoint
//! that it is held to. A fault names the row and says what is wrong with it.

mod decisions;
mod rows;
#[cfg(test)]
mod rows_tests;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding};
use serde_json::Value as Json;
use tremen_tlog::entry::payload_digest;
use tremen_tlog::{Checkpoint, Hash, Note, NoteError, VerifierKey};

use crate::store::{EntryRow, StoreError, Tree, Tx};
use decisions::Decisions;
use rows::Rows;

/// How many faults are told one by one; the rest is counted.
const TOLD: usize = 1000;

/// What to hold the journal to besides itself.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// A signed checkpoint that somebody kept.
    pub checkpoint: Option<Note>,
    /// The key that the checkpoints must be signed with; none: the one that the journal itself names.
    pub key: Option<VerifierKey>,
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which row: `entry 13`, `leaf 12 of tree 1`, `payload of entry 13`, `decision 5`.
    pub place: String,
    /// What is wrong with it.
    pub what: String,
}

/// One tree, as it was computed anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedTree {
    /// The origin of its checkpoints.
    pub origin: String,
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The size of its last signed checkpoint; none where there is none.
    pub signed: Option<u64>,
    /// Who cosigned which size.
    pub cosigned: Vec<(u64, String)>,
}

/// What was verified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The trees, the oldest first.
    pub trees: Vec<VerifiedTree>,
    /// Entries that are leaves.
    pub sealed: u64,
    /// Entries that are no leaves yet.
    pub unsealed: u64,
    /// Payloads that were erased, with an entry that says so.
    pub erased: u64,
    /// Decisions that were held to their entries.
    pub decisions: u64,
    /// Rows of facts that were held to their entries.
    pub rows: u64,
    /// The size of the checkpoint that was given, once it was found to be of this journal.
    pub checkpoint: Option<u64>,
    /// What is wrong, in the order in which it was found.
    pub faults: Vec<Fault>,
    /// How many more faults there are than are told.
    pub more_faults: u64,
}

/// Verifies the whole journal. `progress` hears how many entries are done.
///
/// # Errors
/// When the store fails. What is wrong with the journal is no error but in the report.
pub fn run(tx: &Tx<'_>, request: &Request, mut progress: impl FnMut(u64)) -> Result<Report, StoreError> {
    let mut pass = Pass::default();
    let given = request.checkpoint.as_ref().map(|note| (note, Checkpoint::parse(&note.text)));
    let trees = tx.trees()?;
    let mut before: Option<VerifiedTree> = None;
    for tree in &trees {
        let given = given.as_ref().and_then(|(note, it)| it.as_ref().ok().map(|it| (*note, it)));
        let given = given.filter(|(_, it)| it.origin == tree.origin);
        let verified = tree::verify(tx, tree, before.as_ref(), given, &mut pass, &mut progress)?;
        before = Some(verified.clone());
        pass.report.trees.push(verified);
    }
    let highest = pass.highest;
    tx.scan_unsealed(|row| {
        pass.report.unsealed += 1;
        if row.entry < 1 || row.entry < highest {
            let why = "it is no leaf although later entries are: it was not there when they were sealed";
            pass.fault(format!("entry {}", row.entry), why);
        }
        pass.entry(&row);
        Ok(())
    })?;
    pass.held_to(request, &trees);
    pass.missing_payloads();
    let mut decisions = std::mem::take(&mut pass.decisions);
    decisions.compare(tx, &mut pass)?;
    let mut rows = std::mem::take(&mut pass.rows);
    rows.compare(tx, &mut pass)?;
    for (place, what) in tx.dangling_rows()? {
        pass.fault(place, what);
    }
    Ok(pass.report)
}

/// What one pass over the entries gathers.
#[derive(Default)]
struct Pass {
    report: Report,
    decisions: Decisions,
    rows: Rows,
    /// The highest entry that is a leaf.
    highest: i64,
    /// Entries without payload.
    missing: Vec<i64>,
    /// Entries that an erasure names, both ends included.
    erased: Vec<(i64, i64)>,
    /// What the journal says of itself, by entry.
    told: BTreeMap<i64, (String, Json)>,
    /// Entries whose fault is known, so that nothing follows from them.
    known: BTreeSet<i64>,
}

impl Pass {
    fn fault(&mut self, place: impl Into<String>, what: impl Into<String>) {
        if self.report.faults.len() < TOLD {
            self.report.faults.push(Fault { place: place.into(), what: what.into() });
        } else {
            self.report.more_faults += 1;
        }
    }

    /// Looks at an entry, sealed or not: whether its payload is what its digest says, and what it tells.
    fn entry(&mut self, row: &EntryRow<'_>) {
        let Some((salt, body)) = row.payload else {
            self.missing.push(row.entry);
            self.decisions.gather(row, None);
            self.rows.gather(row, None);
            return;
        };
        if salt.len() != 16 || payload_digest(salt, body) != row.digest {
            if self.known.insert(row.entry) {
                self.fault(
                    format!("payload of entry {}", row.entry),
                    "it is not what the entry's digest says: it was changed",
                );
            }
            return;
        }
        if let "journal_opened" | "journal_continued" | "payloads_erased" = row.kind {
            let told: Json = serde_json::from_str(body).unwrap_or_default();
            if row.kind == "payloads_erased" {
                let ranges = told.get("entries").and_then(Json::as_array).into_iter().flatten();
                let ends = |range: &Json| Some((range.get(0)?.as_i64()?, range.get(1)?.as_i64()?));
                self.erased.extend(ranges.filter_map(ends));
            } else {
                self.told.insert(row.entry, (row.kind.to_owned(), told));
            }
        }
        self.decisions.gather(row, Some(body));
        self.rows.gather(row, Some(body));
    }

    /// Holds entries without payload to the erasures.
    fn missing_payloads(&mut self) {
        let (mut missing, mut erased) = (std::mem::take(&mut self.missing), std::mem::take(&mut self.erased));
        missing.sort_unstable();
        erased.sort_unstable();
        let mut ranges = erased.into_iter().peekable();
        for entry in missing {
            while ranges.next_if(|range| range.1 < entry).is_some() {}
            if ranges.peek().is_some_and(|range| range.0 <= entry) {
                self.report.erased += 1;
            } else if !self.known.contains(&entry) {
                self.fault(format!("payload of entry {entry}"), "it is missing, and no entry says that it was erased");
            }
        }
    }

    /// Says what of the request found nothing here to be held to.
    fn held_to(&mut self, request: &Request, trees: &[Tree]) {
        if let Some(key) = &request.key
            && !trees.iter().any(|tree| tree.key == key.to_string())
        {
            self.fault(format!("key {key}"), "no tree of this journal is signed with it");
        }
        let Some(note) = &request.checkpoint else { return };
        match Checkpoint::parse(&note.text) {
            Err(error) => self.fault("the checkpoint given", error.to_string()),
            Ok(given) if !trees.iter().any(|tree| tree.origin == given.origin) => {
                self.fault(
                    "the checkpoint given",
                    format!("it is of `{}`, which is no origin of this journal", given.origin),
                );
            }
            Ok(_) => {}
        }
    }

    /// Holds the first entry of a tree to the tree's row and to the tree before it.
    fn opening(&mut self, tree: &Tree, before: Option<&VerifiedTree>) {
        let Some((kind, told)) = self.told.get(&tree.entry) else {
            let why = format!("its opening, entry {}, is missing or is none", tree.entry);
            return self.fault(format!("tree {}", tree.tree), why);
        };
        let says = |what: &str, value: &str| told.get(what).and_then(Json::as_str) == Some(value);
        let mut wrong = Vec::new();
        if !says("origin", &tree.origin) || !says("key", &tree.key) {
            wrong.push(format!("its origin or key is not what entry {} says", tree.entry));
        }
        match (before, told.get("before")) {
            (None, None) if kind == "journal_opened" => {}
            (Some(before), Some(named)) => {
                let root = Base64::encode_string(&before.root);
                let same = named.get("origin").and_then(Json::as_str) == Some(before.origin.as_str())
                    && named.get("size").and_then(Json::as_u64) == Some(before.size)
                    && named.get("root").and_then(Json::as_str) == Some(root.as_str());
                if !same {
                    wrong.push(format!("the tree before it is not as entry {} found it", tree.entry));
                }
            }
            (_, _) => wrong.push(format!("entry {} opens another journal than it continues", tree.entry)),
        }
        for what in wrong {
            self.fault(format!("tree {}", tree.tree), what);
        }
    }
}

/// Opens a note with the key that a tree's row names.
fn open(note: &str, tree: &Tree) -> Result<Checkpoint, NoteError> {
    let opened = Checkpoint::open(&Note::parse(note)?, &VerifierKey::parse(&tree.key)?)?;
    if opened.origin == tree.origin { Ok(opened) } else { Err(NoteError::Unsigned(tree.origin.clone())) }
}
