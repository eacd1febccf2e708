//! Imports memberships: person, venue and beginning say which; its end may change. Start at [`run`].

use serde_json::json;
use tremen_files::table::{MembershipRow as FileRow, Row};
use tremen_rules::authority::Act;

use super::Warrant;
use super::import::{Fate, Import, ImportError, Imported, Problem, declared};
use crate::store::{StoreError, Tx};

/// Imports memberships.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let mut import = Import::begin(tx, warrant)?;
    for Row { line, row } in rows {
        let fate = membership(tx, &mut import, row)?;
        import.note(*line, fate);
    }
    import.finish(tx, "memberships")
}

fn membership(tx: &Tx<'_>, import: &mut Import<'_>, row: &FileRow) -> Result<Result<Fate, Problem>, StoreError> {
    let person = match import.person(tx, "person", &row.person)? {
        Ok(person) => person,
        Err(problem) => return Ok(Err(problem)),
    };
    let FileRow { venue, span, .. } = row;
    if let Err(problem) = declared("venue", "venue", venue.as_str(), import.network.venues.keys().map(|id| id.as_str()))
    {
        return Ok(Err(problem));
    }
    let known = tx.membership(&person, venue, span.from)?;
    if known == Some(span.until) {
        return Ok(Ok(Fate::Unchanged));
    }
    if let Err(problem) = import.may(tx, &Act::Membership { venue: venue.clone() }) {
        return Ok(Err(problem));
    }
    tx.put_membership(&person, venue, *span)?;
    let story = json!({ "person": person, "venue": venue, "from": span.from, "until": span.until, "before": known });
    import.record(tx, "membership_recorded", story)?;
    Ok(Ok(if known.is_some() { Fate::Changed } else { Fate::Added }))
}
