//! The registry is killed at any instant, again and again, while controllers tap and a manager changes rights. What anybody
//! was told before stands: in the database as it lies on the disk, in a journal that verifies, and for whoever asks after the
//! next start.
//!
//! `TREMEN_KILLS` says how often (`tests/long kills` asks for a thousand), `TREMEN_SEED` which instants.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::{Connection, OptionalExtension};
use serde_json::Value as Json;
use tokio::sync::watch;

use crate::crowd::{Crowd, Done, Granted, Manager, people, workshop};
use crate::dice::Dice;
use crate::line::Line;
use crate::process::Place;
use crate::world::PATIENCE;

/// In so many rounds at most the whole file is looked through; later in one of ten, for the file grows.
const WHOLE: usize = 30;
/// The crowd's leases and the silence that the registry bears after them are shorter than this together.
const LEASES_ARE_OVER_MS: i64 = 60_000;

fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// What has been held against the database so far.
#[derive(Default)]
struct Audit {
    grants: usize,
    done: usize,
    /// How many times the whole journal was verified, and how many of those had leaves and entries that were none yet.
    verified: (usize, usize),
    /// A checkpoint that was signed before an earlier kill, kept where no kill reaches it.
    kept: Option<PathBuf>,
}

impl Audit {
    /// Holds what was told since the last time against the database as it lies on the disk; what the journal says of itself
    /// where `whole`.
    async fn look(&mut self, crowd: &Crowd, place: &Place, whole: bool) -> Option<Json> {
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
async fn none_left(place: &Place, what: &str, question: &str) {
    let database = Connection::open(place.database()).unwrap();
    database.busy_timeout(PATIENCE).unwrap();
    let begun = Instant::now();
    while database.query_row(question, [], |row| row.get::<_, i64>(0)).unwrap() > 0 {
        assert!(begun.elapsed() < PATIENCE, "{what}\n{}", place.log());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// While nobody serves, the machine's steady hand runs on, as if it had slept; the wall hand is told to the next start.
fn sleeps(place: &Place, millis: i64) {
    let database = Connection::open(place.database()).unwrap();
    assert_eq!(database.execute("UPDATE clock SET steady_ms = steady_ms - ?1", [millis]).unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_instant_the_registry_has_kept_all_that_it_said() {
    let (kills, seed) = (usize::try_from(asked("TREMEN_KILLS", 20)).unwrap(), asked("TREMEN_SEED", 4));
    let begun = Instant::now();
    let (place, ()) = Place::prepared(workshop, people).await;
    let line = Line::laid().await;
    let crowd = Crowd::gather(&place, &line, seed);
    let mut manager = Manager::hired(&place, &crowd, seed + 1);
    let dice = Dice::of(seed + 2);
    let mut audit = Audit::default();
    let (mut ready, mut answered, mut while_starting) = (Vec::new(), Vec::new(), 0);

    for kill in 0..kills {
        if dice.below(8) == 0 {
            // Killed before it serves: the start itself writes.
            let mut child = place.registry(&[]).spawn().unwrap();
            let _ = tokio::time::timeout(Duration::from_millis(dice.below(120) as u64), child.wait()).await;
            child.kill().await.unwrap();
            while_starting += 1;
        } else {
            let started = Instant::now();
            let served = place.serve().await;
            ready.push(served.took);
            line.lead_to(served.broker);
            let (stop, stopped) = watch::channel(false);
            let commands_first = dice.below(2) == 0;
            let work = async {
                if dice.below(6) == 0 {
                    // While links are taken up and orders are sent again.
                    tokio::time::sleep(Duration::from_millis(dice.below(400) as u64)).await;
                } else {
                    assert!(crowd.hears(1, PATIENCE).await, "nobody is answered\n{}", place.log());
                    answered.push(started.elapsed());
                    crowd.hears(dice.below(150), PATIENCE).await;
                    tokio::time::sleep(Duration::from_micros(dice.below(40_000) as u64)).await;
                }
                if commands_first {
                    stop.send_replace(true);
                }
                served.kill().await;
                stop.send_replace(true);
            };
            tokio::join!(work, manager.work(stopped));
            line.cut();
        }
        audit.look(&crowd, &place, kill < WHOLE || kill % 10 == 0 || kill + 1 == kills).await;
    }
    assert!(audit.verified.1 > 0, "no kill left both sealed entries and others");

    // Nobody taps any more: what was ordered reaches its controller, whatever happened in between.
    let served = place.serve().await;
    line.lead_to(served.broker);
    assert!(crowd.hears(50, PATIENCE).await);
    crowd.rest();
    none_left(&place, "an order stays open", "SELECT COUNT(*) FROM orders WHERE settled_at IS NULL").await;
    served.kill().await;
    audit.look(&crowd, &place, true).await;
    let (_folder, database) = place.copy();
    let ends: BTreeSet<String> = database
        .prepare("SELECT DISTINCT settled FROM orders")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let known = ["confirmed", "obsolete", "refused"].map(str::to_owned);
    assert!(ends.iter().all(|end| known.contains(end)), "{ends:?}");
    let count = |question: &str| database.query_row(question, [], |row| row.get::<_, i64>(0)).unwrap();
    let (orders, sessions) = (count("SELECT COUNT(*) FROM orders"), count("SELECT COUNT(*) FROM sessions"));

    // The controllers lose their power, and their leases run out: no session stays open.
    let (grants, answers, acts) = {
        let told = crowd.told();
        let mut acts = BTreeMap::<&str, usize>::new();
        told.done.iter().for_each(|done| *acts.entry(&done.act).or_default() += 1);
        (told.grants.len(), told.answers, format!("{acts:?}"))
    };
    drop(line);
    sleeps(&place, LEASES_ARE_OVER_MS);
    let mut later = place.registry(&[]);
    later.env("TREMEN_CLOCK__AHEAD_SECONDS", (LEASES_ARE_OVER_MS / 1000).to_string());
    let mut served = place.start(later).await;
    none_left(&place, "a session stays open", "SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await;
    // Stopped in peace, it leaves nothing unsealed.
    served.ends().await;
    let report = audit.look(&crowd, &place, true).await.unwrap();
    assert_eq!(report["unsealed"], 0);
    assert_eq!(report["trees"].as_array().unwrap().len(), 1, "a crash is no restore");

    let figures = |times: &mut Vec<Duration>| {
        times.sort();
        let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
        format!("median {:.0?}, 99 % {:.0?}", at(50).unwrap(), at(99).unwrap())
    };
    eprintln!(
        "{kills} kills ({while_starting} while starting) in {:.0?}, seed {seed}: {answers} answers and {grants} grants \
         heard, each in the journal; commands answered: {acts}; the whole journal verified {} times ({} of them with sealed \
         and unsealed parts), {} entries at the end; {sessions} sessions, {orders} orders; start to serving: {}; start to the \
         first answer: {}",
        begun.elapsed(),
        audit.verified.0,
        audit.verified.1,
        report["sealed"],
        figures(&mut ready),
        figures(&mut answered)
    );
}
