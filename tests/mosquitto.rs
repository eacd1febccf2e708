//! Mosquitto's own tools as a plain controller, and a real Mosquitto as the broker (`mosquitto_broker.rs`).

use std::time::Duration;

use rumqttc::v5::mqttbytes::v5::SubscribeReasonCode;
use serde_json::{Value as Json, json};
use tokio::process::Command;
use tremen_server::machines::player::Happening;
use tremen_server::machines::{Address, Login, Secret};
use tremen_wire::Intent;

use crate::listener::Listener;
use crate::mosquitto_broker::{Mosquitto, PUBLIC, program, run};
use crate::probe::{Account, Probe};
use crate::raw::{Raw, granted, uid};
use crate::world::{PASSWORD, PATIENCE, World, ask_for_nothing, operator, relay};

const LASER: &str = "trotec-speedy";
const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];

/// A plain controller made of Mosquitto's command-line tools. Each call is a connection of its own.
struct Tools {
    broker: Address,
    name: &'static str,
}

impl Tools {
    fn tool(&self, tool: &str) -> Command {
        let mut command = program(tool);
        command.args(["-h", &self.broker.host, "-p", &self.broker.port.to_string(), "-q", "1"]);
        command.args(["-i", self.name, "-u", self.name, "-P", PASSWORD]);
        command
    }

    fn topic(&self, rest: &str) -> String {
        format!("tremen/1/c/{}/{rest}", self.name)
    }

    /// Publishes and hears the answer, with `mosquitto_rr`.
    async fn ask(&self, up: &str, down: &str, message: &Json) -> Json {
        let mut command = self.tool("mosquitto_rr");
        command.args(["-t", &self.topic(up), "-e", &self.topic(down), "-m", &message.to_string(), "-W", "15"]);
        let output = run(command).await;
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Publishes with `mosquitto_pub`.
    async fn say(&self, up: &str, message: &Json) {
        let mut command = self.tool("mosquitto_pub");
        command.args(["-t", &self.topic(up), "-m", &message.to_string()]);
        let output = run(command).await;
        assert!(output.status.success(), "{output:?}");
    }

    /// Hears one message with `mosquitto_sub`; the registry's clock goes on meanwhile, so that an order is repeated.
    async fn listen(&self, world: &World, down: &str) -> Json {
        let mut command = self.tool("mosquitto_sub");
        command.args(["-t", &self.topic(down), "-C", "1", "-W", "15"]);
        let hearing = run(command);
        tokio::pin!(hearing);
        let output = loop {
            match tokio::time::timeout(Duration::from_millis(100), &mut hearing).await {
                Ok(output) => break output,
                Err(_) => world.later(1_000).await,
            }
        };
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// The story of a device that keeps no state: hello, a tap, a stop, the end.
async fn a_day_of_a_simple_device(world: &World) {
    world.person("anna", &ANNA, false).await;
    world.provision("capucins-3d", false).await;
    let tools = Tools { broker: world.running.broker.clone(), name: "capucins-3d" };
    let challenge = "00112233445566778899aabbccddeeff";
    let hello = json!({ "challenge": challenge, "firmware": "shell 1", "capabilities": ["lcd"], "last_order": 0, "running": [] });
    let welcome = tools.ask("up/hello", "down/welcome", &hello).await;
    assert_eq!((&welcome["challenge"], &welcome["at"]), (&json!(challenge), &json!(world.now().unix_seconds())));
    assert_eq!(
        (&welcome["machines"][0]["machine"], &welcome["machines"][0]["state"]),
        (&json!(PRINTER), &json!("free"))
    );

    let ask = |nonce: u32, uid: &str| json!({ "nonce": format!("{nonce:032x}"), "machine": PRINTER, "reading": { "uid": uid } });
    let refused = tools.ask("up/ask", "down/answer", &ask(1, "04777777")).await;
    assert_eq!((&refused["verdict"], &refused["reasons"]), (&json!("deny"), &json!(["unknown_card"])));
    assert_eq!(refused["lcd"].as_array().unwrap().len(), 2);
    let answer = tools.ask("up/ask", "down/answer", &ask(2, "04010203")).await;
    assert_eq!(
        (&answer["verdict"], &answer["lease"], &answer["on_lost"]),
        (&json!("grant"), &json!(300), &json!("immediate"))
    );
    assert_eq!(tools.ask("up/ask", "down/answer", &ask(2, "04010203")).await, answer, "a repeat");

    let session = &answer["session"];
    let report =
        |event: &str, relay: bool| json!({ "event": event, "machine": PRINTER, "session": session, "relay": relay });
    let lease = tools.ask("up/report", "down/lease", &report("started", true)).await;
    assert_eq!((&lease["lease"], &lease["session"]), (&json!(300), session));
    let id = tremen_wire::SessionId::from_hex(session.as_str().unwrap()).unwrap();
    world.change(move |tx| tremen_server::flows::stop_session::run(tx, &operator(), id)).await;
    let order = tools.listen(world, "down/order").await;
    assert_eq!((&order["action"], &order["session"], &order["stop"]), (&json!("stop"), session, &json!("immediate")));
    let confirmed = json!({ "event": "confirmed", "order": order["order"], "machine": PRINTER, "relay": false });
    tools.say("up/report", &confirmed).await;
    let over = world.until(|tx| Ok(tx.session(id)?.filter(|row| row.ended_at.is_some()))).await;
    assert_eq!(over.end_why.as_deref(), Some("manager"));
    let lease = tools.ask("up/report", "down/lease", &report("ended", false)).await;
    assert_eq!(lease["lease"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquittos_tools_are_a_controller_on_the_embedded_broker() {
    let world = World::easy().await;
    a_day_of_a_simple_device(&world).await;
    world.running.stop().await;
}

/// A registry on a Mosquitto, on which machines ask for nothing.
impl Mosquitto {
    async fn world(&self) -> World {
        let adjust = |network: &mut tremen_rules::Network| {
            ask_for_nothing(network);
            network.machines.get_mut(LASER).unwrap().stop_policy = tremen_rules::network::StopPolicy::Immediate;
        };
        let world = World::on(self.broker(), adjust).await;
        assert!(*world.running.connected().borrow(), "the registry hears controllers");
        world
    }

    async fn public(&self) -> Listener {
        Listener::dial(&Login {
            address: self.address.clone(),
            client_id: PUBLIC.to_owned(),
            credentials: Some((PUBLIC.to_owned(), Secret(PASSWORD.to_owned()))),
            filters: vec!["tremen/1/machines/#".to_owned()],
            last_will: None,
        })
        .await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mosquittos_tools_are_a_controller_on_mosquitto() {
    let mosquitto = Mosquitto::start().await;
    let world = mosquitto.world().await;
    a_day_of_a_simple_device(&world).await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_controller_and_its_session_outlive_a_restart_of_the_registry_behind_mosquitto() {
    let mosquitto = Mosquitto::start().await;
    let world = mosquitto.world().await;
    world.person("anna", &ANNA, false).await;
    let mut public = mosquitto.public().await;
    public.states(&[(LASER, "free"), (PRINTER, "free")]).await;
    let mut player = world.controller("ubo-laser", true).await;
    player.tap(LASER, uid(&ANNA), Intent::Use);
    relay(&mut player, true).await;
    public.state(LASER, "in_use").await;
    let session = world.until(|tx| tx.open_session_on(LASER)).await.session;

    // An order that is given while no registry runs is sent by the next one, in the same link.
    let world = world
        .restart_on(mosquitto.broker(), move |tx| {
            tremen_server::flows::stop_session::run(tx, &operator(), session).map(drop)
        })
        .await;
    player.wait_for(PATIENCE, |it| matches!(it, Happening::Ordered { .. }).then_some(())).await.unwrap();
    relay(&mut player, false).await;
    public.state(LASER, "free").await;
    assert_eq!(world.session(session).end_why.as_deref(), Some("manager"));
    player.tap(LASER, uid(&ANNA), Intent::Use);
    relay(&mut player, true).await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_mosquitto_too_a_controller_says_and_hears_its_own_alone() {
    let mosquitto = Mosquitto::start().await;
    let world = mosquitto.world().await;
    world.person("anna", &ANNA, false).await;
    world.provision("ponant-laser", false).await;
    let mut printer = Raw::connected(&world, "capucins-3d", false).await;
    let mut stranger = Probe::connect(&mosquitto.address, &Account::of("ponant-laser")).await.unwrap();
    for filter in ["#", "tremen/1/c/capucins-3d/#", "tremen/1/machines/#", "$share/x/tremen/1/c/+/up/#"] {
        // Mosquitto grants the subscription and delivers nothing.
        assert!(matches!(stranger.subscribe(filter).await, SubscribeReasonCode::Success(_)), "{filter}");
    }
    assert!(matches!(stranger.subscribe("tremen/1/c/ponant-laser/down/#").await, SubscribeReasonCode::Success(_)));
    // It speaks in the name of the other one: silence.
    let hello = printer.hello(&[]);
    let forged = printer.encode(&tremen_wire::Up::Hello(hello));
    stranger.publish("tremen/1/c/capucins-3d/up/hello", &forged, false).await;
    stranger.publish("tremen/1/machines/capucins/imprimante-3d/state", b"{}", true).await;
    // Its client id does not take the other one's place.
    let usurper = Account { client_id: "capucins-3d", ..Account::of("ponant-laser") };
    let mut usurper = Probe::connect(&mosquitto.address, &usurper).await.unwrap();
    printer.link_up(&[]).await;
    granted(&printer.tap(PRINTER, uid(&ANNA), Intent::Use).await);
    // Mosquitto took both connections of the stranger for one.
    stranger.is_closed().await;
    assert_eq!(stranger.heard, [], "nothing that others said or heard came to it");
    usurper.subscribe("tremen/1/c/ponant-laser/down/#").await;
    let hello = br#"{"challenge":"00000000000000000000000000000001","firmware":"x","capabilities":[],"last_order":0,"running":[]}"#;
    usurper.publish("tremen/1/c/ponant-laser/up/hello", hello, false).await;
    assert_eq!(usurper.message().await.topic, &b"tremen/1/c/ponant-laser/down/welcome"[..]);
    for wrong in [Account { password: "wrong", ..Account::of("ponant-laser") }, Account::of("nobody")] {
        assert!(Probe::connect(&mosquitto.address, &wrong).await.is_err());
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_broker_kept_of_asks_hellos_and_reports_is_no_word_of_now() {
    let mosquitto = Mosquitto::start().await;
    let world = mosquitto.world().await;
    world.person("anna", &ANNA, false).await;
    world.provision("capucins-3d", false).await;
    let session = {
        let mut printer = Raw::dial(&world, &world.login("capucins-3d"), false).await;
        printer.start(PRINTER, uid(&ANNA)).await
    };
    // While no registry runs, somebody has the broker keep commands.
    let address = mosquitto.address.clone();
    let World { folder, clock, store, running } = world;
    running.stop().await;
    let mut probe = Probe::connect(&address, &Account::of("capucins-3d")).await.unwrap();
    let ended = json!({ "event": "ended", "machine": PRINTER, "session": session.to_string(), "relay": false });
    let ask = json!({ "nonce": "0".repeat(32), "machine": PRINTER, "reading": { "uid": "04010203" }, "intent": "end" });
    let hello =
        json!({ "challenge": "0".repeat(32), "firmware": "x", "capabilities": [], "last_order": 0, "running": [] });
    for (topic, message) in [("report", &ended), ("ask", &ask), ("hello", &hello)] {
        probe.publish(&format!("tremen/1/c/capucins-3d/up/{topic}"), message.to_string().as_bytes(), true).await;
    }
    drop(probe);
    let parts = tremen_server::serve::Parts { store: store.clone(), broker: mosquitto.broker(), web: None };
    let running = tremen_server::serve::start(parts).await.unwrap();
    let world = World { folder, clock, store, running };
    let mut printer = Raw::dial(&world, &world.login("capucins-3d"), false).await;
    printer.hears_nothing_but_a_welcome().await;
    assert_eq!(world.session(session).ended_at, None);
    world.running.stop().await;
}
