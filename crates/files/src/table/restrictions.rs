//! `restrictions`: who may not use what, from when until when, and why.

use chrono_tz::Tz;
use tremen_rules::{Scope, Span};

use super::cells::lines_of_text;
use super::{Column, Kind, RowError, Table, needed, optional, or_empty, read, time_or_empty, write};
use crate::shorten::shortened;
use crate::when::print_time;

pub(super) const COLUMNS: [Column; 5] =
    [needed("person"), needed("scope"), needed("from"), optional("until"), optional("why")];

/// A person may not use something for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictionRow {
    /// Who, by the venue's key.
    pub person: String,
    /// What: the network, a venue, a machine or a reference.
    pub scope: Scope,
    /// When.
    pub span: Span,
    /// Why.
    pub why: Option<String>,
}

/// Reads a file of restrictions.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_restrictions(bytes: &[u8], zone: Tz) -> Result<Table<RestrictionRow>, Vec<RowError>> {
    read(
        Kind::Restrictions,
        bytes,
        zone,
        |cells| {
            let person = cells.person();
            let scope = cells.needed("scope", scope);
            let from = cells.needed_begin("from");
            let until = cells.end("until");
            let span = cells.span(from, until);
            let why = cells.optional("why", lines_of_text);
            Some(RestrictionRow { person: person?, scope: scope?, span: span?, why })
        },
        |_| None,
    )
}

/// Writes a file of restrictions.
#[must_use]
pub fn write_restrictions<'r>(rows: impl IntoIterator<Item = &'r RestrictionRow>) -> String {
    write::write(
        Kind::Restrictions,
        rows.into_iter().map(|row| {
            [
                row.person.clone(),
                row.scope.to_string(),
                print_time(row.span.from),
                time_or_empty(row.span.until),
                or_empty(row.why.as_ref()),
            ]
        }),
    )
}

fn scope(text: &str) -> Result<Scope, String> {
    match Scope::parse(text) {
        Ok(scope @ (Scope::Network | Scope::Venue(_) | Scope::Machine(_) | Scope::Reference(_))) => Ok(scope),
        Ok(Scope::Issuer(_)) | Err(_) => Err(format!(
            "`{}` is not what a restriction can be about: `network`, `venue:ID`, `machine:ID` or `reference:ID`",
            shortened(text)
        )),
    }
}
