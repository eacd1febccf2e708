//! Cards: looked up by a keyed hash of their UID, the UID itself encrypted beside it.

use tremen_rules::{CardId, PersonId, Span, Time};

use super::tx::{Row, StoreError, Tx};
use crate::params;

/// A card of somebody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardRow {
    /// Its random id.
    pub card: CardId,
    /// Whose.
    pub person: PersonId,
    /// Whether it is an NTAG 424 DNA, whose messages the registry can check.
    pub ntag424: bool,
    /// What its owner calls it.
    pub label: Option<String>,
    /// The highest counter seen of an NTAG 424 DNA.
    pub last_counter: Option<u32>,
    /// When that counter was read.
    pub read_at: Option<Time>,
    /// Since when messages of it may be known to others, which the registry saw and forgot: it was restored from a backup.
    pub doubted_since: Option<Time>,
    sealed_uid: Vec<u8>,
}

/// A card to be attached to somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCard<'a> {
    /// Whose.
    pub person: &'a PersonId,
    /// Whether it is an NTAG 424 DNA.
    pub ntag424: bool,
    /// Its number, most significant byte first.
    pub uid: &'a [u8],
    /// What its owner calls it.
    pub label: Option<&'a str>,
}

const CARD: &str = "SELECT card, person, kind, label, last_counter, read_at, doubted_since, sealed_uid FROM cards";

fn read_card(row: &Row<'_, '_>) -> Result<CardRow, StoreError> {
    Ok(CardRow {
        card: row.get(0)?,
        person: row.get(1)?,
        ntag424: row.get::<String>(2)? == "ntag424",
        label: row.get(3)?,
        last_counter: row.get(4)?,
        read_at: row.get(5)?,
        doubted_since: row.get(6)?,
        sealed_uid: row.get(7)?,
    })
}

impl Tx<'_> {
    /// The card with this number.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn card_by_uid(&self, uid: &[u8]) -> Result<Option<CardRow>, StoreError> {
        self.query_one(&format!("{CARD} WHERE tag = $1"), params![self.keys().tag("card", uid)], read_card)
    }

    /// The card with this random id.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn card(&self, card: &CardId) -> Result<Option<CardRow>, StoreError> {
        self.query_one(&format!("{CARD} WHERE card = $1"), params![card], read_card)
    }

    /// Cards by id, after one.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn cards_after(&self, card: &str, limit: u32) -> Result<Vec<CardRow>, StoreError> {
        self.query(&format!("{CARD} WHERE card > $1 ORDER BY card LIMIT $2"), params![card, limit], read_card)
    }

    /// The cards of a person, in the order of their ids.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn cards_of(&self, person: &PersonId) -> Result<Vec<CardRow>, StoreError> {
        self.query(&format!("{CARD} WHERE person = $1 ORDER BY card"), params![person], read_card)
    }

    /// A card's number in clear, for its owner and the desk; `None` when the keys are not those it was sealed with.
    #[must_use]
    pub fn uid_of(&self, card: &CardRow) -> Option<Vec<u8>> {
        self.keys().unseal(card.card.as_str(), &card.sealed_uid)
    }

    /// Attaches a card to somebody and tells its random id. The caller has seen that the number is nobody's.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_card(&self, new: &NewCard<'_>) -> Result<CardId, StoreError> {
        let card = CardId::try_from(self.random_id()).map_err(|error| StoreError::Engine(error.to_string()))?;
        self.execute(
            "INSERT INTO cards (tag, card, person, kind, sealed_uid, label, since, last_counter)
             VALUES ($1, $2, $3, $4, $5, $6, $7, (SELECT last_counter FROM retired_cards WHERE tag = $1))",
            params![
                self.keys().tag("card", new.uid),
                card,
                new.person,
                if new.ntag424 { "ntag424" } else { "uid" },
                self.keys().seal(card.as_str(), new.uid, self.random()),
                new.label,
                self.now()
            ],
        )?;
        Ok(card)
    }

    /// Corrects what kind of card it is, and what its owner calls it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn correct_card(&self, card: &CardId, ntag424: bool, label: Option<&str>) -> Result<(), StoreError> {
        let kind = if ntag424 { "ntag424" } else { "uid" };
        self.execute("UPDATE cards SET kind = $1, label = $2 WHERE card = $3", params![kind, label, card])?;
        Ok(())
    }

    /// Notes the highest counter seen of an NTAG 424 DNA.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn saw_card_counter(&self, card: &CardId, counter: u32) -> Result<(), StoreError> {
        self.execute(
            "UPDATE cards SET last_counter = $1, read_at = $2 WHERE card = $3",
            params![counter, self.now(), card],
        )?;
        Ok(())
    }

    /// Doubts the messages of every NTAG 424 DNA from now on, and tells how many cards that are.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn doubt_cards(&self) -> Result<usize, StoreError> {
        self.execute("UPDATE cards SET doubted_since = $1 WHERE kind = 'ntag424'", params![self.now()])
    }

    /// Ends the doubt about a card; false when there is none.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn trust_card(&self, card: &CardId) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE cards SET doubted_since = NULL WHERE card = $1 AND doubted_since IS NOT NULL",
            params![card],
        )?;
        Ok(changed == 1)
    }

    /// When a card was, is or will be blocked.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn card_blocks(&self, card: &CardId) -> Result<Vec<Span>, StoreError> {
        self.query("SELECT since, ended_at FROM card_blocks WHERE card = $1 ORDER BY block", params![card], |row| {
            Ok(Span::new(row.get(0)?, row.get(1)?))
        })
    }

    /// Blocks a card from now on, and tells the block's number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn block_card(&self, card: &CardId, why: &str) -> Result<i64, StoreError> {
        self.insert_numbered(
            "INSERT INTO card_blocks (card, since, why) VALUES ($1, $2, $3)",
            params![card, self.now(), why],
        )
    }

    /// Ends a card's blocks now; tells their numbers.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn unblock_card(&self, card: &CardId) -> Result<Vec<i64>, StoreError> {
        self.query(
            "UPDATE card_blocks SET ended_at = $1 WHERE card = $2 AND ended_at IS NULL RETURNING block",
            params![self.now(), card],
            |row| row.get(0),
        )
    }
}
