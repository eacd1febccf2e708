//! Multibase and multikey: how W3C documents write bytes and public keys as text.
//!
//! Start at [`decode`] and [`PublicKey::from_multikey`](crate::keys::PublicKey::from_multikey). Lengths are bounded, for
//! base58 costs the square of its length.

use base64ct::{Base64UrlUnpadded, Encoding as _};

const ALPHABET: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// The longest base58 text that is read.
const MAX_BASE58: usize = 1024;

/// Writes bytes in base58btc, without the multibase prefix.
#[must_use]
pub fn base58(bytes: &[u8]) -> String {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = u8::try_from(carry % 58).unwrap_or_default();
            carry /= 58;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 58).unwrap_or_default());
            carry /= 58;
        }
    }
    let symbol = |digit: &u8| ALPHABET.get(usize::from(*digit)).map_or('1', |byte| char::from(*byte));
    core::iter::repeat_n('1', zeros).chain(digits.iter().rev().map(symbol)).collect()
}

/// Reads base58btc without the multibase prefix; none for other letters or more than 1,024 of them.
#[must_use]
pub fn from_base58(text: &str) -> Option<Vec<u8>> {
    if text.len() > MAX_BASE58 {
        return None;
    }
    let zeros = text.bytes().take_while(|byte| *byte == b'1').count();
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for symbol in text.bytes() {
        let mut carry = u32::try_from(ALPHABET.iter().position(|known| *known == symbol)?).ok()?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * 58;
            *byte = u8::try_from(carry & 0xff).unwrap_or_default();
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(u8::try_from(carry & 0xff).unwrap_or_default());
            carry >>= 8;
        }
    }
    bytes.extend(core::iter::repeat_n(0, zeros));
    bytes.reverse();
    Some(bytes)
}

/// Writes bytes as multibase base58btc (`z…`).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    format!("z{}", base58(bytes))
}

/// Writes bytes as multibase base64url without padding (`u…`).
#[must_use]
pub fn encode_base64url(bytes: &[u8]) -> String {
    format!("u{}", Base64UrlUnpadded::encode_string(bytes))
}

/// Reads multibase base58btc (`z…`) or base64url without padding (`u…`).
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    match (text.strip_prefix('z'), text.strip_prefix('u')) {
        (Some(base58), _) => from_base58(base58),
        (None, Some(base64)) => from_base64url(base64),
        (None, None) => None,
    }
}

/// Reads base64url; padding is allowed at the end, as some issuers write it.
#[must_use]
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    Base64UrlUnpadded::decode_vec(text.trim_end_matches('=')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base58_keeps_leading_zeros_and_comes_back() {
        for bytes in [&[][..], &[0], &[0, 0, 1], &[255; 40], b"Hello World!"] {
            assert_eq!(from_base58(&base58(bytes)).unwrap(), bytes);
        }
        assert_eq!(base58(b"Hello World!"), "2NEpo7TZRRrLZSi2U");
        assert_eq!(from_base58("0OIl"), None);
    }

    #[test]
    fn other_bases_are_not_read() {
        assert_eq!(decode("f00"), None);
        assert_eq!(decode(""), None);
        assert_eq!(decode("uAAE").unwrap(), [0, 1]);
    }
}
