//! What a leaf of Tremen's journal says (`docs/JOURNAL.md`): the bytes that are hashed for one entry.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

use crate::note::hex;
use crate::tree::{Hash, leaf_hash};

/// One entry at its place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry<'e> {
    /// The leaf's index, counted from 0: a leaf that is moved is no longer itself.
    pub leaf: u64,
    /// The entry's number.
    pub entry: i64,
    /// When, in milliseconds after 1970-01-01T00:00:00Z.
    pub at: i64,
    /// What happened.
    pub kind: &'e str,
    /// [`payload_digest`] of who, what and why.
    pub digest: &'e Hash,
}

impl Entry<'_> {
    /// The leaf's bytes: six lines of text. No two entries have the same, whatever their kinds: all but the kind is of
    /// digits, and stands at the beginning and at the end.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::with_capacity(192);
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "tremen-journal-entry/1\nleaf {}\nentry {}\nat {}\nkind {}\ndigest {}\n",
            self.leaf,
            self.entry,
            self.at,
            self.kind,
            hex(self.digest)
        );
        text
    }

    /// The leaf's hash.
    #[must_use]
    pub fn hash(&self) -> Hash {
        leaf_hash(self.to_text().as_bytes())
    }
}

/// The digest of a payload: SHA-256 of its salt and its JSON text. The salt keeps a guessed payload from being recognised by
/// its digest once both are erased.
#[must_use]
pub fn payload_digest(salt: &[u8], body: &str) -> Hash {
    Sha256::new().chain_update(salt).chain_update(body).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::{Entry, payload_digest};

    /// If this fails, do not change the test: other people have written verifiers.
    #[test]
    fn a_leaf_keeps_its_bytes() {
        let digest = payload_digest(&[7; 16], "{}");
        let entry = Entry { leaf: 3, entry: 4, at: -5, kind: "award_revoked", digest: &digest };
        assert_eq!(
            entry.to_text(),
            "tremen-journal-entry/1\nleaf 3\nentry 4\nat -5\nkind award_revoked\n\
             digest b41fc38fe99d3097c65af3b58644d503f2a3f5d5dc7fb9b53d9ca83cc9ff5cfb\n"
        );
        assert_eq!(super::hex(&entry.hash()), "67ad7dbd91b120da66f8f58682245a97e1faf753b0cef857d788f11e26f76e31");
    }
}
