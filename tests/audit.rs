//! What everybody of a workshop was told, held against the database as it lies on the disk.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value as Json;

use crate::crowd::{Crowd, Done, Granted};
use crate::process::Place;
use crate::world::PATIENCE;

/// What has been held against the database so far.
#[derive(Default)]
pub struct Audit {
    grants: usize,
    done: usize,
    /// How many times the whole journal was verified, and how many of those had leaves and entries that were none yet.
    pub verified: (usize, usize),
    /// A checkpoint that was signed before an earlier kill, kept where no kill reaches it.
    kept: Option<PathBuf>,
}

impl Audit {
    /// Holds what was told since the last time against the database as it lies on the disk; what the journal says of itself
    /// where `whole`.
    pub async fn look(&mut self, crowd: &Crowd, place: &Place, whole: bool) -> Option<Json> {
        let (folder, database) = place.copy();
        if whole {
            let found: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
            assert_eq!(found, "ok");
        }
        {
            let told = crowd.told();
            assert_eq!(told.wrong, Vec::<String>::new());
            told.grants[self.grants..].iter().for_each(|grant| is_kept(&database, grant));
            told.done[self.done..].iter().for_each(|done| is_done(&database, done));
            (self.grants, self.done) = (told.grants.len(), told.done.len());
        }
        // What points at an entry, a decision or a session finds it.
        let broken = database.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
        assert!(!broken, "a row points at one that is not there");
        drop(database);
        if whole { Some(self.journal(place, &folder.0.join("tremen.db")).await) } else { None }
    }

    /// The journal of this copy is whole, sealed or not, and goes on from what was signed before an earlier kill.
    async fn journal(&mut self, place: &Place, copy: &Path) -> Json {
        let url = format!("sqlite:{}", copy.display());
        let mut verify = place.command(&["journal", "verify", "--json"]);
        if let Some(kept) = &self.kept {
            verify.arg("--checkpoint").arg(kept);
        }
        let output = verify.env("TREMEN_DATABASE__URL", &url).output().await.unwrap();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{told}{}", String::from_utf8_lossy(&output.stderr));
        let report: Json = serde_json::from_str(&told).unwrap();
        assert_eq!((&report["whole"], &report["faults"]), (&true.into(), &Json::Array(Vec::new())));
        assert_eq!(
            report["checkpoint"].is_u64(),
            self.kept.is_some(),
            "held to the checkpoint that was kept: {report}"
        );
        let both = ["sealed", "unsealed"].iter().all(|part| report[*part].as_u64().unwrap() > 0);
        self.verified = (self.verified.0 + 1, self.verified.1 + usize::from(both));
        if report["trees"][0]["signed"].is_u64() {
            let checkpoint = place.command(&["journal", "checkpoint"]).env("TREMEN_DATABASE__URL", &url).output();
            let checkpoint = checkpoint.await.unwrap();
            assert!(checkpoint.status.success(), "{checkpoint:?}");
            let file = place.folder.0.join("kept-checkpoint");
            std::fs::write(&file, checkpoint.stdout).unwrap();
            self.kept = Some(file);
        }
        report
    }
}

/// A grant that a controller heard is a decision, with its session, and its entry holds the facts.
fn is_kept(database: &Connection, grant: &Granted) {
    let found = database
        .prepare_cached(
            "SELECT d.verdict, d.session, e.kind, p.body FROM decisions d JOIN entries e ON e.entry = d.entry
             JOIN payloads p ON p.entry = e.entry WHERE d.controller = ?1 AND d.nonce = ?2",
        )
        .unwrap()
        .query_row(rusqlite::params![grant.controller, grant.nonce.0], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, Vec<u8>>(1)?,
                row.get::<_, String>(2)?,
                row.get::<_, String>(3)?,
            ))
        })
        .optional()
        .unwrap();
    let Some((verdict, session, kind, body)) = found else { panic!("no row of a grant that was heard: {grant:?}") };
    assert_eq!((verdict.as_str(), kind.as_str(), &session[..]), ("grant", "access_granted", &grant.session.0[..]));
    let facts: Json = serde_json::from_str(&body).unwrap();
    assert!(facts["facts"]["awards"].as_array().is_some_and(|awards| !awards.is_empty()), "{body}");
    let kept: i64 = database
        .prepare_cached("SELECT COUNT(*) FROM sessions WHERE session = ?1")
        .unwrap()
        .query_row([&session], |row| row.get(0))
        .unwrap();
    assert_eq!(kept, 1, "{grant:?}");
}

/// A command that said that it was done has its entry, with its reason.
fn is_done(database: &Connection, done: &Done) {
    let body: Option<String> = database
        .prepare_cached("SELECT body FROM payloads WHERE entry = ?1")
        .unwrap()
        .query_row([done.entry], |row| row.get(0))
        .optional()
        .unwrap();
    assert!(body.as_ref().is_some_and(|body| body.contains(&format!("\"{}\"", done.reason))), "{done:?}: {body:?}");
}

/// Waits until a question to the database counts nothing any more.
pub async fn none_left(place: &Place, what: &str, question: &str) {
    let database = Connection::open(place.database()).unwrap();
    database.busy_timeout(PATIENCE).unwrap();
    let begun = Instant::now();
    while database.query_row(question, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
        assert!(begun.elapsed() < PATIENCE, "{what}\n{}", place.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The crowd's leases and the silence that the registry bears after them are shorter than this together.
const LEASES_ARE_OVER_MS: i64 = 60_000;

/// The controllers have no power and nobody serves. The next registry finds all leases over: no session stays open, and
/// stopped in peace it leaves nothing unsealed.
pub async fn leases_run_out(place: &Place) {
    // The machine's steady hand runs on, as if it had slept; the wall hand is told to the next start.
    let database = Connection::open(place.database()).unwrap();
    let moved = database.execute("UPDATE clock SET steady_ms = steady_ms - ?1", [LEASES_ARE_OVER_MS]).unwrap();
    assert_eq!(moved, 1);
    drop(database);
    let mut later = place.registry(&[]);
    later.env("TREMEN_CLOCK__AHEAD_SECONDS", (LEASES_ARE_OVER_MS / 1000).to_string());
    let mut served = place.start(later).await;
    none_left(place, "a session stays open", "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await;
    served.ends().await;
}
