//! Rows to text: `;` between the cells, UTF-8, quoted as RFC 4180 says.

use std::fmt::Write as _;

use super::Kind;

/// What a spreadsheet takes for the beginning of a formula.
const FORMULA: [char; 4] = ['=', '+', '-', '@'];

/// A file of a kind, with all its columns in their order.
pub(super) fn write<const N: usize>(kind: Kind, rows: impl Iterator<Item = [String; N]>) -> String {
    let mut text = kind.columns().iter().map(|column| column.name).collect::<Vec<_>>().join(";");
    text.push('\n');
    for row in rows {
        debug_assert_eq!(row.len(), kind.columns().len(), "{kind}");
        for (place, cell) in row.iter().enumerate() {
            if place > 0 {
                text.push(';');
            }
            push_cell(&mut text, cell);
        }
        text.push('\n');
    }
    text
}

fn push_cell(text: &mut String, value: &str) {
    // A name that begins as a formula does would run in the spreadsheet of whoever opens the file.
    let guard = if begins_as_formula(value) { "'" } else { "" };
    if value.contains([';', '"', '\n', '\r']) || value.trim() != value {
        let _ = write!(text, "\"{guard}{}\"", value.replace('"', "\"\""));
    } else {
        let _ = write!(text, "{guard}{value}");
    }
}

/// The cell without the `'` that keeps a spreadsheet from taking it for a formula.
pub(super) fn without_guard(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|value| begins_as_formula(value)).unwrap_or(cell)
}

fn begins_as_formula(value: &str) -> bool {
    value.trim_start_matches('\'').starts_with(FORMULA)
}
