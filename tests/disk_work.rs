//! A disk that fails while a large file is imported or the journal is sealed: nothing is half done, and all goes on.

use std::time::{Duration, Instant};

use serde_json::Value as Json;

use crate::disk::{Workshop, shim};
use crate::process::Place;
use crate::slices::{STAGED, count, rows, town};
use crate::world::PATIENCE;

fn disk_of(place: &Place, fault: &str) {
    std::fs::write(place.folder.0.join("faults.new"), fault).unwrap();
    std::fs::rename(place.folder.0.join("faults.new"), place.folder.0.join("faults")).unwrap(); // at one instant
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_large_file_whose_import_the_disk_ended_nothing_counts_and_the_next_import_does_it_all() {
    let (place, file) = town().await;
    let import = || {
        let mut import = place.command(&["import", "awards", &file]);
        import.env("LD_PRELOAD", shim()).env("FAULTS", place.folder.0.join("faults"));
        import
    };
    for fault in ["full", "readonly", "unsynced"] {
        disk_of(&place, "");
        // As a registry does that serves: the slices are small then, and the import takes its time.
        let serving = std::fs::File::create(place.folder.0.join("tremen.db-served")).unwrap();
        serving.lock_shared().unwrap();
        let mut running = import().spawn().unwrap();
        let begun = Instant::now();
        while count(&place, STAGED) < 1_000 {
            assert!(begun.elapsed() < PATIENCE && running.try_wait().unwrap().is_none());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        disk_of(&place, fault);
        let output = tokio::time::timeout(PATIENCE, running.wait_with_output()).await.unwrap().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{fault}: {told}");
        assert!(told.contains("the database cannot be written or read"), "{fault}: {told}");
        disk_of(&place, "");
        drop(serving);
        let exported = place.command(&["export", "awards"]).output().await.unwrap();
        assert_eq!(String::from_utf8(exported.stdout).unwrap().lines().count(), 1, "{fault}: half a file counts");
        // A minute later the registry clears away what is left.
        let database = rusqlite::Connection::open(place.database()).unwrap();
        database.busy_timeout(PATIENCE).unwrap();
        database.execute("UPDATE imports SET beat_at = beat_at - 60000", []).unwrap();
        drop(database);
        let mut served = place.serve().await;
        let begun = Instant::now();
        while count(&place, "awards") > 0 {
            assert!(begun.elapsed() < PATIENCE, "{fault}: {}", place.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        served.ends().await;
    }
    let output = import().output().await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(count(&place, "awards"), i64::try_from(rows()).unwrap());
    is_whole(&place).await;
}

/// The journal verifies.
async fn is_whole(place: &Place) -> Json {
    let output = place.command(&["journal", "verify", "--json"]).output().await.unwrap();
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["whole"], &report["faults"]), (&true.into(), &Json::Array(Vec::new())), "{report}");
    report
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_failing_disk_kept_from_being_sealed_is_sealed_once_it_is_well() {
    for fault in ["full", "readonly", "unsynced"] {
        let mut workshop = Workshop::open().await;
        workshop.goes_on().await;
        workshop.disk_is(fault);
        // Longer than the sealer rests between two looks.
        let begun = Instant::now();
        while !workshop.place.log().contains("the journal is not sealed for now") {
            workshop.is_unreachable().await;
            assert!(begun.elapsed() < PATIENCE, "{}", workshop.place.log());
        }
        workshop.disk_is("");
        workshop.is_well().await;
        workshop.goes_on().await;
        workshop.served.ends().await;
        let report = is_whole(&workshop.place).await;
        assert_eq!(report["unsealed"], 0, "{fault}: {report}");
        assert!(report["sealed"].as_u64().unwrap() >= 4, "{report}");
    }
}
