//! What many people cost: taps, start, memory, disk, of `tremen serve` with 1,000, 100,000 and 1,000,000 people.
//!
//! `cargo build --release && cargo bench -p tremen-benches --bench scale [-- PEOPLE ...]`. All of them serve at the same
//! time and are tapped in turn, so that their figures are of the same minute.
#![expect(clippy::indexing_slicing, clippy::cast_precision_loss, reason = "a measurement that fails says where")]

use std::time::Duration;

use tremen_benches::{Device, Served, Town, block_on, forget_in_cache, machine_of};
use tremen_measure::{Arguments, Axis, Plot, Report, Samples, Series, short};
use tremen_wire::{Intent, Outcome};

const WARM: u32 = 1_500;
const COLD: u32 = 200;

struct Size {
    people: u32,
    town: Town,
    database_mib: f64,
    idle_kib: u64,
    busy_kib: u64,
    serves: Samples,
    first_answer: Samples,
    warm: Samples,
    cold: Samples,
}

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    block_on(async {
        let mut sizes = Vec::new();
        for people in arguments.numbers_or(&[1_000, 100_000, 1_000_000]) {
            let town = Town::prepare(people, 1).await;
            let database_mib = std::fs::metadata(town.database()).map_or(0, |it| it.len()) as f64 / f64::from(1 << 20);
            let [serves, first_answer, warm, cold] = [(); 4].map(|()| Samples::default());
            let (idle_kib, busy_kib) = (0, 0);
            sizes.push(Size { people, town, database_mib, idle_kib, busy_kib, serves, first_answer, warm, cold });
        }
        tap_warm(&mut sizes).await;
        for size in &mut sizes {
            size.tap_cold().await;
        }
        report(&sizes).finish(&arguments);
    });
}

/// Some time for what a program does right after its start, before its memory is looked at.
const SETTLE: Duration = Duration::from_secs(2);

/// All sizes serve, their files in the system's cache; each is tapped in turn, each time by somebody else.
async fn tap_warm(sizes: &mut [Size]) {
    let mut served = Vec::new();
    for size in &mut *sizes {
        let one = Served::start(&size.town);
        size.serves.push(one.took);
        let device = Device::start(&one.broker, 0).await;
        served.push((one, device));
    }
    tokio::time::sleep(SETTLE).await;
    for (size, (one, _)) in sizes.iter_mut().zip(&served) {
        size.idle_kib = one.resident_kib();
    }
    let machine = machine_of(0, 0);
    for round in 0..WARM {
        for (size, (_, device)) in sizes.iter_mut().zip(&mut served) {
            let who = size.anybody(round);
            let answer = size.warm.time_async(device.tap(&machine, who, Intent::Use)).await;
            // Not `registry_unreachable`, which costs nothing.
            let is_decided = matches!(&answer.outcome, Outcome::Deny { reason, .. } if reason == "level_too_low");
            assert!(is_decided, "{answer:?}");
        }
    }
    for (size, (one, _)) in sizes.iter_mut().zip(&served) {
        size.busy_kib = one.resident_kib();
    }
}

impl Size {
    /// Somebody whose level does not suffice, so that no session is in the way of the next tap.
    fn anybody(&self, round: u32) -> u32 {
        round.wrapping_mul(2_654_435_761) % (self.people / 2) * 2 + 1
    }

    /// A start, and taps by people whose rows nobody has looked at, the file being out of the system's cache.
    async fn tap_cold(&mut self) {
        forget_in_cache(&self.town.database());
        let served = Served::start(&self.town);
        self.serves.push(served.took);
        let mut device = Device::start(&served.broker, 0).await;
        let machine = machine_of(0, 0);
        for round in 0..COLD {
            let who = self.anybody(WARM + round);
            self.cold.time_async(device.tap(&machine, who, Intent::Use)).await;
            if round == 0 {
                self.first_answer.push(served.began.elapsed());
            }
        }
    }
}

fn report(sizes: &[Size]) -> Report {
    let mut report = Report::new("scale", "`tremen serve` with so many people, four awards each; refused taps.");
    let mib = |kib: u64| format!("{:.1}", kib as f64 / 1024.0);
    let rows = sizes.iter().map(|size| {
        let of_first = |of: fn(&Size) -> &Samples| {
            format!("{:.2}", of(size).median().as_secs_f64() / of(&sizes[0]).median().as_secs_f64())
        };
        vec![
            size.people.to_string(),
            short(size.warm.median()),
            short(size.warm.p99()),
            of_first(|it| &it.warm),
            short(size.cold.median()),
            of_first(|it| &it.cold),
            short(size.serves.quantile(100)),
            short(size.first_answer.median()),
            mib(size.idle_kib),
            mib(size.busy_kib),
            format!("{:.0}", size.database_mib),
        ]
    });
    let header = [
        "people",
        "tap p50, warm",
        "p99",
        "p50 / that of the fewest",
        "tap p50, cold",
        "/ that of the fewest",
        "start until it serves",
        "start until the first answer, cold",
        "resident, idle, MiB",
        "resident, after taps, MiB",
        "database, MiB",
    ];
    report.table(&header, rows.collect());
    report.say(&format!(
        "Warm: {WARM} taps of each in turn, the file in the system's cache. Cold: the file out of it, the program just \
         started, {COLD} people in turn whom nobody looked at before. Starts: the longest of two, with the controller's \
         connection, link and tap in the time to the first answer."
    ));
    let named: Vec<_> = sizes
        .iter()
        .flat_map(|it| [(format!("warm {}", it.people), &it.warm), (format!("cold {}", it.people), &it.cold)])
        .collect();
    report.raw_samples(&named.iter().map(|(name, samples)| (name.as_str(), *samples)).collect::<Vec<_>>());
    let line = |name: &str, of: fn(&Size) -> &Samples| Series {
        name: name.to_owned(),
        points: sizes.iter().map(|it| (f64::from(it.people), of(it).median().as_secs_f64() * 1e3)).collect(),
    };
    let plot = Plot {
        title: "Median of a tap".to_owned(),
        x: Axis { label: "people", is_log: true },
        y: Axis { label: "milliseconds", is_log: false },
        series: vec![line("warm", |it| &it.warm), line("cold", |it| &it.cold)],
    };
    report.plot("people", &plot);
    report
}
