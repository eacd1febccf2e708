//! The people of a benchmark: each with a card, a membership and four awards.

use tremen_rules::{Award, AwardId, IssuerId, Level, PersonId, ReferenceId, Span, Time, VenueId};
use tremen_server::flows::FlowError;
use tremen_server::store::{NewAward, NewCard, NewPerson, Store, Tx};

/// So many people are written in one transaction.
const SLICE: u32 = 10_000;
const YEAR_MS: i64 = 365 * 86_400_000;

/// The number on a person's card.
#[must_use]
pub fn uid(number: u32) -> [u8; 7] {
    let [a, b, c, d] = number.to_be_bytes();
    [4, 0x10, a, b, c, d, 0x80]
}

/// The award by which a person may use the machines: those of even number at a level that suffices, the others not.
#[must_use]
pub fn award_of(number: u32) -> AwardId {
    AwardId::parse(&format!("a{number}.0")).unwrap()
}

/// A person's id.
#[must_use]
pub fn person_of(number: u32) -> PersonId {
    PersonId::parse(&format!("p{number}")).unwrap()
}

/// Writes so many people through the store.
pub(crate) async fn fill(store: &Store, people: u32) {
    for first in (0..people).step_by(SLICE as usize) {
        let slice = move |tx: &mut Tx<'_>| {
            (first..people.min(first + SLICE)).try_for_each(|number| add(tx, number)).map_err(FlowError::from)
        };
        store.write(slice).await.unwrap();
    }
}

fn add(tx: &Tx<'_>, number: u32) -> Result<(), tremen_server::store::StoreError> {
    let person = person_of(number);
    tx.put_person(&NewPerson {
        person: person.clone(),
        key: format!("k{number}"),
        name: format!("Person {number}"),
        email: None,
        birth_date: None,
        language: None,
        guardian: None,
        guardian_consent: None,
    })?;
    tx.add_card(&NewCard { person: &person, ntag424: false, uid: &uid(number), label: None })?;
    let ago = |ms: i64| tx.now().plus_millis(-ms);
    let span = Span::new(ago(YEAR_MS), Some(ago(-YEAR_MS)));
    tx.put_membership(&person, &VenueId::parse("ubo").unwrap(), span)?;
    let level = if number.is_multiple_of(2) { Level::Autonomous } else { Level::Discovery };
    let awards = [
        ("decoupe-laser", "ubo-open-factory", level),
        ("accueil-securite", "fabriques-du-ponant", Level::Discovery),
        ("impression-3d", "maison-du-libre", Level::Discovery),
        ("impression-3d", "fabriques-du-ponant", Level::Autonomous),
    ];
    for ((reference, issuer, level), k) in awards.into_iter().zip(0..) {
        tx.add_award(&NewAward {
            person: person.clone(),
            award: Award {
                id: if k == 0 { award_of(number) } else { AwardId::parse(&format!("a{number}.{k}")).unwrap() },
                reference: ReferenceId::parse(reference).unwrap(),
                version: 1,
                level,
                issuer: IssuerId::parse(issuer).unwrap(),
                issued_at: ago(YEAR_MS / 2),
                valid_until: Some(ago(-YEAR_MS / 2)),
                superseded_at: None::<Time>,
                revoked_at: None,
                suspensions: Vec::new(),
            },
            given_id: false,
            awarded_by: None,
            supersedes: None,
            why: None,
        })?;
    }
    Ok(())
}
