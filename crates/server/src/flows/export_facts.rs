//! The facts that are kept, as the CSV files that `tremen import` reads. Start at [`run`]. Writes nothing.
//!
//! What goes out comes in again as it was: importing an exported file changes nothing. What was ended before its time
//! goes out with the end that it had.

use std::collections::{BTreeMap, BTreeSet};

use tremen_files::table::{self, Kind};
use tremen_rules::{AwardId, PersonId, Time};

use super::FlowError;
use super::import_machines::in_a_cell;
use super::import_restrictions::in_fact;
use crate::store::{PersonRow, StoreError, Tx};

/// So many people are read at once.
const PAGE: u32 = 1000;

/// One kind of file, in the order of people. With `since`, only the facts that began then or later.
///
/// # Errors
/// When the store fails, or the facts of this kind have no beginning to compare with.
pub fn run(tx: &mut Tx<'_>, kind: Kind, since: Option<Time>) -> Result<String, FlowError> {
    if since.is_some() && matches!(kind, Kind::People | Kind::Cards | Kind::Machines) {
        let problem = format!(
            "{kind} have no beginning: `--since` is for awards, memberships, restrictions, handovers, roles, journal, sessions and decisions"
        );
        return Err(FlowError::Refused(problem));
    }
    let from = since.unwrap_or(Time::from_millis(i64::MIN));
    let people = people(tx)?;
    let keys: BTreeMap<&PersonId, &str> = people.iter().map(|row| (&row.person, row.key.as_str())).collect();
    let key = |person: &PersonId| keys.get(person).copied().unwrap_or_default().to_owned();
    Ok(match kind {
        Kind::People => {
            let rows: Vec<_> = people
                .iter()
                .map(|row| table::PersonRow {
                    person: row.key.clone(),
                    name: row.name.clone(),
                    email: row.email.clone(),
                    birth_date: row.birth_date,
                    language: row.language,
                    guardian: row.guardian.as_ref().map(key),
                    guardian_consent: row.guardian_consent,
                })
                .collect();
            table::write_people(&rows)
        }
        Kind::Cards => table::write_cards(&each(&people, |row| cards(tx, row))?),
        Kind::Awards => table::write_awards(&each(&people, |row| awards(tx, row, from, &key))?),
        Kind::Memberships => table::write_memberships(&each(&people, |row| {
            let held = tx.memberships_of(&row.person)?.into_iter().filter(|(_, span)| span.from >= from);
            Ok(held.map(|(venue, span)| table::MembershipRow { person: row.key.clone(), venue, span }).collect())
        })?),
        Kind::Restrictions => table::write_restrictions(&each(&people, |row| {
            let held = tx.restrictions_of(&row.person)?.into_iter().filter(|held| held.span.from >= from);
            let held = held.filter(|held| !in_fact(held).is_empty());
            Ok(held
                .map(|held| table::RestrictionRow {
                    person: row.key.clone(),
                    span: in_fact(&held),
                    scope: held.scope,
                    why: held.why,
                })
                .collect())
        })?),
        Kind::Handovers => table::write_handovers(&each(&people, |row| {
            let held = tx.handovers_of(&row.person)?.into_iter().filter(|(_, at, _)| *at >= from);
            Ok(held
                .map(|(machine, at, by)| table::HandoverRow {
                    person: row.key.clone(),
                    machine,
                    at,
                    by: by.as_ref().map(key),
                })
                .collect())
        })?),
        Kind::Roles => table::write_roles(&each(&people, |row| roles(tx, row, from))?),
        Kind::Machines => {
            let snapshot = tx.network()?;
            let rows: Vec<_> = snapshot
                .network
                .machines
                .values()
                .map(|machine| table::MachineRow {
                    machine: machine.id.clone(),
                    venue: machine.venue.clone(),
                    name: machine.name.clone(),
                    kind: machine.kind.clone(),
                    hazard: machine.hazard,
                    requires: in_a_cell(&machine.requires),
                })
                .collect();
            table::write_machines(&rows)
        }
    })
}

/// Everybody, in the order of their keys.
pub(super) fn people(tx: &Tx<'_>) -> Result<Vec<PersonRow>, StoreError> {
    let mut all: Vec<PersonRow> = Vec::new();
    loop {
        let page = tx.people_after(all.last().map_or("", |row| row.key.as_str()), PAGE)?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}

fn each<R>(people: &[PersonRow], rows: impl Fn(&PersonRow) -> Result<Vec<R>, FlowError>) -> Result<Vec<R>, FlowError> {
    let mut all = Vec::new();
    for row in people {
        all.extend(rows(row)?);
    }
    Ok(all)
}

fn cards(tx: &Tx<'_>, row: &PersonRow) -> Result<Vec<table::CardRow>, FlowError> {
    let cards = tx.cards_of(&row.person)?.into_iter().map(|card| {
        let uid = tx.uid_of(&card).ok_or_else(|| {
            let problem = "a card's number does not open with this key folder; it is another one than the database was written with";
            FlowError::Refused(problem.to_owned())
        })?;
        let kind = if card.ntag424 { table::CardKind::Ntag424 } else { table::CardKind::Uid };
        Ok(table::CardRow { person: row.key.clone(), kind, uid, label: card.label })
    });
    let mut rows = cards.collect::<Result<Vec<_>, FlowError>>()?;
    // not in the order of their random ids: the same facts give the same file
    rows.sort_by(|a, b| a.uid.cmp(&b.uid));
    Ok(rows)
}

fn awards(
    tx: &Tx<'_>,
    row: &PersonRow,
    from: Time,
    key: &impl Fn(&PersonId) -> String,
) -> Result<Vec<table::AwardRow>, FlowError> {
    let held = tx.awards_of(&row.person)?;
    let named: BTreeSet<AwardId> = held.iter().filter_map(|it| it.supersedes.clone()).collect();
    let mut rows = Vec::new();
    for stored in held.into_iter().filter(|stored| stored.award.issued_at >= from) {
        let award = stored.award;
        // a row says one suspension: the last one that was not lifted before it began
        let suspension = award.suspensions.iter().filter(|span| !span.is_empty()).max().copied();
        rows.push(table::AwardRow {
            person: row.key.clone(),
            reference: award.reference,
            version: award.version,
            level: award.level,
            issuer: award.issuer,
            issued_at: award.issued_at,
            valid_until: award.valid_until,
            awarded_by: stored.awarded_by.as_ref().map(key),
            // random ids are nobody's business, but where a successor names one
            award: (stored.given_id || named.contains(&award.id)).then_some(award.id),
            supersedes: stored.supersedes,
            suspension,
            revoked_at: award.revoked_at,
            why: stored.why,
        });
    }
    // random ids decide nothing that can be seen
    rows.sort_by(|a, b| {
        let order =
            |row: &table::AwardRow| (row.issued_at, row.reference.clone(), row.version, row.level, row.issuer.clone());
        order(a).cmp(&order(b))
    });
    Ok(rows)
}

fn roles(tx: &Tx<'_>, row: &PersonRow, from: Time) -> Result<Vec<table::RoleRow>, FlowError> {
    let mut rows = Vec::new();
    for held in tx.roles_of(&row.person)?.into_iter().filter(|held| held.span.from >= from) {
        let until = match (held.span.until, held.ended_at) {
            (Some(until), Some(ended_at)) => Some(until.min(ended_at)),
            (until, ended_at) => until.or(ended_at),
        };
        // one that was ended before it began was never held
        if until.is_none_or(|until| held.span.from < until) {
            rows.push(table::RoleRow {
                person: row.key.clone(),
                role: held.role,
                scope: held.scope,
                from: Some(held.span.from),
                until,
            });
        }
    }
    Ok(rows)
}
