//! A store that is stalled or saturated: the registry says that it is out of reach, in time, and never grants late.

use std::sync::mpsc;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tremen_server::flows::FlowError;
use tremen_server::store::StoreError;
use tremen_wire::{Down, Intent, Up};

use crate::raw::{Raw, denied, granted, uid};
use crate::world::World;

const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];
/// Two seconds are promised; the rest is for a busy machine.
const IN_TIME: Duration = Duration::from_millis(2_900);

async fn world() -> (World, Raw) {
    let world = World::easy().await;
    world.person("anna", &ANNA, false).await;
    let raw = Raw::linked(&world, "capucins-3d", false).await;
    (world, raw)
}

/// Occupies the writer until it is told to go on. Returns once it is occupied.
async fn occupy(world: &World) -> mpsc::Sender<()> {
    let (go_on, told) = mpsc::channel();
    let (teller, occupied) = tokio::sync::oneshot::channel();
    world
        .store
        .submit(
            move |_| {
                teller.send(()).unwrap();
                let _ = told.recv(); // or the story is over
                Ok::<_, FlowError>(())
            },
            |_| {},
        )
        .unwrap();
    occupied.await.unwrap();
    go_on
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_another_process_holds_the_database_a_tap_is_told_so_in_time_and_never_granted_late() {
    let (world, mut raw) = world().await;
    let other = Connection::open(world.folder.0.join("tremen.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..2 {
        let begun = Instant::now();
        let answer = raw.tap(PRINTER, uid(&ANNA), Intent::Use).await;
        assert_eq!(denied(&answer), ["registry_unreachable"]);
        assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
    }
    other.execute_batch("ROLLBACK").unwrap();
    raw.hears_nothing().await; // no late grant
    assert!(world.look(|tx| tx.open_session_on(PRINTER)).is_none());
    let decided = world.look(|tx| tx.decisions_after(0, tremen_rules::Time::from_millis(0), 10));
    assert_eq!(decided, [], "what the registry says then is no decision");
    granted(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_that_comes_after_the_end_of_patience_is_taken_back() {
    let (world, mut raw) = world().await;
    let go_on = occupy(&world).await;
    let begun = Instant::now();
    let answer = raw.tap(PRINTER, uid(&ANNA), Intent::Use).await;
    assert_eq!(denied(&answer), ["registry_unreachable"]);
    assert!(begun.elapsed() < IN_TIME, "{:?}", begun.elapsed());
    go_on.send(()).unwrap();
    // Whether the job was still within its own deadline or not: nothing is granted, nothing stays open.
    raw.hears_nothing().await;
    raw.hears_nothing().await;
    assert!(world.look(|tx| tx.open_session_on(PRINTER)).is_none());
    granted(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_queue_is_full_a_tap_is_told_so_at_once() {
    let (world, mut raw) = world().await;
    let go_on = occupy(&world).await;
    let mut waiting = 0;
    let full = loop {
        match world.store.submit(|_| Ok::<_, FlowError>(()), |_| {}) {
            Ok(()) => waiting += 1,
            Err(error) => break error,
        }
    };
    assert_eq!((full, waiting), (StoreError::Saturated, 1024));
    let ask = raw.ask(PRINTER, uid(&ANNA), Intent::Use);
    let begun = Instant::now();
    raw.say(&Up::Ask(ask.clone()));
    let Down::Answer(answer) = raw.hear().await else { panic!("an answer") };
    assert_eq!(denied(&answer), ["registry_unreachable"]);
    assert!(begun.elapsed() < Duration::from_millis(1_500), "{:?}", begun.elapsed());
    go_on.send(()).unwrap();
    // The queue empties; the same card is granted, with the same ask, since it was never decided.
    world.until(|_| Ok(world.store.submit(|_| Ok::<_, FlowError>(()), |_| {}).ok())).await;
    granted(&raw.asks(&ask).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_tap_that_is_answered_too_late_leaves_the_session_that_runs() {
    let (world, mut raw) = world().await;
    let session = raw.start(PRINTER, uid(&ANNA)).await;
    world.later(1_000).await;
    let go_on = occupy(&world).await;
    let answer = raw.tap(PRINTER, uid(&ANNA), Intent::Use).await;
    assert_eq!(denied(&answer), ["registry_unreachable"]);
    go_on.send(()).unwrap();
    raw.hears_nothing().await;
    raw.hears_nothing().await;
    assert_eq!(world.session(session).ended_at, None, "only what the late ask opened is taken back");
    world.running.stop().await;
}
