//! Imports restrictions: person, scope, beginning and end say which. A restriction is never edited. Start at [`run`].

use serde_json::json;
use tremen_files::table::{RestrictionRow as FileRow, Row};
use tremen_rules::Span;
use tremen_rules::authority::Act;

use super::Warrant;
use super::checks::print;
use super::import::{Fate, Import, ImportError, Imported, Problem, at, scope_exists};
use crate::store::{RestrictionRow, StoreError, Tx};

/// Imports restrictions.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let mut import = Import::begin(tx, warrant)?;
    for Row { line, row } in rows {
        let fate = restriction(tx, &mut import, row)?;
        import.note(*line, fate);
    }
    import.finish(tx, "restrictions")
}

fn restriction(tx: &Tx<'_>, import: &mut Import<'_>, row: &FileRow) -> Result<Result<Fate, Problem>, StoreError> {
    let person = match import.person(tx, "person", &row.person)? {
        Ok(person) => person,
        Err(problem) => return Ok(Err(problem)),
    };
    let FileRow { scope, span, why, .. } = row;
    if let Err(problem) = scope_exists(&import.network, scope) {
        return Ok(Err(problem));
    }
    let same_beginning = |known: &RestrictionRow| known.scope == *scope && known.span.from == span.from;
    let known: Vec<_> = tx.restrictions_of(&person)?.into_iter().filter(same_beginning).collect();
    if known.iter().any(|known| known.span == *span || in_fact(known) == *span) {
        return Ok(Ok(Fate::Unchanged));
    }
    // a later end adds to what is known; an earlier one would leave it as it is, in silence
    if let Some(longer) = known.iter().find(|known| span.end() < in_fact(known).end()) {
        let until =
            in_fact(longer).until.map_or_else(|| "without end".to_owned(), |until| format!("until {}", print(until)));
        return Ok(at(
            "until",
            format!(
                "this restriction is known {until}, and is not edited: lift it with `tremen unrestrict {}`",
                longer.restriction
            ),
        ));
    }
    if let Err(problem) = import.may(tx, &Act::Restrict { scope: scope.clone(), person: person.clone() }) {
        return Ok(Err(problem));
    }
    let restriction = tx.add_restriction(&person, scope, *span, why.as_deref())?;
    let story = json!({
        "person": person, "restriction": restriction, "scope": scope, "from": span.from, "until": span.until, "told": why,
    });
    import.record(tx, "person_restricted", story)?;
    Ok(Ok(Fate::Added))
}

/// When a restriction held or holds in fact, lifted before its time or not.
pub(super) fn in_fact(row: &RestrictionRow) -> Span {
    let until = match (row.span.until, row.ended_at) {
        (Some(until), Some(ended_at)) => Some(until.min(ended_at)),
        (until, ended_at) => until.or(ended_at),
    };
    Span::new(row.span.from, until)
}
