//! `awards`: who was given which reference, at which level, by whom, and what became of it.

use chrono_tz::Tz;
use tremen_rules::{AwardId, IssuerId, Level, ReferenceId, Span, Time};

use super::cells::{id, level, lines_of_text, person_key, version};
use super::{Column, Identity, Kind, RowError, Table, needed, optional, or_empty, read, time_or_empty, write};
use crate::when::print_time;

pub(super) const COLUMNS: [Column; 14] = [
    needed("person"),
    needed("reference"),
    needed("version"),
    needed("level"),
    needed("issuer"),
    needed("issued_at"),
    optional("valid_until"),
    optional("awarded_by"),
    optional("award"),
    optional("supersedes"),
    optional("suspended_from"),
    optional("suspended_until"),
    optional("revoked_at"),
    optional("why"),
];

/// An award.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwardRow {
    /// Whose it is, by the venue's key.
    pub person: String,
    /// Which reference.
    pub reference: ReferenceId,
    /// Which version of it, at least 1.
    pub version: u32,
    /// At which level.
    pub level: Level,
    /// By which issuer.
    pub issuer: IssuerId,
    /// When.
    pub issued_at: Time,
    /// Its end; none: from the reference's validity.
    pub valid_until: Option<Time>,
    /// The person who gave it, by the venue's key.
    pub awarded_by: Option<String>,
    /// An id of its own; without one, its first six columns tell it from others.
    pub award: Option<AwardId>,
    /// The award that it takes the place of.
    pub supersedes: Option<AwardId>,
    /// When it was, is or will be suspended.
    pub suspension: Option<Span>,
    /// When it was revoked.
    pub revoked_at: Option<Time>,
    /// Why it was suspended or revoked.
    pub why: Option<String>,
}

/// Reads a file of awards.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_awards(bytes: &[u8], zone: Tz) -> Result<Table<AwardRow>, Vec<RowError>> {
    read(
        Kind::Awards,
        bytes,
        zone,
        |cells| {
            let person = cells.person();
            let reference = cells.needed("reference", id(ReferenceId::parse));
            let version = cells.needed("version", version);
            let level = cells.needed("level", level);
            let issuer = cells.needed("issuer", id(IssuerId::parse));
            let issued_at = cells.needed_begin("issued_at");
            let valid_until = cells.end("valid_until");
            cells.ends_after(("valid_until", valid_until), ("issued_at", issued_at));
            let awarded_by = cells.optional("awarded_by", person_key);
            let award = cells.optional("award", id(AwardId::parse));
            let supersedes = cells.optional("supersedes", id(AwardId::parse));
            if supersedes.is_some() && supersedes == award {
                cells.refuse("supersedes", "an award can't supersede itself");
            }
            let suspension = suspension(cells);
            let revoked_at = cells.begin("revoked_at");
            if let (Some(revoked), Some(issued)) = (revoked_at, issued_at)
                && revoked < issued
            {
                cells.refuse("revoked_at", "lies before `issued_at`; an award is revoked after it was issued");
            }
            let why = cells.optional("why", lines_of_text);
            Some(AwardRow {
                person: person?,
                reference: reference?,
                version: version?,
                level: level?,
                issuer: issuer?,
                issued_at: issued_at?,
                valid_until,
                awarded_by,
                award,
                supersedes,
                suspension,
                revoked_at,
                why,
            })
        },
        |row| Some(identity(row)),
    )
}

fn suspension(cells: &mut super::cells::Cells<'_>) -> Option<Span> {
    let faults = cells.errors.len();
    let from = cells.begin("suspended_from");
    let begins = from.is_some() || cells.errors.len() > faults;
    let until = cells.end("suspended_until");
    if until.is_some() && !begins {
        cells.refuse("suspended_until", "stands without `suspended_from`; a suspension needs its beginning");
    }
    cells.ends_after(("suspended_until", until), ("suspended_from", from));
    from.map(|from| Span::new(from, until))
}

fn identity(row: &AwardRow) -> Identity {
    if let Some(award) = &row.award {
        return Identity { column: Some("award"), key: format!("id {award}"), fact: "this award" };
    }
    let AwardRow { person, reference, version, level, issuer, issued_at, .. } = row;
    Identity {
        column: None,
        key: format!("{reference} {version} {} {issuer} {issued_at} {person}", level.number()),
        fact: "an award with these first six columns",
    }
}

/// Writes a file of awards.
#[must_use]
pub fn write_awards<'r>(rows: impl IntoIterator<Item = &'r AwardRow>) -> String {
    write::write(
        Kind::Awards,
        rows.into_iter().map(|row| {
            [
                row.person.clone(),
                row.reference.to_string(),
                row.version.to_string(),
                row.level.number().to_string(),
                row.issuer.to_string(),
                print_time(row.issued_at),
                time_or_empty(row.valid_until),
                or_empty(row.awarded_by.as_ref()),
                or_empty(row.award.as_ref()),
                or_empty(row.supersedes.as_ref()),
                time_or_empty(row.suspension.map(|span| span.from)),
                time_or_empty(row.suspension.and_then(|span| span.until)),
                time_or_empty(row.revoked_at),
                or_empty(row.why.as_ref()),
            ]
        }),
    )
}
