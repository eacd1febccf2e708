//! The two texts that travel between people: a proof that anybody can check offline (C2SP `tlog-proof`), and an offer to
//! a witness, who may cosign it (the body of C2SP `tlog-witness` `add-checkpoint`).

use base64ct::{Base64, Encoding};

use crate::checkpoint::{Checkpoint, read_hash, read_number};
use crate::note::{Note, NoteError, VerifierKey, format};
use crate::proof::{ProofError, verify_consistency, verify_inclusion};
use crate::tree::{Hash, empty_root};

/// The first line of a proof.
const PROOF: &str = "c2sp.org/tlog-proof@v1";
/// No proof of a tree of 2^64 leaves is longer.
const LONGEST_PATH: usize = 64;

/// A leaf's place in a tree, and the signed checkpoint of that tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// What goes along with it, and nobody has signed.
    pub extra: Option<Vec<u8>>,
    /// The leaf's index, counted from 0.
    pub index: u64,
    /// The audit path, the leaf's sibling first.
    pub path: Vec<Hash>,
    /// The checkpoint with its signatures.
    pub checkpoint: Note,
}

impl TlogProof {
    /// Reads a proof; nothing of it is checked yet.
    ///
    /// # Errors
    /// [`NoteError::Format`] where it is none.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const WHAT: &str = "proof";
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(format(WHAT, "no empty line parts it from its checkpoint"))?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(PROOF) {
            return Err(format(WHAT, "its first line must be `c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra ")).and_then(|line| line.strip_prefix("extra "));
        let extra =
            extra.map(Base64::decode_vec).transpose().map_err(|_| format(WHAT, "its extra data is not base64"))?;
        let index = lines.next().and_then(|line| line.strip_prefix("index "));
        let index = read_number(index.ok_or(format(WHAT, "its index is missing"))?)?;
        Ok(Self { extra, index, path: read_path(lines)?, checkpoint: Note::parse(checkpoint)? })
    }

    /// Checks that the leaf is in the tree of the checkpoint, which this key signed.
    ///
    /// # Errors
    /// [`BundleError`], which says what does not hold.
    pub fn verify(&self, leaf: &Hash, key: &VerifierKey) -> Result<Checkpoint, BundleError> {
        let checkpoint = Checkpoint::open(&self.checkpoint, key)?;
        verify_inclusion(leaf, self.index, checkpoint.size, &self.path, &checkpoint.root)?;
        Ok(checkpoint)
    }
}

impl std::fmt::Display for TlogProof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{PROOF}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", Base64::encode_string(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", Base64::encode_string(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// A checkpoint for a witness, with the proof that it grew out of the one that the witness signed last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The size of the tree that the witness signed last; 0 for none.
    pub old: u64,
    /// The consistency proof.
    pub path: Vec<Hash>,
    /// The checkpoint with its signatures.
    pub checkpoint: Note,
}

impl Offer {
    /// Reads an offer; nothing of it is checked yet.
    ///
    /// # Errors
    /// [`NoteError::Format`] where it is none.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const WHAT: &str = "offer";
        let (head, checkpoint) =
            text.split_once("\n\n").ok_or(format(WHAT, "no empty line parts it from its checkpoint"))?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old "));
        let old = read_number(old.ok_or(format(WHAT, "its first line must say `old` and a size"))?)?;
        Ok(Self { old, path: read_path(lines)?, checkpoint: Note::parse(checkpoint)? })
    }

    /// What a witness checks before it cosigns: the log's signature, that the offer begins at the checkpoint that it signed
    /// last, and that the log only grew since.
    ///
    /// # Errors
    /// [`BundleError`], which says what does not hold.
    pub fn verify(&self, key: &VerifierKey, last: Option<&Checkpoint>) -> Result<Checkpoint, BundleError> {
        let new = Checkpoint::open(&self.checkpoint, key)?;
        let (old, root) = match last {
            Some(last) if last.origin != new.origin => return Err(BundleError::OtherOrigin(last.origin.clone())),
            Some(last) => (last.size, last.root),
            None => (0, empty_root()),
        };
        if self.old != old {
            return Err(BundleError::OtherBeginning { offered: self.old, last: old });
        }
        verify_consistency((old, &root), (new.size, &new.root), &self.path)?;
        Ok(new)
    }
}

impl std::fmt::Display for Offer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "old {}", self.old)?;
        self.path.iter().try_for_each(|hash| writeln!(f, "{}", Base64::encode_string(hash)))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// Why a proof or an offer does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// The checkpoint is not signed as it must be.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The hashes do not lead to the checkpoint's root.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The offer is of another log than the one signed last.
    #[error("the checkpoint signed last is of another log, `{0}`")]
    OtherOrigin(String),
    /// The offer does not begin where the witness is.
    #[error(
        "the offer begins at {offered} leaves, the checkpoint signed last has {last}: ask for an offer since {last}"
    )]
    OtherBeginning {
        /// Where the offer begins.
        offered: u64,
        /// Where it would have to.
        last: u64,
    },
}

fn read_path<'t>(lines: impl Iterator<Item = &'t str>) -> Result<Vec<Hash>, NoteError> {
    let path =
        lines.map(|line| read_hash(line).ok_or(format("proof", "a line of its path is not the base64 of 32 bytes")));
    let path = path.collect::<Result<Vec<_>, _>>()?;
    if path.len() > LONGEST_PATH { Err(format("proof", "its path has more than 64 hashes")) } else { Ok(path) }
}
