//! Reads what somebody sees of themself: what they may use and why not, their awards, cards, memberships and roles. Start at
//! [`run`]. Writes nothing.

use tremen_rules::{MachineId, PersonFacts, ReadingFacts, Span, Time};

use super::outlook::{self, Outlook};
use super::recognise_login::Visitor;
use super::{InForce, network};
use crate::store::{PersonRow, SessionRow, StoreError, StoredAward, Tx};

/// So many hexadecimal digits of a card's number are told to its owner: enough to tell their cards apart.
const SHOWN_DIGITS: usize = 4;

/// What somebody sees of themself.
#[derive(Debug, Clone)]
pub struct Oneself {
    /// The network in force.
    pub network: InForce,
    /// The instant of all of it.
    pub now: Time,
    /// Who they are.
    pub row: PersonRow,
    /// The facts that decisions are made from.
    pub facts: PersonFacts,
    /// Their awards, the oldest first.
    pub awards: Vec<StoredAward>,
    /// Their cards.
    pub cards: Vec<OwnCard>,
    /// Their open sessions.
    pub sessions: Vec<SessionRow>,
    /// Each machine of the network with what would be decided there, whatever the card.
    pub machines: Vec<(MachineId, Outlook)>,
}

/// A card as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnCard {
    /// Whether it is a chip card that cannot be copied.
    pub ntag424: bool,
    /// What its owner calls it.
    pub label: Option<String>,
    /// The last digits of its number; none where the keys do not open it.
    pub ends: Option<String>,
    /// When it is blocked.
    pub blocks: Vec<Span>,
}

/// Reads it.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>, visitor: &Visitor) -> Result<Oneself, StoreError> {
    let (network, now, person) = (network(tx)?, tx.now(), &visitor.row.person);
    let mut cards = Vec::new();
    for card in tx.cards_of(person)? {
        let digits = tx.uid_of(&card).map(|uid| crate::keys::hex(&uid).to_uppercase());
        let ends = digits.and_then(|all| Some(all.get(all.len().checked_sub(SHOWN_DIGITS)?..)?.to_owned()));
        cards.push(OwnCard { ntag424: card.ntag424, ends, blocks: tx.card_blocks(&card.card)?, label: card.label });
    }
    let reading = ReadingFacts::of_person();
    let mut machines = Vec::with_capacity(network.machines.len());
    for machine in network.machines.keys() {
        let dossier = outlook::dossier(tx, &network, machine.as_str(), Some(visitor.facts.clone()), now)?;
        machines.push((machine.clone(), Outlook::of(&dossier, &reading, now)));
    }
    Ok(Oneself {
        now,
        row: visitor.row.clone(),
        facts: visitor.facts.clone(),
        awards: tx.awards_of(person)?,
        cards,
        sessions: tx.open_sessions_of(person)?,
        machines,
        network,
    })
}
