//! Everything that is stored of a person, for that person: the access and portability of the law. Start at [`run`].
//! Writes nothing.
//!
//! What is told follows from [`PLACES`], so it equals what is stored; what is withheld is named there with its reason.

use serde_json::{Map, Value as Json, json};
use tremen_rules::PersonId;
use tremen_rules::authority::Act;

use super::checks::print;
use super::erase_person::is_about;
use super::{FlowError, Warrant, checks, network};
use crate::keys::hex;
use crate::store::{Erasure, PLACES, Tx};

/// So many entries are read at once.
const PAGE: u32 = 500;

/// Everything that is stored of a person: by table, and what the journal says of them.
///
/// # Errors
/// When the author may not, the person does not exist, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, person: &PersonId) -> Result<Json, FlowError> {
    let network = network(tx)?;
    tx.person(person)?.ok_or_else(|| FlowError::unknown("person", person))?;
    checks::allowed(tx, warrant, &Act::ReadContact { person: person.clone() }, &network)?;
    let mut stored = Map::new();
    let mut kept = Vec::new();
    for place in &PLACES {
        let mut rows = tx.told(place, person)?;
        if place.table == "cards" {
            open_cards(tx, person, &mut rows)?;
        }
        if let Erasure::Kept(why) = place.erasure
            && !rows.is_empty()
        {
            kept.push(json!({ "what": format!("{}.{}", place.table, place.column), "why": why }));
        }
        if !rows.is_empty() {
            stored.insert(name(place.table, place.column), json!(rows));
        }
    }
    Ok(json!({
        "person": person, "at": print(tx.now()), "stored": stored, "journal": journal(tx, person)?,
        "stays_after_an_erasure": kept,
    }))
}

/// `awards`, or `awards_awarded_by` for what is another person's.
fn name(table: &str, column: &str) -> String {
    let own = PLACES.iter().find(|place| place.table == table).is_some_and(|first| first.column == column);
    if own { table.to_owned() } else { format!("{table}_{column}") }
}

fn open_cards(tx: &Tx<'_>, person: &PersonId, rows: &mut [Map<String, Json>]) -> Result<(), FlowError> {
    for card in tx.cards_of(person)? {
        let row = rows.iter_mut().find(|row| row.get("card").and_then(Json::as_str) == Some(card.card.as_str()));
        if let Some(row) = row {
            row.insert("uid".to_owned(), json!(tx.uid_of(&card).map(|uid| hex(&uid))));
        }
    }
    Ok(())
}

fn journal(tx: &Tx<'_>, person: &PersonId) -> Result<Vec<Json>, FlowError> {
    let (mut told, mut last) = (Vec::new(), 0);
    loop {
        let page = tx.payloads_naming(person, last, PAGE)?;
        let Some((end, _)) = page.last() else { return Ok(told) };
        last = *end;
        for (number, body) in page.iter().filter(|(_, body)| is_about(body, person)) {
            if let Some(entry) = tx.entry(*number)? {
                told.push(json!({ "entry": number, "at": print(entry.at), "kind": entry.kind, "body": body }));
            }
        }
    }
}
