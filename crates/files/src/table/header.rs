//! The first line: it names the columns, and tells the separator.

use super::records::{Record, Records};
use super::{Kind, RowError};
use crate::Warning;
use crate::nearest::{did_you_mean, nearest};
use crate::shorten::shortened;

/// More columns than any file that people write.
const MOST_COLUMNS: usize = 256;

/// Which cell of a row belongs to which column.
pub(super) struct Header {
    /// The known columns of the kind, each with its place in a row.
    places: Vec<(&'static str, usize)>,
    /// How many cells the first line has.
    pub(super) width: usize,
    /// What stands between the cells.
    pub(super) separator: u8,
}

impl Header {
    /// The place of a column in a row; none when the file does not have it.
    pub(super) fn place(&self, column: &str) -> Option<usize> {
        self.places.iter().find(|(name, _)| *name == column).map(|(_, place)| *place)
    }
}

/// Reads the first line that is not blank. Gives the header, what is worth knowing about it, and the rest.
pub(super) fn read(kind: Kind, text: &str) -> Result<(Header, Vec<Warning>, Records<'_>), Vec<RowError>> {
    let (declared, start, line) = declared_separator(text);
    let candidates: &[u8] = declared.as_ref().map_or(b";,\t", std::slice::from_ref);
    let mut best: Option<(usize, u8, Record<'_>, Records<'_>)> = None;
    let mut broken = None;
    for &separator in candidates {
        let mut records = Records::new(text, start, line, separator);
        let first = records.by_ref().find(|record| !record.as_ref().is_ok_and(Record::is_blank));
        match first {
            None => return Err(vec![RowError::of_line(1, format!("the file is empty; {}", needs(kind)))]),
            Some(Err(error)) => broken = Some(error),
            Some(Ok(record)) => {
                let known = record.cells.iter().take(MOST_COLUMNS).filter(|cell| known_name(kind, cell).is_some());
                let known = known.count();
                if best.as_ref().is_none_or(|(most, ..)| known > *most) {
                    best = Some((known, separator, record, records));
                }
            }
        }
    }
    let Some((_, separator, record, rest)) = best else { return Err(broken.into_iter().collect()) };
    let (header, warnings) = columns(kind, &record, separator)?;
    Ok((header, warnings, rest))
}

/// The separator that a first line `sep=;` declares, as spreadsheets understand it, and where the rest begins.
fn declared_separator(text: &str) -> (Option<u8>, usize, usize) {
    let bytes = text.as_bytes();
    let Some((b"sep=" | b"SEP=" | b"Sep=", &[separator @ (b';' | b',' | b'\t'), ref rest @ ..])) =
        bytes.split_at_checked(4)
    else {
        return (None, 0, 1);
    };
    match rest {
        [b'\r', b'\n', ..] => (Some(separator), 7, 2),
        [b'\r' | b'\n', ..] => (Some(separator), 6, 2),
        _ => (None, 0, 1),
    }
}

fn known_name(kind: Kind, cell: &str) -> Option<&'static str> {
    let name = cell.trim();
    kind.columns().iter().map(|column| column.name).find(|known| known.eq_ignore_ascii_case(name))
}

fn columns(kind: Kind, record: &Record<'_>, separator: u8) -> Result<(Header, Vec<Warning>), Vec<RowError>> {
    let (line, mut warnings, mut errors) = (record.line, Vec::new(), Vec::new());
    if record.cells.len() > MOST_COLUMNS {
        let problem = format!("the first line has {} columns; {}", record.cells.len(), needs(kind));
        return Err(vec![RowError::of_line(line, problem)]);
    }
    let mut header = Header { places: Vec::new(), width: record.cells.len(), separator };
    let mut unknown = Vec::new();
    for (place, cell) in record.cells.iter().enumerate() {
        match known_name(kind, cell) {
            Some(name) if header.place(name).is_some() => {
                errors.push(RowError::of_cell(line, name, "this column stands twice; leave one of them".to_owned()));
            }
            Some(name) => header.places.push((name, place)),
            None if cell.trim().is_empty() => {}
            None => unknown.push(cell.trim()),
        }
    }
    let absent = |name: &&str| header.place(name).is_none();
    let absent: Vec<&str> = kind.columns().iter().map(|column| column.name).filter(absent).collect();
    for name in &unknown {
        warnings.push(Warning {
            line,
            text: format!(
                "the column `{}` is unknown and was not read{}",
                shortened(name),
                did_you_mean(name, absent.iter().copied())
            ),
        });
    }
    for column in kind.columns().iter().filter(|column| column.needed && absent.contains(&column.name)) {
        let meant = nearest(column.name, unknown.iter().copied());
        let meant = meant.map(|name| format!(" (is it `{}`?)", shortened(name))).unwrap_or_default();
        errors.push(RowError::of_cell(line, column.name, format!("this column is missing{meant}; {}", needs(kind))));
    }
    if errors.is_empty() { Ok((header, warnings)) } else { Err(errors) }
}

/// What the first line must say.
fn needs(kind: Kind) -> String {
    let names = |needed: bool| {
        let columns = kind.columns().iter().filter(move |column| column.needed == needed);
        columns.map(|column| format!("`{}`", column.name)).collect::<Vec<_>>().join(", ")
    };
    let optional = names(false);
    let may = if optional.is_empty() { String::new() } else { format!(" and may have {optional}") };
    format!("a file of {kind} needs the columns {}{may}", names(true))
}
