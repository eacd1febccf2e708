//! The shortest way through everything.

use tremen_rules::PersonId;
use tremen_server::flows::FlowError;
use tremen_server::store::{NewCard, NewPerson};
use tremen_wire::{Intent, Reading, Uid, Verdict};

use crate::world::{World, answered};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_card_opens_a_machine_that_asks_for_nothing_and_a_strange_card_does_not() {
    let world = World::start().await;
    world
        .store
        .write(|tx| {
            let person = PersonId::parse("p1").unwrap();
            tx.put_person(&NewPerson {
                person: person.clone(),
                key: "p-anna".into(),
                name: "Anna Exemple".into(),
                email: None,
                birth_date: None,
                language: None,
                guardian: None,
                guardian_consent: None,
            })?;
            tx.add_card(&NewCard { person: &person, ntag424: false, uid: &[4, 1, 2, 3], label: None })?;
            Ok::<_, FlowError>(())
        })
        .await
        .unwrap();
    let mut player = world.controller("capucins-3d", false).await;
    for (uid, verdict) in [([4, 1, 2, 3], Verdict::Grant), ([4, 9, 9, 9], Verdict::Deny)] {
        player.tap("imprimante-3d", Reading::Uid(Uid::new(&uid).unwrap()), Intent::Use);
        let answer = answered(&mut player).await;
        assert_eq!(answer.outcome.verdict(), verdict);
    }
    world.running.stop().await;
}
