//! What the registry counts, as whoever watches it reads it: every line by the rules of OpenMetrics, every figure as it was.

use std::collections::BTreeMap;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tremen_server::flows::lock_machine;
use tremen_server::serve::Doors;
use tremen_wire::{Channel, Event, Intent};

use crate::raw::{Raw, denied, granted, uid};
use crate::world::{World, ask_for_nothing, id, operator};

const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];

async fn scrape(address: std::net::SocketAddr) -> (String, String) {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

/// Every sample by its name and labels.
fn samples(text: &str) -> BTreeMap<&str, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').unwrap()).map(|(name, value)| (name, value.parse().unwrap())).collect()
}

/// A registry whose metrics have a listener of their own.
async fn world() -> World {
    let metrics = Some("127.0.0.1:0".parse().unwrap());
    World::behind(Doors { metrics, ..Doors::default() }, ask_for_nothing).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_is_what_the_metrics_say() {
    let world = world().await;
    world.person("anna", &ANNA, false).await;
    let mut raw = Raw::linked(&world, "capucins-3d", false).await;
    granted(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await);
    for _ in 0..2 {
        assert_eq!(denied(&raw.tap(PRINTER, uid(&[9, 9, 9, 9]), Intent::Use).await), ["unknown_card"]);
    }
    raw.say_bytes(Channel::Report, b"{\"event\":");
    world
        .change(|tx| lock_machine::run(tx, &operator(), &lock_machine::Request { machine: id(PRINTER), until: None }))
        .await;
    let order = raw.order().await;
    world.later(1_500).await;
    raw.settle(Event::Confirmed, &order, Some(true));
    let (controller, number) = (id("capucins-3d"), order.number);
    world.until(|tx| Ok(tx.order(&controller, number)?.filter(|it| it.settled.is_some()))).await;

    let (head, text) = scrape(world.running.metrics_address.unwrap()).await;
    assert!(head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"), "{head}");
    assert!(text.ends_with("# EOF\n") && text.contains("# UNIT tremen_decision_seconds seconds\n"));
    let told = samples(&text);
    let is = |name: &str, value: f64| assert_eq!(told.get(name), Some(&value), "{name}\n{text}");
    is("tremen_decisions_total{verdict=\"grant\",reason=\"\"}", 1.0);
    is("tremen_decisions_total{verdict=\"deny\",reason=\"unknown_card\"}", 2.0);
    is("tremen_decision_seconds_count", 3.0);
    is("tremen_decision_seconds_bucket{le=\"+Inf\"}", 3.0);
    is("tremen_order_confirm_seconds_count", told["tremen_order_confirm_seconds_bucket{le=\"2.5\"}"]);
    is("tremen_sessions_open", 1.0);
    is("tremen_malformed_total{kind=\"not_json\"}", 1.0);
    is("tremen_controllers{state=\"offline\"}", 4.0);
    is("tremen_clock_believed", 1.0);
    assert!(told.contains_key("tremen_journal_unsealed"));
    assert!(told["tremen_commit_seconds_count"] > 3.0);
    let (head, _) = scrape(world.running.web_address.unwrap()).await;
    assert!(head.starts_with("HTTP/1.1 404"), "the metrics are on their own listener alone: {head}");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_that_the_registry_cannot_decide_is_counted_by_its_cause() {
    let world = World::with(|network| {
        ask_for_nothing(network);
        network.machines.get_mut(PRINTER).unwrap().hazard = tremen_rules::network::Hazard::Red;
    })
    .await;
    let mut raw = Raw::linked(&world, "capucins-3d", false).await;
    world.step(3_600_000).await;
    assert_eq!(denied(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await), ["registry_unreachable"]);
    let counted: Vec<_> = world.store.metrics().out_of_reach_by_cause().collect();
    assert_eq!(counted, [("store", 0), ("clock", 1)]);
    assert_eq!(world.store.metrics().decisions().count(), 0);
    world.running.stop().await;
}
