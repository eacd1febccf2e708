//! Attaches a card to a person at the desk. Start at [`run`].

use serde_json::{Value as Json, json};
use tremen_rules::authority::Act;
use tremen_rules::{CardId, PersonId};

use super::{Effects, FlowError, Warrant, checks, network};
use crate::store::{NewCard, Said, Tx};

/// Which card to attach to whom.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// To whom.
    pub person: PersonId,
    /// Whether it is an NTAG 424 DNA.
    pub ntag424: bool,
    /// Its number.
    pub uid: Vec<u8>,
    /// What its owner calls it.
    pub label: Option<String>,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("person", &self.person).finish_non_exhaustive()
    }
}

/// A card that was attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attached {
    /// Its random id.
    pub card: CardId,
    /// What it did beside.
    pub effects: Effects,
}

/// Attaches the card.
///
/// # Errors
/// When the author may not, it is somebody's already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Attached, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let Request { person, ntag424, uid, label } = request;
    checks::person(tx, person)?;
    // Who finds a card could name it as theirs: at a desk a manager does it, who sees the card and its owner.
    checks::allowed(tx, warrant, &Act::KeepPerson { person: person.clone() }, &network)?;
    if tx.card_by_uid(uid)?.is_some() {
        return Err(FlowError::Refused("this card is somebody's already: a card is one person's".to_owned()));
    }
    let card = tx.add_card(&NewCard { person, ntag424: *ntag424, uid, label: label.as_deref() })?;
    let story = story(tx, person, &card, *ntag424, uid);
    let entry = tx.record("card_attached", &warrant.story(story))?;
    Ok(Attached { card, effects: Effects { entry, stopped: Vec::new() } })
}

/// A new card as the journal tells it: its number as a digest of the keyed hash, so that no other can take its place.
pub(super) fn story(tx: &Tx<'_>, person: &PersonId, card: &CardId, ntag424: bool, uid: &[u8]) -> Json {
    let tag = Said::digest(&tx.keys().tag("card", uid));
    json!({ "person": person, "card": card, "ntag424": ntag424, "tag": tag })
}

#[cfg(test)]
mod tests {
    use super::{Request, run};
    use crate::flows::rehearsal::Stage;

    #[test]
    fn a_manager_attaches_a_card_once_and_nobody_their_own() {
        let stage = Stage::sample();
        let request = Request { person: stage.person("p-yann"), ntag424: false, uid: vec![1, 2, 3, 9], label: None };
        let attach = |by: &str| {
            let (by, request) = (stage.by(by), request.clone());
            stage.write(move |tx| run(tx, &by, &request))
        };
        assert!(attach("p-yann").unwrap_err().to_string().contains("manager of any venue"));
        let made = attach("p-maiwenn").unwrap();
        assert_eq!(stage.card(&[1, 2, 3, 9]), made.card);
        assert!(attach("p-maiwenn").unwrap_err().to_string().contains("somebody's already"));
        assert!(!stage.last_entry().body.unwrap().to_string().contains("01020309"));
    }
}
