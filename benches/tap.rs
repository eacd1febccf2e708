//! What a tap costs: alone beside its floor, and many at a time beside what one commit each would give.
//!
//! `cargo bench -p tremen-benches --bench tap [-- PEOPLE]`. Everything is on: seals, journal, access rules, pages, one of
//! them open. The floor is a bare echo on the same broker and the commit of one row on the same disk.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails says where")]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tremen_benches::{Device, Disk, Echo, Page, Town, block_on, machine_of, uid};
use tremen_measure::{Arguments, Axis, Plot, Report, Samples, Series};
use tremen_rules::ControllerId;
use tremen_rules::network::Profile;
use tremen_server::flows::decide_access::{self, Asking};
use tremen_server::flows::link_controller::Sender;
use tremen_server::serve::Running;
use tremen_server::store::system_random;
use tremen_wire::{Ask, Intent, Nonce, Reading, Uid, Verdict};

const ROUNDS: u32 = 1_000;
const DEPTHS: [u32; 4] = [1, 8, 32, 256];
/// Each rate is measured for so long, so many times, in turn with the others.
const TURN: Duration = Duration::from_millis(400);
const TURNS: usize = 5;

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    let people = arguments.numbers_or(&[1_000])[0];
    block_on(async {
        let town = Town::prepare(people, 1).await;
        let running = town.start().await;
        let mut bench = Bench {
            device: Device::start(&running.broker, 0).await,
            echo: Echo::start(&running).await,
            disk: Disk::open(&town.folder),
            people,
        };
        let machine = machine_of(0, 0);
        let page = Page::open(running.web_address.unwrap(), &format!("/flux/machine/{machine}")).await;
        let before = page.bytes();
        bench.one_at_a_time(&machine).await.finish(&arguments);
        assert!(page.bytes() > before, "the open page was told nothing");
        bench.many_at_a_time(&running).await.finish(&arguments);
        running.stop().await;
    });
}

struct Bench {
    device: Device,
    echo: Echo,
    disk: Disk,
    people: u32,
}

impl Bench {
    /// Somebody who may use the machines.
    fn able(&self, number: u32) -> u32 {
        number.wrapping_mul(7919) % (self.people / 2) * 2
    }

    /// Echo, commit, a tap that is refused, one that is granted and one that ends the session, in turn.
    async fn one_at_a_time(&mut self, machine: &str) -> Report {
        let [mut echo, mut commit, mut floor, mut refused, mut granted, mut ended] =
            [(); 6].map(|()| Samples::default());
        for round in 0..ROUNDS {
            for (samples, who, intent, verdict) in [
                (&mut refused, self.able(round) + 1, Intent::Use, Verdict::Deny),
                (&mut granted, self.able(round), Intent::Use, Verdict::Grant),
                (&mut ended, self.able(round), Intent::End, Verdict::Done),
            ] {
                let began = Instant::now();
                echo.time_async(self.echo.once()).await;
                commit.time(|| self.disk.commit());
                floor.push(began.elapsed());
                let answer = samples.time_async(self.device.tap(machine, who, intent)).await;
                assert_eq!(answer.outcome.verdict(), verdict, "{answer:?}");
            }
        }
        let mut tap = Samples::default();
        refused.all().iter().chain(granted.all()).for_each(|one| tap.push(*one));
        let named = [
            ("echo", &echo),
            ("commit", &commit),
            ("floor: echo + commit", &floor),
            ("tap", &tap),
            ("tap, refused", &refused),
            ("tap, granted", &granted),
            ("tap that ends a session", &ended),
        ];
        let mut report = Report::new("tap", "One tap at a time, from the ask's publishing to its answer.");
        let against = |samples: &Samples, of: fn(&Samples) -> Duration| ratio(of(samples), of(&floor));
        let rows = named.iter().map(|(name, samples)| {
            let ratios = [against(samples, Samples::median), against(samples, Samples::p99)];
            samples.row(name).into_iter().chain(ratios).collect()
        });
        let header = ["what", "p50", "p95", "p99", "runs", "p50 / floor's", "p99 / floor's"];
        report.table(&header, rows.collect());
        report.say(&format!("{} people with four awards each.", self.people));
        report.raw_samples(&named);
        let curve = |name: &str, samples: &Samples| Series {
            name: name.to_owned(),
            points: (1..100).map(|it| (samples.quantile(it).as_secs_f64() * 1e3, it as f64)).collect(),
        };
        report.plot(
            "quantiles",
            &Plot {
                title: "One tap at a time: how many are answered within".to_owned(),
                x: Axis { label: "milliseconds", is_log: true },
                y: Axis { label: "percent", is_log: false },
                series: vec![
                    curve("echo + commit", &floor),
                    curve("tap, refused", &refused),
                    curve("tap, granted", &granted),
                ],
            },
        );
        report
    }

    /// The bare echo and taps at each depth, and their rivals: decisions with a commit each, rows with a commit each.
    async fn many_at_a_time(&mut self, running: &Running) -> Report {
        let (mut echoes, mut taps) = (BTreeMap::<u32, Vec<f64>>::new(), BTreeMap::<u32, Vec<f64>>::new());
        let (mut decisions, mut rows) = (Vec::new(), Vec::new());
        for turn in 0..TURNS {
            for depth in DEPTHS {
                let count = 200 * depth.min(32);
                let began = Instant::now();
                self.echo.many(depth, count).await;
                echoes.entry(depth).or_default().push(f64::from(count) / began.elapsed().as_secs_f64());
                taps.entry(depth).or_default().push(self.taps(depth).await);
            }
            decisions.push(self.decisions_one_by_one(running, turn).await);
            rows.push(per_second(TURN, || self.disk.commit()));
        }
        let mut report =
            Report::new("rate", "Many at a time, all durable: grants, ends of sessions and denials in turn.");
        report.raw(&[&"what", &"in flight", &"turn", &"per second"]);
        for (what, all) in [("echo", &echoes), ("tap", &taps)] {
            for (depth, rates) in all {
                rates.iter().enumerate().for_each(|(turn, rate)| report.raw(&[&what, depth, &turn, &rate.round()]));
            }
        }
        for (what, rates) in [("decision and commit", &decisions), ("row and commit", &rows)] {
            rates.iter().enumerate().for_each(|(turn, rate)| report.raw(&[&what, &1, &turn, &rate.round()]));
        }
        let (one_by_one, row_by_row) = (median(&decisions), median(&rows));
        let table = DEPTHS.map(|depth| {
            let (echo, tap) = (median(&echoes[&depth]), median(&taps[&depth]));
            let ratio = |floor: f64| format!("{:.2}", tap / floor);
            let rates = [depth.to_string(), format!("{tap:.0}"), format!("{echo:.0}")];
            rates.into_iter().chain([ratio(echo), ratio(one_by_one), ratio(row_by_row)]).collect()
        });
        let header =
            ["in flight", "taps/s", "echoes/s", "taps / echoes", "/ one commit per decision", "/ one commit per row"];
        report.table(&header, table.to_vec());
        report.say(&format!(
            "One commit per decision: {one_by_one:.0}/s, the same decisions one after the other without any network. \
             One commit per row, nothing decided: {row_by_row:.0}/s. Medians of {TURNS} turns."
        ));
        let line = |name: &str, rate: &dyn Fn(u32) -> f64| Series {
            name: name.to_owned(),
            points: DEPTHS.map(|depth| (f64::from(depth), rate(depth))).to_vec(),
        };
        report.plot(
            "depth",
            &Plot {
                title: "Durable decisions a second".to_owned(),
                x: Axis { label: "in flight", is_log: true },
                y: Axis { label: "per second", is_log: true },
                series: vec![
                    line("bare echo", &|depth| median(&echoes[&depth])),
                    line("tap", &|depth| median(&taps[&depth])),
                    line("one commit each", &|_| one_by_one),
                    line("bare commit", &|_| row_by_row),
                ],
            },
        );
        report
    }

    /// Taps a second with so many in flight, each on a machine of its own: granted, ended, refused, in turn.
    async fn taps(&mut self, depth: u32) -> f64 {
        let mut flying = BTreeMap::new();
        let mut turns = vec![0_u32; depth as usize];
        let mut count = 0_u32;
        let began = Instant::now();
        for slot in 0..depth {
            self.next_of(slot, &mut turns, &mut flying);
        }
        // Slots end on the denial, so that no session is left open.
        while !flying.is_empty() {
            let answer = self.device.answer().await;
            let (slot, verdict) = flying.remove(&answer.nonce.0).unwrap();
            assert_eq!(answer.outcome.verdict(), verdict, "{answer:?}");
            count += 1;
            let turn: u32 = turns[slot as usize];
            if began.elapsed() < TURN || !turn.is_multiple_of(3) {
                self.next_of(slot, &mut turns, &mut flying);
            }
        }
        f64::from(count) / began.elapsed().as_secs_f64()
    }

    fn next_of(&mut self, slot: u32, turns: &mut [u32], flying: &mut BTreeMap<[u8; 16], (u32, Verdict)>) {
        let turn = turns[slot as usize];
        turns[slot as usize] += 1;
        let who = self.able(slot * 10_007 + turn / 3);
        let (who, intent, verdict) = match turn % 3 {
            0 => (who, Intent::Use, Verdict::Grant),
            1 => (who, Intent::End, Verdict::Done),
            _ => (who + 1, Intent::Use, Verdict::Deny),
        };
        let nonce = self.device.ask(&machine_of(0, slot), who, intent);
        flying.insert(nonce.0, (slot, verdict));
    }

    /// The same decisions with a commit each, handed to the store one after the other.
    async fn decisions_one_by_one(&mut self, running: &Running, round: usize) -> f64 {
        let sender =
            Sender { controller: ControllerId::parse("bench-0").unwrap(), profile: Profile::Sealed, version: 1 };
        let mut count = 0_u32;
        let began = Instant::now();
        while began.elapsed() < TURN || !count.is_multiple_of(3) {
            let who = self.able(count / 3 + 31 * u32::try_from(round).unwrap());
            let (who, intent) = [(who, Intent::Use), (who, Intent::End), (who + 1, Intent::Use)][count as usize % 3];
            let mut nonce = [0; 16];
            system_random()(&mut nonce);
            let (link, n) = self.device.next_in_link();
            let reading = Reading::Uid(Uid::new(&uid(who)).unwrap());
            let machine = machine_of(0, 0);
            let ask = Ask { link: Some(link), n: Some(n), nonce: Nonce(nonce), machine, reading, intent, at_s: None };
            let asking = Asking { sender: sender.clone(), ask, digest: [0; 32] };
            running.store.write(move |tx| decide_access::run(tx, &asking)).await.unwrap().unwrap();
            count += 1;
        }
        f64::from(count) / began.elapsed().as_secs_f64()
    }
}

fn per_second(time: Duration, mut call: impl FnMut()) -> f64 {
    let (mut count, began) = (0_u32, Instant::now());
    while began.elapsed() < time {
        call();
        count += 1;
    }
    f64::from(count) / began.elapsed().as_secs_f64()
}

fn median(all: &[f64]) -> f64 {
    let mut sorted = all.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

fn ratio(one: Duration, other: Duration) -> String {
    format!("{:.2}", one.as_secs_f64() / other.as_secs_f64())
}
