//! Proves entries: a file that says what an entry is and carries a C2SP `tlog-proof` that it is in the journal, so that
//! anybody can check it without this registry. `docs/JOURNAL.md` says how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use tremen_tlog::{Entry, Note, Signature, TlogProof, VerifierKey, inclusion};

use crate::flows::FlowError;
use crate::keys::{from_hex, hex};
use crate::store::{StoreError, Tiles, Tree, Tx};

/// An entry and the proof that it is in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenEntry {
    /// `tremen-journal-entry/1`.
    pub format: String,
    /// The entry's number.
    pub entry: i64,
    /// When, in milliseconds after 1970-01-01T00:00:00Z.
    pub at: i64,
    /// What happened.
    pub kind: String,
    /// Digest of salt and body, hexadecimal.
    pub digest: String,
    /// The salt, hexadecimal; none once erased.
    pub salt: Option<String>,
    /// Who, what, why: JSON, byte for byte; none once erased.
    pub body: Option<String>,
    /// The verifier key that the registry says is its own. Nobody should believe it because it stands here. None with the
    /// proof.
    pub key: Option<String>,
    /// The C2SP `tlog-proof`; none where no checkpoint speaks of the entry yet.
    pub proof: Option<String>,
}

/// Entries with their proofs, in one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenEntries {
    /// `tremen-journal-entries/1`.
    pub format: String,
    /// The entries.
    pub entries: Vec<ProvenEntry>,
}

/// What the format of a single entry is called.
const ENTRY: &str = "tremen-journal-entry/1";
/// What the format of several is called.
const ENTRIES: &str = "tremen-journal-entries/1";

impl ProvenEntries {
    /// Puts entries in one file.
    #[must_use]
    pub fn of(entries: Vec<ProvenEntry>) -> Self {
        Self { format: ENTRIES.to_owned(), entries }
    }
}

/// What a proof shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The leaf's index.
    pub leaf: u64,
    /// The log.
    pub origin: String,
    /// The size of the tree that it is shown to be in.
    pub size: u64,
    /// The key that signed.
    pub key: VerifierKey,
    /// Others whose lines the checkpoint bears, unchecked.
    pub others: Vec<String>,
}

/// Proves an entry, by the last checkpoint that somebody cosigned and that covers it, else by the last one.
///
/// # Errors
/// [`FlowError::Unknown`] where there is no such entry, [`FlowError::Refused`] where no checkpoint speaks of it yet.
pub fn run(tx: &Tx<'_>, entry: i64) -> Result<ProvenEntry, FlowError> {
    let proven = Prover::new(tx)?.prove(entry)?;
    if proven.proof.is_none() {
        return Err(FlowError::Refused(format!(
            "entry {entry} is not sealed and signed yet: a running registry does so within seconds, `tremen journal seal` at \
             once"
        )));
    }
    Ok(proven)
}

/// Proves entries one after another: what was read of a tree serves the next.
#[derive(Debug)]
pub struct Prover<'t> {
    tx: &'t Tx<'t>,
    trees: BTreeMap<i64, Vouched<'t>>,
}

/// A tree, the checkpoints that a proof may end in, the one that most people vouch for first, and its subtrees.
#[derive(Debug)]
struct Vouched<'t> {
    key: String,
    checkpoints: Vec<(u64, Note)>,
    tiles: Tiles<'t>,
}

impl<'t> Prover<'t> {
    /// Begins.
    ///
    /// # Errors
    /// When the store fails or holds what no Tremen wrote.
    pub fn new(tx: &'t Tx<'t>) -> Result<Self, StoreError> {
        let vouched = |tree: Tree| {
            let checkpoints = checkpoints(tx, tree.tree)?;
            Ok((tree.tree, Vouched { key: tree.key, checkpoints, tiles: tx.tiles(tree.tree) }))
        };
        let trees = tx.trees()?.into_iter().map(vouched).collect::<Result<_, StoreError>>()?;
        Ok(Self { tx, trees })
    }

    /// An entry with its proof, or without one where no checkpoint speaks of it yet.
    ///
    /// # Errors
    /// [`FlowError::Unknown`] where there is no such entry; when the store fails, or its tree was tampered with.
    pub fn prove(&mut self, entry: i64) -> Result<ProvenEntry, FlowError> {
        let (key, proof) = self.proof(entry)?.unzip();
        Ok(ProvenEntry { key, proof, ..self.unproven(entry)? })
    }

    /// An entry without a proof.
    ///
    /// # Errors
    /// [`FlowError::Unknown`] where there is no such entry; when the store fails.
    pub fn unproven(&self, entry: i64) -> Result<ProvenEntry, FlowError> {
        let row = self.tx.entry_text(entry)?.ok_or_else(|| FlowError::unknown("journal entry", entry))?;
        let (salt, body) = row.payload.unzip();
        Ok(ProvenEntry {
            format: ENTRY.to_owned(),
            entry,
            at: row.at,
            kind: row.kind,
            digest: hex(&row.digest),
            salt: salt.map(|salt| hex(&salt)),
            body,
            key: None,
            proof: None,
        })
    }

    fn proof(&mut self, entry: i64) -> Result<Option<(String, String)>, StoreError> {
        let Some(at) = self.tx.leaf_of(entry)? else { return Ok(None) };
        let Some(Vouched { key, checkpoints, tiles }) = self.trees.get_mut(&at.tree) else { return Ok(None) };
        let Some((size, checkpoint)) = checkpoints.iter().find(|(size, _)| *size > at.leaf) else { return Ok(None) };
        let path = inclusion(at.leaf, *size, &mut |level, position| tiles.subtree(level, position))?;
        let proof = TlogProof { extra: None, index: at.leaf, path, checkpoint: checkpoint.clone() };
        Ok(Some((key.clone(), proof.to_string())))
    }
}

/// The newest checkpoint of a tree that others cosigned, with their lines, then the last one: sizes and notes.
fn checkpoints(tx: &Tx<'_>, tree: i64) -> Result<Vec<(u64, Note)>, StoreError> {
    let unreadable = |error: tremen_tlog::NoteError| StoreError::Unreadable(error.to_string());
    let cosigned = tx.cosignatures(tree)?;
    let mut checkpoints = Vec::new();
    if let Some(newest) = cosigned.first() {
        let mut note = Note::parse(&newest.note).map_err(unreadable)?;
        for row in cosigned.iter().filter(|row| row.size == newest.size) {
            note.signatures.push(Signature::parse(&row.line).map_err(unreadable)?);
        }
        checkpoints.push((newest.size, note));
    }
    if let Some(last) = tx.checkpoint(tree)? {
        checkpoints.push((last.size, Note::parse(&last.note).map_err(unreadable)?));
    }
    Ok(checkpoints)
}

/// What was found in a file of proofs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The entries that are in a journal, each with what its proof shows.
    pub proven: Vec<(ProvenEntry, Shown)>,
    /// What does not hold, each with its entry.
    pub wrong: Vec<(i64, String)>,
}

/// Checks a file with one entry or with several, each with that of the keys which it names, else with the first; without
/// keys, with the one that it names itself.
///
/// # Errors
/// A sentence that says why this is no such file.
pub fn check_all(text: &str, keys: &[VerifierKey]) -> Result<Checked, String> {
    let not_one = |error: serde_json::Error| format!("this is no proof of an entry: {error}");
    let file: serde_json::Value = serde_json::from_str(text).map_err(not_one)?;
    let entries = if file.get("format").and_then(serde_json::Value::as_str) == Some(ENTRIES) {
        serde_json::from_value::<ProvenEntries>(file).map_err(not_one)?.entries
    } else {
        vec![serde_json::from_value(file).map_err(not_one)?]
    };
    let mut checked = Checked { proven: Vec::new(), wrong: Vec::new() };
    for entry in entries {
        let named = keys.iter().find(|key| entry.key.as_ref().is_some_and(|named| *named == key.to_string()));
        match check(&entry, named.or(keys.first())) {
            Ok(shown) => checked.proven.push((entry, shown)),
            Err(why) => checked.wrong.push((entry.entry, why)),
        }
    }
    Ok(checked)
}

/// Checks a proof: that the body, where there is one, is what the digest says, and that the entry is in the tree which this
/// key signed; without a key, the one that the entry itself names.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check(file: &ProvenEntry, key: Option<&VerifierKey>) -> Result<Shown, String> {
    if file.format != ENTRY {
        return Err(format!("`{}` is a format that is not known here", file.format));
    }
    let digest: [u8; 32] = from_hex(&file.digest).ok_or("the digest is not 64 hexadecimal digits")?;
    match (&file.salt, &file.body) {
        (Some(salt), Some(body)) => {
            let salt: [u8; 16] = from_hex(salt).ok_or("the salt is not 32 hexadecimal digits")?;
            if tremen_tlog::entry::payload_digest(&salt, body) != digest {
                return Err("the body is not what the digest says: it was changed".to_owned());
            }
        }
        (None, None) => {}
        (_, _) => return Err("salt and body come together or not at all".to_owned()),
    }
    let (Some(named), Some(proof)) = (&file.key, &file.proof) else {
        return Err("it was not sealed and signed when this was written: nothing proves it".to_owned());
    };
    let key =
        key.map_or_else(|| VerifierKey::parse(named), |key| Ok(key.clone())).map_err(|error| error.to_string())?;
    let proof = TlogProof::parse(proof).map_err(|error| error.to_string())?;
    let leaf = Entry { leaf: proof.index, entry: file.entry, at: file.at, kind: &file.kind, digest: &digest };
    let checkpoint = proof.verify(&leaf.hash(), &key).map_err(|error| error.to_string())?;
    let others =
        proof.checkpoint.signatures.iter().filter(|line| !line.is_of(&key)).map(|line| line.name.clone()).collect();
    Ok(Shown { leaf: proof.index, origin: checkpoint.origin, size: checkpoint.size, key, others })
}
