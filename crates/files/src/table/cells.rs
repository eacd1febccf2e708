//! One row, read cell by cell: typed values out, and every fault of the row said.
//!
//! Start at [`Cells::needed`] and [`Cells::optional`]. A reader of a cell is a function from text to a value or a
//! sentence that says what is allowed.

use std::fmt::Display;

use chrono_tz::Tz;
use tremen_rules::ids::InvalidId;
use tremen_rules::{Level, Span, Time};

use super::header::Header;
use super::records::Record;
use super::write::without_guard;
use super::{Kind, RowError};
use crate::Warning;
use crate::shorten::shortened;
use crate::when;

/// The longest key that a venue may have for a person, in characters.
const LONGEST_KEY: usize = 128;

/// The cells of one row.
pub(super) struct Cells<'r> {
    pub(super) kind: Kind,
    pub(super) zone: Tz,
    pub(super) header: &'r Header,
    pub(super) record: &'r Record<'r>,
    pub(super) errors: &'r mut Vec<RowError>,
    pub(super) warnings: &'r mut Vec<Warning>,
}

impl Cells<'_> {
    /// The text of a cell without blanks around it; none when it is empty or the column is not there.
    fn get(&self, column: &'static str) -> Option<&str> {
        debug_assert!(self.kind.columns().iter().any(|known| known.name == column), "{column}");
        let place = self.header.place(column)?;
        let text = self.record.cells.get(place)?.trim();
        if text.is_empty() { None } else { Some(without_guard(text)) }
    }

    /// Says that a cell is wrong, and why.
    pub(super) fn refuse(&mut self, column: &'static str, problem: impl Display) {
        self.errors.push(RowError::of_cell(self.record.line, column, problem.to_string()));
    }

    /// Says that something about the row is worth knowing.
    pub(super) fn warn(&mut self, text: String) {
        self.warnings.push(Warning { line: self.record.line, text });
    }

    /// The value of a cell that may be empty. None: empty, or refused.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        match read(self.get(column)?) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(column, problem);
                None
            }
        }
    }

    /// The value of a cell that must not be empty. None: refused.
    pub(super) fn needed<T, E: Display>(
        &mut self,
        column: &'static str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if self.get(column).is_none() {
            self.refuse(column, "this cell is empty; every row needs it");
        }
        self.optional(column, read)
    }

    /// The person that the row is about.
    pub(super) fn person(&mut self) -> Option<String> {
        self.needed("person", person_key)
    }

    /// An instant at which something begins; a bare date is its start.
    pub(super) fn begin(&mut self, column: &'static str) -> Option<Time> {
        let zone = self.zone;
        self.optional(column, |text| when::parse_begin(text, zone))
    }

    /// An instant at which something begins, which every row needs.
    pub(super) fn needed_begin(&mut self, column: &'static str) -> Option<Time> {
        let zone = self.zone;
        self.needed(column, |text| when::parse_begin(text, zone))
    }

    /// An instant at which something ends; a bare date is its end.
    pub(super) fn end(&mut self, column: &'static str) -> Option<Time> {
        let zone = self.zone;
        self.optional(column, |text| when::parse_end(text, zone))
    }

    /// Refuses an end that lies before its beginning, and warns of an instant that is both.
    pub(super) fn ends_after(&mut self, end: (&'static str, Option<Time>), begin: (&'static str, Option<Time>)) {
        let ((end_column, Some(until)), (begin_column, Some(from))) = (end, begin) else { return };
        let (written_end, written_begin) = (self.get(end_column).unwrap_or(""), self.get(begin_column).unwrap_or(""));
        // The end of a day is the beginning of the next: as dates, one lies before the other all the same.
        let bare = !written_end.contains(':');
        if until < from || (until == from && bare) {
            let problem = format!("`{written_end}` lies before `{begin_column}`, which is `{written_begin}`");
            self.refuse(end_column, problem);
        } else if until == from {
            self.warn(format!("`{end_column}` is the same instant as `{begin_column}`: this never holds"));
        }
    }

    /// The span of a row that needs a beginning.
    pub(super) fn span(&mut self, from: Option<Time>, until: Option<Time>) -> Option<Span> {
        self.ends_after(("until", until), ("from", from));
        from.map(|from| Span::new(from, until))
    }
}

/// A venue's own key for a person: one line of text, at most 128 characters.
pub(crate) fn person_key(text: &str) -> Result<String, String> {
    if text.chars().nth(LONGEST_KEY).is_some() {
        return Err(format!("`{}` is too long: at most {LONGEST_KEY} characters", shortened(text)));
    }
    line_of_text(text)
}

/// An id, by its parser.
pub(super) fn id<T>(parse: impl FnOnce(&str) -> Result<T, InvalidId>) -> impl FnOnce(&str) -> Result<T, InvalidId> {
    |text| parse(text).map_err(|_| InvalidId(shortened(text)))
}

/// A text on one line.
pub(crate) fn line_of_text(text: &str) -> Result<String, String> {
    if text.contains(['\n', '\r']) {
        return Err("there is a line break; write it on one line".to_owned());
    }
    lines_of_text(text)
}

/// A text that may have several lines.
pub(super) fn lines_of_text(text: &str) -> Result<String, String> {
    match text.chars().find(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t')) {
        Some(control) => Err(format!("there is a control character (U+{:04X})", u32::from(control))),
        None => Ok(text.to_owned()),
    }
}

/// A whole number of at least 1.
pub(super) fn version(text: &str) -> Result<u32, String> {
    match text.parse::<u32>() {
        Ok(number) if number >= 1 && !text.starts_with('+') => Ok(number),
        _ => Err(format!("`{}` is not a version: a whole number of at least 1", shortened(text))),
    }
}

/// A level by its number.
pub(super) fn level(text: &str) -> Result<Level, String> {
    match text {
        "1" => Ok(Level::Discovery),
        "2" => Ok(Level::Autonomous),
        "3" => Ok(Level::Trainer),
        _ => Err(format!("`{}` is not a level: 1 (discovery), 2 (autonomous) or 3 (trainer)", shortened(text))),
    }
}
