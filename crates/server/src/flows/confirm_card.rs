//! Confirms a chip card after a restore: somebody saw its owner hold it to a reader just now. Start at [`run`].
//!
//! A registry that was restored does not know how far the counter of an NTAG 424 DNA had come. Where whoever restored it
//! said that messages may have been recorded in the meantime (`--doubt-cards`), they are not to count as fresh. Once the
//! card itself has been read, its counter is above all of them: that is what the author of this act vouches for.

use serde_json::json;
use tremen_rules::CardId;
use tremen_rules::authority::Act;

use super::block_card::known;
use super::{Effects, FlowError, Warrant, checks, network};
use crate::store::Tx;

/// So long ago the card may have been read, in milliseconds.
const JUST_NOW_MS: i64 = 120_000;

/// Ends the doubt about a card.
///
/// # Errors
/// When the author may not, the card is not doubted or was not read just now, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, card: &CardId) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let row = known(tx, card)?;
    checks::allowed(tx, warrant, &Act::UnblockCard { of: row.person.clone() }, &network)?;
    let Some(doubted) = row.doubted_since else {
        return Err(FlowError::Refused("this card is not in doubt".to_owned()));
    };
    let latest = row.read_at.filter(|read| *read >= doubted);
    if latest.is_none_or(|read| tx.now().since(read) > JUST_NOW_MS) {
        return Err(FlowError::Refused(
            "this card was not read within the last 2 minutes: let its owner hold it to any machine's reader while you \
             look on, then confirm it"
                .to_owned(),
        ));
    }
    tx.trust_card(card)?;
    let entry = tx.record("card_confirmed", &warrant.story(json!({ "person": row.person, "card": card })))?;
    Ok(Effects { entry, stopped: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::flows::rehearsal::Stage;

    const ANNAS_NTAG: [u8; 7] = [0x04, 0x1d, 0x3c, 0x8a, 0x2d, 0x6b, 0x80];

    #[test]
    fn a_card_is_confirmed_by_a_manager_right_after_it_was_read() {
        let stage = Stage::sample();
        let card = stage.card(&ANNAS_NTAG);
        let confirmed = |by: &str| {
            let (by, card) = (stage.by(by), card.clone());
            stage.write(move |tx| run(tx, &by, &card)).map(drop).map_err(|error| error.to_string())
        };
        let read = |counter| {
            let card = card.clone();
            stage.change(move |tx| tx.saw_card_counter(&card, counter).unwrap());
        };
        assert!(confirmed("p-zoe").unwrap_err().contains("not in doubt"));
        read(7);
        stage.clock.advance(1);
        stage.change(|tx| tx.doubt_cards().unwrap());
        assert!(confirmed("p-zoe").unwrap_err().contains("was not read within"), "what was read before does not count");
        read(8);
        stage.clock.advance(120_001);
        assert!(confirmed("p-zoe").unwrap_err().contains("was not read within"), "too long ago");
        read(9);
        stage.clock.advance(120_000);
        assert!(confirmed("p-anna").unwrap_err().contains("manager of any venue"), "nobody vouches for themself");
        assert_eq!(confirmed("p-zoe"), Ok(()));
        assert_eq!(stage.last_entry().kind, "card_confirmed");
        assert_eq!(stage.read(|tx| tx.card(&card)).unwrap().doubted_since, None);
    }
}
