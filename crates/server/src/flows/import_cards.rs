//! Imports cards: attaches those whose number is nobody's, corrects the label or kind of the others. Start at [`run`].

use serde_json::json;
use tremen_files::table::{CardKind, CardRow as FileRow, Row};
use tremen_rules::authority::Act;

use super::Warrant;
use super::attach_card::story;
use super::import::{Fate, Import, ImportError, Imported, Problem, at};
use crate::store::{NewCard, StoreError, Tx};

/// Imports cards.
///
/// # Errors
/// Every bad row with its line; or when the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, rows: &[Row<FileRow>]) -> Result<Imported, ImportError> {
    let mut import = Import::begin(tx, warrant)?;
    for Row { line, row } in rows {
        let fate = card(tx, &mut import, row)?;
        import.note(*line, fate);
    }
    import.finish(tx, "cards")
}

fn card(tx: &Tx<'_>, import: &mut Import<'_>, row: &FileRow) -> Result<Result<Fate, Problem>, StoreError> {
    let person = match import.person(tx, "person", &row.person)? {
        Ok(person) => person,
        Err(problem) => return Ok(Err(problem)),
    };
    let ntag424 = row.kind == CardKind::Ntag424;
    let known = tx.card_by_uid(&row.uid)?;
    if let Some(other) = known.as_ref().filter(|card| card.person != person) {
        let owner = tx.person(&other.person)?.map_or_else(|| other.person.to_string(), |owner| owner.key);
        return Ok(at("uid", format!("this card is `{owner}`'s already: a card is one person's")));
    }
    let label = row.label.as_deref();
    if let Some(card) = &known
        && card.ntag424 == ntag424
        && (label.is_none() || label == card.label.as_deref())
    {
        return Ok(Ok(Fate::Unchanged));
    }
    if let Err(problem) = import.may(tx, &Act::AttachCard { of: person.clone() }) {
        return Ok(Err(problem));
    }
    Ok(Ok(match known {
        None => {
            let card = tx.add_card(&NewCard { person: &person, ntag424, uid: &row.uid, label })?;
            import.record(tx, "card_attached", story(tx, &person, &card, ntag424, &row.uid))?;
            Fate::Added
        }
        Some(card) => {
            tx.correct_card(&card.card, ntag424, label.or(card.label.as_deref()))?;
            import.record(tx, "card_corrected", json!({ "person": person, "card": card.card, "ntag424": ntag424 }))?;
            Fate::Changed
        }
    }))
}
