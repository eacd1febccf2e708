//! Awards from a CSV file, all or nothing, beside the plain inserts of the same rows in one transaction.
//!
//! `cargo bench -p tremen-benches --bench import -- [--save] [ROWS]`
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails says where")]

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, params};
use tremen_benches::{Town, block_on};
use tremen_files::table::{AwardRow, Row, read_awards};
use tremen_measure::{Report, Samples, short};
use tremen_server::flows::{Actor, Warrant, import_awards, import_in_slices};
use tremen_server::store::Store;

/// How often each contender imports a whole file.
const ROUNDS: usize = 3;
const PEOPLE: u32 = 10_000;

fn main() {
    let Some(arguments) = tremen_measure::Arguments::of_bench() else { return };
    let count = arguments.numbers_or(&[100_000])[0];
    block_on(async {
        let [mut plain, mut whole, mut sliced, mut served, mut reading] = [(); 5].map(|()| Samples::default());
        for round in 0..ROUNDS {
            // A registry of its own for each, so that all begin with the same database.
            let file = file(count);
            let rows = reading.time(|| read(&file));
            let town = Town::prepare(PEOPLE, 1).await;
            let plain_file = town.folder.join(format!("plain-{round}.db"));
            plain.time(|| insert(&plain_file, &rows));
            drop(rows);

            let store = town.store();
            whole.time_async(import_whole(&store, &file)).await;
            drop((store, town));

            let town = Town::prepare(PEOPLE, 1).await;
            let store = town.store();
            sliced.time_async(import_sliced(&store, &file)).await;
            drop((store, town));

            let town = Town::prepare(PEOPLE, 1).await;
            let store = town.store();
            let _serving = store.serving().unwrap();
            served.time_async(import_sliced(&store, &file)).await;
        }
        let title = format!("{count} awards of {PEOPLE} people, all or nothing.");
        let mut report = Report::new("import", &title);
        let floor = plain.median();
        let times = |samples: &Samples| format!("{:.2}", samples.median().as_secs_f64() / floor.as_secs_f64());
        let row = |name: &str, samples: &Samples| -> Vec<String> {
            let rate = f64::from(count) / samples.median().as_secs_f64();
            let runs = samples.all().iter().map(|it: &Duration| short(*it)).collect::<Vec<_>>().join(", ");
            vec![name.to_owned(), short(samples.median()), format!("{rate:.0}"), times(samples), runs]
        };
        let named = [
            ("plain inserts in one transaction", &plain),
            ("import in one transaction", &whole),
            ("import in slices, as `tremen import` does", &sliced),
            ("the same where a registry serves, with pauses for its taps", &served),
            ("of each: reading the file", &reading),
        ];
        let table = named.iter().map(|(name, samples)| row(name, samples)).collect();
        report.table(&["what", "median", "rows/s", "x plain", "each run"], table);
        report.raw_samples(&named);
        report.finish(&arguments);
    });
}

/// The file, as it comes in.
fn file(count: u32) -> Vec<u8> {
    let mut file = "person;reference;version;level;issuer;issued_at\n".to_owned();
    for row in 0..count {
        let (person, nth) = (row % PEOPLE, row / PEOPLE);
        let (year, month, day) = (2010 + nth / 336, 1 + nth / 28 % 12, 1 + nth % 28);
        file += &format!("k{person};impression-3d;1;1;maison-du-libre;{year}-{month:02}-{day:02}\n");
    }
    file.into_bytes()
}

fn read(file: &[u8]) -> Vec<Row<AwardRow>> {
    read_awards(file, "Europe/Paris".parse().unwrap()).unwrap().rows
}

/// The same rows into a table of the same columns and indexes, by one prepared statement, durable at the end.
fn insert(path: &Path, rows: &[Row<AwardRow>]) {
    let mut connection = Connection::open(path).unwrap();
    connection.pragma_update(None, "journal_mode", "WAL").unwrap();
    connection.pragma_update(None, "synchronous", "FULL").unwrap();
    connection
        .execute_batch(
            "CREATE TABLE awards (person TEXT NOT NULL, award TEXT NOT NULL, given_id INTEGER NOT NULL,
                 reference TEXT NOT NULL, version INTEGER NOT NULL, level INTEGER NOT NULL, issuer TEXT NOT NULL,
                 issued_at INTEGER NOT NULL, valid_until INTEGER, awarded_by TEXT, supersedes TEXT,
                 superseded_at INTEGER, revoked_at INTEGER, why TEXT, PRIMARY KEY (person, award)) STRICT, WITHOUT ROWID;
             CREATE UNIQUE INDEX awards_by_id ON awards (award);
             CREATE INDEX awards_by_author ON awards (awarded_by, issued_at);",
        )
        .unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let mut insert = transaction
            .prepare(
                "INSERT INTO awards (person, award, given_id, reference, version, level, issuer, issued_at, valid_until)
                 VALUES (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8)",
            )
            .unwrap();
        for (number, Row { row, .. }) in rows.iter().enumerate() {
            // As random an id as the import gives, since it is a key.
            let id = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            insert
                .execute(params![
                    row.person,
                    format!("{id:016x}{number:010}"),
                    row.reference.as_str(),
                    row.version,
                    row.level.number(),
                    row.issuer.as_str(),
                    row.issued_at.millis(),
                    row.valid_until.map(|it| it.millis())
                ])
                .unwrap();
        }
    }
    transaction.commit().unwrap();
}

fn warrant() -> Warrant {
    Warrant { by: Actor::Operator, why: "imported by a benchmark".to_owned() }
}

async fn import_whole(store: &Store, file: &[u8]) {
    let rows = read(file);
    let done = store.write(move |tx| import_awards::run(tx, &warrant(), &rows)).await.unwrap();
    assert_eq!(done.unchanged + done.changed, 0);
}

async fn import_sliced(store: &Store, file: &[u8]) {
    let done = import_in_slices::run(store, warrant(), read(file)).await.unwrap();
    assert_eq!(done.unchanged + done.changed, 0);
}
