//! A restriction for safety outlives an erasure as a keyed hash only. Start at `keep` and [`meet_again`].
//!
//! The hash is of what somebody would be entered under again: the venue's key, the e-mail address, or name and birth
//! date. It is keyed, so that the table tells nobody who they were.

use serde_json::json;
use tremen_rules::{PersonId, Span};

use super::Warrant;
use crate::store::{OutlivingRow, PersonRow, StoreError, Tx};

/// Keeps the restrictions of a person that are not over, and tells how many.
pub(super) fn keep(tx: &Tx<'_>, row: &PersonRow) -> Result<usize, StoreError> {
    let mut kept = 0;
    for held in tx.restrictions_of(&row.person)? {
        let over = held.ended_at.is_some() || held.span.end() <= tx.now();
        if over {
            continue;
        }
        kept += 1;
        let outliving = OutlivingRow { restriction: held.restriction, scope: held.scope, span: held.span };
        for tag in tags(tx, row) {
            tx.keep_restriction(tag, &outliving)?;
        }
    }
    Ok(kept)
}

/// Puts restrictions that outlived an erasure on somebody who is entered under the same key, address, or name and birth
/// date; tells the journal entries. The caller looks again at their sessions.
///
/// # Errors
/// When the store fails.
pub fn meet_again(tx: &Tx<'_>, warrant: &Warrant, row: &PersonRow) -> Result<Vec<i64>, StoreError> {
    let mut entries = Vec::new();
    for tag in tags(tx, row) {
        for kept in tx.outliving_restrictions(tag)? {
            entries.push(restrict(tx, warrant, &row.person, &kept)?);
        }
    }
    Ok(entries)
}

fn restrict(tx: &Tx<'_>, warrant: &Warrant, person: &PersonId, kept: &OutlivingRow) -> Result<i64, StoreError> {
    let span = Span::new(kept.span.from.max(tx.now()), kept.span.until);
    let why = "it outlived an erasure";
    let restriction = tx.add_restriction(person, &kept.scope, span, Some(why))?;
    tx.drop_outliving(kept.restriction)?;
    let story = json!({
        "person": person, "restriction": restriction, "scope": kept.scope, "from": span.from, "until": span.until,
        "outlived": kept.restriction,
    });
    let warrant = Warrant { by: warrant.by.clone(), why: why.to_owned() };
    tx.record("person_restricted", &warrant.story(story))
}

/// The keyed hashes of what somebody would be entered under again.
fn tags(tx: &Tx<'_>, row: &PersonRow) -> Vec<[u8; 16]> {
    let tag = |purpose: &str, text: &str| tx.keys().tag(purpose, text.as_bytes());
    let mut tags = vec![tag("restricted key", row.key.trim())];
    tags.extend(row.email.as_ref().map(|email| tag("restricted address", &email.trim().to_lowercase())));
    tags.extend(row.birth_date.map(|birth| tag("restricted name", &format!("{birth} {}", folded(&row.name)))));
    tags
}

/// A name however it is written: small letters without accents, its parts in the order of the alphabet.
fn folded(name: &str) -> String {
    let plain = |letter: char| match letter {
        'à' | 'â' | 'ä' | 'á' | 'ã' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'î' | 'ï' | 'í' => 'i',
        'ô' | 'ö' | 'ó' | 'õ' => 'o',
        'ù' | 'û' | 'ü' | 'ú' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        'ÿ' => 'y',
        other => other,
    };
    let name: String = name.to_lowercase().chars().map(plain).collect();
    let mut parts: Vec<&str> =
        name.split(|letter: char| !letter.is_alphanumeric()).filter(|it| !it.is_empty()).collect();
    parts.sort_unstable();
    parts.join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_the_same_in_any_spelling() {
        assert_eq!(super::folded("LE GALL Anaïs"), super::folded("anais  Le-Gall"));
        assert_ne!(super::folded("Anna Kerbrat"), super::folded("Hanna Kerbrat"));
    }
}
