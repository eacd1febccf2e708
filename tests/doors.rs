//! What is too much at a door is turned away there, counted, and leaves nothing behind; who is honest notices nothing.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tremen_server::limits::{ControllerLimits, Limits, MqttLimits, Rate, Refusal};
use tremen_server::serve::{Doors, Parts, start_with};
use tremen_wire::{Intent, Up, Verdict};

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
    let parts = Parts { store: store.clone(), broker: embedded(), web: None };
    let running = start_with(parts, Doors { limits, ..Doors::default() }).await.unwrap();
    World { folder, clock, store, running }
}

fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
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
    let crowd = std::env::var("TREMEN_STRANGERS").map_or(400, |it| it.parse::<usize>().unwrap());
    let mqtt = MqttLimits { newcomers: 32, newcomers_per_address: 16, login_seconds: 1, ..MqttLimits::default() };
    let world = world(Limits { mqtt, ..Limits::default() }).await;
    world.person("anna", &ANNA, false).await;
    let address = world.running.broker_address.unwrap();
    let mut raw = Raw::linked(&world, "capucins-3d", false).await;
    raw.tap(PRINTER, uid(&ANNA), Intent::Use).await;
    let before = open_files();
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
    let closed = async {
        while open_files() > before {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, closed).await.unwrap();
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
