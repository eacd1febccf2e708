//! The embedded broker: who may log in, say and hear what; and what it tells the public.

use rumqttc::v5::mqttbytes::v5::{ConnectReturnCode, PubAckReason, SubscribeReasonCode};
use tremen_rules::ControllerId;
use tremen_server::flows::{retire_controller, rotate_controller};
use tremen_server::machines::Secret;
use tremen_wire::{Event, Intent, Reading, Up};

use crate::listener::Listener;
use crate::probe::{Account, Probe};
use crate::raw::{Raw, granted, uid};
use crate::world::{PASSWORD, World, id, operator};

const LASER: &str = "trotec-speedy";
const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];

async fn easy() -> World {
    let world = World::easy().await;
    world.person("anna", &ANNA, false).await;
    for (controller, sealed) in [("ubo-laser", true), ("capucins-3d", false), ("ponant-laser", false)] {
        world.provision(controller, sealed).await;
    }
    world
}

/// What one controller may say.
const SAYS: [(&str, bool); 19] = [
    ("tremen/1/c/capucins-3d/up/hello", true),
    ("tremen/1/c/capucins-3d/up/ask", true),
    ("tremen/1/c/capucins-3d/up/report", true),
    ("tremen/1/c/capucins-3d/up/alive", true),
    ("tremen/1/c/capucins-3d/up", false),
    ("tremen/1/c/capucins-3d/down/answer", false),
    ("tremen/1/c/capucins-3d/down/allowlist", false),
    ("tremen/1/c/capucins-3d", false),
    ("tremen/1/c/capucins-3d-2/up/ask", false),
    ("tremen/1/c/capucins-3/up/ask", false),
    ("tremen/1/c/ubo-laser/up/hello", false),
    ("tremen/1/c/ubo-laser/up/alive", false),
    ("tremen/1/c/ubo-laser/down/order", false),
    ("tremen/1/c/ubo-laser/up/../../capucins-3d/up/ask", false),
    ("tremen/1/machines/capucins/imprimante-3d/state", false),
    ("tremen/2/c/capucins-3d/up/ask", false),
    ("/tremen/1/c/capucins-3d/up/ask", false),
    ("$SYS/broker/uptime", false),
    ("anything", false),
];

/// What one controller may hear.
const HEARS: [(&str, bool); 19] = [
    ("tremen/1/c/capucins-3d/down/#", true),
    ("tremen/1/c/capucins-3d/down/answer", true),
    ("tremen/1/c/capucins-3d/down/+", true),
    ("tremen/1/c/capucins-3d/#", false),
    ("tremen/1/c/capucins-3d/up/#", false),
    ("tremen/1/c/capucins-3d/+/answer", false),
    ("tremen/1/c/+/down/#", false),
    ("tremen/1/c/ubo-laser/down/#", false),
    ("tremen/1/c/ubo-laser/down/answer", false),
    ("tremen/1/machines/#", false),
    ("tremen/1/machines/capucins/imprimante-3d/state", false),
    ("tremen/1/#", false),
    ("+/1/c/capucins-3d/down/#", false),
    ("#", false),
    ("$SYS/#", false),
    ("$share/tremen/tremen/1/c/+/up/ask", false),
    ("$share/mine/tremen/1/c/ubo-laser/down/#", false),
    ("$share/mine/tremen/1/c/capucins-3d/down/#", false),
    ("$share/tremen/1/c/capucins-3d/down/#", false),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_says_what_is_its_own_and_nothing_else() {
    let world = easy().await;
    let mut everything = Listener::start(&world, &["#"]).await;
    let mut probe = Probe::connect(&world.running.broker, &Account::of("capucins-3d")).await.unwrap();
    for (topic, allowed) in SAYS {
        let reason = probe.publish(topic, b"{}", false).await;
        let taken = matches!(reason, PubAckReason::Success | PubAckReason::NoMatchingSubscribers);
        assert_eq!(taken, allowed, "{topic}: {reason:?}");
    }
    probe.publish("tremen/1/c/capucins-3d/up/alive", b"the last", false).await;
    let mut heard = Vec::new();
    loop {
        let message = everything.next().await;
        if message.bytes == b"the last" {
            break;
        }
        if message.bytes == b"{}" {
            heard.push(message.topic);
        }
    }
    let allowed: Vec<_> = SAYS.iter().filter(|(_, allowed)| *allowed).map(|(topic, _)| (*topic).to_owned()).collect();
    assert_eq!(heard, allowed, "what was refused reached nobody");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_hears_what_is_its_own_and_nothing_else() {
    let world = easy().await;
    let mut probe = Probe::connect(&world.running.broker, &Account::of("capucins-3d")).await.unwrap();
    for (filter, allowed) in HEARS {
        let code = probe.subscribe(filter).await;
        assert_eq!(matches!(code, SubscribeReasonCode::Success(_)), allowed, "{filter}: {code:?}");
    }
    // And nothing came to it of what goes on elsewhere.
    let mut laser = Raw::dial(&world, &world.login("ubo-laser"), true).await;
    laser.link_up(&[]).await;
    granted(&laser.tap(LASER, uid(&ANNA), Intent::Use).await);
    let mut printer = Listener::start(&world, &[]).await;
    printer.client.publish("tremen/1/c/capucins-3d/down/answer", b"the last".to_vec(), false);
    assert_eq!(probe.message().await.payload, &b"the last"[..]);
    assert!(printer.heard_so_far().is_empty());
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_logs_in_without_the_right_password_name_and_client_id() {
    let world = easy().await;
    let refused = [
        Account { password: "wrong", ..Account::of("capucins-3d") },
        Account { password: "", ..Account::of("capucins-3d") },
        Account { client_id: "ubo-laser", ..Account::of("capucins-3d") },
        Account { client_id: "", ..Account::of("capucins-3d") },
        Account { client_id: "capucins-3d-2", ..Account::of("capucins-3d") },
        Account::of("tyfab-atelier"), // declared, without secrets
        Account::of("nobody"),
        Account::of(""),
        Account::of("tremen.registry"),
        Account { client_id: "capucins-3d", ..Account::of("tremen.registry") },
    ];
    for account in &refused {
        let answer = Probe::connect(&world.running.broker, account).await;
        assert!(answer.is_err(), "{} as {}", account.user, account.client_id);
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_will_on_a_foreign_topic_is_never_spoken() {
    let world = easy().await;
    let mut everything = Listener::start(&world, &["tremen/1/c/+/up/alive", "tremen/1/c/+/down/#"]).await;
    for topic in ["tremen/1/c/ubo-laser/up/alive", "tremen/1/c/capucins-3d/down/order"] {
        let account = Account { will: Some(topic), ..Account::of("capucins-3d") };
        drop(Probe::connect(&world.running.broker, &account).await); // refused, or its will is not kept
    }
    let own = Account { will: Some("tremen/1/c/capucins-3d/up/alive"), ..Account::of("capucins-3d") };
    drop(Probe::connect(&world.running.broker, &own).await.unwrap());
    let spoken = everything.next().await;
    assert_eq!((spoken.topic.as_str(), spoken.bytes.as_slice()), ("tremen/1/c/capucins-3d/up/alive", &b"offline"[..]));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retired_controller_is_shut_out_at_once() {
    let world = easy().await;
    let laser: ControllerId = id("ubo-laser");
    let mut raw = Raw::dial(&world, &world.login("ubo-laser"), true).await;
    raw.link_up(&[]).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    let hello = Up::Hello(raw.hello(&[session]));
    let ask = Up::Ask(raw.ask(LASER, uid(&ANNA), Intent::Use));
    let report = Up::Report(raw.about(Event::Alive, LASER, session));
    let mut downs = Listener::start(&world, &["tremen/1/c/ubo-laser/down/#", "tremen/1/c/capucins-3d/down/#"]).await;
    drop(raw);
    let mut connection = Probe::connect(&world.running.broker, &Account::of("ubo-laser")).await.unwrap();
    world.change(move |tx| retire_controller::run(tx, &operator(), &laser)).await;
    connection.is_closed().await;
    let again = Probe::connect(&world.running.broker, &Account::of("ubo-laser")).await;
    assert!(matches!(again, Err(ConnectReturnCode::BadUserNamePassword)));
    // Its key opens nothing any more either, whoever carries the messages.
    let wire_id = tremen_wire::ControllerId::parse("ubo-laser").unwrap();
    let key = tremen_wire::Key::new(crate::world::KEY);
    for up in [hello, ask, report] {
        let bytes = up.encode(&wire_id, tremen_wire::Protection::Sealed(&key));
        downs.client.publish(&up.channel().topic(&wire_id), bytes, false);
    }
    downs.client.publish("tremen/1/c/capucins-3d/up/ask", ask_in_json(1).into_bytes(), false);
    let next = downs.next().await;
    assert_eq!(next.topic, "tremen/1/c/capucins-3d/down/answer", "the retired one heard nothing before");
    assert!(world.session(session).stop_order.is_some());
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_rotation_the_old_secrets_open_nothing_and_the_new_ones_do() {
    let world = easy().await;
    let printer: ControllerId = id("capucins-3d");
    let mut old = Probe::connect(&world.running.broker, &Account::of("capucins-3d")).await.unwrap();
    let rotated = world.change(move |tx| rotate_controller::run(tx, &operator(), &printer)).await;
    old.is_closed().await;
    let again = Probe::connect(&world.running.broker, &Account::of("capucins-3d")).await;
    assert!(matches!(again, Err(ConnectReturnCode::BadUserNamePassword)));
    let mut login = world.login("capucins-3d");
    login.credentials = Some(("capucins-3d".to_owned(), Secret(rotated.password)));
    let mut raw = Raw::dial(&world, &login, false).await;
    raw.link_up(&[]).await;
    granted(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_public_sees_a_machines_state_retained_and_nothing_about_anybody() {
    let world = easy().await;
    let mut public = Listener::start(&world, &["tremen/1/machines/#"]).await;
    public.states(&[(LASER, "free"), (PRINTER, "free"), ("laser-ponant", "free"), ("prusa-1", "free")]).await;
    let mut raw = Raw::dial(&world, &world.login("ubo-laser"), true).await;
    raw.link_up(&[]).await;
    let topic = "tremen/1/machines/ubo/trotec-speedy/state";
    let check = |(message, json): (crate::listener::Message, serde_json::Value), since: u64| {
        assert_eq!(message.topic, topic);
        assert_eq!(json["since"], since);
        assert_eq!(json.as_object().unwrap().len(), 2, "nothing but state and since: {json}");
    };
    let opened = world.now().unix_seconds();
    raw.start(LASER, uid(&ANNA)).await;
    check(public.state(LASER, "in_use").await, opened);
    world.later(5_000).await;
    world.lock(LASER).await;
    check(public.state(LASER, "locked").await, opened + 5);
    world.later(100_000).await;
    world.until(|tx| Ok(tx.open_session_on(LASER)?.is_none().then_some(()))).await;
    world.change(|tx| tremen_server::flows::unlock_machine::run(tx, &operator(), &id(LASER))).await;
    check(public.state(LASER, "silent").await, opened + 105);
    // Whoever comes later is told by the broker itself.
    let mut late = Listener::start(&world, &[topic]).await;
    let kept = late.state(LASER, "silent").await;
    assert!(kept.0.retained);
    check(kept, opened + 105);
    raw.say_linked();
    public.state(LASER, "free").await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn presence_is_shown_to_people_and_decides_nothing() {
    let world = easy().await;
    let printer: ControllerId = id("capucins-3d");
    let mut raw = Raw::dial(&world, &world.login("capucins-3d"), false).await;
    let session = raw.start(PRINTER, uid(&ANNA)).await;
    for (text, online) in [("online", true), ("offline", false), ("online", true)] {
        raw.client.publish("tremen/1/c/capucins-3d/up/alive", text.as_bytes().to_vec(), true);
        let seen = printer.clone();
        world.until(|tx| Ok(tx.presence(&seen)?.filter(|row| row.online == online))).await;
    }
    raw.client.publish("tremen/1/c/capucins-3d/up/alive", b"offline".to_vec(), true);
    raw.report(Event::Alive, PRINTER, session);
    assert_eq!(raw.lease().await.lease_s, 300);
    assert_eq!(world.session(session).ended_at, None);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_of_wrong_shape_size_or_topic_are_dropped_and_the_next_one_is_served() {
    let world = easy().await;
    let mut raw = Raw::dial(&world, &world.login("capucins-3d"), false).await;
    let odd: [(&str, Vec<u8>); 8] = [
        ("up/ask", Vec::new()),
        ("up/ask", b"{".to_vec()),
        ("up/ask", vec![b'['; 900]),
        ("up/ask", vec![0xd1; 64]),
        ("up/hello", vec![b' '; 10_000]), // a packet over 16 KiB ends the connection
        ("up/report", br#"{"event":"started"}"#.to_vec()),
        ("up/nothing", b"{}".to_vec()),
        ("up/ask/more", b"{}".to_vec()),
    ];
    for (rest, bytes) in odd {
        raw.client.publish(&format!("tremen/1/c/capucins-3d/{rest}"), bytes, false);
    }
    granted(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await);
    // A nonce that can be read is answered, whatever else is wrong.
    let long = format!(r#"{{"nonce":"{:032x}","machine":"{}"}}"#, 77, "m".repeat(1_100));
    raw.say_bytes(tremen_wire::Channel::Ask, long.as_bytes());
    assert_eq!(crate::raw::denied(&raw.answer().await), ["controller_not_trusted"]);
    world.running.stop().await;
}

fn ask_in_json(number: u32) -> String {
    let Reading::Uid(uid) = uid(&ANNA) else { unreachable!() };
    format!(r#"{{"nonce":"{number:032x}","machine":"{PRINTER}","reading":{{"uid":"{uid}"}}}}"#)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_registrys_own_password_is_of_this_run_alone() {
    let world = easy().await;
    let first = world.running.registry_password().unwrap();
    let world = world.restart(|_| Ok(())).await;
    assert!(world.running.registry_password().unwrap() != first);
    let Secret(old) = first;
    let account = Account { password: &old, client_id: "x", ..Account::of("tremen.registry") };
    assert!(Probe::connect(&world.running.broker, &account).await.is_err());
    assert_ne!(old, PASSWORD);
    world.running.stop().await;
}
