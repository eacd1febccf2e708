//! A large import beside a registry at work: no tap is refused for its sake, and of a file whose import was killed nothing
//! counts. `TREMEN_IMPORT_ROWS` says how large (`tests/long import` asks for a hundred thousand).

use std::time::{Duration, Instant};

use rusqlite::Connection;
use tremen_controller::{Remembered, TapResult};
use tremen_server::machines::player::{Happening, Player};
use tremen_server::store::Tx;
use tremen_wire::{Intent, Verdict};

use crate::process::{Place, enter_person, provision};
use crate::raw::uid;
use crate::world::{PATIENCE, ask_for_nothing, settings};

const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];
const PEOPLE: usize = 500;

pub fn rows() -> usize {
    std::env::var("TREMEN_IMPORT_ROWS").ok().map_or(10_000, |text| text.parse().unwrap())
}

fn byte(number: usize) -> u8 {
    u8::try_from(number).unwrap()
}

/// A place with people, and a file of awards for them.
pub async fn town() -> (Place, String) {
    let enter = |tx: &mut Tx<'_>| {
        enter_person(tx, "anna", &ANNA)?;
        for person in 0..PEOPLE {
            enter_person(tx, &format!("p{person}"), &[8, 0, byte(person / 256), byte(person % 256)])?;
        }
        provision(tx, "capucins-3d", false)
    };
    let (place, ()) = Place::prepared(ask_for_nothing, enter).await;
    let mut file = "person;reference;version;level;issuer;issued_at\n".to_owned();
    for row in 0..rows() {
        let (person, nth) = (row % PEOPLE, row / PEOPLE);
        let (year, month, day) = (2010 + nth / 336, 1 + nth / 28 % 12, 1 + nth % 28);
        file += &format!("p{person};accueil-securite;1;1;fabriques-du-ponant;{year}-{month:02}-{day:02}\n");
    }
    let path = place.folder.0.join("awards.csv");
    std::fs::write(&path, file).unwrap();
    (place, path.display().to_string())
}

pub fn count(place: &Place, what: &str) -> i64 {
    let database = Connection::open(place.database()).unwrap();
    database.busy_timeout(PATIENCE).unwrap();
    database.query_row(&format!("SELECT COUNT(*) FROM {what}"), [], |row| row.get(0)).unwrap()
}

pub const STAGED: &str = "awards a JOIN imports i ON i.import = a.import WHERE i.activated_at IS NULL";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_tap_is_told_that_the_registry_is_out_of_reach_while_a_large_file_is_imported() {
    let (place, file) = town().await;
    let served = place.serve().await;
    let login = place.login("capucins-3d", served.broker);
    let mut player = Player::start(settings("capucins-3d", false), Remembered::default(), &login);
    player.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await.unwrap();

    let begun = Instant::now();
    let mut import = place.command(&["import", "awards", &file, "--json"]).spawn().unwrap();
    let (mut taps, mut slowest) = (0, Duration::ZERO);
    let mut verdicts = [Verdict::Grant, Verdict::Done].into_iter().cycle();
    let status = loop {
        let tapped = Instant::now();
        player.tap(PRINTER, uid(&ANNA), Intent::Toggle);
        let result = |it: &Happening| match it {
            Happening::Tapped { result, .. } => Some(result.clone()),
            _ => None,
        };
        let result = player.wait_for(PATIENCE, result).await.unwrap();
        let TapResult::Answered { answer, .. } = result else { panic!("{result:?}\n{}", place.log()) };
        assert_eq!(Some(answer.outcome.verdict()), verdicts.next(), "{answer:?}\n{}", place.log());
        (taps, slowest) = (taps + 1, slowest.max(tapped.elapsed()));
        if let Some(status) = import.try_wait().unwrap() {
            break status;
        }
    };
    let took = begun.elapsed();
    let output = import.wait_with_output().await.unwrap();
    assert!(status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["added"], &told["unchanged"]), (&rows().into(), &0.into()));
    assert_eq!(count(&place, STAGED), 0);
    assert_eq!(count(&place, "entries WHERE kind = 'award_made'"), i64::try_from(rows()).unwrap());
    eprintln!("{} awards in {took:.1?} beside {taps} taps, the slowest of which took {slowest:.0?}", rows());

    // Importing the same file twice changes nothing.
    let output = place.command(&["import", "awards", &file, "--json"]).output().await.unwrap();
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["added"], &told["unchanged"]), (&0.into(), &rows().into()));
    served.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_large_file_whose_import_was_killed_nothing_counts_and_its_rows_are_cleared_away() {
    let (place, file) = town().await;
    // As a registry does that serves: the slices are small then, and the import takes its time.
    let serving = std::fs::File::create(place.folder.0.join("tremen.db-served")).unwrap();
    serving.lock_shared().unwrap();
    let mut import = place.command(&["import", "awards", &file]).spawn().unwrap();
    let begun = Instant::now();
    while count(&place, STAGED) < 1_000 {
        assert!(begun.elapsed() < PATIENCE && import.try_wait().unwrap().is_none());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    import.kill().await.unwrap();
    drop(serving);
    assert!(count(&place, STAGED) >= 1_000);
    let held = || async {
        let output = place.command(&["export", "awards"]).output().await.unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().lines().count() - 1
    };
    assert_eq!(held().await, 0, "staged is not given");

    // While it might still be at work another one waits its turn; a minute later the registry clears it away at its start.
    let output = place.command(&["import", "awards", &file]).output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains("another large import is at work"), "{told}");
    let database = Connection::open(place.database()).unwrap();
    database.execute("UPDATE imports SET beat_at = beat_at - 60000", []).unwrap();
    let served = place.serve().await;
    let begun = Instant::now();
    while count(&place, "awards") > 0 {
        assert!(begun.elapsed() < PATIENCE, "{}", place.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(count(&place, "entries WHERE kind = 'import_abandoned'"), 1);
    let output = place.command(&["import", "awards", &file]).output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(held().await, rows());
    served.kill().await;
}
