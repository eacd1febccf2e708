//! Files in the age format, version 1 (c2sp.org/age), encrypted to a passphrase: bytes in, bytes out, a chunk at a time.
//!
//! Any `age` program opens what [`encrypt`] writes. Of the format there is what a backup needs: one scrypt recipient, no
//! armour. No file, clock or chance of its own: random bytes are given. Start at [`encrypt`] and [`decrypt`], then
//! `header.rs`.

mod header;
mod payload;

use std::io::{BufReader, Read, Write};

pub use header::Cost;
pub use payload::{Decrypting, Encrypting};

use chacha20poly1305::Key;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// What opens a file; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(String);

impl Passphrase {
    /// A passphrase as somebody chose it.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// How many characters it has.
    #[must_use]
    pub fn length(&self) -> usize {
        self.0.chars().count()
    }

    const fn bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Passphrase").finish_non_exhaustive()
    }
}

/// Why a file cannot be written or opened.
#[derive(Debug, thiserror::Error)]
pub enum AgeError {
    /// It begins otherwise.
    #[error("this is not an age file")]
    NotAge,
    /// It was encrypted to a key.
    #[error("this age file is encrypted to a key, not to a passphrase")]
    ForAKey,
    /// Its header is not as the format says.
    #[error("the header of this age file is damaged")]
    Header,
    /// Deriving the key would take more memory than anybody's file asks for.
    #[error("this age file asks for 2^{0} rounds of scrypt; at most 2^{max} are done", max = Cost::MOST)]
    Cost(u8),
    /// The passphrase does not open it.
    #[error("the passphrase is not that of this file, or its header is damaged")]
    Passphrase,
    /// The payload was changed.
    #[error("this age file is damaged or cut short, {0} bytes after its header")]
    Damaged(u64),
    /// The payload ends too early, with all that is there as it was.
    #[error("this age file is cut short: it ends {0} bytes after its header")]
    CutShort(u64),
    /// The file underneath failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Begins a file: writes its header, and takes the content. Nothing is whole before [`Encrypting::finish`].
///
/// # Errors
/// [`AgeError::Io`] when it cannot be written.
pub fn encrypt<W: Write>(
    mut to: W,
    passphrase: &Passphrase,
    cost: Cost,
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<Encrypting<W>, AgeError> {
    let (mut file_key, mut nonce) = ([0; 16], [0; 16]);
    random(&mut file_key);
    random(&mut nonce);
    header::write(&mut to, passphrase, cost, &file_key, random)?;
    to.write_all(&nonce)?;
    Ok(Encrypting::new(to, &payload_key(&file_key, &nonce)))
}

/// Opens a file: reads its header, and gives the content. What was read is genuine; that it is whole is known only when
/// the end has been read.
///
/// # Errors
/// When it is no such file, or the passphrase does not open it.
pub fn decrypt<R: Read>(from: R, passphrase: &Passphrase) -> Result<Decrypting<R>, AgeError> {
    let mut from = BufReader::with_capacity(payload::SEALED_CHUNK, from);
    let file_key = header::read(&mut from, passphrase)?;
    let mut nonce = [0; 16];
    from.read_exact(&mut nonce).map_err(|error| {
        if error.kind() == std::io::ErrorKind::UnexpectedEof { AgeError::CutShort(0) } else { AgeError::Io(error) }
    })?;
    Ok(Decrypting::new(from, &payload_key(&file_key, &nonce)))
}

fn payload_key(file_key: &[u8; 16], nonce: &[u8; 16]) -> Key {
    Key::from(hkdf(nonce, file_key, b"payload"))
}

/// HKDF with SHA-256 (RFC 5869) for one block of 32 bytes.
fn hkdf(salt: &[u8], secret: &[u8], info: &[u8]) -> [u8; 32] {
    let extracted = hmac(salt, &[secret]);
    hmac(&extracted, &[info, &[1]])
}

fn hmac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = [0; 32];
    // HMAC takes keys of any length.
    if let Ok(mut mac) = <Hmac<Sha256> as KeyInit>::new_from_slice(key) {
        parts.iter().for_each(|part| mac.update(part));
        hash = mac.finalize().into_bytes().into();
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::hkdf;

    #[test]
    fn hkdf_is_that_of_rfc_5869_appendix_a() {
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let okm = hkdf(&salt, &[0x0b; 22], &info);
        assert_eq!(okm[..8], [0x3c, 0xb2, 0x5f, 0x25, 0xfa, 0xac, 0xd5, 0x7a]);
        assert_eq!(hkdf(&[], &[0x0b; 22], &[])[..8], [0x8d, 0xa4, 0xe7, 0x75, 0xa5, 0x63, 0xc1, 0x8f]);
    }
}
