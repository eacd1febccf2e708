//! What it costs to verify a journal and to prove one entry of it, beside hashing the same bytes.
//!
//! `cargo bench -p tremen-benches --bench journal [-- ENTRIES]`. The floor is SHA-256 of each payload and of each leaf, read from memory: what no
//! verifier can spare. Verifying is all of `tremen journal verify`, from the database file in the system's cache.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails says where")]

use std::path::Path;
use std::sync::Arc;

use serde_json::json;
use tremen_benches::block_on;
use tremen_measure::{Arguments, Report, Samples, short};
use tremen_server::clock::SystemClock;
use tremen_server::flows::verify_journal::{self, Request};
use tremen_server::flows::{FlowError, prove_entry};
use tremen_server::keys::Keys;
use tremen_server::sealer::Sealer;
use tremen_server::store::{Store, StoreError, system_random};
use tremen_tlog::entry::payload_digest;
use tremen_tlog::{Entry, Frontier};

const ROUNDS: usize = 5;
const PROOFS: u64 = 1_000;
/// Entries that one transaction writes.
const AT_ONCE: u32 = 10_000;

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    let entries = arguments.numbers_or(&[1_000_000])[0];
    let folder = tempfile::Builder::new().prefix("tremen-bench-journal-").tempdir().unwrap().keep();
    let store = open(&folder);
    let mut sealing = Samples::default();
    block_on(fill(&store, entries, &mut sealing));
    let in_memory = store.read_here(payloads).unwrap();
    let bytes: usize = in_memory.iter().map(|(_, salt, body)| salt.len() + body.len()).sum();
    let [mut floor, mut verified, mut proven, mut checked] = [(); 4].map(|()| Samples::default());
    for round in 0..ROUNDS {
        let root = floor.time(|| hash(&in_memory));
        let report =
            verified.time(|| store.read_here(|tx| verify_journal::run(tx, &Request::default(), |_| {}))).unwrap();
        assert_eq!((report.faults.len(), report.sealed), (0, u64::from(entries) + 1));
        assert_ne!(report.trees[0].root, root, "the floor knows no instants");
        for number in 0..PROOFS / ROUNDS as u64 {
            let entry = i64::try_from((number * 7919 + round as u64) % u64::from(entries)).unwrap() + 1;
            let file = proven.time(|| store.read_here(|tx| prove_entry::run(tx, entry))).unwrap();
            let text = serde_json::to_string(&file).unwrap();
            let seen = checked.time(|| prove_entry::check_all(&text, &[])).unwrap();
            assert_eq!(seen.wrong, []);
        }
    }
    let mut report = Report::new("journal", "The journal: verified whole, proven entry by entry.");
    let named = [
        ("floor: SHA-256 of the same bytes", &floor),
        ("verify", &verified),
        ("prove one", &proven),
        ("check one", &checked),
    ];
    let rows = named.iter().map(|(name, samples)| {
        let ratio = samples.median().as_secs_f64() / floor.median().as_secs_f64();
        samples.row(name).into_iter().chain([format!("{ratio:.3}")]).collect()
    });
    report.table(&["what", "p50", "p95", "p99", "runs", "p50 / floor's"], rows.collect());
    let each = sealing.all().iter().sum::<std::time::Duration>() / entries;
    report.say(&format!(
        "{entries} entries with payloads of {} MB. Sealing them took {} each, in slices of 128 between which taps would have \
         their turn.",
        bytes / 1_000_000,
        short(each)
    ));
    report.raw_samples(&named);
    report.finish(&arguments);
    drop(store);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn open(folder: &Path) -> Store {
    let clock = Arc::new(SystemClock::default());
    Store::open(&folder.join("tremen.db"), Arc::new(Keys::from_seed(1)), clock, system_random()).unwrap()
}

/// Entries as a tap writes them, about a kilobyte each; sealed as they come.
async fn fill(store: &Store, entries: u32, sealing: &mut Samples) {
    let award = json!({ "id": "a-0123456789", "reference": "decoupe-laser", "version": 3, "level": "autonomous", "issuer": "ubo",
                        "issued_at": 1_795_701_600_000_i64, "valid_until": null, "suspensions": [] });
    let facts = json!({ "person": "k3mzq7ab", "birth_date": "1990-04-02", "awards": [award, award, award, award], "roles": [],
                        "memberships": [{ "venue": "ubo", "span": { "from": 0 } }], "restrictions": [], "handovers": [] });
    let mut sealer = Sealer::default();
    let mut done = 0;
    while done < entries {
        let (count, facts) = (AT_ONCE.min(entries - done), facts.clone());
        store
            .write(move |tx| {
                for number in done..done + count {
                    let body = json!({ "machine": "trotec-speedy", "number": number, "facts": facts });
                    tx.record("something_happened", &body)?;
                }
                Ok::<_, FlowError>(())
            })
            .await
            .unwrap();
        done += count;
        sealing.time_async(sealer.catch_up(store)).await.unwrap();
    }
}

type Payload = (i64, Vec<u8>, String);

fn payloads(tx: &mut tremen_server::store::Tx<'_>) -> Result<Vec<Payload>, StoreError> {
    let mut all = Vec::new();
    tx.scan_leaves(1, |leaf| {
        let (salt, body) = leaf.row.and_then(|row| row.payload).unwrap_or_default();
        all.push((leaf.entry, salt.to_vec(), body.to_owned()));
        Ok(())
    })?;
    Ok(all)
}

/// The digests, the leaves and the tree, of what is in memory.
fn hash(payloads: &[Payload]) -> [u8; 32] {
    let mut tree = Frontier::default();
    for (leaf, (entry, salt, body)) in (0..).zip(payloads) {
        let digest = payload_digest(salt, body);
        let entry = Entry { leaf, entry: *entry, at: 1_795_701_600_000, kind: "something_happened", digest: &digest };
        tree.push(entry.hash(), |_, _, _| {});
    }
    tree.root()
}
