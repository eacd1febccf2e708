//! Lower-case hexadecimal, as byte strings are written in the plain profile. Never accepts another spelling of the same
//! bytes: one value has one text.

use alloc::string::String;
use alloc::vec::Vec;

/// Writes two lower-case digits for each byte.
pub(crate) fn write(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]).map(|digit| char::from(digit_of(digit))).collect()
}

/// Reads an even number of lower-case digits.
pub(crate) fn read(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|&[high, low]| Some((value_of(high)? << 4) | value_of(low)?)).collect()
}

/// Reads exactly `N` bytes.
pub(crate) fn read_array<const N: usize>(text: &str) -> Option<[u8; N]> {
    // Checked before anything is read, so that a long text costs nothing.
    if text.len() != N.checked_mul(2)? {
        return None;
    }
    read(text)?.try_into().ok()
}

const fn digit_of(value: u8) -> u8 {
    if value < 10 { b'0' + value } else { b'a' - 10 + value }
}

const fn value_of(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_a_round_trip() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(read(&write(&bytes)), Some(bytes));
    }

    #[test]
    fn only_pairs_of_lower_case_digits_are_read() {
        for text in ["0", "0g", "AB", "0x10", " 0", "é"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn an_array_is_read_at_its_own_length_only() {
        assert_eq!(read_array::<2>("00ff"), Some([0, 255]));
        assert_eq!(read_array::<2>("00"), None);
        assert_eq!(read_array::<2>("00ff00"), None);
    }
}
