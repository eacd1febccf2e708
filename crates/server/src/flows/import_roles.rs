//! Imports roles: person, role, scope and beginning say which. Start at [`run`].
//!
//! A role without a beginning begins when it is imported, unless the person holds it. Another end ends the known role
//! and gives it anew; a role that was ended before its time is not given again by the file that gave it.

use serde_json::json;
use tremen_files::table::{RoleRow as FileRow, Row};
use tremen_rules::authority::Act;
use tremen_rules::{PersonId, Span};

use super::Warrant;
use super::checks::print;
use super::import::{Fate, Import, ImportError, Imported, Problem, at, scope_exists};
use crate::store::{HeldRoleRow, StoreError, Tx};

/// Imports roles.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let mut import = Import::begin(tx, warrant)?;
    for Row { line, row } in rows {
        let fate = role(tx, &mut import, row)?;
        import.note(*line, fate);
    }
    import.finish(tx, "roles")
}

fn role(tx: &Tx<'_>, import: &mut Import<'_>, row: &FileRow) -> Result<Result<Fate, Problem>, StoreError> {
    let person = match import.person(tx, "person", &row.person)? {
        Ok(person) => person,
        Err(problem) => return Ok(Err(problem)),
    };
    let FileRow { role, scope, from, until, .. } = row;
    if let Err(problem) = scope_exists(&import.network, scope) {
        return Ok(Err(problem));
    }
    let act = Act::GrantRole { role: *role, scope: scope.clone(), person: person.clone() };
    let same = same_beginning(tx, &person, row)?;
    let live = same.iter().find(|held| held.ended_at.is_none());
    let says = |held: &HeldRoleRow| held.span.until == *until || (held.ended_at.is_some() && held.ended_at == *until);
    if same.iter().any(|held| says(held) && (held.ended_at.is_none() || live.is_none())) {
        return Ok(Ok(Fate::Unchanged));
    }
    if let Err(problem) = import.may(tx, &act) {
        return Ok(Err(problem));
    }
    let span = Span::new(from.or(live.map(|held| held.span.from)).unwrap_or(tx.now()), *until);
    if span.is_empty() {
        return Ok(at(
            "until",
            format!("{} is over already when the role begins, at {}", print(span.end()), print(span.from)),
        ));
    }
    if let Some(before) = live {
        tx.end_role(before.held)?;
    }
    let held = tx.add_role(&person, *role, scope, span)?;
    let story = json!({
        "person": person, "held": held, "role": role, "scope": scope, "from": span.from, "until": span.until,
        "in_place_of": live.map(|before| before.held),
    });
    import.record(tx, "role_granted", story)?;
    Ok(Ok(if live.is_some() { Fate::Changed } else { Fate::Added }))
}

/// The roles that a row may be about.
fn same_beginning(tx: &Tx<'_>, person: &PersonId, row: &FileRow) -> Result<Vec<HeldRoleRow>, StoreError> {
    let now = tx.now();
    let mut same = tx.roles_of(person)?;
    same.retain(|held| {
        let begins = row.from.map_or(held.span.covers(now), |from| held.span.from == from);
        held.role == row.role && held.scope == row.scope && begins
    });
    Ok(same)
}
