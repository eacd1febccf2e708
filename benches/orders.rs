//! How soon a right that ends reaches the controller: revocations with 1, 100 and 1,000 controllers, and expiries.
//!
//! `cargo bench -p tremen-benches --bench orders [-- CONTROLLERS ...]`.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that fails says where")]

use std::time::{Duration, Instant};

use tremen_benches::{Device, Echo, Town, award_of, block_on, machine_of, person_of};
use tremen_measure::{Arguments, Report, Samples, short};
use tremen_rules::{Award, AwardId, IssuerId, Level, ReferenceId};
use tremen_server::flows::{Actor, FlowError, Warrant, revoke_award};
use tremen_server::serve::Running;
use tremen_server::store::NewAward;
use tremen_wire::{Intent, Verdict};

const PEOPLE: u32 = 1_000;
const REVOCATIONS: u32 = 300;
/// Each controller's session ends so long after the one before it.
const APART_MS: i64 = 15;

fn main() {
    let Some(arguments) = Arguments::of_bench() else { return };
    block_on(async {
        let mut report =
            Report::new("orders", "From a right's end to the stop order at the controller, over loopback.");
        let mut rows = Vec::new();
        for controllers in arguments.numbers_or(&[1, 100, 1_000]) {
            let town = Town::prepare(PEOPLE, controllers).await;
            let running = town.start().await;
            let mut devices = Vec::new();
            for number in 0..controllers {
                devices.push(Device::start(&running.broker, number).await);
            }
            let mut echo = Echo::start(&running).await;
            let [mut publish, mut accepted, mut received] = [(); 3].map(|()| Samples::default());
            for round in 0..REVOCATIONS {
                publish.time_async(echo.one_way()).await;
                let number = round * 37 % controllers;
                revoke(&running, &mut devices[number as usize], number, round * 2, &mut accepted, &mut received).await;
            }
            let late = expire(&running, devices).await;
            let of = |what: &str| format!("{what}, {controllers}");
            let named = [
                (of("bare publish"), &publish),
                (of("revocation accepted"), &accepted),
                (of("then order received"), &received),
                (of("expiry to order received"), &late),
            ];
            report.raw_samples(&named.each_ref().map(|(name, samples)| (name.as_str(), *samples)));
            for (name, samples) in &named {
                let (what, _) = name.split_once(',').unwrap();
                let mut row = samples.row(what);
                row.insert(0, controllers.to_string());
                row.push(short(samples.quantile(100)));
                rows.push(row);
            }
            running.stop().await;
        }
        report.table(&["controllers connected", "what", "p50", "p95", "p99", "runs", "longest"], rows);
        report.finish(&arguments);
    });
}

/// A session whose award is revoked: how long that takes, and how long after it the order is here.
async fn revoke(
    running: &Running,
    device: &mut Device,
    number: u32,
    who: u32,
    accepted: &mut Samples,
    received: &mut Samples,
) {
    let answer = device.tap(&machine_of(number, 0), who, Intent::Use).await;
    assert_eq!(answer.outcome.verdict(), Verdict::Grant, "{answer:?}");
    let by = Warrant { by: Actor::Operator, why: "bench".to_owned() };
    let done = running.store.write(move |tx| revoke_award::run(tx, &by, &award_of(who)));
    assert_eq!(accepted.time_async(done).await.unwrap().stopped.len(), 1);
    let at = Instant::now();
    let order = device.order().await;
    received.push(at.elapsed());
    device.obey(&order).await;
}

/// Every controller's session ends by itself, one shortly after the other: how late the order is here.
async fn expire(running: &Running, devices: Vec<Device>) -> Samples {
    // People whose own award does not suffice are given one that ends soon.
    let first = running.store.now().plus_millis(1_500 + 2 * i64::try_from(devices.len()).unwrap());
    let mut waiting = tokio::task::JoinSet::new();
    for (mut device, number) in devices.into_iter().take(100).zip(0_u32..) {
        let who = number * 2 + 1;
        let end = first.plus_millis(i64::from(number) * APART_MS);
        let award = NewAward {
            person: person_of(who),
            award: Award {
                id: AwardId::parse(&format!("soon-{number}")).unwrap(),
                reference: ReferenceId::parse("decoupe-laser").unwrap(),
                version: 1,
                level: Level::Autonomous,
                issuer: IssuerId::parse("ubo-open-factory").unwrap(),
                issued_at: running.store.now().plus_millis(-60_000),
                valid_until: Some(end),
                superseded_at: None,
                revoked_at: None,
                suspensions: Vec::new(),
            },
            given_id: false,
            awarded_by: None,
            supersedes: None,
            why: None,
        };
        running.store.write(move |tx| tx.add_award(&award).map_err(FlowError::from)).await.unwrap();
        let answer = device.tap(&machine_of(number, 0), who, Intent::Use).await;
        assert_eq!(answer.outcome.verdict(), Verdict::Grant, "{answer:?}");
        let store = running.store.clone();
        waiting.spawn(async move {
            let order = device.order().await;
            assert_eq!(order.reason.as_deref(), Some("level_too_low")); // what is left is their own award
            store.now().since(end)
        });
    }
    let mut late = Samples::default();
    while let Some(late_ms) = waiting.join_next().await {
        late.push(Duration::from_millis(u64::try_from(late_ms.unwrap()).unwrap())); // never early
    }
    late
}
