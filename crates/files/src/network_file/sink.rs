//! What was found in a network file, by the place in its text.

use toml::de::DeTable;

use super::FileError;
use crate::Warning;
use crate::nearest::{did_you_mean, nearest};
use crate::shorten::shortened;

/// After so many suggestions no more are looked for: a file that is wrong a thousand times is not a slip, and looking
/// for names costs.
const MOST_SUGGESTIONS: usize = 200;

/// Errors and warnings by their byte in the text.
pub(super) struct Sink<'t> {
    text: &'t str,
    /// The bytes at which lines begin.
    line_starts: Vec<usize>,
    errors: Vec<(usize, String)>,
    warnings: Vec<(usize, String)>,
    suggestions: usize,
}

impl<'t> Sink<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        Self { text, line_starts, errors: Vec::new(), warnings: Vec::new(), suggestions: 0 }
    }

    pub(super) fn error(&mut self, at: usize, problem: String) {
        self.errors.push((at, problem));
    }

    pub(super) fn warning(&mut self, at: usize, text: String) {
        self.warnings.push((at, text));
    }

    pub(super) const fn errors_so_far(&self) -> usize {
        self.errors.len()
    }

    pub(super) const fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// The line of a byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.line_starts.partition_point(|start| *start <= at)
    }

    /// The end of a sentence that says which known name was probably meant.
    pub(super) fn did_you_mean<'k>(&mut self, given: &str, known: impl IntoIterator<Item = &'k str>) -> String {
        self.suggestions += 1;
        if self.suggestions > MOST_SUGGESTIONS { String::new() } else { did_you_mean(given, known) }
    }

    /// Says which keys of a table are unknown; gives those that were probably meant.
    pub(super) fn unknown_keys(&mut self, table: &DeTable<'_>, of: &str, known: &[&'static str]) -> Vec<&'static str> {
        let mut meant = Vec::new();
        for key in table.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            // a key that is there already was not meant again
            let absent = || known.iter().copied().filter(|known| !table.contains_key(*known));
            let hint = self.did_you_mean(name, absent());
            let problem = if hint.is_empty() {
                format!("`{}` is not a key of {of}, whose keys are {}", shortened(name), quoted(known))
            } else {
                meant.extend(nearest(name, absent()));
                format!("`{}` is not a key of {of}{hint}", shortened(name))
            };
            self.error(key.span().start, problem);
        }
        meant
    }

    /// Says which tables of the file are unknown.
    pub(super) fn unknown_tables(&mut self, root: &DeTable<'_>, known: &[&'static str]) {
        for key in root.keys().filter(|key| !known.contains(&key.get_ref().as_ref())) {
            let name = key.get_ref().as_ref();
            let hint = match self.did_you_mean(name, known.iter().copied()) {
                hint if hint.is_empty() => format!(", whose tables are {}", quoted(known)),
                hint => hint,
            };
            self.error(key.span().start, format!("`{}` is not a table of the network file{hint}", shortened(name)));
        }
    }

    /// All errors, by line and column.
    pub(super) fn into_errors(mut self) -> Vec<FileError> {
        let mut errors = std::mem::take(&mut self.errors);
        errors.sort();
        errors.dedup();
        // Columns are counted on from the error before, so that many errors on one long line stay cheap.
        let (mut counted_line, mut counted_to, mut column) = (0, 0, 1);
        let mut placed = Vec::with_capacity(errors.len());
        for (at, problem) in errors {
            let line = self.line(at);
            if line != counted_line {
                (counted_line, counted_to, column) =
                    (line, self.line_starts.get(line - 1).copied().unwrap_or_default(), 1);
            }
            let passed = self.text.get(counted_to..at).unwrap_or_default();
            column += passed.chars().filter(|letter| *letter != '\u{feff}').count();
            counted_to = at;
            placed.push(FileError { line, column, problem });
        }
        placed
    }

    /// All warnings, by line.
    pub(super) fn into_warnings(mut self) -> Vec<Warning> {
        let mut warnings = std::mem::take(&mut self.warnings);
        warnings.sort();
        warnings.into_iter().map(|(at, text)| Warning { line: self.line(at), text }).collect()
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
