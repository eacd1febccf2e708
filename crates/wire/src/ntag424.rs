//! NTAG 424 DNA messages: how a card proves that it is itself (NXP AN12196), and how the keys of single cards come from
//! a master key (NXP AN10922). Start at [`open_picc`], then [`verify`]. It keeps no counter: that a counter must be
//! above the last one seen is for the caller to judge.

use core::hint::black_box;

use aes::Aes128;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
use cmac::{Cmac, KeyInit, Mac};

/// UID and read counter are mirrored, the UID has 7 bytes (AN12196, section 4.4.2.1).
const PICC_TAG: u8 = 0xc7;
/// The beginning of SV2 (AN12196, section 3.3): it makes a session key for a MAC.
const SV2: [u8; 6] = [0x3c, 0xc3, 0x00, 0x01, 0x00, 0x80];
/// The beginning of a diversification input for AES-128 (AN10922, section 2.2.1).
const DIVERSIFY_AES_128: u8 = 0x01;
/// Longest diversification input, in bytes.
const LONGEST_INPUT: usize = 31;

/// Reads what a card encrypted under the meta-read key: its UID, and how often it was read. None when the key did not
/// make it.
#[must_use]
pub fn open_picc(meta_key: &[u8; 16], picc: &[u8; 16]) -> Option<([u8; 7], u32)> {
    // CBC over one block with a zero IV is the block alone.
    let mut block = (*picc).into();
    Aes128::new(&(*meta_key).into()).decrypt_block(&mut block);
    let [tag, u0, u1, u2, u3, u4, u5, u6, c0, c1, c2, ..] = block.0;
    (tag == PICC_TAG).then_some(([u0, u1, u2, u3, u4, u5, u6], u32::from_le_bytes([c0, c1, c2, 0])))
}

/// What a card encrypts under the meta-read key when it is read: the other side of [`open_picc`], for simulated cards. The
/// counter has 24 bits; a real card fills up with random bytes, a simulated one with zeros.
#[must_use]
pub fn close_picc(meta_key: &[u8; 16], uid: &[u8; 7], counter: u32) -> [u8; 16] {
    let [u0, u1, u2, u3, u4, u5, u6] = *uid;
    let [c0, c1, c2, _] = counter.to_le_bytes();
    let mut block = [PICC_TAG, u0, u1, u2, u3, u4, u5, u6, c0, c1, c2, 0, 0, 0, 0, 0].into();
    Aes128::new(&(*meta_key).into()).encrypt_block(&mut block);
    block.0
}

/// The MAC that a card makes over the characters that its mirror covers, under its file key. The counter has 24 bits.
#[must_use]
pub fn session_mac(file_key: &[u8; 16], uid: &[u8; 7], counter: u32, text: &[u8]) -> [u8; 8] {
    let [c0, c1, c2, _] = counter.to_le_bytes();
    let session_key = cmac(file_key, &[&SV2, uid.as_slice(), &[c0, c1, c2]]);
    let [_, a, _, b, _, c, _, d, _, e, _, f, _, g, _, h] = cmac(&session_key, &[text]);
    [a, b, c, d, e, f, g, h]
}

/// Whether a card made this MAC; compared in constant time.
#[must_use]
pub fn verify(file_key: &[u8; 16], uid: &[u8; 7], counter: u32, text: &[u8], mac: &[u8; 8]) -> bool {
    let expected = session_mac(file_key, uid, counter, text);
    // Every byte is looked at, whatever the first ones were; `black_box` keeps the compiler from knowing better.
    black_box(expected.iter().zip(mac).fold(0, |different, (a, b)| black_box(different | (a ^ b)))) == 0
}

/// The AES-128 key of a single card: the CMAC of `01 | input`, always padded to 32 bytes (AN10922, section 2.2). None
/// when the input has no byte or more than 31.
#[must_use]
pub fn diversify(master: &[u8; 16], input: &[u8]) -> Option<[u8; 16]> {
    if input.is_empty() || input.len() > LONGEST_INPUT {
        return None;
    }
    // A plain CMAC would pad a short input to one block only. So its last step is done here.
    let mut padded = [0; 32];
    let message = [DIVERSIFY_AES_128].iter().chain(input).chain(&[0x80]);
    for (to, from) in padded.iter_mut().zip(message) {
        *to = *from;
    }
    let is_padded = input.len() < LONGEST_INPUT;
    let cipher = Aes128::new(&(*master).into());
    let encrypt = |block: u128| {
        let mut block = block.to_be_bytes().into();
        cipher.encrypt_block(&mut block);
        u128::from_be_bytes(block.0)
    };
    let whole = doubled(encrypt(0)); // subkey K1 of RFC 4493, section 2.3
    let subkey = if is_padded { doubled(whole) } else { whole };
    let ([first, last], _) = padded.as_chunks::<16>() else { return None };
    let chained = encrypt(u128::from_be_bytes(*first));
    Some(encrypt(chained ^ u128::from_be_bytes(*last) ^ subkey).to_be_bytes())
}

/// Multiplies by x in GF(2^128), RFC 4493 section 2.3.
const fn doubled(block: u128) -> u128 {
    (block << 1) ^ (0x87 * (block >> 127))
}

fn cmac(key: &[u8; 16], parts: &[&[u8]]) -> [u8; 16] {
    let mut mac = Cmac::<Aes128>::new(&(*key).into());
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_diversification_input_of_full_length_is_a_plain_cmac() {
        // Where nothing is padded, AN10922 and RFC 4493 agree.
        let (key, input) = ([0x2b; 16], [0x5a; 31]);
        assert_eq!(diversify(&key, &input), Some(cmac(&key, &[&[0x01], &input])));
        // From 16 bytes on, both pad to the second block.
        assert_eq!(diversify(&key, &input[..20]), Some(cmac(&key, &[&[0x01], &input[..20]])));
        // Below, they differ.
        assert_ne!(diversify(&key, &input[..7]), Some(cmac(&key, &[&[0x01], &input[..7]])));
    }

    #[test]
    fn a_simulated_card_reads_as_itself() {
        let (key, uid) = ([7; 16], [4, 1, 2, 3, 4, 5, 6]);
        assert_eq!(open_picc(&key, &close_picc(&key, &uid, 0x01_02_03)), Some((uid, 0x01_02_03)));
        assert_eq!(open_picc(&[8; 16], &close_picc(&key, &uid, 1)), None);
    }

    #[test]
    fn a_diversification_input_has_1_to_31_bytes() {
        assert_eq!(diversify(&[0; 16], &[]), None);
        assert_eq!(diversify(&[0; 16], &[0; 32]), None);
        assert!(diversify(&[0; 16], &[0; 1]).is_some());
    }

    #[test]
    fn what_another_key_made_is_not_opened() {
        assert_eq!(open_picc(&[1; 16], &[0; 16]), None);
    }
}
