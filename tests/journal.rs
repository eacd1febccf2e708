//! The journal's tree: how it is sealed, what a crash leaves to do, and what an erasure leaves standing.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::json;
use tremen_rules::Time;
use tremen_server::clock::ManualClock;
use tremen_server::flows::{FlowError, open_journal, seal_journal, tell_erasures};
use tremen_server::keys::Keys;
use tremen_server::params;
use tremen_server::sealer::{Sealed, Sealer};
use tremen_server::store::{Store, StoreError, seeded_random};
use tremen_tlog::{Checkpoint, Note, VerifierKey};

use crate::world::{Folder, THURSDAY, operator};

pub struct Journal {
    pub folder: Folder,
    pub store: Store,
    pub sealer: Sealer,
}

impl Journal {
    pub fn new() -> Self {
        Self::on(Folder::new(), 1)
    }

    /// Opens the store of a folder with the keys of a seed.
    pub fn on(folder: Folder, seed: u8) -> Self {
        let clock = Arc::new(ManualClock::at(Time::from_millis(THURSDAY)));
        let (keys, random) = (Arc::new(Keys::from_seed(seed)), seeded_random(u64::from(seed)));
        let store = Store::open(&folder.0.join("tremen.db"), keys, clock, random).unwrap();
        Self { folder, store, sealer: Sealer::default() }
    }

    pub async fn record(&self, count: usize) {
        self.store
            .write(move |tx| {
                for number in 0..count {
                    tx.record("something_happened", &json!({ "number": number, "who": "9qvb" }))?;
                }
                Ok::<_, StoreError>(())
            })
            .await
            .unwrap();
    }

    /// As retention does.
    pub async fn erase(&self, entries: &[i64]) {
        let entries = entries.to_vec();
        self.store
            .write(move |tx| {
                let cause = tx.record("retention_applied", &json!({}))?;
                for entry in &entries {
                    assert!(tx.erase_payload(*entry, cause, None)?);
                }
                tell_erasures::run(tx, cause, entries)
            })
            .await
            .unwrap();
    }

    pub async fn seal(&mut self) -> Sealed {
        self.sealer.catch_up(&self.store).await.unwrap()
    }

    /// As somebody who has the file in hand and minds no trigger.
    pub fn tamper(&self, sql: &str) {
        tamper(&Connection::open(self.folder.0.join("tremen.db")).unwrap(), sql);
    }

    /// Makes an entry's digest that of its payload.
    pub fn restamp(&self, entry: i64) {
        let raw = Connection::open(self.folder.0.join("tremen.db")).unwrap();
        let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, Vec<u8>>(0)?, row.get::<_, String>(1)?));
        let (salt, body) = raw.query_row("SELECT salt, body FROM payloads WHERE entry = ?1", [entry], read).unwrap();
        let digest = tremen_tlog::entry::payload_digest(&salt, &body);
        raw.execute("UPDATE entries SET digest = ?1 WHERE entry = ?2", rusqlite::params![digest, entry]).unwrap();
    }

    fn checkpoint(&self) -> Checkpoint {
        self.store
            .read_here(|tx| {
                let tree = tx.newest_tree()?.unwrap();
                let note = Note::parse(&tx.checkpoint(tree.tree)?.unwrap().note).unwrap();
                Ok::<_, StoreError>(Checkpoint::open(&note, &VerifierKey::parse(&tree.key).unwrap()).unwrap())
            })
            .unwrap()
    }

    fn unsealed(&self) -> u64 {
        self.store.read_here(|tx| tx.journal_unsealed()).unwrap()
    }
}

/// Changes rows as somebody does who has the file in hand and minds no trigger.
pub fn tamper(raw: &Connection, sql: &str) {
    raw.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let mut triggers = raw.prepare("SELECT name FROM sqlite_schema WHERE type = 'trigger'").unwrap();
    let names: Vec<String> = triggers.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    names.iter().for_each(|name| raw.execute_batch(&format!("DROP TRIGGER {name}")).unwrap());
    raw.execute_batch(sql).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_sealed_and_signed_and_nothing_is_signed_twice() {
    let mut journal = Journal::new();
    assert_eq!(journal.seal().await, Sealed { entries: 0, checkpoint: None }, "nothing happened yet");
    journal.record(300).await;
    assert_eq!(journal.unsealed(), 300);
    // The opening of the journal is an entry too.
    assert_eq!(journal.seal().await, Sealed { entries: 301, checkpoint: Some(301) });
    assert_eq!((journal.unsealed(), journal.checkpoint().size), (0, 301));
    assert_eq!(journal.seal().await, Sealed::default());
    journal.record(1).await;
    assert_eq!(journal.seal().await, Sealed { entries: 1, checkpoint: Some(302) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_crash_what_has_no_leaf_is_sealed_and_what_has_no_signature_signed() {
    let mut journal = Journal::new();
    journal.record(10).await;
    journal.seal().await;
    journal.record(700).await;
    // The crash comes between two slices: some are leaves, and no checkpoint speaks for them.
    let slice = journal.store.read_here(|tx| tx.unsealed_after(0, 300)).unwrap();
    journal.store.write(move |tx| seal_journal::run(tx, &slice, None)).await.unwrap();
    let Journal { folder, store, .. } = journal;
    drop(store);
    let mut journal = Journal::on(folder, 1);
    assert_eq!(journal.checkpoint().size, 11);
    assert_eq!(journal.seal().await, Sealed { entries: 400, checkpoint: Some(711) });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_row_that_is_committed_late_with_a_smaller_number_is_sealed_too() {
    // As another node of a larger database would: its number was given before those that are sealed.
    async fn commit(journal: &Journal, entry: i64) {
        let row = "INSERT INTO entries (entry, at, kind, digest) VALUES ($1, 1, 'late', $2)";
        journal.store.write(move |tx| tx.execute(row, params![entry, [0_u8; 32]])).await.unwrap();
    }
    let mut journal = Journal::new();
    commit(&journal, 10_000).await;
    assert_eq!(journal.seal().await.entries, 2);
    commit(&journal, 9_000).await;
    assert_eq!(journal.seal().await.entries, 1, "at the next look");
    commit(&journal, 100).await;
    assert_eq!(journal.seal().await.entries, 0, "too late for every look");
    assert_eq!(Sealer::default().catch_up(&journal.store).await.unwrap().entries, 1, "a look at everything finds it");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_sealers_at_once_make_no_leaf_twice() {
    let mut journal = Journal::new();
    journal.record(50).await;
    let slice = journal.store.read_here(|tx| tx.unsealed_after(0, 50)).unwrap();
    journal.seal().await;
    let again = journal.store.write(move |tx| seal_journal::run(tx, &slice, None)).await;
    assert!(matches!(again, Err(FlowError::Store(StoreError::Engine(_)))), "{again:?}");
    assert_eq!(journal.store.read_here(|tx| tx.tree_size(1)).unwrap(), 51);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_origin_names_the_one_before_it_with_its_last_checkpoint() {
    let mut journal = Journal::new();
    journal.record(5).await;
    journal.seal().await;
    let before = journal.checkpoint();
    let opened = journal.store.write(|tx| open_journal::run(tx, &operator().by, "a restore")).await.unwrap();
    journal.seal().await;
    let after = journal.checkpoint();
    assert_eq!((after.size, &after.origin), (1, &opened.origin));
    let entry = journal.store.read_here(|tx| tx.entry(opened.entry)).unwrap().unwrap();
    assert_eq!(entry.kind, "journal_continued");
    let named = &entry.body.unwrap()["before"];
    assert_eq!((named["origin"].as_str(), named["size"].as_u64()), (Some(before.origin.as_str()), Some(6)));
    assert_eq!(Checkpoint::parse(&Note::parse(named["checkpoint"].as_str().unwrap()).unwrap().text).unwrap(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_another_key_the_journal_has_another_origin() {
    let mut journal = Journal::new();
    journal.record(5).await;
    journal.seal().await;
    let first = journal.checkpoint();
    let Journal { folder, store, .. } = journal;
    drop(store);
    let mut journal = Journal::on(folder, 2);
    journal.record(1).await;
    journal.seal().await;
    assert_ne!(journal.checkpoint().origin, first.origin);
    assert_eq!(journal.store.read_here(|tx| tx.trees()).unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tree_that_was_changed_is_not_signed() {
    for sql in [
        "UPDATE leaves SET hash = zeroblob(32) WHERE leaf = 3",
        "DELETE FROM leaves WHERE leaf > 2; DELETE FROM payloads WHERE entry = 5; DELETE FROM entries WHERE entry = 5",
        "UPDATE leaves SET hash = (SELECT hash FROM leaves WHERE leaf = 1) WHERE leaf = 2",
    ] {
        let mut journal = Journal::new();
        journal.record(9).await;
        journal.seal().await;
        journal.tamper(sql);
        journal.record(1).await;
        let refused = Sealer::default().catch_up(&journal.store).await;
        assert!(
            matches!(&refused, Err(FlowError::Refused(why)) if why.contains("did not grow out of")),
            "{sql}: {refused:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_leaves_the_tree_whole_and_is_an_entry_itself() {
    let mut journal = Journal::new();
    journal.record(9).await;
    journal.seal().await;
    let root = journal.checkpoint().root;
    journal.erase(&[7, 2, 3]).await;
    let told = journal.store.read_here(|tx| tx.last_entry()).unwrap().unwrap();
    assert_eq!((told.kind.as_str(), &told.body.unwrap()["entries"]), ("payloads_erased", &json!([[2, 3], [7, 7]])));
    assert_eq!(journal.store.read_here(|tx| tx.frontier(1, 10)).unwrap().root(), root);
    assert_eq!(journal.store.read_here(|tx| tx.entry(2)).unwrap().unwrap().body, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_running_registry_seals_at_its_end_what_happened() {
    let world = crate::world::World::easy().await;
    world.person("anna", &[4, 1, 2, 3], false).await;
    let store = world.store.clone();
    store.write(|tx| tx.record("at_the_last_moment", &json!({}))).await.unwrap();
    world.running.stop().await;
    assert_eq!(store.read_here(|tx| tx.journal_unsealed()).unwrap(), 0);
    let tree = store.read_here(|tx| tx.newest_tree()).unwrap().unwrap();
    let (size, checkpoint) =
        store.read_here(|tx| Ok::<_, StoreError>((tx.tree_size(tree.tree)?, tx.checkpoint(tree.tree)?))).unwrap();
    assert_eq!(checkpoint.unwrap().size, size);
    assert!(size >= 3);
}
