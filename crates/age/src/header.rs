//! The header: one recipient stanza that wraps the file key by a passphrase, and the seal over it.

use std::io::{BufRead, Read, Write};

use base64ct::{Base64Unpadded, Encoding};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};

use super::{AgeError, Passphrase, hkdf, hmac};

const VERSION: &str = "age-encryption.org/v1";
const LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// No header of one passphrase is longer; those to several keys have a few hundred bytes each.
const LONGEST: u64 = 64 * 1024;

/// How much work it is to try a passphrase: the logarithm of scrypt's rounds, each of which takes 1 KiB of memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost(u8);

impl Cost {
    /// 2^17 rounds: 128 MiB and some tenths of a second, which also a small board has.
    pub const USUAL: Self = Self(17);
    /// 2^20 rounds, 1 GiB: no file asks for more, unless somebody wants to exhaust the machine.
    pub(crate) const MOST: u8 = 20;

    /// A cost of one's own, for tests: 2^`log2` rounds, 20 at most.
    #[must_use]
    pub const fn new(log2: u8) -> Self {
        Self(if log2 > Self::MOST { Self::MOST } else { log2 })
    }
}

pub(super) fn write(
    to: &mut impl Write,
    passphrase: &Passphrase,
    cost: Cost,
    file_key: &[u8; 16],
    random: &mut dyn FnMut(&mut [u8]),
) -> Result<(), AgeError> {
    let mut salt = [0; 16];
    random(&mut salt);
    let wrapped = wrapping(passphrase, &salt, cost)
        .and_then(|wrapping| wrapping.encrypt(&Nonce::default(), file_key.as_slice()).ok())
        .ok_or(AgeError::Cost(cost.0))?;
    let (salt, log2) = (Base64Unpadded::encode_string(&salt), cost.0);
    let mut header = format!("{VERSION}\n-> scrypt {salt} {log2}\n{}\n---", Base64Unpadded::encode_string(&wrapped));
    let seal = seal(file_key, header.as_bytes());
    header.push_str(&format!(" {}\n", Base64Unpadded::encode_string(&seal)));
    Ok(to.write_all(header.as_bytes())?)
}

/// Reads a header and tells the file key.
pub(super) fn read(from: &mut impl BufRead, passphrase: &Passphrase) -> Result<[u8; 16], AgeError> {
    let mut lines = Lines { from: from.take(LONGEST), read: Vec::new() };
    if !matches!(lines.next(), Ok(Some(line)) if line == VERSION) {
        return Err(AgeError::NotAge);
    }
    let stanza = lines.next()?.ok_or(AgeError::Header)?;
    let arguments = stanza.strip_prefix("-> ").ok_or(AgeError::Header)?;
    let Some(arguments) = arguments.strip_prefix("scrypt ") else { return Err(AgeError::ForAKey) };
    let (salt, log2) = arguments.split_once(' ').ok_or(AgeError::Header)?;
    let salt: [u8; 16] = bytes(salt)?;
    let wrapped: [u8; 32] = bytes(&lines.next()?.ok_or(AgeError::Header)?)?;
    let before = lines.read.len();
    let end = lines.next()?.ok_or(AgeError::Header)?;
    // A second stanza would let somebody else in beside the passphrase: the format forbids it.
    let told: [u8; 32] = bytes(end.strip_prefix("--- ").ok_or(AgeError::Header)?)?;
    let sealed = lines.read.get(..before + 3).ok_or(AgeError::Header)?;

    let file_key: [u8; 16] = wrapping(passphrase, &salt, cost(log2)?)
        .and_then(|wrapping| wrapping.decrypt(&Nonce::default(), wrapped.as_slice()).ok())
        .and_then(|key| key.try_into().ok())
        .ok_or(AgeError::Passphrase)?;
    // Whoever knows the file key may know the seal: nothing is told by how long this takes.
    if seal(&file_key, sealed) == told { Ok(file_key) } else { Err(AgeError::Header) }
}

struct Lines<R> {
    from: R,
    read: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    /// The next line without its end; none where the file ends before it.
    fn next(&mut self) -> Result<Option<String>, AgeError> {
        let before = self.read.len();
        self.from.read_until(b'\n', &mut self.read)?;
        let line = self.read.get(before..).and_then(|line| line.strip_suffix(b"\n"));
        line.map(|line| String::from_utf8(line.to_vec()).map_err(|_| AgeError::Header)).transpose()
    }
}

fn cost(log2: &str) -> Result<Cost, AgeError> {
    let is_plain = !log2.starts_with('0') && log2.bytes().all(|digit| digit.is_ascii_digit());
    let log2: u8 = log2.parse().ok().filter(|_| is_plain).ok_or(AgeError::Header)?;
    if log2 <= Cost::MOST { Ok(Cost(log2)) } else { Err(AgeError::Cost(log2)) }
}

fn wrapping(passphrase: &Passphrase, salt: &[u8; 16], cost: Cost) -> Option<ChaCha20Poly1305> {
    let params = scrypt::Params::new(cost.0, 8, 1).ok()?;
    let mut key = [0; 32];
    scrypt::scrypt(passphrase.bytes(), &[LABEL, salt].concat(), &params, &mut key).ok()?;
    Some(ChaCha20Poly1305::new(&Key::from(key)))
}

fn seal(file_key: &[u8; 16], header: &[u8]) -> [u8; 32] {
    hmac(&hkdf(&[], file_key, b"header"), &[header])
}

fn bytes<const N: usize>(text: &str) -> Result<[u8; N], AgeError> {
    let bytes = Base64Unpadded::decode_vec(text).map_err(|_| AgeError::Header)?;
    bytes.try_into().map_err(|_| AgeError::Header)
}
