//! Card UIDs as readers, spreadsheets and people spell them.
//!
//! Start at [`parse_uid`]. The canonical form is bytes, the most significant first. A spelling is declared
//! ([`UidFormat`]), never guessed: a text of digits alone may be hex or decimal.

use std::fmt::Write as _;

use crate::shorten::shortened;

/// How many bytes a UID may have: Wiegand 26 (3), ISO 14443 (4, 7, 10), EM4100 (5).
pub const LENGTHS: [usize; 5] = [3, 4, 5, 7, 10];

/// How a UID is spelt. The default is hex, the most significant byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UidFormat {
    /// A decimal number, as keyboard-wedge readers type it; otherwise hex.
    pub decimal: bool,
    /// The bytes stand in reverse order.
    pub reversed: bool,
}

/// A text that is no UID, or no way to spell one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UidError {
    /// Nothing there.
    #[error("the UID is empty: it is 3, 4, 5, 7 or 10 bytes in hex, for example `04:A1:B2:C3:D4:E5:80`")]
    Empty,
    /// Something that is no hex digit.
    #[error("`{0}` is not a UID in hex: only 0 to 9, A to F, and `:`, `-`, `.` or a space between bytes")]
    NotHex(String),
    /// What a spreadsheet makes of a long number.
    #[error("`{0}` is what a spreadsheet made of a UID: format the column as text, and enter the UID again")]
    Rounded(String),
    /// Half a byte.
    #[error("`{0}` has a byte with a single digit: each byte is two hex digits")]
    HalfByte(String),
    /// Two separators in a row, or one at an end.
    #[error("`{0}` has a separator without a byte beside it")]
    MissingByte(String),
    /// A number of bytes that no card has.
    #[error("`{text}` has {bytes} bytes: a UID has 3, 4, 5, 7 or 10")]
    Length {
        /// The UID as it was written.
        text: String,
        /// How many bytes it has.
        bytes: usize,
    },
    /// Something that is no decimal digit.
    #[error("`{0}` is not a decimal number; a UID in hex needs no `uid_format`, or `hex`")]
    NotDecimal(String),
    /// A number that is too large for 10 bytes.
    #[error("`{0}` is too large for a UID: at most 10 bytes")]
    TooLarge(String),
    /// All zeros or all ones: what readers give for no card.
    #[error("`{0}` is no card's UID: all its bits are the same")]
    NoCard(String),
    /// An unknown way to spell a UID.
    #[error("`{0}` is not a way to spell a UID: `hex` (or empty), `dec`, `rev` or `dec,rev`")]
    UnknownFormat(String),
}

impl UidFormat {
    /// Reads the `uid_format` of a file: empty or `hex`, `dec`, `rev`, or two of them with a comma or a space.
    ///
    /// # Errors
    /// [`UidError::UnknownFormat`] for anything else.
    pub fn parse(text: &str) -> Result<Self, UidError> {
        let unknown = || UidError::UnknownFormat(shortened(text));
        let (mut hex, mut format) = (false, Self::default());
        for word in text.split([',', '+', ' ', '\t']).filter(|word| !word.is_empty()) {
            match word.to_ascii_lowercase().as_str() {
                "hex" => hex = true,
                "dec" => format.decimal = true,
                "rev" => format.reversed = true,
                _ => return Err(unknown()),
            }
        }
        if hex && format.decimal { Err(unknown()) } else { Ok(format) }
    }
}

/// Reads a UID in any usual spelling into its bytes, the most significant first.
///
/// Hex: any case, with or without `:`, `-`, `.` or spaces between bytes, with or without `0x`. Decimal: the number of a
/// keyboard-wedge reader; leading zeros do not count; the fewest of 4, 5, 7 or 10 bytes that hold it.
///
/// # Errors
/// [`UidError`], which says what is allowed.
pub fn parse_uid(text: &str, format: UidFormat) -> Result<Vec<u8>, UidError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(UidError::Empty);
    }
    let mut bytes = if format.decimal { from_decimal(text)? } else { from_hex(text)? };
    if !LENGTHS.contains(&bytes.len()) {
        return Err(UidError::Length { text: shortened(text), bytes: bytes.len() });
    }
    if bytes.iter().all(|&byte| byte == 0) || bytes.iter().all(|&byte| byte == 0xff) {
        return Err(UidError::NoCard(shortened(text)));
    }
    if format.reversed {
        bytes.reverse();
    }
    Ok(bytes)
}

/// The canonical spelling: upper-case hex without separators, `04A1B2C3`.
#[must_use]
pub fn print_uid(uid: &[u8]) -> String {
    let mut text = String::with_capacity(uid.len() * 2);
    for byte in uid {
        let _ = write!(text, "{byte:02X}");
    }
    text
}

/// Whether a UID is one that a card or phone makes up anew at each tap: four bytes of which the first is 08
/// (ISO/IEC 14443-3, 6.5.4).
#[must_use]
pub fn is_random(uid: &[u8]) -> bool {
    matches!(uid, [0x08, _, _, _])
}

fn from_hex(text: &str) -> Result<Vec<u8>, UidError> {
    let like_a_number = text.bytes().all(|byte| byte.is_ascii_digit() || b".,eE+".contains(&byte));
    if like_a_number && (text.contains("E+") || text.contains("e+")) {
        return Err(UidError::Rounded(shortened(text)));
    }
    let mut bytes = Vec::new();
    for part in text.split([':', '-', '.']) {
        let mut empty = true;
        for group in part.split_whitespace() {
            empty = false;
            let digits = group.strip_prefix("0x").or_else(|| group.strip_prefix("0X")).unwrap_or(group);
            bytes_of_group(text, digits, &mut bytes)?;
        }
        if empty {
            return Err(UidError::MissingByte(shortened(text)));
        }
    }
    Ok(bytes)
}

fn bytes_of_group(text: &str, digits: &str, bytes: &mut Vec<u8>) -> Result<(), UidError> {
    let not_hex = || UidError::NotHex(shortened(text));
    let mut high = None;
    for digit in digits.chars() {
        let digit = digit.to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or_else(not_hex)?;
        match high.take() {
            None => high = Some(digit),
            Some(high) => bytes.push(high * 16 + digit),
        }
    }
    if high.is_some() || digits.is_empty() {
        return Err(UidError::HalfByte(shortened(text)));
    }
    Ok(())
}

fn from_decimal(text: &str) -> Result<Vec<u8>, UidError> {
    let mut value: u128 = 0;
    for letter in text.chars().filter(|letter| !letter.is_whitespace()) {
        let digit = letter.to_digit(10).ok_or_else(|| UidError::NotDecimal(shortened(text)))?;
        value = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u128::from(digit)))
            .ok_or_else(|| UidError::TooLarge(shortened(text)))?;
    }
    let bytes = value.to_be_bytes();
    let significant = bytes.iter().skip_while(|&&byte| byte == 0).count();
    let length = [4, 5, 7, 10].into_iter().find(|&length| significant <= length);
    let length = length.ok_or_else(|| UidError::TooLarge(shortened(text)))?;
    Ok(bytes.iter().skip(bytes.len() - length).copied().collect())
}

#[cfg(test)]
mod tests {
    use super::{UidError, UidFormat, is_random, parse_uid, print_uid};

    fn read(text: &str, format: &str) -> Result<String, String> {
        let format = UidFormat::parse(format).map_err(|error| error.to_string())?;
        parse_uid(text, format).map(|uid| print_uid(&uid)).map_err(|error| error.to_string())
    }

    #[test]
    fn every_usual_spelling_gives_the_same_bytes() {
        for (text, format) in [
            ("04A1B2C3", ""),
            ("04a1b2c3", "hex"),
            ("04-A1-B2-C3", ""),
            ("04:a1:b2:c3", ""),
            ("04 A1 B2 C3", ""),
            ("04.A1.B2.C3", ""),
            (" 04A1 B2C3 ", ""),
            ("04 : A1 : B2 : C3", ""),
            ("0x04A1B2C3", ""),
            ("0x04 0xA1 0XB2 0xC3", ""),
            ("C3B2A104", "rev"),
            ("0077705923", "dec"),
            ("77705923", "DEC"),
            ("77 705 923", "dec"),
            ("3283263748", "dec,rev"),
            ("3283263748", "rev dec"),
        ] {
            assert_eq!(read(text, format).as_deref(), Ok("04A1B2C3"), "{text} {format}");
        }
    }

    #[test]
    fn a_uid_has_three_four_five_seven_or_ten_bytes() {
        for bytes in 1..=12 {
            let text = "A1".repeat(bytes);
            assert_eq!(read(&text, "").is_ok(), [3, 4, 5, 7, 10].contains(&bytes), "{bytes}");
        }
        assert_eq!(read("010000000000", "dec").as_deref(), Ok("02540BE400"));
        assert_eq!(read("1304148853482880", "dec").unwrap().len(), 14);
        assert_eq!(read("1208925819614629174706175", "dec").unwrap_err(), {
            "`1208925819614629174706175` is no card's UID: all its bits are the same"
        });
    }

    #[test]
    fn what_is_no_uid_is_refused_with_what_is_allowed() {
        let error = |text: &str, format: &str| read(text, format).unwrap_err();
        assert!(error("", "").starts_with("the UID is empty"));
        assert!(error("  ", "dec").starts_with("the UID is empty"));
        assert!(error("04A1B2CG", "").contains("not a UID in hex"));
        assert!(error("04:A1:B2:C", "").contains("single digit"));
        assert!(error("4A1B2C3", "").contains("single digit"));
        assert!(error("0x", "").contains("single digit"));
        assert!(error("04::A1:B2", "").contains("without a byte"));
        assert!(error("04A1B2C3:", "").contains("without a byte"));
        assert!(error("4.12E+15", "").contains("spreadsheet"));
        assert!(error("4,12E+15", "").contains("spreadsheet"));
        assert!(error("00000000", "").contains("no card's"));
        assert!(error("FFFFFFFFFFFFFF", "").contains("no card's"));
        assert!(error("0", "dec").contains("no card's"));
        assert!(error("04A1", "dec").contains("not a decimal number"));
        assert!(error("1208925819614629174706176", "dec").contains("too large"));
        assert!(error(&"9".repeat(1000), "dec").contains("too large"));
        assert!(error(&"A1".repeat(1000), "").chars().count() < 120);
        assert!(error("04A1B2C3", "decimal").contains("not a way to spell"));
        assert!(error("04A1B2C3", "hex,dec").contains("not a way to spell"));
        assert_eq!(UidFormat::parse("x"), Err(UidError::UnknownFormat("x".to_owned())));
    }

    #[test]
    fn a_four_byte_uid_that_begins_with_08_is_random() {
        assert!(is_random(&[0x08, 0x4f, 0x11, 0x9a]));
        assert!(!is_random(&[0x04, 0x4f, 0x11, 0x9a]));
        assert!(!is_random(&[0x08, 0x4f, 0x11, 0x9a, 1, 2, 3]));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC*", decimal: bool, reversed: bool) {
            let _ = parse_uid(&text, UidFormat { decimal, reversed });
            let _ = UidFormat::parse(&text);
        }

        #[test]
        fn a_printed_uid_reads_as_itself(uid in proptest::collection::vec(1_u8..255, 10), length in 0_usize..5) {
            let uid = &uid[..super::LENGTHS[length]];
            proptest::prop_assert_eq!(parse_uid(&print_uid(uid), UidFormat::default()), Ok(uid.to_vec()));
        }
    }
}
