//! Text to records, as RFC 4180 writes them, each with the line on which it begins.
//!
//! Start at [`Records`]. Kinder than the norm where the meaning is plain (any line end, blanks around quotes), and
//! stricter than usual readers where it is not: a quote that never ends, or text behind a closing quote, is an error.

use std::borrow::Cow;

use super::RowError;
use super::encoding::line_ends;

/// The records of a text, one after the other; blank lines are records too.
pub(super) struct Records<'t> {
    text: &'t str,
    at: usize,
    line: usize,
    separator: u8,
}

/// One row of cells, as they are written but without their quotes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record<'t> {
    pub(super) line: usize,
    pub(super) cells: Vec<Cow<'t, str>>,
}

impl Record<'_> {
    /// Whether there is nothing in it.
    pub(super) fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

impl<'t> Records<'t> {
    /// The records of `text` from the byte `at` on, which is on `line`.
    pub(super) const fn new(text: &'t str, at: usize, line: usize, separator: u8) -> Self {
        Self { text, at, line, separator }
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    fn slice(&self, from: usize, until: usize) -> &'t str {
        self.text.get(from..until).unwrap_or_default()
    }

    /// The first byte from `at` on that ends a cell without quotes.
    fn end_of_cell(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        let ends = |byte: &u8| *byte == self.separator || matches!(byte, b'\n' | b'\r');
        rest.iter().position(ends).map_or(self.text.len(), |offset| at + offset)
    }

    fn end_of_line(&self, at: usize) -> usize {
        let rest = self.text.as_bytes().get(at..).unwrap_or_default();
        rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).map_or(self.text.len(), |offset| at + offset)
    }

    fn after_blanks(&self, mut at: usize) -> usize {
        while self.byte(at) == Some(b' ') {
            at += 1;
        }
        at
    }

    /// Reads one cell and stands behind it, on what ends it.
    fn cell(&mut self) -> Result<Cow<'t, str>, RowError> {
        let quote = self.after_blanks(self.at);
        if self.byte(quote) == Some(b'"') {
            return self.quoted(quote + 1);
        }
        let (from, until) = (self.at, self.end_of_cell(self.at));
        self.at = until;
        Ok(Cow::Borrowed(self.slice(from, until)))
    }

    /// Reads the rest of a cell whose quote stands before `from`.
    fn quoted(&mut self, from: usize) -> Result<Cow<'t, str>, RowError> {
        let opened_on = self.line;
        let mut value = Cow::Borrowed("");
        let mut at = from;
        loop {
            let rest = self.text.as_bytes().get(at..).unwrap_or_default();
            let Some(offset) = rest.iter().position(|byte| *byte == b'"') else {
                self.at = self.text.len();
                let problem = "a quoted text begins on this line and never ends; its closing `\"` is missing";
                return Err(RowError::of_line(opened_on, problem.to_owned()));
            };
            let piece = self.slice(at, at + offset);
            self.line += line_ends(piece.as_bytes());
            if value.is_empty() {
                value = Cow::Borrowed(piece);
            } else {
                value.to_mut().push_str(piece);
            }
            at += offset + 1;
            if self.byte(at) != Some(b'"') {
                break;
            }
            value.to_mut().push('"');
            at += 1;
        }
        self.at = self.after_blanks(at);
        if self.at == self.end_of_cell(self.at) {
            return Ok(value);
        }
        self.at = self.end_of_line(self.at);
        let problem = "there is text behind a closing `\"`; a quote inside a quoted text is written twice: `\"\"`";
        Err(RowError::of_line(self.line, problem.to_owned()))
    }

    fn record(&mut self) -> Result<Record<'t>, RowError> {
        let line = self.line;
        let mut cells = vec![self.cell()?];
        while self.byte(self.at) == Some(self.separator) {
            self.at += 1;
            cells.push(self.cell()?);
        }
        Ok(Record { line, cells })
    }

    /// Goes on to the next line.
    fn pass_line_end(&mut self) {
        match (self.byte(self.at), self.byte(self.at + 1)) {
            (Some(b'\r'), Some(b'\n')) => self.at += 2,
            (Some(_), _) => self.at += 1,
            (None, _) => return,
        }
        self.line += 1;
    }
}

impl<'t> Iterator for Records<'t> {
    type Item = Result<Record<'t>, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.at >= self.text.len() {
            return None;
        }
        let record = self.record();
        self.pass_line_end();
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Records;

    fn read(text: &str) -> Vec<String> {
        let shown = |record: super::Record| format!("{} {}", record.line, record.cells.join("|"));
        Records::new(text, 0, 1, b';').map(|record| record.map_or_else(|error| error.to_string(), shown)).collect()
    }

    #[test]
    fn rows_end_at_any_line_end_and_keep_their_line() {
        assert_eq!(read("a;b\nc;d"), ["1 a|b", "2 c|d"]);
        assert_eq!(read("a;b\r\nc;d\r\n"), ["1 a|b", "2 c|d"]);
        assert_eq!(read("a\rb\r\r\n\nc"), ["1 a", "2 b", "3 ", "4 ", "5 c"]);
        assert_eq!(read(""), [""; 0]);
        assert_eq!(read(";;\n"), ["1 ||"]);
    }

    #[test]
    fn quoted_cells_may_hold_separators_quotes_and_line_ends() {
        assert_eq!(read("\"a;b\";\"say \"\"yes\"\"\"\n"), ["1 a;b|say \"yes\""]);
        assert_eq!(read("\"one\ntwo\r\nthree\rfour\";x\ny"), ["1 one\ntwo\r\nthree\rfour|x", "5 y"]);
        assert_eq!(read(" \"a\" ; \"\" ;b"), ["1 a||b"]);
        assert_eq!(read("\"\"\"\"\n\"\"\"a\"\"\""), ["1 \"", "2 \"a\""]);
        assert_eq!(read("5\" disc;x"), ["1 5\" disc|x"]);
    }

    #[test]
    fn broken_quotes_are_errors_of_their_line_and_reading_goes_on() {
        assert_eq!(
            read("a\n\"b\nc\"d;e\nf"),
            [
                "1 a",
                "line 3: there is text behind a closing `\"`; a quote inside a quoted text is written twice: `\"\"`",
                "4 f"
            ]
        );
        assert_eq!(
            read("a\n\"b\nc"),
            ["1 a", "line 2: a quoted text begins on this line and never ends; its closing `\"` is missing"]
        );
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_or_loop(text in "[a\";\r\n é\t]{0,64}", any in "\\PC*") {
            for text in [text, any] {
                prop_assert!(Records::new(&text, 0, 1, b';').count() <= text.len());
            }
        }

        #[test]
        fn it_reads_what_another_writer_wrote(rows in prop::collection::vec(prop::collection::vec("[a\"; \r\né]{0,6}", 3), 0..5)) {
            let mut writer = csv::WriterBuilder::new().delimiter(b';').quote_style(csv::QuoteStyle::Always).from_writer(Vec::new());
            for row in &rows {
                writer.write_record(row).unwrap();
            }
            let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
            let read: Vec<Vec<String>> = Records::new(&text, 0, 1, b';')
                .map(|record| record.unwrap().cells.into_iter().map(|cell| cell.into_owned()).collect())
                .collect();
            prop_assert_eq!(read, rows);
        }
    }
}
