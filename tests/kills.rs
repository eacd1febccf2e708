//! The registry is killed at any instant, again and again, while controllers tap and a manager changes rights. What anybody
//! was told before stands: in the database as it lies on the disk, in a journal that verifies, and for whoever asks after the
//! next start.
//!
//! `TREMEN_KILLS` says how often (`tests/long kills` asks for a thousand), `TREMEN_SEED` which instants.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::audit::{Audit, leases_run_out, none_left};
use crate::crowd::{Crowd, Manager, people, workshop};
use crate::dice::{Dice, asked};
use crate::line::Line;
use crate::process::Place;
use crate::world::PATIENCE;

/// In so many rounds at most the whole file is looked through; later in one of ten, for the file grows.
const WHOLE: usize = 30;
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_instant_the_registry_has_kept_all_that_it_said() {
    let (kills, seed) = (usize::try_from(asked("TREMEN_KILLS", 20)).unwrap(), asked("TREMEN_SEED", 4));
    let begun = Instant::now();
    let (place, ()) = Place::prepared(workshop, people).await;
    let line = Line::laid().await;
    let crowd = Crowd::gather(&place, line.address, seed);
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
    leases_run_out(&place).await;
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

#[tokio::test]
async fn asked_to_end_as_soon_as_it_says_that_it_serves_it_ends_in_peace() {
    let (place, ()) = Place::prepared(|_| {}, |_| Ok(())).await;
    for _ in 0..5 {
        place.serve().await.ends().await;
    }
}
