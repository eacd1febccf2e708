//! What is too much at a door is turned away there, counted, and leaves nothing behind; who is honest notices nothing.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tremen_server::limits::{ControllerLimits, Limits, MqttLimits, Rate, Refusal, WebLimits};
use tremen_server::serve::{Doors, Parts, start_with};
use tremen_wire::{Intent, Up, Verdict};

use crate::client::Client;
use crate::raw::{Raw, denied, uid, verdict};
use crate::world::{Folder, PATIENCE, World, ask_for_nothing, declare, embedded, open_store, thursday};

const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];

/// A registry whose doors are as wide as is said.
async fn world(limits: Limits) -> World {
    let folder = Folder::new();
    let clock = thursday();
    let store = open_store(&folder, clock.clone());
    declare(&store, ask_for_nothing).await;
    let parts = Parts { store: store.clone(), broker: embedded(), web: Some("127.0.0.1:0".parse().unwrap()) };
    let running = start_with(parts, Doors { limits, ..Doors::default() }).await.unwrap();
    World { folder, clock, store, running }
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// How many strangers come in a story.
fn crowd() -> usize {
    std::env::var("TREMEN_STRANGERS").map_or(400, |it| it.parse().unwrap())
}

/// The memory of this process that is in use, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// What strangers say: nothing, half a login, nonsense, a length without end, a false password, other protocols.
fn garbage(number: usize) -> Vec<u8> {
    let login = |password: &str| {
        let mut body = b"\0\x04MQTT\x04\xc2\0\x1e".to_vec();
        for text in ["capucins-3d", "capucins-3d", password] {
            body.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
            body.extend(text.as_bytes());
        }
        [vec![0x10, u8::try_from(body.len()).unwrap()], body].concat()
    };
    match number % 8 {
        0 => Vec::new(),
        1 => login("false")[..9].to_vec(),
        2 => login("false"),
        3 => b"\x10\xff\xff\xff\x7f\0\x04MQTT".to_vec(),
        4 => (0..300).map(|at| u8::try_from((at * 7 + number * 13) % 251).unwrap()).collect(),
        5 => b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(),
        6 => b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        _ => b"\x30\x05\0\x01aXX".to_vec(),
    }
}

async fn stranger(address: SocketAddr, number: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // It may be closed already: that is what the door is for.
    let _closed = stream.write_all(&garbage(number)).await;
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_strangers_leaves_no_connection_behind_and_honest_taps_are_answered_meanwhile() {
    let crowd = crowd();
    let mqtt = MqttLimits { newcomers: 32, newcomers_per_address: 16, login_seconds: 1, ..MqttLimits::default() };
    let world = world(Limits { mqtt, ..Limits::default() }).await;
    world.person("anna", &ANNA, false).await;
    let address = world.running.broker_address.unwrap();
    let mut raw = Raw::linked(&world, "capucins-3d", false).await;
    raw.tap(PRINTER, uid(&ANNA), Intent::Use).await;
    let (before, memory) = (open_files(), resident());
    let mut streams = Vec::new();
    for number in 0..crowd {
        streams.push(stranger(address, number).await);
        if number % 100 == 0 {
            assert_eq!(verdict(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await), Verdict::Grant);
        }
        if streams.len() == 200 {
            until_closed(std::mem::take(&mut streams)).await;
        }
    }
    until_closed(streams).await;
    let refusals = &world.store.metrics().refusals;
    for why in [Refusal::MqttGarbage, Refusal::MqttLogin, Refusal::MqttDisplaced] {
        assert!(refusals.count(why) > 0, "{why:?}");
    }
    // A controller that knows its password comes in all the same, and the door's own ends are closed soon.
    assert_eq!(verdict(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await), Verdict::Grant);
    until_forgotten(before).await;
    println!("{crowd} strangers at the broker: {memory} KiB resident before, {} after", resident());
    world.running.stop().await;
}

/// The door's own ends of all connections are closed soon.
async fn until_forgotten(before: usize) {
    let closed = async {
        while open_files() > before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
}

/// What strangers say to the pages: nothing, half a line, half a head, a head without end, nonsense, TLS, HTTP/2, bodies that do
/// not come or are no bodies; and one that asks well and then holds the line.
fn web_garbage(number: usize) -> Vec<u8> {
    let post = |rest: &str| format!("POST /connexion/x HTTP/1.1\r\nhost: x\r\n{rest}").into_bytes();
    match number % 12 {
        0 => Vec::new(),
        1 => b"GE".to_vec(),
        2 => b"GET / HTTP/1.1\r\nhost: x\r\n".to_vec(),
        3 => format!("GET / HTTP/1.1\r\nhost: {}", "x".repeat(40_000)).into_bytes(),
        4 => (0..300).map(|at| u8::try_from((at * 7 + number * 13) % 251).unwrap()).collect(),
        5 => b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03".to_vec(),
        6 => b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        7 => post(
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: 1000\r\nsec-fetch-site: same-origin\r\n\r\nname=",
        ),
        8 => post("content-length: 99999999999999999999\r\n\r\n"),
        9 => post("transfer-encoding: chunked\r\n\r\nzz\r\n"),
        10 => b"\x10\x10\0\x04MQTT\x04\xc2\0\x1e\0\x04anna".to_vec(),
        _ => b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_of_strangers_at_the_pages_leaves_nothing_behind_and_honest_readers_and_taps_are_answered_meanwhile() {
    let crowd = crowd();
    let any = Rate { burst: 1_000_000, per_minute: 1_000_000 };
    let web = WebLimits {
        newcomers: 32,
        newcomers_per_address: 16,
        header_seconds: 1,
        body_seconds: 1,
        requests: any,
        ..WebLimits::default()
    };
    let world = world(Limits { web, ..Limits::default() }).await;
    world.person("anna", &ANNA, false).await;
    let address = world.running.web_address.unwrap();
    let mut raw = Raw::linked(&world, "capucins-3d", false).await;
    let reader = Client::stranger(&world);
    assert_eq!(reader.page("/").await.status, 200);
    let (before, memory) = (open_files(), resident());
    let mut streams = Vec::new();
    for number in 0..crowd {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let _closed = stream.write_all(&web_garbage(number)).await;
        streams.push(stream);
        if number % 100 == 0 {
            assert_eq!(reader.page("/m/imprimante-3d").await.status, 200);
            assert_eq!(verdict(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await), Verdict::Grant);
        }
        if streams.len() == 200 {
            until_hung_up(std::mem::take(&mut streams)).await;
        }
    }
    until_hung_up(streams).await;
    let refusals = &world.store.metrics().refusals;
    for why in [Refusal::WebGarbage, Refusal::WebDisplaced] {
        assert!(refusals.count(why) > 0, "{why:?}");
    }
    assert_eq!(reader.page("/").await.status, 200);
    until_forgotten(before).await;
    println!("{crowd} strangers at the pages: {memory} KiB resident before, {} after", resident());
    world.running.stop().await;
}

/// Each connection ends, with an answer of HTTP or with none.
async fn until_hung_up(streams: Vec<TcpStream>) {
    for mut stream in streams {
        let mut heard = Vec::new();
        let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
        assert!(end.is_ok(), "a stranger's connection stays open");
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 "), "{}", String::from_utf8_lossy(&heard));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_too_much_of_the_pages_is_told_when_to_come_back_and_others_are_not() {
    let web = WebLimits { requests: Rate { burst: 4, per_minute: 1 }, ..WebLimits::default() };
    let folder = Folder::new();
    let (clock, loopback) = (thursday(), std::net::IpAddr::from([127, 0, 0, 1]));
    let store = open_store(&folder, clock.clone());
    declare(&store, ask_for_nothing).await;
    let parts = Parts { store: store.clone(), broker: embedded(), web: Some("127.0.0.1:0".parse().unwrap()) };
    let doors = Doors { limits: Limits { web, ..Limits::default() }, proxies: vec![loopback], ..Doors::default() };
    let running = start_with(parts, doors).await.unwrap();
    let world = World { folder, clock, store, running };
    let greedy = Client::stranger(&world).saying("X-Forwarded-For", "192.0.2.1");
    for _ in 0..4 {
        assert_eq!(greedy.page("/").await.status, 200);
    }
    let page = greedy.page("/").await;
    assert_eq!(page.status, 429);
    let wait: u64 = page.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait) && page.body.contains("Trop de demandes"), "{wait}: {}", page.body);
    greedy.get("/venues").await.problem(429, "too-many");
    assert_eq!(Client::stranger(&world).saying("X-Forwarded-For", "192.0.2.2").page("/").await.status, 200);
    let lying = Client::stranger(&world).saying("X-Forwarded-For", "198.51.100.7, 192.0.2.1");
    assert_eq!(lying.page("/").await.status, 429, "what stands before the proxy's own word is hearsay");
    assert_eq!(world.store.metrics().refusals.count(Refusal::WebRequests), 3);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_gets_its_share_of_connections_and_of_live_pages() {
    let web = WebLimits { connections_per_address: 6, streams_per_address: 2, ..WebLimits::default() };
    let world = world(Limits { web, ..Limits::default() }).await;
    let address = world.running.web_address.unwrap();
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut beginning = [0; 12];
        tokio::time::timeout(PATIENCE, stream.read_exact(&mut beginning)).await.unwrap().unwrap();
        (stream, String::from_utf8(beginning.to_vec()).unwrap())
    };
    let mut kept = Vec::new();
    for expected in ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 503"] {
        let (stream, status) = ask("/flux").await;
        assert_eq!(status, expected);
        kept.push(stream);
    }
    for _ in 0..3 {
        let (stream, status) = ask("/healthz").await;
        assert_eq!(status, "HTTP/1.1 200");
        kept.push(stream);
    }
    assert_eq!(ask("/healthz").await.1, "HTTP/1.1 503", "all six are answered and kept open");
    let refusals = &world.store.metrics().refusals;
    assert_eq!((refusals.count(Refusal::WebStreams), refusals.count(Refusal::WebAddress)), (1, 1));
    drop(kept);
    let free_again = async { while ask("/healthz").await.1 != "HTTP/1.1 200" {} };
    tokio::time::timeout(PATIENCE, free_again).await.unwrap();
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_does_not_come_is_waited_for_no_longer_than_is_said() {
    let web = WebLimits { body_seconds: 1, ..WebLimits::default() };
    let world = world(Limits { web, ..Limits::default() }).await;
    for (path, words) in [("/connexion/x", "Le formulaire"), ("/api/v1/awards", "problems/slow")] {
        let mut stream = TcpStream::connect(world.running.web_address.unwrap()).await.unwrap();
        let form = if path.starts_with("/api") { "application/json" } else { "application/x-www-form-urlencoded" };
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer x\r\nsec-fetch-site: same-origin\r\ncontent-type: {form}\r\n\
             content-length: 100\r\nconnection: close\r\n\r\nname="
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await.unwrap().unwrap();
        let heard = String::from_utf8(heard).unwrap();
        assert!(heard.starts_with("HTTP/1.1 408") && heard.contains(words), "{heard}");
    }
    assert_eq!(world.store.metrics().refusals.count(Refusal::WebBodyLate), 2);
    world.running.stop().await;
}

/// Each stranger is told that it is over: by an answer and the end of the connection, or by its end alone.
async fn until_closed(streams: Vec<TcpStream>) {
    for mut stream in streams {
        let mut heard = Vec::new();
        let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
        assert!(end.is_ok(), "a stranger's connection stays open");
        assert!(heard.is_empty() || heard.starts_with(b"\x20"), "nothing but an answer to a login: {heard:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_asks_more_than_it_may_is_told_so_and_another_one_is_not() {
    let few = Rate { burst: 3, per_minute: 1 };
    let controller = ControllerLimits { asks: few, ..ControllerLimits::default() };
    let world = world(Limits { controller, ..Limits::default() }).await;
    world.person("anna", &ANNA, false).await;
    let mut greedy = Raw::linked(&world, "capucins-3d", false).await;
    let mut modest = Raw::linked(&world, "ubo-laser", true).await;
    for _ in 0..3 {
        assert_eq!(verdict(&greedy.tap(PRINTER, uid(&ANNA), Intent::Use).await), Verdict::Grant);
    }
    for _ in 0..2 {
        assert_eq!(denied(&greedy.tap(PRINTER, uid(&ANNA), Intent::Use).await), ["registry_unreachable"]);
    }
    assert_eq!(verdict(&modest.tap("trotec-speedy", uid(&ANNA), Intent::Use).await), Verdict::Grant);
    assert_eq!(world.store.metrics().refusals.count(Refusal::ControllerAsks), 2);
    assert_eq!(world.store.metrics().decisions().map(|it| it.2).sum::<u64>(), 4, "they are no decisions");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_says_hello_without_end_gets_no_more_links() {
    let few = Rate { burst: 5, per_minute: 1 };
    let controller = ControllerLimits { hellos: few, ..ControllerLimits::default() };
    let world = world(Limits { controller, ..Limits::default() }).await;
    let mut raw = Raw::linked(&world, "capucins-3d", false).await; // one of the five
    for _ in 0..4 {
        let hello = raw.hello(&[]);
        raw.greet(&hello).await;
    }
    let hello = raw.hello(&[]);
    raw.say(&Up::Hello(hello));
    raw.hears_nothing().await;
    assert_eq!(world.store.metrics().refusals.count(Refusal::ControllerHellos), 1);
    world.running.stop().await;
}
