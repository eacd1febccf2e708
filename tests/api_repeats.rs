//! A script that asks again, because an answer was lost, has it done once: also when the registry was started anew between.

use serde_json::json;
use tremen_rules::dossier::Role;

use crate::client::{Client, restarted, served, token};
use crate::world::World;

async fn staffed() -> (World, String) {
    let world = served().await;
    let manager = world.person("maiwenn", &[9, 9, 9, 1], false).await;
    world.role(&manager, Role::Manager, "venue:ubo").await;
    world.person("yann", &[8, 8, 8, 1], false).await;
    let token = token(&world, &manager).await;
    (world, token)
}

fn entries(world: &World) -> usize {
    world.look(|tx| tx.entries_after(0, tremen_rules::Time::from_millis(0), 1000)).len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeat_is_answered_as_the_first_and_done_once_also_after_a_restart() {
    let (world, token) = staffed().await;
    let award = json!({ "person": "yann", "reference": "decoupe-laser", "level": 2, "issuer": "ubo-open-factory",
                        "reason": "atelier" });
    let keyed = |world: &World| Client::with(world, &token).saying("Idempotency-Key", "atelier-12-mars");
    let first = keyed(&world).post("/awards", &award).await;
    assert_eq!((first.status, first.header("idempotency-replayed")), (201, None));
    let done = entries(&world);
    let again = keyed(&world).post("/awards", &award).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!((&again.body, again.header("location")), (&first.body, first.header("location")));
    let world = restarted(world).await;
    let again = keyed(&world).post("/awards", &award).await;
    assert_eq!((again.status, &again.body, again.header("location")), (201, &first.body, first.header("location")));
    assert_eq!(entries(&world), done);
    // The same key for something else is a mistake of the script's.
    let other = json!({ "person": "yann", "reference": "decoupe-laser", "level": 1, "issuer": "ubo-open-factory",
                        "reason": "atelier" });
    keyed(&world).post("/awards", &other).await.problem(422, "key-reused");
    keyed(&world).post("/handovers", &award).await.problem(422, "invalid");
    // Somebody else's token has keys of its own; without a key it is done again, or refused as things are.
    Client::with(&world, &token).post("/awards", &award).await.problem(409, "refused");
    // After a day the key is free.
    world.later(86_400_000).await;
    assert_eq!(keyed(&world).post("/awards", &other).await.status, 201);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_refused_or_only_looked_at_keeps_no_key() {
    let (world, token) = staffed().await;
    let keyed = Client::with(&world, &token).saying("Idempotency-Key", "k");
    let why = json!({ "reason": "essai" });
    keyed.post("/machines/trotec-speedy/unlock", &why).await.problem(409, "refused");
    keyed.post("/machines/trotec-speedy/lock?preview=true", &why).await.done();
    assert_eq!(keyed.post("/machines/trotec-speedy/lock", &why).await.header("idempotency-replayed"), None);
    assert_eq!(keyed.post("/machines/trotec-speedy/lock", &why).await.header("idempotency-replayed"), Some("true"));
    let keyless = Client::with(&world, &token).saying("Idempotency-Key", " ");
    let problem = keyless.post("/machines/trotec-speedy/lock", &why).await.problem(422, "invalid");
    assert_eq!(problem["errors"][0]["header"], "Idempotency-Key");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twenty_repeats_at_once_are_done_once_and_a_secret_that_is_kept_for_them_is_sealed() {
    let (world, token) = staffed().await;
    let keyed = Client::with(&world, &token).saying("Idempotency-Key", "rotate-1");
    let before = entries(&world);
    let asked = (0..20).map(|_| {
        let keyed = keyed.clone();
        tokio::spawn(async move { keyed.post("/controllers/ubo-laser/rotate", &json!({ "reason": "essai" })).await })
    });
    let mut answers = Vec::new();
    for asked in asked.collect::<Vec<_>>() {
        answers.push(asked.await.unwrap());
    }
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body == answers[0].body));
    assert_eq!(entries(&world), before + 1);
    let password = answers[0].json()["password"].as_str().unwrap().to_owned();
    for file in ["tremen.db", "tremen.db-wal"] {
        let bytes = std::fs::read(world.folder.0.join(file)).unwrap();
        assert!(!bytes.windows(password.len()).any(|it| it == password.as_bytes()), "{file}");
    }
    world.running.stop().await;
}
