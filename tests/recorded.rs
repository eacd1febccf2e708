//! Recorded traffic said again: in order, in any order, elsewhere, cut and bent. No grant, no state change.

use std::collections::BTreeMap;

use rusqlite::Connection;
use rusqlite::types::Value;
use tremen_controller::Remembered;
use tremen_server::machines::player::Player;
use tremen_wire::{Challenge, Channel, ControllerId, Down, Hello, Intent, Protection, Up, Verdict};

use crate::dice::Dice;
use crate::listener::{Listener, Message};
use crate::raw::uid;
use crate::world::{World, answered, ask_for_nothing, operator, relay};

const LASER: &str = "trotec-speedy";
const ANNA: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];
const UBO: &str = "tremen/1/c/ubo-laser/";
/// The broker keeps so many messages for a client that is slow to take them.
const AT_ONCE: usize = 50;

/// An honest session of a sealed controller, recorded by somebody who has the broker in hand.
struct Recording {
    world: World,
    player: Player,
    attacker: Listener,
    up: Vec<Message>,
    down: Vec<Message>,
    rounds: u64,
}

impl Recording {
    async fn make() -> Self {
        let world = World::with(|network| {
            ask_for_nothing(network);
            let laser = network.machines.get_mut(LASER).unwrap();
            laser.lease_seconds = 3; // an alive each second
            laser.stop_policy = tremen_rules::network::StopPolicy::Immediate;
            // Another sealed controller with the same key, to which messages are moved.
            network.controllers.get_mut("tyfab-atelier").unwrap().profile = tremen_rules::network::Profile::Sealed;
        })
        .await;
        world.person("anna", &ANNA, false).await;
        world.provision("tyfab-atelier", true).await;
        world.provision("capucins-3d", false).await;
        let filters = ["tremen/1/c/ubo-laser/#", "tremen/1/c/capucins-3d/down/#"];
        let mut attacker = Listener::start(&world, &filters).await;
        let mut player = world.controller("ubo-laser", true).await;
        player.tap(LASER, uid(&ANNA), Intent::Use);
        relay(&mut player, true).await;
        let session = world.until(|tx| tx.open_session_on(LASER)).await.session;
        // hello, linked, ask, started, alive; then a stop, confirmed, ended.
        let mut seen = Vec::new();
        while seen.iter().filter(|it: &&Message| it.topic.ends_with("down/lease")).count() < 3 {
            seen.push(attacker.next().await);
        }
        world.change(move |tx| tremen_server::flows::stop_session::run(tx, &operator(), session)).await;
        world.until(|tx| Ok(tx.session(session)?.filter(|row| row.ended_at.is_some()))).await;
        world.until(|tx| Ok(tx.open_orders(&crate::world::id("ubo-laser"))?.is_empty().then_some(()))).await;
        relay(&mut player, false).await;
        while seen.iter().filter(|it| it.topic.ends_with("down/lease")).count() < 4 {
            seen.push(attacker.next().await); // until the end of the session is noted
        }
        let mut recording = Self { world, player, attacker, up: Vec::new(), down: Vec::new(), rounds: 0 };
        recording.settle().await;
        seen.append(&mut recording.down);
        for message in seen {
            assert!(message.topic.starts_with(UBO));
            let list = if message.topic.contains("/up/") { &mut recording.up } else { &mut recording.down };
            list.push(message);
        }
        let count = |kind: &str, list: &[Message]| list.iter().filter(|it| it.topic.ends_with(kind)).count();
        for (kind, least) in [("up/hello", 1), ("up/ask", 1), ("up/report", 5)] {
            assert!(count(kind, &recording.up) >= least, "{kind}: {}", count(kind, &recording.up));
        }
        for (kind, least) in [("down/welcome", 1), ("down/answer", 1), ("down/lease", 4), ("down/order", 1)] {
            assert!(count(kind, &recording.down) >= least, "{kind}: {}", count(kind, &recording.down));
        }
        recording
    }

    /// Says something, as whoever has the broker in hand can.
    fn say(&self, topic: &str, bytes: &[u8]) {
        self.attacker.client.publish(topic, bytes.to_vec(), false);
    }

    /// Returns once the registry has taken all that the attacker said: another controller's hello, said last, is answered.
    /// What the attacker heard meanwhile of the recorded controller is added to `down`.
    async fn settle(&mut self) {
        self.rounds += 1;
        let mut challenge = [0xc0; 16];
        challenge[8..].copy_from_slice(&self.rounds.to_be_bytes());
        let id = ControllerId::parse("capucins-3d").unwrap();
        let hello = Up::Hello(Hello {
            challenge: Challenge(challenge),
            firmware: "barrier".to_owned(),
            capabilities: Vec::new(),
            last_order: 0,
            running: Vec::new(),
            at_s: None,
        });
        self.say(&Channel::Hello.topic(&id), &hello.encode(&id, Protection::Plain));
        loop {
            let message = self.attacker.next().await;
            if message.topic != Channel::Welcome.topic(&id) {
                self.down.push(message);
                continue;
            }
            match Down::decode(&id, Channel::Welcome, &message.bytes, Protection::Plain) {
                Ok(Down::Welcome(welcome)) if welcome.challenge.0 == challenge => return,
                other => panic!("{other:?}"),
            }
        }
    }

    /// Says many things, some at a time.
    async fn say_all<'m>(&mut self, messages: impl IntoIterator<Item = (&'m str, Vec<u8>)>) -> usize {
        let mut count = 0;
        for (topic, bytes) in messages {
            self.say(topic, &bytes);
            count += 1;
            if count % AT_ONCE == 0 {
                self.settle().await;
            }
        }
        self.settle().await;
        self.down.clear();
        count
    }

    /// All rows that a grant, a session, an order or an award would show in, and what replays are dropped by.
    fn digest(&self) -> BTreeMap<&'static str, Vec<Vec<Value>>> {
        let connection = Connection::open(self.world.folder.0.join("tremen.db")).unwrap();
        let tables = [
            ("sessions", "SELECT * FROM sessions ORDER BY session"),
            ("orders", "SELECT * FROM orders ORDER BY controller, number"),
            ("awards", "SELECT * FROM awards ORDER BY award"),
            ("cards", "SELECT * FROM cards ORDER BY card"),
            ("standbys", "SELECT * FROM standbys ORDER BY decision"),
            // Without the counters: the honest controller refuses replayed orders, each time with a new one.
            (
                "links",
                "SELECT link, state, hello FROM links WHERE controller <> 'capucins-3d' ORDER BY controller, number",
            ),
            ("granted", "SELECT decision, verdict, session FROM decisions WHERE verdict <> 'deny' ORDER BY decision"),
        ];
        tables
            .into_iter()
            .map(|(name, sql)| {
                let mut statement = connection.prepare(sql).unwrap();
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| (0..columns).map(|i| row.get(i)).collect()).unwrap();
                (name, rows.collect::<Result<_, _>>().unwrap())
            })
            .collect()
    }

    /// The honest controller's cards are still answered.
    async fn goes_on(&mut self) {
        for (card, verdict) in [(ANNA, Verdict::Grant), ([4, 0, 0, 0, 0, 0, 1], Verdict::Deny), (ANNA, Verdict::Done)] {
            let intent = if verdict == Verdict::Done { Intent::End } else { Intent::Use };
            self.player.tap(LASER, uid(&card), intent);
            let answer = answered(&mut self.player).await;
            assert_eq!(answer.outcome.verdict(), verdict, "{answer:?}");
        }
        relay(&mut self.player, false).await;
        // The session's own last report.
        self.world.until(|tx| Ok(tx.open_session_on(LASER)?.is_none().then_some(()))).await;
    }
}

/// How many messages are bent in each profile; `tests/long wire` asks for half a million.
fn mutations() -> usize {
    std::env::var("TREMEN_MUTATIONS").ok().map_or(4_000, |text| text.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_recorded_message_said_again_in_any_order_and_place_changes_nothing() {
    let mut recording = Recording::make().await;
    let dice = Dice::of(20_261_126);
    let all: Vec<Message> = recording.up.iter().chain(&recording.down).cloned().collect();
    let up = recording.up.clone();
    for age_ms in [0, 9_000, 2_000] {
        // Beyond 10 s a repeat is a replay; the honest controller's own clock is not moved, and 20 s are too much for it.
        recording.world.later(age_ms).await;
        let before = recording.digest();
        // In order, twice; then in fifty random orders with doubles.
        let in_order: Vec<_> = all.iter().chain(&all).map(|it| (it.topic.as_str(), it.bytes.clone())).collect();
        recording.say_all(in_order).await;
        assert_eq!(recording.digest(), before, "in order");
        let shuffled: Vec<_> = (0..up.len() * 50).map(|_| &up[dice.below(up.len())]).collect();
        recording.say_all(shuffled.into_iter().map(|it| (it.topic.as_str(), it.bytes.clone()))).await;
        assert_eq!(recording.digest(), before, "in any order");
        // To other channels of the same controller, and to the topics of another sealed and of a plain one.
        let mut moved = Vec::new();
        for message in &all {
            for controller in ["ubo-laser", "tyfab-atelier", "ponant-laser"] {
                for channel in ["hello", "ask", "report"] {
                    let topic = format!("tremen/1/c/{controller}/up/{channel}");
                    if topic != message.topic {
                        moved.push((topic, message.bytes.clone()));
                    }
                }
            }
        }
        recording.say_all(moved.iter().map(|(topic, bytes)| (topic.as_str(), bytes.clone()))).await;
        assert_eq!(recording.digest(), before, "elsewhere");
    }
    recording.goes_on().await;
    // The same once more, now that newer sessions have come and gone.
    recording.settle().await;
    let before = recording.digest();
    recording.say_all(all.iter().map(|it| (it.topic.as_str(), it.bytes.clone()))).await;
    assert_eq!(recording.digest(), before);
    // And after the controller started anew, in another link.
    let Recording { world, player, attacker, up, down, rounds } = recording;
    player.cut().await;
    world.later(60_000).await;
    let player = world.power_up("ubo-laser", true, Remembered::default()).await;
    let mut recording = Recording { world, player, attacker, up, down, rounds };
    recording.settle().await;
    let before = recording.digest();
    recording.say_all(all.iter().map(|it| (it.topic.as_str(), it.bytes.clone()))).await;
    assert_eq!(recording.digest(), before);
    recording.goes_on().await;
    recording.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn recorded_messages_cut_at_each_byte_or_bent_in_some_change_nothing() {
    let mut recording = Recording::make().await;
    let dice = Dice::of(4_303);
    let before = recording.digest();
    let up = recording.up.clone();
    let cuts: Vec<_> =
        up.iter().flat_map(|it| (0..it.bytes.len()).map(|end| (it.topic.as_str(), it.bytes[..end].to_vec()))).collect();
    assert!(recording.say_all(cuts).await > 500);
    assert_eq!(recording.digest(), before, "cut");
    let bent: Vec<_> = (0..mutations())
        .map(|_| {
            let message = &up[dice.below(up.len())];
            let mut bytes = message.bytes.clone();
            for _ in 0..=dice.below(4) {
                let at = dice.below(bytes.len());
                match dice.below(4) {
                    0 => bytes[at] ^= 1 << dice.below(8),
                    1 => bytes[at] = u8::try_from(dice.below(256)).unwrap(),
                    2 => drop(bytes.remove(at)),
                    _ => bytes.insert(at, u8::try_from(dice.below(256)).unwrap()),
                }
            }
            (message.topic.as_str(), bytes)
        })
        .collect();
    recording.say_all(bent).await;
    assert_eq!(recording.digest(), before, "bent");
    recording.goes_on().await;
    recording.world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bent_plain_messages_harm_nobody_and_open_nothing_for_a_strange_card() {
    let mut recording = Recording::make().await;
    recording.world.provision("ponant-laser", false).await;
    let dice = Dice::of(8_259);
    let id = ControllerId::parse("ponant-laser").unwrap();
    let before = recording.digest();
    let ask = br#"{"nonce":"000102030405060708090a0b0c0d0e0f","machine":"laser-ponant","reading":{"uid":"04777777"}}"#;
    let report = br#"{"event":"ended","machine":"laser-ponant","session":"0001020304050607","relay":false,"used":12}"#;
    let bent: Vec<_> = (0..mutations())
        .map(|i| {
            let (channel, text) = if i % 2 == 0 { (Channel::Ask, &ask[..]) } else { (Channel::Report, &report[..]) };
            let mut bytes = text.to_vec();
            for _ in 0..=dice.below(3) {
                let at = dice.below(bytes.len());
                match dice.below(4) {
                    0 => bytes[at] ^= 1 << dice.below(8),
                    1 => bytes.truncate(at.max(1)),
                    2 => bytes.extend_from_within(at..),
                    _ => bytes.insert(at, br#"{}[]",:e-\u"#[dice.below(11)]),
                }
            }
            (channel.topic(&id), bytes)
        })
        .collect();
    recording.say_all(bent.iter().map(|(topic, bytes)| (topic.as_str(), bytes.clone()))).await;
    assert_eq!(recording.digest(), before);
    recording.goes_on().await;
    recording.world.running.stop().await;
}
