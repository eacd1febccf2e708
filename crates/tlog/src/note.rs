//! Signed notes (C2SP `signed-note`): a text and the lines of those who signed it. Start at [`Note::parse`].
//!
//! Two kinds of Ed25519 signatures are known, a log's own and a cosigner's. A line of anybody else is kept and means nothing.

use std::fmt;

use base64ct::{Base64, Encoding};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

/// The longest note that is read, in bytes: some hundred signatures.
const LONGEST: usize = 64 * 1024;

/// Why a note, a key or a signature is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is not written as its norm says.
    #[error("this is no {what}: {why}")]
    Format {
        /// What it should have been.
        what: &'static str,
        /// Where it is not.
        why: &'static str,
    },
    /// No line is of this key.
    #[error("it bears no signature of `{0}`")]
    Unsigned(String),
    /// The line is of this key and the signature is not.
    #[error("the signature of `{0}` does not belong to this text")]
    BadSignature(String),
}

pub(crate) const fn format(what: &'static str, why: &'static str) -> NoteError {
    NoteError::Format { what, why }
}

/// What a key signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// A log's checkpoints: plain Ed25519 over the text (type 0x01).
    Log,
    /// Other people's checkpoints, with the time (type 0x04, `cosignature/v1`).
    Cosigner,
}

impl KeyKind {
    const fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Cosigner => 0x04,
        }
    }
}

/// A name, a public key and what it signs: all that is needed to check a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    kind: KeyKind,
    key: VerifyingKey,
}

impl VerifierKey {
    /// Names a public key.
    ///
    /// # Errors
    /// [`NoteError::Format`] where the name is empty or has spaces, control characters or `+` in it.
    pub fn new(name: &str, kind: KeyKind, key: VerifyingKey) -> Result<Self, NoteError> {
        if name.is_empty()
            || name.contains(|letter: char| letter.is_whitespace() || letter.is_control() || letter == '+')
        {
            return Err(format("key name", "it is empty, or a space, a control character or `+` is in it"));
        }
        Ok(Self { name: name.to_owned(), kind, key })
    }

    /// Reads `NAME+ID+KEY`, as it is printed.
    ///
    /// # Errors
    /// [`NoteError::Format`] where it is anything else, of another kind than these two, or the id is not the key's.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        const WHAT: &str = "verifier key";
        let mut parts = text.trim().splitn(3, '+');
        let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(format(WHAT, "it must be a name, eight hexadecimal digits and a key, with `+` between them"));
        };
        let bytes = Base64::decode_vec(key).map_err(|_| format(WHAT, "the key is not base64"))?;
        let kind = match bytes.first() {
            Some(0x01) => KeyKind::Log,
            Some(0x04) => KeyKind::Cosigner,
            Some(_) | None => return Err(format(WHAT, "it is of a kind that is not known here: 1 and 4 are")),
        };
        let key = bytes.get(1..).and_then(|key| key.try_into().ok());
        let key = key.and_then(|key| VerifyingKey::from_bytes(key).ok());
        let key = key.ok_or(format(WHAT, "an Ed25519 key has 32 bytes"))?;
        let this = Self::new(name, kind, key)?;
        if hex(&this.id()) == id { Ok(this) } else { Err(format(WHAT, "its id is not that of its name and key")) }
    }

    /// The signer's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it signs.
    #[must_use]
    pub const fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key.
    #[must_use]
    pub const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Four bytes that, with the name, tell whose a signature is.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let digest = Sha256::new().chain_update(&self.name).chain_update([b'\n', self.kind.byte()]);
        let digest: [u8; 32] = digest.chain_update(self.key.as_bytes()).finalize().into();
        digest.first_chunk().copied().unwrap_or_default()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![self.kind.byte()];
        bytes.extend_from_slice(self.key.as_bytes());
        write!(f, "{}+{}+{}", self.name, hex(&self.id()), Base64::encode_string(&bytes))
    }
}

/// One line of a note: who signed, and the signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The signer's name.
    pub name: String,
    /// The id of the signer's key.
    pub id: [u8; 4],
    /// The signature, as its kind lays it out.
    pub bytes: Vec<u8>,
}

impl Signature {
    /// Reads a line without its end.
    ///
    /// # Errors
    /// [`NoteError::Format`] where it is no signature line.
    pub fn parse(line: &str) -> Result<Self, NoteError> {
        const WHAT: &str = "signature line";
        let rest = line.strip_prefix("\u{2014} ").ok_or(format(WHAT, "it must begin with an em dash and a space"))?;
        let (name, signature) = rest.split_once(' ').ok_or(format(WHAT, "a name and a signature are needed"))?;
        let bytes = Base64::decode_vec(signature).map_err(|_| format(WHAT, "the signature is not base64"))?;
        let (id, bytes) = bytes.split_first_chunk().ok_or(format(WHAT, "the signature has less than four bytes"))?;
        if name.is_empty() || name.contains(|letter: char| letter.is_whitespace() || letter == '+') || bytes.is_empty()
        {
            return Err(format(WHAT, "the name or the signature is empty, or a space or `+` is in the name"));
        }
        Ok(Self { name: name.to_owned(), id: *id, bytes: bytes.to_vec() })
    }

    /// Whether the line is of this key.
    #[must_use]
    pub fn is_of(&self, key: &VerifierKey) -> bool {
        self.name == key.name && self.id == key.id()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.id.to_vec();
        bytes.extend_from_slice(&self.bytes);
        write!(f, "\u{2014} {} {}", self.name, Base64::encode_string(&bytes))
    }
}

/// A signed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The text, its last newline included.
    pub text: String,
    /// Those who signed.
    pub signatures: Vec<Signature>,
}

impl Note {
    /// Reads a note; its signatures are not checked yet.
    ///
    /// # Errors
    /// [`NoteError::Format`] where it is no note.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        const WHAT: &str = "signed note";
        if note.len() > LONGEST {
            return Err(format(WHAT, "it is longer than 64 KiB"));
        }
        if note.contains(|letter: char| letter < ' ' && letter != '\n') {
            return Err(format(WHAT, "a control character is in it"));
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(format(WHAT, "no empty line parts text and signatures"))?;
        let lines = lines.strip_suffix('\n').ok_or(format(WHAT, "its last line has no end"))?;
        let signatures = lines.split('\n').map(Signature::parse).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// Signs a text that ends with a newline, as the log `name`.
    ///
    /// # Errors
    /// [`NoteError::Format`] where the name cannot be a key's, or the text not a note's.
    pub fn sign(text: String, name: &str, key: &SigningKey) -> Result<Self, NoteError> {
        let verifier = VerifierKey::new(name, KeyKind::Log, key.verifying_key())?;
        let bytes = key.sign(text.as_bytes()).to_bytes().to_vec();
        let note = Self { text, signatures: vec![Signature { name: name.to_owned(), id: verifier.id(), bytes }] };
        if Self::parse(&note.to_string())? == note {
            Ok(note)
        } else {
            Err(format("signed note", "the text is not one"))
        }
    }

    /// Checks that the note is signed by a log's key.
    ///
    /// # Errors
    /// [`NoteError::Unsigned`] or [`NoteError::BadSignature`].
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        self.signature_of(key)?;
        for signature in self.signatures.iter().filter(|it| it.is_of(key)) {
            check(key, self.text.as_bytes(), &signature.bytes)?;
        }
        Ok(())
    }

    /// The first line of this key.
    pub(crate) fn signature_of(&self, key: &VerifierKey) -> Result<&Signature, NoteError> {
        self.signatures.iter().find(|it| it.is_of(key)).ok_or_else(|| NoteError::Unsigned(key.name.clone()))
    }
}

/// Checks an Ed25519 signature, strictly: no weak keys, no second form of a signature.
pub(crate) fn check(key: &VerifierKey, message: &[u8], signature: &[u8]) -> Result<(), NoteError> {
    let bad = || NoteError::BadSignature(key.name.clone());
    let signature = ed25519_dalek::Signature::from_slice(signature).map_err(|_| bad())?;
    key.key.verify_strict(message, &signature).map_err(|_| bad())
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}
