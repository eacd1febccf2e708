//! Lists in pages, read while others write.

use std::collections::BTreeSet;

use serde_json::Value as Json;
use tremen_rules::dossier::Role;
use tremen_rules::{Award, Level, PersonId, Time};
use tremen_server::store::{NewAward, StoreError, Tx};

use crate::client::{Client, served};
use crate::world::{THURSDAY, World, id};

fn add(tx: &mut Tx<'_>, person: &PersonId, name: String) -> Result<(), StoreError> {
    let award = Award {
        id: id(&name),
        reference: id("decoupe-laser"),
        version: 2,
        level: Level::Autonomous,
        issuer: id("ubo-open-factory"),
        issued_at: Time::from_millis(THURSDAY - 1),
        valid_until: None,
        superseded_at: None,
        revoked_at: None,
        suspensions: Vec::new(),
    };
    tx.add_award(&NewAward {
        person: person.clone(),
        award,
        given_id: true,
        awarded_by: None,
        supersedes: None,
        why: None,
    })?;
    Ok(())
}

/// Scattered over the list's order, as random ids are.
fn name(number: u32) -> String {
    format!("{:08x}-{number}", number.wrapping_mul(0x9e37_79b1))
}

async fn add_many(world: &World, person: &PersonId, numbers: std::ops::Range<u32>) {
    let person = person.clone();
    world
        .change(move |tx| {
            for number in numbers {
                add(tx, &person, name(number))?;
            }
            Ok(())
        })
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_awards_are_read_without_gap_or_double_while_others_are_added() {
    let world = served().await;
    let manager = world.person("maiwenn", &[9, 9, 9, 1], false).await;
    world.role(&manager, Role::Manager, "venue:ubo").await;
    add_many(&world, &manager, 0..1000).await;
    let script = Client::of(&world, &manager).await;
    let (mut seen, mut next, mut pages) = (Vec::new(), Some("/awards?limit=37".to_owned()), 0);
    while let Some(address) = next {
        let page = script.get(&address).await;
        let link = page.header("link").map(str::to_owned);
        let page = page.done();
        seen.extend(page["items"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()));
        next = page["next"].as_str().map(str::to_owned);
        assert_eq!(link, next.as_ref().map(|next| format!("<{next}>; rel=\"next\"")));
        pages += 1;
        add_many(&world, &manager, 1000 + pages * 5..1005 + pages * 5).await;
    }
    let once: BTreeSet<&String> = seen.iter().collect();
    assert_eq!(once.len(), seen.len(), "none comes twice");
    assert!((0..1000).all(|number| once.contains(&name(number))), "none is missing");
    assert!(pages >= 28, "{pages}");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_list_can_be_walked_by_its_own_links() {
    let world = served().await;
    let manager = world.person("maiwenn", &[9, 9, 9, 1], false).await;
    for role in [Role::Manager, Role::Trainer, Role::Auditor] {
        world.role(&manager, role, "venue:ubo").await;
    }
    world.role(&manager, Role::Auditor, "network").await;
    for (number, key) in ["anna", "yann", "zoe"].into_iter().enumerate() {
        let person = world.person(key, &[5, 5, 5, u8::try_from(number).unwrap()], false).await;
        world
            .change(move |tx| {
                let now = tx.now();
                for machine in ["trotec-speedy", "laser-ponant"] {
                    tx.add_handover(&person, &id(machine), now, None)?;
                    tx.add_restriction(
                        &person,
                        &tremen_rules::Scope::Machine(id(machine)),
                        tremen_rules::Span::since(now),
                        None,
                    )?;
                }
                for venue in ["ubo", "ponant"] {
                    tx.put_membership(&person, &id(venue), tremen_rules::Span::since(now))?;
                }
                add(tx, &person, format!("a-{person}"))?;
                Ok(())
            })
            .await;
    }
    world.lock("trotec-speedy").await;
    world.lock("laser-ponant").await;
    let script = Client::of(&world, &manager).await;
    let lists = ["people", "cards", "awards", "restrictions", "handovers", "memberships", "roles", "orders", "journal"];
    for list in lists {
        let all = script.get(&format!("/{list}?limit=200")).await.done();
        let all = all["items"].as_array().unwrap().clone();
        assert!(all.len() >= 2, "{list}: {}", all.len());
        let mut walked: Vec<Json> = Vec::new();
        let mut next = Some(format!("/{list}?limit=1"));
        while let Some(address) = next {
            let page = script.get(&address).await.done();
            walked.extend(page["items"].as_array().unwrap().iter().cloned());
            next = page["next"].as_str().map(str::to_owned);
        }
        assert_eq!(walked, all, "{list}");
    }
    world.running.stop().await;
}
