//! Bytes to text: UTF-8 with or without its mark, or Windows-1252 as spreadsheets on Windows save it.

use std::borrow::Cow;

use super::RowError;
use crate::Warning;

/// What 0x80 to 0x9F mean in Windows-1252; five of them mean nothing.
const WINDOWS_1252: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

/// The file's text, and a warning where it is not UTF-8.
pub(super) fn decode(bytes: &[u8]) -> Result<(Cow<'_, str>, Option<Warning>), Vec<RowError>> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(vec![RowError::of_line(1, "the file is UTF-16; save it as CSV in UTF-8".to_owned())]);
    }
    let marked = bytes.strip_prefix(b"\xef\xbb\xbf");
    let unmarked = marked.unwrap_or(bytes);
    let error = match std::str::from_utf8(unmarked) {
        Ok(text) => return Ok((Cow::Borrowed(text), None)),
        Err(error) => error,
    };
    let line = 1 + line_ends(unmarked.get(..error.valid_up_to()).unwrap_or_default());
    if marked.is_some() {
        let problem = "the file begins with the mark of UTF-8, but this line is not UTF-8; save it as CSV in UTF-8";
        return Err(vec![RowError::of_line(line, problem.to_owned())]);
    }
    let text = from_windows_1252(unmarked)?;
    let warning = "the file is not UTF-8, so it was read as Windows-1252; look whether the accents are right";
    Ok((Cow::Owned(text), Some(Warning { line, text: warning.to_owned() })))
}

fn from_windows_1252(bytes: &[u8]) -> Result<String, Vec<RowError>> {
    let mut text = String::with_capacity(bytes.len() + bytes.len() / 8);
    let mut errors: Vec<RowError> = Vec::new();
    let (mut line, mut after_return) = (1, false);
    for &byte in bytes {
        if byte == b'\r' || (byte == b'\n' && !after_return) {
            line += 1;
        }
        after_return = byte == b'\r';
        let letter = match byte {
            0x80..=0x9f => WINDOWS_1252.get(usize::from(byte - 0x80)).copied().flatten(),
            _ => Some(char::from(byte)),
        };
        match letter {
            Some(letter) => text.push(letter),
            None if errors.last().is_some_and(|error| error.line == line) => {}
            None => errors.push(RowError::of_line(
                line,
                format!("the byte {byte:02X} is neither UTF-8 nor Windows-1252; save the file as CSV in UTF-8"),
            )),
        }
    }
    if errors.is_empty() { Ok(text) } else { Err(errors) }
}

/// How many lines end in these bytes: with LF, with CR LF, or with CR alone.
pub(super) fn line_ends(bytes: &[u8]) -> usize {
    let mut ends = 0;
    let mut after_return = false;
    for &byte in bytes {
        if byte == b'\r' || (byte == b'\n' && !after_return) {
            ends += 1;
        }
        after_return = byte == b'\r';
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::decode;

    fn text(bytes: &[u8]) -> String {
        decode(bytes).map_or_else(|errors| errors[0].to_string(), |(text, _)| text.into_owned())
    }

    #[test]
    fn utf_8_is_read_with_or_without_its_mark() {
        assert_eq!(text("Maïwenn".as_bytes()), "Maïwenn");
        assert_eq!(text("\u{feff}Maïwenn".as_bytes()), "Maïwenn");
        assert_eq!(decode("é".as_bytes()).unwrap().1, None);
    }

    #[test]
    fn what_is_not_utf_8_is_read_as_windows_1252_with_a_warning() {
        assert_eq!(text(b"Ma\xefwenn \x80 \x9c \xff"), "Maïwenn € œ ÿ");
        let (_, warning) = decode(b"a\nb\r\nMa\xefwenn").unwrap();
        assert!(warning.unwrap().to_string().starts_with("line 3: the file is not UTF-8"));
    }

    #[test]
    fn each_line_with_a_byte_that_means_nothing_is_named_once() {
        let errors = decode(b"a\x81\x8d\nb\r\nc\x9d").unwrap_err();
        let lines: Vec<_> = errors.iter().map(|error| error.line).collect();
        assert_eq!(lines, [1, 3]);
        assert!(errors[0].to_string().contains("the byte 81 is neither"));
    }

    #[test]
    fn utf_16_and_a_broken_utf_8_file_are_refused() {
        assert!(text(b"\xff\xfea\0").contains("UTF-16"));
        assert!(text(b"\xfe\xff\0a").contains("UTF-16"));
        assert!(text(b"\xef\xbb\xbfa\nb\xe9").starts_with("line 2: the file begins with the mark"));
    }
}
