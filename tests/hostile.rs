//! A broker that loses, doubles, holds back and says again what is published, between the registry and a workshop at work:
//! nobody is granted what was not asked, nothing is granted twice, and all comes to rest once words arrive again.
//!
//! `TREMEN_HOSTILE` says how often (`tests/long hostile`), `TREMEN_SEED` by which dice.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use rusqlite::Connection;
use tokio::sync::watch;
use tremen_wire::{Ask, Channel, Key, Protection, Reading, Topic, Up};

use crate::audit::{Audit, leases_run_out, none_left};
use crate::crowd::{Crowd, Manager, is_sealed, people, person_of, workshop};
use crate::dice::asked;
use crate::hostile_broker::{HostileBroker, Word};
use crate::process::Place;
use crate::world::KEY;

/// How many answers are to reach the controllers through a hostile broker.
const ANSWERS: usize = 120;
/// So long that may take.
const WHILE_HOSTILE: Duration = Duration::from_secs(90);
/// A session whose start was lost is closed 10 s after its lease of 10 s.
const COMES_TO_REST: Duration = Duration::from_secs(40);

/// Every ask that a controller made.
fn asks(heard: &[Word]) -> BTreeMap<(String, Vec<u8>), Ask> {
    let key = Key::new(KEY);
    let asks = heard.iter().filter_map(|word| {
        let Topic { controller, channel } = Topic::parse(&word.topic).unwrap();
        if channel != Channel::Ask {
            return None;
        }
        let protection = if is_sealed(controller.as_str()) { Protection::Sealed(&key) } else { Protection::Plain };
        match Up::decode(&controller, channel, &word.payload, protection).unwrap() {
            Up::Ask(ask) => Some(((controller.to_string(), ask.nonce.0.to_vec()), ask)),
            other => panic!("{other:?}"),
        }
    });
    asks.collect()
}

/// Each grant answers an ask that was made, with its machine and its card; each session is one grant's.
fn is_asked_for(database: &Connection, asks: &BTreeMap<(String, Vec<u8>), Ask>) -> usize {
    let mut grants = database
        .prepare("SELECT controller, nonce, machine, person, session FROM decisions WHERE verdict = 'grant'")
        .unwrap();
    let grants = grants.query_map([], |row| {
        let asked: (String, Vec<u8>) = (row.get(0)?, row.get(1)?);
        Ok((asked, row.get::<_, String>(2)?, row.get::<_, String>(3)?, row.get::<_, Vec<u8>>(4)?))
    });
    let mut sessions = BTreeSet::new();
    let mut count = 0;
    for grant in grants.unwrap() {
        let (asked, machine, person, session) = grant.unwrap();
        let ask = asks.get(&asked).unwrap_or_else(|| panic!("nobody asked for {session:?} of {person} at {machine}"));
        let Reading::Uid(uid) = &ask.reading else { panic!("{ask:?}") };
        assert_eq!((&*machine, person), (&*ask.machine, person_of(uid)));
        sessions.insert(session);
        count += 1;
    }
    let opened: BTreeSet<Vec<u8>> = column(database, "SELECT session FROM sessions");
    assert_eq!(opened, sessions, "a session without a grant, or a grant without a session");
    let none = "SELECT a.machine FROM sessions a JOIN sessions b ON b.machine = a.machine AND b.opened_at > a.opened_at
                WHERE a.ended_at IS NULL OR a.ended_at > b.opened_at";
    assert_eq!(column::<String>(database, none), BTreeSet::new(), "two sessions at once on one machine");
    count
}

fn column<T: rusqlite::types::FromSql + Ord>(database: &Connection, question: &str) -> BTreeSet<T> {
    let mut rows = database.prepare(question).unwrap();
    rows.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

/// Waits until the machines that have power are those that are in use.
async fn come_to_rest(place: &Place, crowd: &Crowd) {
    let database = Connection::open(place.database()).unwrap();
    let begun = Instant::now();
    loop {
        let open: BTreeSet<String> = column(&database, "SELECT machine FROM sessions WHERE ended_at IS NULL");
        let closed = crowd.have_power();
        if open == closed {
            return;
        }
        assert!(begun.elapsed() < COMES_TO_REST, "in use: {open:?}; have power: {closed:?}\n{}", place.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn one_day(seed: u64) {
    let begun = Instant::now();
    let (place, ()) = Place::prepared(workshop, people).await;
    let served = place.serve().await;
    let broker = HostileBroker::before(served.broker, seed).await;
    let crowd = Crowd::gather(&place, broker.address, seed + 1);
    let mut manager = Manager::hired(&place, &crowd, seed + 2);
    let (stop, stopped) = watch::channel(false);
    let hostile = async {
        assert!(crowd.hears(ANSWERS, WHILE_HOSTILE).await, "too few answers\n{}", place.log());
        stop.send_replace(true);
    };
    tokio::join!(hostile, manager.work(stopped));
    let tally = broker.tally();

    // Words arrive again, and nobody taps any more: each order reaches its controller, and both sides agree on what runs.
    broker.calms();
    crowd.rest();
    none_left(&place, "an order stays open", "SELECT COUNT(*) FROM orders WHERE settled_at IS NULL").await;
    come_to_rest(&place, &crowd).await;
    {
        let told = crowd.told();
        for (machine, relay) in &told.relays {
            assert!(relay.closings <= relay.followed, "{machine} has power without a grant: {relay:?}");
        }
        let nonces: BTreeSet<_> = told.grants.iter().map(|grant| (grant.controller, grant.nonce.0)).collect();
        assert_eq!(nonces.len(), told.grants.len(), "an answer was heard twice");
    }
    served.kill().await;
    let mut audit = Audit::default();
    audit.look(&crowd, &place, true).await;
    let (_folder, database) = place.copy();
    let grants = is_asked_for(&database, &asks(&broker.heard()));
    drop(broker);
    leases_run_out(&place).await;
    audit.look(&crowd, &place, true).await;
    let told = crowd.told();
    let (answers, heard) = (told.answers, told.grants.len());
    eprintln!(
        "seed {seed}: {answers} answers heard, {heard} of {grants} grants among them, in {:.0?}; {tally:?}",
        begun.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_broker_does_with_words_nothing_is_granted_unasked_or_twice_and_all_comes_to_rest() {
    for seed in 0..asked("TREMEN_HOSTILE", 1) {
        one_day(asked("TREMEN_SEED", 4) + seed * 10).await;
    }
}
