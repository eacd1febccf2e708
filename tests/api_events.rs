//! Events as a script hears them: as they come, again from where it was, and only what its person may read.

use serde_json::json;
use tremen_rules::Time;
use tremen_rules::dossier::Role;

use crate::client::{Client, restarted, served, token};
use crate::world::World;

async fn staffed() -> (World, String, String) {
    let world = served().await;
    let manager = world.person("maiwenn", &[9, 9, 9, 1], false).await;
    let auditor = world.person("ann-audit", &[6, 6, 6, 1], false).await;
    world.role(&manager, Role::Manager, "venue:ubo").await;
    world.role(&auditor, Role::Auditor, "network").await;
    let tokens = (token(&world, &manager).await, token(&world, &auditor).await);
    (world, tokens.0, tokens.1)
}

async fn lock(world: &World, token: &str, what: &str) -> i64 {
    let path = format!("/machines/trotec-speedy/{what}");
    Client::with(world, token).post(&path, &json!({ "reason": "essai" })).await.done()["entry"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_hears_each_event_once_as_it_comes() {
    let (world, manager, _) = staffed().await;
    let mut events = Client::with(&world, &manager).listen("/events").await;
    for what in ["lock", "unlock", "lock"] {
        let entry = lock(&world, &manager, what).await;
        let event = events.next().await.unwrap();
        assert_eq!((event.id, event.kind.as_str()), (Some(entry), format!("machine_{what}ed").as_str()));
        assert_eq!(event.data["body"]["why"], "essai");
    }
    events.is_silent().await;
    world.lock("laser-ponant").await; // another venue's
    events.is_silent().await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listener_that_was_cut_off_goes_on_where_it_was_without_gap_or_double_also_after_a_restart() {
    let (world, manager, auditor) = staffed().await;
    let mut events = Client::with(&world, &auditor).listen("/events").await;
    lock(&world, &manager, "lock").await;
    let mut heard = vec![events.next().await.unwrap().id.unwrap()];
    drop(events);
    for number in 0..150 {
        lock(&world, &manager, if number % 2 == 0 { "unlock" } else { "lock" }).await;
    }
    let world = restarted(world).await;
    for number in 0..150 {
        lock(&world, &manager, if number % 2 == 0 { "unlock" } else { "lock" }).await;
    }
    let back = Client::with(&world, &auditor).saying("Last-Event-ID", &heard[0].to_string());
    let mut events = back.listen("/events").await;
    while heard.len() < 301 {
        heard.push(events.next().await.unwrap().id.unwrap());
    }
    // While it listens, others go on.
    for number in 0..20 {
        lock(&world, &manager, if number % 2 == 0 { "unlock" } else { "lock" }).await;
        heard.push(events.next().await.unwrap().id.unwrap());
    }
    let written = world.look(|tx| tx.entries_after(heard[0] - 1, Time::from_millis(0), 1000));
    assert_eq!(heard, written.iter().map(|entry| entry.entry).collect::<Vec<_>>());
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_ends_when_its_token_does() {
    let (world, manager, auditor) = staffed().await;
    let mut events = Client::with(&world, &auditor).listen("/events").await;
    lock(&world, &manager, "lock").await;
    assert_eq!(events.next().await.unwrap().kind, "machine_locked");
    world.change(|tx| tremen_server::flows::end_token::run(tx, &crate::world::operator(), 2)).await;
    let last = events.next().await.unwrap();
    assert_eq!((last.kind.as_str(), &last.data["type"]), ("problem", &json!("/api/v1/problems/unauthenticated")));
    assert_eq!(events.next().await, None);
    let wrong = Client::with(&world, &manager).saying("Last-Event-ID", "x").get("/events").await;
    wrong.problem(422, "invalid");
    world.running.stop().await;
}
