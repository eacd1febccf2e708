//! `memberships`: who is a member of which venue, from when until when.

use chrono_tz::Tz;
use tremen_rules::{Span, VenueId};

use super::cells::id;
use super::{Column, Kind, RowError, Table, needed, read, time_or_empty, write};
use crate::when::{self, print_time};

pub(super) const COLUMNS: [Column; 4] = [needed("person"), needed("venue"), needed("from"), needed("until")];

/// A membership of a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipRow {
    /// Who, by the venue's key.
    pub person: String,
    /// Where.
    pub venue: VenueId,
    /// When; it always has an end.
    pub span: Span,
}

/// Reads a file of memberships.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_memberships(bytes: &[u8], zone: Tz) -> Result<Table<MembershipRow>, Vec<RowError>> {
    read(
        Kind::Memberships,
        bytes,
        zone,
        |cells| {
            let person = cells.person();
            let venue = cells.needed("venue", id(VenueId::parse));
            let from = cells.needed_begin("from");
            let until = cells.needed("until", |text| when::parse_end(text, zone));
            let span = cells.span(from, until);
            until?;
            Some(MembershipRow { person: person?, venue: venue?, span: span? })
        },
        |_| None,
    )
}

/// Writes a file of memberships.
#[must_use]
pub fn write_memberships<'r>(rows: impl IntoIterator<Item = &'r MembershipRow>) -> String {
    write::write(
        Kind::Memberships,
        rows.into_iter().map(|row| {
            [row.person.clone(), row.venue.to_string(), print_time(row.span.from), time_or_empty(row.span.until)]
        }),
    )
}
