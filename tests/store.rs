//! The store by itself: what one job does to others, what a reader sees, and what another process wrote.

use std::sync::mpsc;
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tremen_server::flows::FlowError;
use tremen_server::store::{Store, StoreError, Touched, Tx};

use crate::world::{Folder, PATIENCE, World, open_store, thursday};

/// A store of its own, without a registry around it.
fn store() -> (Folder, Store) {
    let folder = Folder::new();
    let store = open_store(&folder, thursday());
    (folder, store)
}

fn kinds(store: &Store) -> Vec<String> {
    let entries = store.read_here(|tx| tx.entries_after(0, tremen_rules::Time::from_millis(0), 1_000)).unwrap();
    entries.into_iter().map(|entry| entry.kind).collect()
}

fn record(kind: &'static str) -> impl FnOnce(&mut Tx<'_>) -> Result<(), StoreError> + Send + 'static {
    move |tx| tx.record(kind, &json!({})).map(drop)
}

/// Occupies the writer until it is told to go on, so that what comes next shares one commit.
async fn occupy(store: &Store) -> mpsc::Sender<()> {
    let (go_on, told) = mpsc::channel();
    let (teller, occupied) = tokio::sync::oneshot::channel();
    let wait = move |_: &mut Tx<'_>| {
        teller.send(()).unwrap();
        let _ = told.recv(); // or the test is over
        Ok::<_, StoreError>(())
    };
    store.submit(wait, |_| {}).unwrap();
    occupied.await.unwrap();
    go_on
}

/// Hands a job over, and gives what becomes of it.
fn hand_over<T: Send + 'static>(
    store: &Store,
    job: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError> + Send + 'static,
) -> tokio::sync::oneshot::Receiver<Result<T, StoreError>> {
    let (teller, told) = tokio::sync::oneshot::channel();
    store.submit(job, move |done| drop(teller.send(done))).unwrap();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failing_and_a_panicking_job_between_good_ones_leave_nothing_and_hurt_nobody() {
    let (_folder, store) = store();
    let go_on = occupy(&store).await;
    let first = hand_over(&store, record("first"));
    let failing = hand_over(&store, |tx| {
        tx.record("failing", &json!({}))?;
        Err::<(), _>(StoreError::Unreadable("a value".to_owned()))
    });
    let broken = hand_over(&store, |tx| {
        tx.record("broken", &json!({}))?;
        tx.execute("INSERT INTO no_such_table (a) VALUES (1)", &[])
    });
    let panicking = hand_over(&store, |tx| -> Result<(), StoreError> {
        tx.record("panicking", &json!({}))?;
        panic!("as a job must not, and may by mistake");
    });
    let last = hand_over(&store, record("last"));
    go_on.send(()).unwrap();
    assert_eq!(first.await.unwrap(), Ok(()));
    assert_eq!(failing.await.unwrap(), Err(StoreError::Unreadable("a value".to_owned())));
    assert!(matches!(broken.await.unwrap(), Err(StoreError::Engine(_))));
    assert!(panicking.await.is_err(), "its caller hears that nothing became of it");
    assert_eq!(last.await.unwrap(), Ok(()));
    assert_eq!(kinds(&store), ["first", "last"]);
    let told = store.write(|_: &mut Tx<'_>| -> Result<(), StoreError> { panic!("again") }).await;
    assert_eq!(told, Err(StoreError::Closed));
    store.write(record("after")).await.unwrap();
    assert_eq!(kinds(&store), ["first", "last", "after"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_the_network_that_is_taken_back_is_not_remembered() {
    let world = World::start().await;
    let machines =
        |store: &Store| store.read_here(|tx| Ok::<_, StoreError>(tx.network()?.network.machines.len())).unwrap();
    let failed = world
        .store
        .write(|tx| {
            let mut network = tx.network()?.network.clone();
            network.machines.clear();
            network.controllers.clear();
            let entry = tx.record("network_applied", &json!({}))?;
            tx.declare(&network, entry, "file")?;
            assert_eq!(tx.network()?.network.machines.len(), 0, "the job sees its own change");
            Err::<(), _>(FlowError::Refused("on second thought".to_owned()))
        })
        .await;
    assert!(failed.is_err());
    assert_eq!(machines(&world.store), 4);
    let seen = world.change(|tx| Ok(tx.network()?.network.machines.len())).await;
    assert_eq!(seen, 4, "the writer does not remember it either");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_waited_too_long_is_refused_and_leaves_nothing() {
    let (_folder, store) = store();
    let go_on = occupy(&store).await;
    let late = hand_over(&store, record("late"));
    // Two seconds of the system's own clock have to pass: a job's deadline is no instant of the registry's.
    let deadline = tokio::time::Instant::now() + Duration::from_millis(2_050);
    tokio::time::sleep_until(deadline).await;
    let in_time = hand_over(&store, record("in_time"));
    go_on.send(()).unwrap();
    assert_eq!(late.await.unwrap(), Err(StoreError::Late));
    assert_eq!(in_time.await.unwrap(), Ok(()));
    assert_eq!(kinds(&store), ["in_time"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preview_tells_what_would_be_and_leaves_nothing_not_even_a_word() {
    let (_folder, store) = store();
    let mut touched = store.touched();
    let seen = store
        .preview(|tx| {
            tx.record("previewed", &json!({}))?;
            tx.touch(Touched::Network);
            Ok::<_, StoreError>(tx.entries_after(0, tremen_rules::Time::from_millis(0), 10)?.len())
        })
        .await
        .unwrap();
    assert_eq!(seen, 1);
    store
        .write(|tx| {
            tx.record("done", &json!({}))?;
            tx.touch(Touched::Sessions);
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
    assert_eq!(kinds(&store), ["done"]);
    assert_eq!(touched.recv().await.unwrap(), Touched::Sessions);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_sees_one_state_however_long_it_looks_and_hears_of_a_change_after_its_commit() {
    let (_folder, store) = store();
    store.write(record("before")).await.unwrap();
    let (looked, has_looked) = tokio::sync::oneshot::channel();
    let (go_on, told) = mpsc::channel::<()>();
    let reading = {
        let store = store.clone();
        tokio::spawn(async move {
            store
                .read(move |tx| {
                    let count =
                        |tx: &Tx<'_>| tx.entries_after(0, tremen_rules::Time::from_millis(0), 10).unwrap().len();
                    let first = count(tx);
                    looked.send(()).unwrap();
                    told.recv_timeout(PATIENCE).unwrap();
                    Ok::<_, StoreError>((first, count(tx)))
                })
                .await
                .unwrap()
        })
    };
    has_looked.await.unwrap();
    store.write(record("meanwhile")).await.unwrap();
    assert_eq!(kinds(&store), ["before", "meanwhile"], "another reader sees it");
    go_on.send(()).unwrap();
    assert_eq!(reading.await.unwrap(), (1, 1));
    let refused = store.read(|tx| tx.record("read", &json!({}))).await;
    assert!(matches!(refused, Err(StoreError::Disk(_))), "a reader writes nothing");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_readers_than_connections_are_all_served() {
    let (_folder, store) = store();
    store.write(record("something")).await.unwrap();
    let reading: Vec<_> = (0..32)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                store.read(|tx| tx.entries_after(0, tremen_rules::Time::from_millis(0), 10)).await.unwrap().len()
            })
        })
        .collect();
    for read in reading {
        assert_eq!(read.await.unwrap(), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_never_goes_back_between_transactions() {
    let folder = Folder::new();
    let clock = thursday();
    let store = open_store(&folder, clock.clone());
    let now = |store: &Store| {
        let store = store.clone();
        async move { store.write(|tx| Ok::<_, StoreError>(tx.now())).await.unwrap() }
    };
    let first = now(&store).await;
    clock.advance(-60_000);
    assert_eq!(now(&store).await, first);
    clock.advance(60_001);
    assert_eq!(now(&store).await, first.plus_millis(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_process_writes_is_noticed_within_a_second_and_acted_on() {
    let world = World::easy().await;
    world.person("anna", &[4, 1, 2, 3], false).await;
    let mut raw = crate::raw::Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start("trotec-speedy", crate::raw::uid(&[4, 1, 2, 3])).await;
    // A manager's command beside the server: another store on the same file.
    let beside = open_store(&world.folder, world.clock.clone());
    let begun = std::time::Instant::now();
    beside
        .write(move |tx| tremen_server::flows::stop_session::run(tx, &crate::world::operator(), session))
        .await
        .unwrap();
    let order = raw.order().await;
    assert_eq!(order.session, Some(session));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_is_in_the_file_whatever_becomes_of_the_process() {
    let (folder, store) = store();
    store.write(record("durable")).await.unwrap();
    // As a process that starts after a crash sees it: the store was never closed.
    let other = Connection::open(folder.0.join("tremen.db")).unwrap();
    let kind: String = other.query_row("SELECT kind FROM entries", [], |row| row.get(0)).unwrap();
    assert_eq!(kind, "durable");
    let mode: String = other.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    drop(store);
}
