//! The registry's secret keys, each in a file of its own outside the database. Start at [`Keys::open`].
//!
//! A copy of the database without this folder tells nobody's card number and no controller's key.

use std::io::Write;
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use ed25519_dalek::SigningKey;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Why the keys could not be read or made.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The folder or a file cannot be read or written.
    #[error("{path}: {source}; the key folder must be readable and writable by the registry alone")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file holds something else than a key.
    #[error(
        "{path} is not a key: {bytes} bytes written as {digits} hexadecimal digits are needed; restore it from a backup"
    )]
    Format {
        /// Which.
        path: PathBuf,
        /// How many bytes the key has.
        bytes: usize,
        /// How many digits that makes.
        digits: usize,
    },
}

/// The registry's secret keys.
pub struct Keys {
    lookup: [u8; 32],
    sealing: ChaCha20Poly1305,
    /// Signs offline lists and the journal's checkpoints.
    pub network: SigningKey,
    /// Opens the encrypted part of NTAG 424 DNA messages (AES-128).
    pub ntag424_meta: [u8; 16],
    /// From this the file key of each card is made (AN10922).
    pub ntag424_file: [u8; 16],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Keys {
    /// Reads the keys of a folder, and makes those that are not there yet.
    ///
    /// # Errors
    /// [`KeysError`] when a file cannot be read or written, or holds something else.
    pub fn open(folder: &Path) -> Result<Self, KeysError> {
        std::fs::create_dir_all(folder).map_err(|source| KeysError::File { path: folder.to_owned(), source })?;
        Self::of(folder, Missing::IsMade)
    }

    /// Reads the keys of a folder that must have all of them, as one that comes out of a backup.
    ///
    /// # Errors
    /// [`KeysError`] when one is missing or holds something else.
    pub fn read(folder: &Path) -> Result<Self, KeysError> {
        Self::of(folder, Missing::IsAFault)
    }

    fn of(folder: &Path, missing: Missing) -> Result<Self, KeysError> {
        Ok(Self {
            lookup: key_file(folder, "card-lookup.key", missing)?,
            sealing: ChaCha20Poly1305::new(&Key::from(key_file::<32>(folder, "sealing.key", missing)?)),
            network: SigningKey::from_bytes(&key_file(folder, "network-ed25519.key", missing)?),
            ntag424_meta: key_file(folder, "ntag424-meta.key", missing)?,
            ntag424_file: key_file(folder, "ntag424-file.key", missing)?,
        })
    }

    /// Keys from one seed, for tests and rehearsals.
    #[must_use]
    pub fn from_seed(seed: u8) -> Self {
        Self {
            lookup: [seed; 32],
            sealing: ChaCha20Poly1305::new(&Key::from([seed.wrapping_add(1); 32])),
            network: SigningKey::from_bytes(&[seed.wrapping_add(2); 32]),
            ntag424_meta: [seed.wrapping_add(3); 16],
            ntag424_file: [seed.wrapping_add(4); 16],
        }
    }

    /// The keyed hash by which a card number or a password is looked up; `purpose` keeps the two apart.
    #[must_use]
    pub fn tag(&self, purpose: &str, secret: &[u8]) -> [u8; 16] {
        let mut tag = [0; 16];
        if let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&self.lookup) {
            mac.update(purpose.as_bytes());
            mac.update(&[0]);
            mac.update(secret);
            tag.iter_mut().zip(mac.finalize().into_bytes()).for_each(|(to, from)| *to = from);
        }
        tag
    }

    /// Encrypts a secret for the database; `owner` is the row that it belongs to, and opens it nowhere else.
    #[must_use]
    pub fn seal(&self, owner: &str, secret: &[u8], nonce: [u8; 12]) -> Vec<u8> {
        let mut sealed = nonce.to_vec();
        // Encrypting fails only for messages of 256 GiB.
        sealed.extend(
            self.sealing
                .encrypt(&Nonce::from(nonce), Payload { msg: secret, aad: owner.as_bytes() })
                .unwrap_or_default(),
        );
        sealed
    }

    /// Decrypts what [`Keys::seal`] made; `None` when the key, the owner or the bytes are not the same.
    #[must_use]
    pub fn unseal(&self, owner: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, msg) = sealed.split_first_chunk::<12>()?;
        self.sealing.decrypt(&Nonce::from(*nonce), Payload { msg, aad: owner.as_bytes() }).ok()
    }

    /// The AES-128 file key of one NTAG 424 DNA card: AN10922 with the card's UID and the name of this system. Always
    /// there: the input's 13 bytes are within what AN10922 takes.
    #[must_use]
    pub fn card_file_key(&self, uid: &[u8; 7]) -> Option<[u8; 16]> {
        let mut input = uid.to_vec();
        input.extend_from_slice(b"tremen");
        tremen_wire::ntag424::diversify(&self.ntag424_file, &input)
    }
}

/// What becomes of a key that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Missing {
    IsMade,
    IsAFault,
}

/// An Ed25519 key in a file of its own, made if it is not there.
///
/// # Errors
/// [`KeysError`] when the file cannot be read or written, or holds something else.
pub fn signing_key(path: &Path) -> Result<SigningKey, KeysError> {
    let folder = path.parent().unwrap_or(Path::new(""));
    Ok(SigningKey::from_bytes(&key_file(
        folder,
        &path.file_name().unwrap_or_default().to_string_lossy(),
        Missing::IsMade,
    )?))
}

fn key_file<const N: usize>(folder: &Path, name: &str, missing: Missing) -> Result<[u8; N], KeysError> {
    let path = folder.join(name);
    let failed = |source| KeysError::File { path: path.clone(), source };
    match std::fs::read_to_string(&path) {
        Ok(text) => from_hex(text.trim()).ok_or(KeysError::Format { path, bytes: N, digits: 2 * N }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && missing == Missing::IsMade => {
            let mut key = [0; N];
            getrandom::fill(&mut key).map_err(|error| failed(std::io::Error::other(error.to_string())))?;
            write_secret(&path, &hex(&key)).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Writes a file that only its owner can read, whole or not at all.
///
/// # Errors
/// When the file system refuses.
pub fn write_secret(path: &Path, text: &str) -> std::io::Result<()> {
    let draft = path.with_extension("new");
    let mut file = crate::private::file().create(true).truncate(true).open(&draft)?;
    file.write_all(text.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(draft, path)
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
        text
    })
}

/// Exactly `N` bytes from hexadecimal digits of either case.
#[must_use]
pub fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let digits: Vec<u8> =
        text.chars().map(|c| c.to_digit(16).and_then(|d| u8::try_from(d).ok())).collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits.chunks_exact(2).filter_map(|pair| Some(pair.first()? << 4 | pair.get(1)?)).collect();
    if digits.len() == 2 * N { bytes.try_into().ok() } else { None }
}

/// Lower-case letters and digits without `0 1 8 9`, five bits each, as RFC 4648 section 6 without padding.
#[must_use]
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut buffer, mut bits) = (0_u32, 0_u32);
    let digit =
        |value: u32| char::from_u32(if value < 26 { u32::from(b'a') + value } else { u32::from(b'2') + value - 26 });
    for byte in bytes {
        buffer = (buffer << 8 | u32::from(*byte)) & 0xffff;
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.extend(digit(buffer >> bits & 31));
        }
    }
    if bits > 0 {
        text.extend(digit(buffer << (5 - bits) & 31));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Keys, base32, from_hex, hex};

    #[test]
    fn a_sealed_secret_opens_only_for_its_owner() {
        let keys = Keys::from_seed(7);
        let sealed = keys.seal("card a", b"\x04\xa1", [9; 12]);
        assert_eq!(keys.unseal("card a", &sealed).unwrap(), b"\x04\xa1");
        assert_eq!(keys.unseal("card b", &sealed), None);
        assert_eq!(Keys::from_seed(8).unseal("card a", &sealed), None);
        assert_eq!(keys.unseal("card a", &sealed[..11]), None);
    }

    #[test]
    fn digits_and_bytes_correspond() {
        assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
        assert_eq!(from_hex::<3>("00ABff").unwrap(), [0, 0xab, 0xff]);
        assert_eq!(from_hex::<3>("00abf"), None);
        assert_eq!(from_hex::<3>("00abf "), None);
        assert_eq!(base32(b"foobar"), "mzxw6ytboi"); // RFC 4648 section 10
        assert_eq!(base32(b"fooba"), "mzxw6ytb");
    }

    #[test]
    fn keys_are_made_once_and_a_spoilt_file_is_named() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("keys");
        let first = Keys::open(&folder).unwrap();
        assert_eq!(first.tag("card", b"x"), Keys::open(&folder).unwrap().tag("card", b"x"));
        std::fs::write(folder.join("sealing.key"), "oops").unwrap();
        assert!(Keys::open(&folder).unwrap_err().to_string().contains("sealing.key is not a key: 32 bytes"));
    }
}
