//! Whose card it is, how surely it was read, and who stands by with another one.

use tremen_rules::dossier::Standby;
use tremen_rules::network::Machine;
use tremen_rules::{Assurance, CardFacts, CardId, Level, PersonId, ReadingFacts};
use tremen_wire::{Intent, Reading};

use super::SECOND_CARD_MS;
use crate::flows::FlowError;
use crate::store::{Part, StandbyRow, Tx};

/// What became of the reading.
pub(super) struct Read {
    pub facts: CardFacts,
    pub replayed: bool,
    pub owner: Option<(CardId, PersonId)>,
}

impl Read {
    pub const fn unknown() -> Self {
        Self { facts: CardFacts::Unknown, replayed: false, owner: None }
    }
}

/// Finds whose card it is and how surely it was read. An NTAG 424 counter that is new is used up here.
pub(super) fn read_card(tx: &Tx<'_>, reading: &Reading) -> Result<Read, FlowError> {
    match reading {
        Reading::Uid(uid) => match tx.card_by_uid(uid.as_bytes())? {
            // The bare number of an NTAG 424 card is no better than any number.
            Some(card) => Ok(Read {
                facts: CardFacts::Known { assurance: Assurance::A0, blocks: tx.card_blocks(&card.card)? },
                replayed: false,
                owner: Some((card.card, card.person)),
            }),
            None => Ok(Read::unknown()),
        },
        Reading::Picc { picc, mac, text } => {
            let Some((uid, counter)) = tremen_wire::ntag424::open_picc(&tx.keys().ntag424_meta, picc) else {
                return Ok(Read::unknown());
            };
            let Some(card) = tx.card_by_uid(&uid)?.filter(|card| card.ntag424) else { return Ok(Read::unknown()) };
            let text = text.as_deref().unwrap_or("");
            let Some(key) = tx.keys().card_file_key(&uid) else { return Ok(Read::unknown()) };
            if !tremen_wire::ntag424::verify(&key, &uid, counter, text.as_bytes(), mac) {
                return Ok(Read::unknown());
            }
            let replayed = card.last_counter.is_some_and(|last| counter <= last);
            if !replayed {
                tx.saw_card_counter(&card.card, counter)?;
            }
            // Its counter may have been higher before a restore: then this message is one that somebody recorded.
            let assurance = if card.doubted_since.is_some() { Assurance::A0 } else { Assurance::A1 };
            Ok(Read {
                facts: CardFacts::Known { assurance, blocks: tx.card_blocks(&card.card)? },
                replayed,
                owner: Some((card.card, card.person)),
            })
        }
        // Phones are not enrolled yet: no code is anybody's.
        Reading::Code(_) => Ok(Read::unknown()),
    }
}

/// Supervisors who wait at a machine where somebody may need one, each with today's facts.
pub(super) fn standbys(tx: &Tx<'_>, machine: Option<&Machine>, intent: Intent) -> Result<Vec<Standby>, FlowError> {
    let Some(machine) = machine.filter(|machine| machine.autonomous_from > Level::Discovery) else {
        return Ok(Vec::new());
    };
    match intent {
        Intent::Use | Intent::Toggle => {
            let rows = tx.standbys(Part::Supervisor, machine.id.as_str(), tx.now().plus_millis(-SECOND_CARD_MS))?;
            rows.into_iter().map(|row| standby(tx, row)).collect()
        }
        Intent::End | Intent::Supervise | Intent::Induct => Ok(Vec::new()),
    }
}

pub(super) fn standby(tx: &Tx<'_>, row: StandbyRow) -> Result<Standby, FlowError> {
    let reading = today(tx, row.reading, row.card.as_ref())?;
    Ok(Standby { tapped_at: row.at, reading, person: tx.person_facts(&row.person)? })
}

/// A reading of a moment ago with the blocks that its card has now.
pub(super) fn today(tx: &Tx<'_>, reading: ReadingFacts, card: Option<&CardId>) -> Result<ReadingFacts, FlowError> {
    let card = match (reading.card, card) {
        (CardFacts::Known { assurance, .. }, Some(card)) => {
            CardFacts::Known { assurance, blocks: tx.card_blocks(card)? }
        }
        (facts, _) => facts,
    };
    Ok(ReadingFacts { card, ..reading })
}
