//! RSA signature verification (RFC 8017, PKCS #1 v1.5, SHA-256), for signed badges of version 2.0 and VC-JWT.
//!
//! Start at [`RsaKey::verify_pkcs1_sha256`]. Public keys only: nothing here is secret, nothing here signs.

use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use crypto_bigint::{BoxedUint, Odd};

use crate::hash::sha256;

/// The DER of `DigestInfo` for SHA-256, before the hash (RFC 8017, section 9.2).
const DIGEST_INFO: [u8; 19] =
    [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20];
/// The DER of the algorithm `rsaEncryption` with its null parameter.
const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// The shortest modulus that is accepted, in bytes: 2048 bits, as RS256 asks.
const MIN_MODULUS: usize = 256;
/// The longest modulus that is accepted, in bytes: 8192 bits, so that a hostile key costs little.
const MAX_MODULUS: usize = 1024;

/// An RSA public key of 2048 to 8192 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RsaKey {
    modulus: Vec<u8>,
    exponent: u64,
}

impl RsaKey {
    /// The key with this modulus and exponent, both big-endian; none where it is too short, too long, or even.
    #[must_use]
    pub fn new(modulus: &[u8], exponent: &[u8]) -> Option<Self> {
        let modulus = without_zeros(modulus).to_vec();
        let exponent = without_zeros(exponent);
        if exponent.len() > 4 || !(MIN_MODULUS..=MAX_MODULUS).contains(&modulus.len()) {
            return None;
        }
        let exponent = exponent.iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
        let odd = modulus.last().is_some_and(|byte| byte & 1 == 1);
        (odd && exponent >= 3 && exponent & 1 == 1).then_some(Self { modulus, exponent })
    }

    /// Reads a DER `SubjectPublicKeyInfo` (RFC 5280) of an RSA key.
    #[must_use]
    pub fn from_spki(der: &[u8]) -> Option<Self> {
        let (info, rest) = element(der, 0x30)?;
        let bits = info.strip_prefix(&RSA_ENCRYPTION[..])?;
        let (bits, after) = element(bits, 0x03)?;
        // The first byte of a bit string counts its unused bits.
        let (key, after_key) = element(bits.strip_prefix(&[0])?, 0x30)?;
        let (modulus, key) = element(key, 0x02)?;
        let (exponent, end) = element(key, 0x02)?;
        let complete = rest.is_empty() && after.is_empty() && after_key.is_empty() && end.is_empty();
        complete.then(|| Self::new(modulus, exponent))?
    }

    /// Verifies a signature over these bytes. The whole padded block is built and compared, never parsed.
    #[must_use]
    pub fn verify_pkcs1_sha256(&self, message: &[u8], signature: &[u8]) -> bool {
        let length = self.modulus.len();
        if signature.len() != length {
            return false;
        }
        let mut expected = vec![0x00, 0x01];
        expected.resize(length - DIGEST_INFO.len() - 32 - 1, 0xff);
        expected.push(0x00);
        expected.extend(DIGEST_INFO);
        expected.extend(sha256(message));
        self.raised(signature).is_some_and(|block| block == expected)
    }

    /// The signature raised to the exponent, as long as the modulus.
    fn raised(&self, signature: &[u8]) -> Option<Vec<u8>> {
        let bits = u32::try_from(self.modulus.len() * 8).ok()?;
        let modulus = BoxedUint::from_be_slice(&self.modulus, bits).ok()?;
        let base = BoxedUint::from_be_slice(signature, bits).ok()?;
        if base >= modulus {
            return None;
        }
        let params = BoxedMontyParams::new_vartime(Option::<Odd<BoxedUint>>::from(Odd::new(modulus))?);
        let power = BoxedMontyForm::new(base, &params).pow(&BoxedUint::from(self.exponent)).retrieve();
        let bytes = power.to_be_bytes();
        let skip = bytes.len().checked_sub(self.modulus.len())?;
        Some(bytes.get(skip..)?.to_vec())
    }
}

/// One DER element with this tag: its content, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    let (length, rest) = match *length {
        short @ 0..=0x7f => (usize::from(short), rest),
        0x81 => rest.split_first().map(|(byte, rest)| (usize::from(*byte), rest))?,
        0x82 => {
            let (bytes, rest) = rest.split_at_checked(2)?;
            (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
        }
        _longer => return None,
    };
    (*first == tag).then(|| rest.split_at_checked(length))?
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}
