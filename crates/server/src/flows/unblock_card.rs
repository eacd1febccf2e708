//! Unblocks a card, as when it was found again. Start at [`run`].

use serde_json::json;
use tremen_rules::CardId;
use tremen_rules::authority::Act;

use super::block_card::known;
use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Ends the blocks of a card.
///
/// # Errors
/// When the author may not, it is not blocked, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, card: &CardId) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let row = known(tx, card)?;
    checks::allowed(tx, warrant, &Act::UnblockCard { of: row.person.clone() }, &network)?;
    let blocks = tx.unblock_card(card)?;
    if blocks.is_empty() {
        return Err(FlowError::Refused("this card is not blocked".to_owned()));
    }
    let story = json!({ "person": row.person, "card": card, "blocks": blocks });
    let entry = tx.record("card_unblocked", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &row.person, entry)? })
}
