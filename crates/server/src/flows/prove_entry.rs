//! Proves one entry: a file that says what the entry is and carries a C2SP `tlog-proof` that it is in the journal, so that
//! anybody can check it without this registry. `docs/JOURNAL.md` says how.

use serde::{Deserialize, Serialize};
use tremen_tlog::{Entry, Note, Signature, TlogProof, VerifierKey, inclusion};

use crate::flows::FlowError;
use crate::keys::{from_hex, hex};
use crate::store::{StoreError, Tree, Tx};

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
    /// The verifier key that the registry says is its own. Nobody should believe it because it stands here.
    pub key: String,
    /// The C2SP `tlog-proof`.
    pub proof: String,
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
    let row = tx.entry_text(entry)?.ok_or_else(|| FlowError::unknown("journal entry", entry))?;
    let not_yet = || {
        FlowError::Refused(format!(
            "entry {entry} is not sealed and signed yet: a running registry does so within seconds, `tremen journal seal` at \
             once"
        ))
    };
    let at = tx.leaf_of(entry)?.ok_or_else(not_yet)?;
    let tree = tx.trees()?.into_iter().find(|tree| tree.tree == at.tree).ok_or_else(not_yet)?;
    let (size, checkpoint) = covering(tx, &tree, at.leaf)?.ok_or_else(not_yet)?;
    let mut tiles = tx.tiles(tree.tree);
    let path = inclusion(at.leaf, size, &mut |level, position| tiles.subtree(level, position))?;
    let proof = TlogProof { extra: None, index: at.leaf, path, checkpoint };
    let (salt, body) = row.payload.unzip();
    Ok(ProvenEntry {
        format: "tremen-journal-entry/1".to_owned(),
        entry,
        at: row.at,
        kind: row.kind,
        digest: hex(&row.digest),
        salt: salt.map(|salt| hex(&salt)),
        body,
        key: tree.key,
        proof: proof.to_string(),
    })
}

/// The checkpoint that covers a leaf and that most people vouch for: its size, and the note with their lines.
fn covering(tx: &Tx<'_>, tree: &Tree, leaf: u64) -> Result<Option<(u64, Note)>, StoreError> {
    let cosigned = tx.cosignatures(tree.tree)?;
    let last = tx.checkpoint(tree.tree)?.map(|row| (row.size, row.note));
    let newest = cosigned.first().map(|row| (row.size, row.note.clone()));
    let Some((size, note)) = newest.into_iter().chain(last).find(|(size, _)| *size > leaf) else { return Ok(None) };
    let unreadable = |error: tremen_tlog::NoteError| StoreError::Unreadable(error.to_string());
    let mut note = Note::parse(&note).map_err(unreadable)?;
    for row in cosigned.iter().filter(|row| row.size == size) {
        note.signatures.push(Signature::parse(&row.line).map_err(unreadable)?);
    }
    Ok(Some((size, note)))
}

/// Checks a proof: that the body, where there is one, is what the digest says, and that the entry is in the tree which this
/// key signed; without a key, the one that the file itself names.
///
/// # Errors
/// A sentence that says what does not hold.
pub fn check(text: &str, key: Option<&VerifierKey>) -> Result<(ProvenEntry, Shown), String> {
    let file: ProvenEntry =
        serde_json::from_str(text).map_err(|error| format!("this is no proof of an entry: {error}"))?;
    if file.format != "tremen-journal-entry/1" {
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
    let key =
        key.map_or_else(|| VerifierKey::parse(&file.key), |key| Ok(key.clone())).map_err(|error| error.to_string())?;
    let proof = TlogProof::parse(&file.proof).map_err(|error| error.to_string())?;
    let leaf = Entry { leaf: proof.index, entry: file.entry, at: file.at, kind: &file.kind, digest: &digest };
    let checkpoint = proof.verify(&leaf.hash(), &key).map_err(|error| error.to_string())?;
    let others =
        proof.checkpoint.signatures.iter().filter(|line| !line.is_of(&key)).map(|line| line.name.clone()).collect();
    let shown = Shown { leaf: proof.index, origin: checkpoint.origin, size: checkpoint.size, key, others };
    Ok((file, shown))
}
