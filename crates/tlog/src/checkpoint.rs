//! Checkpoints (C2SP `tlog-checkpoint`): a log's word for how many leaves it has and what they are; and cosignatures (C2SP
//! `tlog-cosignature`), other people's word that they saw it grow and nothing else. Start at [`Checkpoint`].

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer as _, SigningKey};

use crate::note::{KeyKind, Note, NoteError, Signature, VerifierKey, check, format};
use crate::tree::Hash;

const WHAT: &str = "checkpoint";

/// The size and root of a log's tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name, one for each log there ever was.
    pub origin: String,
    /// How many leaves its tree has.
    pub size: u64,
    /// The tree's root.
    pub root: Hash,
}

impl Checkpoint {
    /// The text that is signed.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, Base64::encode_string(&self.root))
    }

    /// Reads the text of a note; extension lines are passed over, as the norm says.
    ///
    /// # Errors
    /// [`NoteError::Format`] where it is no checkpoint.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text.strip_suffix('\n').ok_or(format(WHAT, "its last line has no end"))?;
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(format(WHAT, "it has less than three lines"));
        };
        if origin.is_empty() || lines.any(str::is_empty) {
            return Err(format(WHAT, "a line of it is empty"));
        }
        let root = read_hash(root).ok_or(format(WHAT, "its third line is not the base64 of 32 bytes"))?;
        Ok(Self { origin: origin.to_owned(), size: read_number(size)?, root })
    }

    /// Reads a signed checkpoint whose signature this key made.
    ///
    /// # Errors
    /// [`NoteError`], which says why it is none.
    pub fn open(note: &Note, key: &VerifierKey) -> Result<Self, NoteError> {
        note.verify(key)?;
        Self::parse(&note.text)
    }

    /// Signs it as the log of its origin.
    ///
    /// # Errors
    /// [`NoteError::Format`] where the origin cannot be a key's name.
    pub fn sign(&self, key: &SigningKey) -> Result<Note, NoteError> {
        Note::sign(self.to_text(), &self.origin, key)
    }
}

/// Cosigns a checkpoint's text, `seconds` after 1970-01-01T00:00:00Z. Whoever does has seen that the log only grew.
///
/// # Errors
/// [`NoteError::Format`] where the name cannot be a key's, or the text is no checkpoint's.
pub fn cosign(text: &str, name: &str, key: &SigningKey, seconds: u64) -> Result<Signature, NoteError> {
    Checkpoint::parse(text)?;
    let verifier = VerifierKey::new(name, KeyKind::Cosigner, key.verifying_key())?;
    let mut bytes = seconds.to_be_bytes().to_vec();
    bytes.extend_from_slice(&key.sign(cosigned(text, seconds).as_bytes()).to_bytes());
    Ok(Signature { name: name.to_owned(), id: verifier.id(), bytes })
}

/// When this key cosigned the checkpoint, in seconds after 1970-01-01T00:00:00Z.
///
/// # Errors
/// [`NoteError::Unsigned`] or [`NoteError::BadSignature`].
pub fn cosigned_at(note: &Note, key: &VerifierKey) -> Result<u64, NoteError> {
    let signature = note.signature_of(key)?;
    let bad = || NoteError::BadSignature(key.name().to_owned());
    let (seconds, signature) = signature.bytes.split_first_chunk().ok_or_else(bad)?;
    let seconds = u64::from_be_bytes(*seconds);
    check(key, cosigned(&note.text, seconds).as_bytes(), signature)?;
    Ok(seconds)
}

fn cosigned(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// A number in decimal digits without leading zeroes.
pub(crate) fn read_number(text: &str) -> Result<u64, NoteError> {
    let number = text.parse::<u64>().ok().filter(|number| number.to_string() == text);
    number.ok_or(format(WHAT, "a number is not in decimal digits without leading zeroes"))
}

pub(crate) fn read_hash(text: &str) -> Option<Hash> {
    Base64::decode_vec(text).ok()?.try_into().ok()
}
