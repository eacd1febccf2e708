//! Blocks a card, as when it is lost: from now on it opens nothing. Start at [`run`].

use serde_json::json;
use tremen_rules::CardId;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::{CardRow, Tx};

/// Blocks a card; the session that it opened is told to stop.
///
/// # Errors
/// When the author may not, it is blocked already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, card: &CardId) -> Result<Effects, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let row = known(tx, card)?;
    checks::allowed(tx, warrant, &Act::BlockCard { of: row.person.clone() }, &network)?;
    if tx.card_blocks(card)?.iter().any(|block| block.covers(tx.now())) {
        return Err(FlowError::Refused("this card is blocked already".to_owned()));
    }
    let block = tx.block_card(card, why)?;
    let story = json!({ "person": row.person, "card": card, "block": block });
    let entry = tx.record("card_blocked", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &row.person, entry)? })
}

/// The card with this id.
pub(super) fn known(tx: &Tx<'_>, card: &CardId) -> Result<CardRow, FlowError> {
    tx.card(card)?.ok_or_else(|| FlowError::unknown("card", card))
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::flows::rehearsal::Stage;
    use crate::flows::unblock_card;

    const ANNAS_NTAG: [u8; 7] = [0x04, 0x1d, 0x3c, 0x8a, 0x2d, 0x6b, 0x80];

    #[test]
    fn its_owner_blocks_a_card_and_what_it_opened_stops() {
        let stage = Stage::sample();
        let card = stage.card(&ANNAS_NTAG);
        stage.session("trotec-speedy", "p-anna", Some(card.clone()));
        let (by, lost) = (stage.by("p-anna"), card.clone());
        let effects = stage.write(move |tx| run(tx, &by, &lost)).unwrap();
        assert_eq!(effects.stopped[0].reason, "card_blocked");
        let entry = stage.last_entry();
        assert_eq!(entry.kind, "card_blocked");
        assert!(!entry.body.unwrap().to_string().to_lowercase().contains("041d3c"), "no card number in the journal");
        let (by, lost) = (stage.by("p-anna"), card);
        assert!(stage.write(move |tx| run(tx, &by, &lost)).unwrap_err().to_string().contains("blocked already"));
    }

    #[test]
    fn a_manager_unblocks_a_card_and_its_owner_does_not() {
        let stage = Stage::sample();
        let card = stage.card(&ANNAS_NTAG);
        let unblocked = |by: &str| {
            let (by, card) = (stage.by(by), card.clone());
            stage.write(move |tx| unblock_card::run(tx, &by, &card)).map(|_| ()).map_err(|error| error.to_string())
        };
        assert!(unblocked("p-zoe").unwrap_err().contains("is not blocked"));
        let (by, lost) = (stage.by("p-zoe"), card.clone());
        stage.write(move |tx| run(tx, &by, &lost)).unwrap();
        assert!(unblocked("p-anna").unwrap_err().contains("manager of any venue"));
        assert_eq!(unblocked("p-zoe"), Ok(()));
        assert_eq!(stage.last_entry().kind, "card_unblocked");
    }
}
