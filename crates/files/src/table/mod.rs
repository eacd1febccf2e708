//! CSV tables: people, cards, awards and the like, as spreadsheets hold them.
//!
//! Start at [`Kind`] and, for one kind, at its functions, for example [`read_people`] and [`write_people`]. Reading says
//! every fault of a file at once, each with its line and column; what is written reads as itself. Whether the person or
//! the machine that a row names exists is not known here.

mod awards;
mod cards;
mod cells;
mod encoding;
mod handovers;
mod header;
mod machines;
mod memberships;
mod people;
mod records;
mod restrictions;
mod roles;
mod write;

use std::collections::BTreeMap;
use std::fmt;

use chrono_tz::Tz;

pub use self::awards::{AwardRow, read_awards, write_awards};
pub use self::cards::{CardKind, CardRow, read_cards, write_cards};
pub(crate) use self::cells::{line_of_text, person_key};
pub use self::handovers::{HandoverRow, read_handovers, write_handovers};
pub use self::machines::{MachineRow, Required, read_machines, write_machines};
pub use self::memberships::{MembershipRow, read_memberships, write_memberships};
pub use self::people::{PersonRow, read_people, write_people};
pub use self::restrictions::{RestrictionRow, read_restrictions, write_restrictions};
pub use self::roles::{RoleRow, read_roles, write_roles};
use crate::Warning;

/// What a CSV file is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// People of a venue.
    People,
    /// Their cards.
    Cards,
    /// Their awards.
    Awards,
    /// Their memberships.
    Memberships,
    /// What they may not use for a time.
    Restrictions,
    /// Who was shown which machine.
    Handovers,
    /// Who may do what.
    Roles,
    /// Machines.
    Machines,
}

/// A column of a kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in the first line.
    pub name: &'static str,
    /// Whether each row must fill it.
    pub needed: bool,
}

const fn needed(name: &'static str) -> Column {
    Column { name, needed: true }
}

const fn optional(name: &'static str) -> Column {
    Column { name, needed: false }
}

impl Kind {
    /// All kinds, in an order in which they can be imported one after the other.
    pub const ALL: [Self; 8] = [
        Self::Machines,
        Self::People,
        Self::Roles,
        Self::Memberships,
        Self::Cards,
        Self::Awards,
        Self::Handovers,
        Self::Restrictions,
    ];

    /// The name on the command line, for example `people`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::People => "people",
            Self::Cards => "cards",
            Self::Awards => "awards",
            Self::Memberships => "memberships",
            Self::Restrictions => "restrictions",
            Self::Handovers => "handovers",
            Self::Roles => "roles",
            Self::Machines => "machines",
        }
    }

    /// The kind of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The columns of this kind, in the order in which they are written.
    #[must_use]
    pub const fn columns(self) -> &'static [Column] {
        match self {
            Self::People => &people::COLUMNS,
            Self::Cards => &cards::COLUMNS,
            Self::Awards => &awards::COLUMNS,
            Self::Memberships => &memberships::COLUMNS,
            Self::Restrictions => &restrictions::COLUMNS,
            Self::Handovers => &handovers::COLUMNS,
            Self::Roles => &roles::COLUMNS,
            Self::Machines => &machines::COLUMNS,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A file that was read without a fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table<R> {
    /// Its rows, in the file's order.
    pub rows: Vec<Row<R>>,
    /// What is worth knowing about it, by line.
    pub warnings: Vec<Warning>,
}

/// One row and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<R> {
    /// The line on which it begins, from 1.
    pub line: usize,
    /// What it says.
    pub row: R,
}

/// A fault of a file, with what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowError {
    /// The line on which the row begins, from 1.
    pub line: usize,
    /// The column, where it is about one.
    pub column: Option<&'static str>,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

impl RowError {
    pub(crate) const fn of_line(line: usize, problem: String) -> Self {
        Self { line, column: None, problem }
    }

    pub(crate) const fn of_cell(line: usize, column: &'static str, problem: String) -> Self {
        Self { line, column: Some(column), problem }
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.column {
            Some(column) => write!(f, "line {}, column `{column}`: {}", self.line, self.problem),
            None => write!(f, "line {}: {}", self.line, self.problem),
        }
    }
}

impl std::error::Error for RowError {}

/// What tells a row from all others of its file.
struct Identity {
    /// The column that is at fault when the fact stands twice.
    column: Option<&'static str>,
    /// The same for two rows about the same fact only.
    key: String,
    /// The fact in words.
    fact: &'static str,
}

/// Reads a file of a kind, row by row, with `row`; two rows of the same `identity` must say the same.
fn read<R: PartialEq>(
    kind: Kind,
    bytes: &[u8],
    zone: Tz,
    row: impl Fn(&mut cells::Cells<'_>) -> Option<R>,
    identity: impl Fn(&R) -> Option<Identity>,
) -> Result<Table<R>, Vec<RowError>> {
    let (text, encoding) = encoding::decode(bytes)?;
    let (header, from_header, records) = header::read(kind, &text)?;
    let mut warnings: Vec<Warning> = encoding.into_iter().chain(from_header).collect();
    let mut errors = Vec::new();
    let mut rows: Vec<Row<R>> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for record in records {
        let record = match record {
            Ok(record) if record.is_blank() => continue,
            Ok(record) => record,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        let line = record.line;
        if record.cells.iter().skip(header.width).any(|cell| !cell.trim().is_empty()) {
            let (cells, separator) = (record.cells.len(), char::from(header.separator).escape_default());
            let problem = format!(
                "this row has {cells} cells, the first line {}; a text that holds `{separator}` stands in quotes",
                header.width
            );
            errors.push(RowError::of_line(line, problem));
            continue;
        }
        let faults = errors.len();
        let mut cells =
            cells::Cells { kind, zone, header: &header, record: &record, errors: &mut errors, warnings: &mut warnings };
        let Some(row) = row(&mut cells) else { continue };
        if errors.len() > faults {
            continue;
        }
        if let Some(Identity { column, key, fact }) = identity(&row) {
            if let Some(first) = seen.get(&key).and_then(|index| rows.get(*index)) {
                if first.row == row {
                    warnings.push(Warning { line, text: format!("this row stands already on line {}", first.line) });
                } else {
                    let problem = format!("{fact} stands already on line {}, with other values", first.line);
                    errors.push(RowError { line, column, problem });
                }
                continue;
            }
            seen.insert(key, rows.len());
        }
        rows.push(Row { line, row });
    }
    if errors.is_empty() {
        warnings.sort();
        Ok(Table { rows, warnings })
    } else {
        errors.sort_by_key(|error| error.line);
        Err(errors)
    }
}

/// A cell that may be empty.
fn or_empty(value: Option<&impl ToString>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// An instant that may be missing.
fn time_or_empty(time: Option<tremen_rules::Time>) -> String {
    time.map(crate::when::print_time).unwrap_or_default()
}
