//! The journal is verified: by the registry, by a verifier that shares no code with it, and after everything that somebody
//! with the database in hand can do to it.

use rusqlite::Connection;
use serde_json::json;
use tremen_server::flows::verify_journal::{self, Report, Request};
use tremen_server::flows::{
    Actor, FlowError, Warrant, export_journal, keep_cosignature, offer_checkpoint, open_journal, prove_entry,
};
use tremen_server::store::Store;
use tremen_tlog::checkpoint::cosign;
use tremen_tlog::{Checkpoint, KeyKind, Note, VerifierKey};
use tremen_wire::{Intent, Outcome};

use crate::journal::Journal;
use crate::journal_verifier::{Found, verify_export, verify_proof};
use crate::raw::{Raw, uid};
use crate::world::{Folder, World, open_store, thursday};

fn verify(store: &Store, checkpoint: Option<Note>) -> Report {
    let request = Request { checkpoint, key: None };
    store.read_here(|tx| verify_journal::run(tx, &request, |_| {})).unwrap()
}

fn export(store: &Store) -> String {
    let mut text = String::new();
    store
        .read_here(|tx| {
            export_journal::run(tx, |line| {
                text.push_str(line);
                text.push('\n');
                Ok(())
            })
        })
        .unwrap();
    text
}

fn key(store: &Store) -> String {
    store.read_here(|tx| tx.trees()).unwrap()[0].key.clone()
}

fn checkpoint(store: &Store) -> Note {
    store.read_here(|tx| offer_checkpoint::last(tx)).unwrap().unwrap().1
}

/// A workshop's afternoon, sealed: some three hundred entries, with a grant, two refusals and an end among them.
async fn afternoon() -> World {
    let world = World::easy().await;
    world.person("anna", &[4, 1, 2, 3], false).await;
    world.person("bela", &[4, 1, 2, 4], false).await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    raw.start("trotec-speedy", uid(&[4, 1, 2, 3])).await;
    for card in [[4, 1, 2, 4], [4, 9, 9, 9]] {
        let answer = raw.tap("trotec-speedy", uid(&card), Intent::Use).await;
        assert!(matches!(answer.outcome, Outcome::Deny { .. }));
    }
    drop(raw);
    world
        .change(|tx| {
            for number in 0..300 {
                tx.record("something_happened", &json!({ "number": number }))?;
            }
            Ok(())
        })
        .await;
    world
}

/// The folder of an afternoon after closing time.
async fn closed() -> Folder {
    let World { folder, store, running, .. } = afternoon().await;
    running.stop().await;
    drop(store);
    folder
}

/// A copy of it that was tampered with.
fn tampered(folder: &Folder, sql: &str) -> (Folder, Store) {
    let copy = Folder::new();
    let original = Connection::open(folder.0.join("tremen.db")).unwrap();
    original.execute("VACUUM INTO ?1", [copy.0.join("tremen.db").to_str().unwrap()]).unwrap();
    let raw = Connection::open(copy.0.join("tremen.db")).unwrap();
    crate::journal::tamper(&raw, sql);
    drop(raw);
    let store = open_store(&copy, thursday());
    (copy, store)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_honest_afternoon_is_whole_here_and_for_a_stranger() {
    let folder = closed().await;
    let store = open_store(&folder, thursday());
    let report = verify(&store, Some(checkpoint(&store)));
    assert_eq!(report.faults, []);
    assert_eq!((report.unsealed, report.decisions, report.checkpoint), (0, 3, Some(report.sealed)));
    store.write(|tx| tx.record("after_closing_time", &json!({}))).await.unwrap();
    assert_eq!(verify(&store, None).unsealed, 1);
    let found = verify_export(&export(&store), &key(&store)).unwrap();
    let sealed = usize::try_from(report.sealed).unwrap();
    assert_eq!(found, Found { trees: 1, sealed, unsealed: 1, erased: 0 });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_to_a_row_is_found_and_named() {
    let folder = closed().await;
    let deny = "(SELECT MIN(entry) FROM entries WHERE kind = 'access_denied')";
    let last = "(SELECT MAX(leaf) FROM leaves)";
    let cases = [
        // entries
        ("UPDATE entries SET at = at + 1 WHERE entry = 20", "entry 20", "its number, instant or kind was changed"),
        ("UPDATE entries SET kind = 'nothing' WHERE entry = 20", "entry 20", "its number, instant or kind was changed"),
        ("UPDATE entries SET digest = zeroblob(32) WHERE entry = 20", "entry 20", "its digest was changed"),
        ("UPDATE entries SET digest = x'00' WHERE entry = 20", "entry 20", "its digest was changed"),
        ("DELETE FROM entries WHERE entry = 20", "entry 20", "missing: it was leaf"),
        (
            "INSERT INTO entries (entry, at, kind, digest) VALUES (0, 1, 'false', zeroblob(32));
             INSERT INTO payloads (entry, salt, body) VALUES (0, zeroblob(16), '{}')",
            "entry 0",
            "it was not there when they were sealed",
        ),
        (
            "UPDATE entries SET entry = -20 WHERE entry = 20; UPDATE entries SET entry = 20 WHERE entry = 21;
             UPDATE entries SET entry = 21 WHERE entry = -20",
            "entry 21",
            "its digest was changed",
        ),
        // payloads
        ("UPDATE payloads SET body = '{}' WHERE entry = 20", "payload of entry 20", "it was changed"),
        ("UPDATE payloads SET body = body || ' ' WHERE entry = 20", "payload of entry 20", "it was changed"),
        ("UPDATE payloads SET salt = zeroblob(16) WHERE entry = 20", "payload of entry 20", "it was changed"),
        ("DELETE FROM payloads WHERE entry = 20", "payload of entry 20", "no entry says that it was erased"),
        (
            // with the row that an erasure leaves
            "DELETE FROM payloads WHERE entry = 20; INSERT INTO erased_payloads (entry, cause) VALUES (20, 21)",
            "payload of entry 20",
            "no entry says that it was erased",
        ),
        (
            "INSERT INTO payloads (entry, salt, body) VALUES (9999, zeroblob(16), '{}')",
            "payload of entry 9999",
            "missing",
        ),
        (
            "UPDATE payloads SET entry = -20 WHERE entry = 20; UPDATE payloads SET entry = 20 WHERE entry = 21;
             UPDATE payloads SET entry = 21 WHERE entry = -20",
            "payload of entry 21",
            "it was changed",
        ),
        // leaves
        ("UPDATE leaves SET hash = zeroblob(32) WHERE leaf = 20", "leaf 20 of tree 1", "it was changed"),
        ("UPDATE leaves SET entry = 9999 WHERE leaf = 20", "entry 9999", "missing: it was leaf 20"),
        ("DELETE FROM leaves WHERE leaf = 20", "leaf 20 of tree 1", "missing"),
        (&format!("DELETE FROM leaves WHERE leaf = {last}"), "checkpoint of tree 1", "are missing"),
        (
            "INSERT INTO leaves (tree, leaf, entry, hash) VALUES (1, 100000, 9999, zeroblob(32))",
            "entry 9999",
            "missing: it was leaf 100000",
        ),
        (
            "UPDATE leaves SET leaf = -20 WHERE leaf = 20; UPDATE leaves SET leaf = 20 WHERE leaf = 21;
             UPDATE leaves SET leaf = 21 WHERE leaf = -20",
            "entry 21",
            "changed or moved",
        ),
        ("UPDATE leaves SET tree = 7 WHERE leaf = 20", "leaves of tree 7", "that tree is missing"),
        // subtrees
        (
            "UPDATE subtrees SET hash = zeroblob(32)",
            "subtree 0 of level 8 of tree 1",
            "not the root of leaves 0 to 255",
        ),
        ("DELETE FROM subtrees", "subtree 0 of level 8 of tree 1", "not the root of leaves 0 to 255"),
        ("INSERT INTO subtrees VALUES (1, 8, 3, zeroblob(32))", "subtree 3 of level 8 of tree 1", "no leaves make it"),
        // trees and checkpoints
        ("UPDATE trees SET origin = 'elsewhere'", "checkpoint of tree 1", "bears no signature of `elsewhere`"),
        ("UPDATE trees SET entry = 20", "tree 1", "entry 20, is missing or is none"),
        ("DELETE FROM trees", "leaves of tree 1", "that tree is missing"),
        ("UPDATE checkpoints SET size = size - 1", "checkpoint of tree 1", "its row says"),
        ("UPDATE checkpoints SET note = replace(note, 'journal/', 'Journal/')", "checkpoint of tree 1", "signature"),
        ("DELETE FROM checkpoints", "checkpoint of tree 1", "missing"),
        // what points to the journal
        ("UPDATE decisions SET verdict = 'grant' WHERE decision = 2", "decision 2", "it says grant, its entry"),
        ("UPDATE decisions SET verdict = 'deny' WHERE decision = 1", "decision 1", "it says deny, its entry"),
        ("UPDATE decisions SET machine = 'elsewhere' WHERE decision = 2", "decision 2", "its machine, controller"),
        ("UPDATE decisions SET reason = 'no_award' WHERE decision = 2", "decision 2", "its machine, controller"),
        ("UPDATE decisions SET person = 'anna' WHERE decision = 2", "decision 2", "its machine, controller"),
        ("UPDATE decisions SET session = NULL WHERE decision = 1", "decision 1", "its machine, controller"),
        ("UPDATE decisions SET at = at - 1 WHERE decision = 3", "decision 3", "its instant is not that of entry"),
        (
            "UPDATE decisions SET entry = (SELECT entry FROM decisions WHERE decision = 3) WHERE decision = 2",
            "decision 3",
            "has another decision already",
        ),
        ("UPDATE decisions SET entry = 20 WHERE decision = 2", "decision 2", "tells of no decision"),
        ("DELETE FROM decisions WHERE decision = 3", "decision of entry", "missing: the entry tells of it"),
        ("UPDATE sessions SET machine = 'elsewhere'", "session opened by decision 1", "no grant of this session"),
        ("UPDATE revisions SET entry = 9999", "revision 1", "its entry is missing"),
        (&format!("DELETE FROM entries WHERE entry = {deny}"), "decision 2", "is missing or tells of no decision"),
        // the whole history of an entry, each hash with it: the signed checkpoint is what tells
        (
            "DELETE FROM subtrees; DELETE FROM leaves WHERE leaf > 200; DELETE FROM entries WHERE entry > 201;
             DELETE FROM payloads WHERE entry > 201",
            "checkpoint of tree 1",
            "are missing",
        ),
    ];
    for (sql, place, what) in cases {
        let (_folder, store) = tampered(&folder, sql);
        let faults = verify(&store, None).faults;
        let is_named = faults.iter().any(|it| it.place.starts_with(place) && it.what.contains(what));
        assert!(is_named, "{sql}\nwants {place}: {what}\nfound {faults:#?}");
        assert!(faults.len() < 12, "{sql}\ntoo much is named: {faults:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_that_somebody_kept_finds_what_the_database_alone_cannot() {
    let mut journal = Journal::new();
    journal.record(40).await;
    journal.seal().await;
    let kept = checkpoint(&journal.store);
    assert_eq!(verify(&journal.store, Some(kept.clone())).checkpoint, Some(41));
    // Somebody with the key throws all away from entry 10 on, has it sealed and signed anew.
    journal.tamper(
        "DELETE FROM subtrees; DELETE FROM leaves; DELETE FROM checkpoints;
         UPDATE payloads SET body = '{\"number\":9,\"who\":\"somebody else\"}' WHERE entry = 10",
    );
    journal.restamp(10);
    journal.sealer = Default::default();
    journal.seal().await;
    assert_eq!(verify(&journal.store, None).faults, [], "it agrees with itself");
    let report = verify(&journal.store, Some(kept));
    assert!(report.faults[0].what.contains("its 41 leaves are not those that are kept"), "{:?}", report.faults);
    assert_eq!((report.faults[0].place.as_str(), report.checkpoint), ("the checkpoint given", None));
    let other = Checkpoint { origin: "elsewhere".to_owned(), size: 1, root: [0; 32] };
    let other = other.sign(&ed25519_dalek::SigningKey::from_bytes(&[3; 32])).unwrap();
    let report = verify(&journal.store, Some(other));
    assert!(report.faults[0].what.contains("no origin of this journal"), "{:?}", report.faults);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_is_no_fault_and_a_second_one_in_its_shadow_is() {
    let mut journal = Journal::new();
    journal.record(40).await;
    journal.seal().await;
    journal.erase(&[10, 11, 12, 20]).await;
    journal.seal().await;
    let report = verify(&journal.store, None);
    assert_eq!((report.faults.len(), report.erased), (0, 4));
    assert_eq!(verify_export(&export(&journal.store), &key(&journal.store)).unwrap().erased, 4);
    journal.tamper("DELETE FROM payloads WHERE entry = 13; INSERT INTO erased_payloads (entry, cause) VALUES (13, 42)");
    let report = verify(&journal.store, None);
    assert_eq!(report.faults[0].place, "payload of entry 13");
    assert!(verify_export(&export(&journal.store), &key(&journal.store)).unwrap_err().contains("entry 13"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_is_continued_after_a_restore_and_both_trees_are_verified() {
    let mut journal = Journal::new();
    journal.record(300).await;
    journal.seal().await;
    let before = checkpoint(&journal.store);
    journal.record(3).await;
    journal.store.write(|tx| open_journal::run(tx, &Actor::Operator, "a restore")).await.unwrap();
    journal.record(300).await;
    journal.seal().await;
    let report = verify(&journal.store, Some(before));
    assert_eq!(report.faults, []);
    assert_eq!(report.trees.iter().map(|tree| tree.size).collect::<Vec<_>>(), [301, 304]);
    assert_eq!(report.checkpoint, Some(301));
    let found = verify_export(&export(&journal.store), &key(&journal.store)).unwrap();
    assert_eq!((found.trees, found.sealed), (2, 605));
    journal.tamper("DELETE FROM leaves WHERE tree = 1 AND leaf = 300");
    let faults = verify(&journal.store, None).faults;
    assert!(faults.iter().any(|it| it.what.contains("the tree before it is not as entry")), "{faults:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_is_proven_to_somebody_who_has_nothing_but_a_key() {
    let mut journal = Journal::new();
    journal.record(1000).await;
    let early = journal.store.read_here(|tx| prove_entry::run(tx, 7));
    assert!(matches!(&early, Err(FlowError::Refused(why)) if why.contains("not sealed and signed yet")), "{early:?}");
    journal.seal().await;
    let key = key(&journal.store);
    for entry in [1, 7, 256, 257, 999, 1001] {
        let file = journal.store.read_here(|tx| prove_entry::run(tx, entry)).unwrap();
        let text = serde_json::to_string(&file).unwrap();
        verify_proof(&text, &key).unwrap();
        let shown = prove_entry::check(&file, Some(&VerifierKey::parse(&key).unwrap())).unwrap();
        assert_eq!((shown.leaf + 1, shown.size), (u64::try_from(entry).unwrap(), 1001));
        let forged = [
            text.replace("something_happened", "nothing_happened"),
            text.replace("journal_opened", "journal_closed"),
            text.replace(r#"\"number\":"#, r#"\"number\":1"#),
            text.replace(&format!("\"entry\":{entry},"), "\"entry\":5000,"),
            text.replace("index ", "index 1"),
        ];
        for forged in forged.iter().filter(|forged| **forged != text) {
            assert!(verify_proof(forged, &key).is_err(), "{forged}");
            let checked = prove_entry::check_all(forged, &[]);
            assert!(checked.is_err() || checked.is_ok_and(|it| it.proven.is_empty()), "{forged}");
        }
    }
    let missing = journal.store.read_here(|tx| prove_entry::run(tx, 5000));
    assert_eq!(missing.unwrap_err().to_string(), "journal entry `5000` does not exist");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_venue_cosigns_what_only_grew_and_its_word_is_kept() {
    let mut journal = Journal::new();
    journal.record(20).await;
    journal.seal().await;
    let log = VerifierKey::parse(&key(&journal.store)).unwrap();
    let first = journal.store.read_here(|tx| offer_checkpoint::run(tx, 0)).unwrap();
    let last = first.verify(&log, None).unwrap();
    journal.record(500).await;
    journal.seal().await;
    let offer = journal.store.read_here(|tx| offer_checkpoint::run(tx, 21)).unwrap();
    offer.verify(&log, Some(&last)).unwrap();
    let secret = ed25519_dalek::SigningKey::from_bytes(&[5; 32]);
    let witness = VerifierKey::new("tyfab.example/witness", KeyKind::Cosigner, secret.verifying_key()).unwrap();
    let mut cosigned = offer.checkpoint.clone();
    cosigned.signatures.push(cosign(&cosigned.text, witness.name(), &secret, 1_795_701_600).unwrap());
    let warrant = Warrant { by: Actor::Operator, why: String::new() };
    let keep = |note: Note| {
        let (warrant, witness) = (warrant.clone(), witness.clone());
        journal.store.write(move |tx| keep_cosignature::run(tx, &warrant, &note, &witness))
    };
    assert!(keep(offer.checkpoint.clone()).await.unwrap_err().to_string().contains("bears no signature of `tyfab"));
    assert_eq!(keep(cosigned.clone()).await.unwrap().size, 521);
    assert!(keep(cosigned.clone()).await.unwrap_err().to_string().contains("has cosigned 521 leaves already"));
    assert_eq!(checkpoint(&journal.store), cosigned, "it is served from now on");
    journal.record(5).await;
    journal.seal().await;
    // The proof goes with the checkpoint that somebody else vouches for, though there is a later one.
    let proof = journal.store.read_here(|tx| prove_entry::run(tx, 7)).unwrap();
    let shown = prove_entry::check(&proof, Some(&log)).unwrap();
    assert_eq!((shown.size, shown.others), (521, vec!["tyfab.example/witness".to_owned()]));
    let report = verify(&journal.store, None);
    assert_eq!((report.faults.len(), &report.trees[0].cosigned), (0, &vec![(521, witness.to_string())]));
    verify_export(&export(&journal.store), &log.to_string()).unwrap();
    journal.tamper("UPDATE cosignatures SET line = replace(line, 'A', 'B')");
    assert!(verify(&journal.store, None).faults[0].place.starts_with("cosignature of 521 leaves by `tyfab"));
}
