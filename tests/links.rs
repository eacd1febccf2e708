//! Links over the wire: hello and welcome, what takes a link up, what is dropped, and what a repeat is answered.

use tremen_rules::Level;
use tremen_server::machines::simulated_card::SimulatedCard;
use tremen_wire::{Answer, Ask, Event, Hello, Intent, Link, Outcome, Reading, Report, Up, Verdict};

use crate::raw::{Raw, denied, done, granted, uid, verdict};
use crate::world::{World, id, operator};

const LASER: &str = "trotec-speedy";
const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];
const YANN: [u8; 7] = [4, 9, 9, 9, 9, 9, 9];

async fn easy() -> World {
    let world = World::easy().await;
    world.person("anna", &ANNA, false).await;
    world.person("yann", &YANN, false).await;
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repeated_hello_gets_the_same_welcome_while_its_link_is_pending_or_current_and_nothing_after() {
    let world = easy().await;
    for (name, sealed) in [("ubo-laser", true), ("capucins-3d", false)] {
        let mut raw = Raw::connected(&world, name, sealed).await;
        let first = raw.hello(&[]);
        let link = raw.greet(&first).await.link;
        assert_eq!(raw.greet(&first).await.link, link, "pending");
        raw.take_up(link).await;
        assert_eq!(raw.greet(&first).await.link, link, "current");
        let second = raw.hello(&[]);
        let newer = raw.greet(&second).await.link;
        assert_ne!(newer, link);
        assert_eq!(raw.greet(&first).await.link, link, "current until the newer one is taken up");
        raw.take_up(newer).await;
        raw.say(&Up::Hello(first));
        raw.hears_nothing().await;
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replayed_or_invented_hello_cuts_nobody_off() {
    let world = easy().await;
    let mut raw = Raw::connected(&world, "ubo-laser", true).await;
    let old: Vec<Hello> = (0..3).map(|_| raw.hello(&[])).collect();
    for hello in &old {
        raw.greet(hello).await;
    }
    raw.link_up(&[]).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    for hello in &old {
        raw.say(&Up::Hello(hello.clone())); // their links are gone: silence
    }
    let unused = raw.hello(&[]);
    raw.greet(&unused).await; // a hello of the controller's that never led to a link
    raw.report(Event::Alive, LASER, session);
    assert!(raw.lease().await.lease_s > 0);
    assert_eq!(world.session(session).ended_at, None);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_pending_links_the_newest_8_are_kept_and_one_taken_up_ends_the_older_ones_alone() {
    let world = easy().await;
    let mut raw = Raw::connected(&world, "ubo-laser", true).await;
    let mut links = Vec::new();
    for _ in 0..9 {
        let hello = raw.hello(&[]);
        links.push(raw.greet(&hello).await.link);
    }
    let linked = |link: Link| Up::Report(Report { link: Some(link), n: Some(1), ..Report::new(Event::Linked) });
    raw.say(&linked(links[0]));
    raw.hears_nothing_but_a_welcome().await; // a tenth: now links[1] is gone too
    raw.say(&linked(links[1]));
    raw.take_up(links[4]).await;
    raw.say(&linked(links[3]));
    raw.hears_nothing().await;
    raw.take_up(links[7]).await; // newer ones stay
    raw.say(&linked(links[4]));
    raw.hears_nothing().await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_the_hello_did_not_name_are_closed_when_the_link_becomes_current_and_not_before() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    raw.link_up(&[session]).await;
    assert_eq!(world.session(session).ended_at, None, "it was named");
    let hello = raw.hello(&[]);
    let link = raw.greet(&hello).await.link;
    assert_eq!(world.session(session).ended_at, None, "the link is pending");
    raw.take_up(link).await;
    assert_eq!(world.session(session).end_why.as_deref(), Some("not_running"));
    // The first good message takes a link up, whatever it is.
    let session = raw.start(LASER, uid(&YANN)).await;
    let hello = raw.hello(&[]);
    raw.link = Some(raw.greet(&hello).await.link);
    raw.n = 0;
    let answer = raw.tap(LASER, uid(&ANNA), Intent::Use).await;
    assert_ne!(granted(&answer), session);
    assert_eq!(world.session(session).end_why.as_deref(), Some("not_running"));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn open_orders_are_sent_when_a_link_becomes_current() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    world.change(move |tx| tremen_server::flows::stop_session::run(tx, &operator(), session)).await;
    let order = raw.order().await;
    let hello = raw.hello(&[session]);
    raw.link = Some(raw.greet(&hello).await.link);
    raw.n = 0;
    raw.say_linked();
    let (first, second) = (raw.hear().await, raw.hear().await);
    let again = [first, second].into_iter().find_map(|down| match down {
        tremen_wire::Down::Order(order) => Some(order),
        tremen_wire::Down::Welcome(_) | tremen_wire::Down::Answer(_) | tremen_wire::Down::Lease(_) => None,
    });
    let again = again.unwrap();
    assert_eq!((again.link, again.number, again.session), (raw.link, order.number, Some(session)));
    raw.settle(Event::Confirmed, &again, Some(false));
    raw.link_up(&[session]).await;
    raw.hears_nothing().await; // confirmed: it is not sent any more
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_an_unknown_link_gets_silence() {
    let world = easy().await;
    for (name, sealed, machine) in [("ubo-laser", true, LASER), ("capucins-3d", false, PRINTER)] {
        let mut raw = Raw::linked(&world, name, sealed).await;
        let stray = Some(Link([0xee; 8]));
        let ask = Ask { link: stray, n: Some(1), ..raw.ask(machine, uid(&ANNA), Intent::Use) };
        raw.say(&Up::Ask(ask));
        raw.say(&Up::Report(Report { link: stray, n: Some(1), ..Report::new(Event::Linked) }));
        raw.hears_nothing().await;
        assert!(world.look(|tx| tx.open_session_on(machine)).is_none());
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sealed_message_without_link_or_counter_or_seal_is_not_taken() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let ask = raw.ask(LASER, uid(&ANNA), Intent::Use);
    // Unsealed: silence, even though it is well formed in plain.
    let plain = Up::Ask(ask.clone()).encode(&raw.id, tremen_wire::Protection::Plain);
    raw.say_bytes(tremen_wire::Channel::Ask, &plain);
    // Sealed with another key: silence.
    let other = tremen_wire::Key::new([8; 32]);
    raw.say_bytes(
        tremen_wire::Channel::Ask,
        &Up::Ask(ask.clone()).encode(&raw.id, tremen_wire::Protection::Sealed(&other)),
    );
    // Sealed for another topic: silence.
    let elsewhere = raw.encode(&Up::Ask(ask.clone()));
    raw.say_bytes(tremen_wire::Channel::Report, &elsewhere);
    raw.hears_nothing().await;
    // Sealed well, but without its counter: malformed, and answered because its nonce can be read.
    let answer = raw.asks(&Ask { n: None, ..ask.clone() }).await;
    assert_eq!(denied(&answer), ["controller_not_trusted"]);
    // The nonce is not used up by that.
    let again = Ask { n: raw.next_n(), ..ask };
    assert_eq!(verdict(&raw.asks(&again).await), Verdict::Grant);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_counts_once_and_not_64_below_the_highest() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let link = raw.link;
    let linked = |n: u64| Up::Report(Report { link, n: Some(n), ..Report::new(Event::Linked) });
    for n in [100, 36, 37, 37, 100, 99, 0, 101] {
        raw.say(&linked(n));
    }
    for counted in [100, 37, 99, 101] {
        assert_eq!(raw.lease().await.n, Some(counted));
    }
    raw.n = 101;
    // An ask with a counter that was seen, and a nonce that was not.
    let ask = raw.ask(LASER, uid(&ANNA), Intent::Use);
    raw.say(&Up::Ask(Ask { n: Some(100), ..ask }));
    raw.hears_nothing().await;
    assert!(world.look(|tx| tx.open_session_on(LASER)).is_none());
    // The greatest counters count once too, and end the link for all lower ones.
    for n in [u64::MAX - 1, u64::MAX] {
        raw.say(&linked(n));
        assert_eq!(raw.lease().await.n, Some(n));
        raw.say(&linked(n));
        raw.hears_nothing_but_a_welcome().await;
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_repeat_of_an_ask_is_answered_with_the_stored_answer_for_10_s_and_is_a_replay_then() {
    let world = easy().await;
    for (name, sealed, machine) in [("ubo-laser", true, LASER), ("capucins-3d", false, PRINTER)] {
        let mut raw = Raw::linked(&world, name, sealed).await;
        let ask = raw.ask(machine, uid(&ANNA), Intent::Use);
        let first = raw.asks(&ask).await;
        assert_eq!(verdict(&first), Verdict::Grant);
        let before = decisions(&world);
        assert_eq!(raw.asks(&ask).await, first);
        world.later(9_999).await;
        assert_eq!(raw.asks(&ask).await, first);
        assert_eq!(decisions(&world), before, "a repeat is no decision of its own");
        world.later(1).await;
        assert_eq!(denied(&raw.asks(&ask).await), ["replayed_request"]);
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_denial_is_repeated_too_and_stays_a_denial_when_the_facts_change() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let ask = raw.ask(LASER, uid(&[4, 7, 7, 7]), Intent::Use);
    assert_eq!(denied(&raw.asks(&ask).await), ["unknown_card"]);
    world.person("zoe", &[4, 7, 7, 7], false).await;
    assert_eq!(denied(&raw.asks(&ask).await), ["unknown_card"]);
    assert_eq!(verdict(&raw.tap(LASER, uid(&[4, 7, 7, 7]), Intent::Use).await), Verdict::Grant);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_bytes_under_a_used_nonce_are_a_replay() {
    let world = easy().await;
    for (name, sealed, machine) in [("ubo-laser", true, LASER), ("capucins-3d", false, PRINTER)] {
        let mut raw = Raw::linked(&world, name, sealed).await;
        let ask = raw.ask(machine, uid(&[4, 7, 7, 7]), Intent::Use);
        assert_eq!(denied(&raw.asks(&ask).await), ["unknown_card"]);
        let forged = Ask { reading: uid(&ANNA), ..ask.clone() };
        let answer = raw.asks(&forged).await;
        assert_eq!(denied(&answer), ["replayed_request"], "with the same counter");
        let forged = Ask { n: raw.next_n(), ..forged };
        let answer = raw.asks(&forged).await;
        assert_eq!(denied(&answer), ["replayed_request"], "with another counter");
        assert!(world.look(|tx| tx.open_session_on(machine)).is_none());
        assert_eq!(denied(&raw.asks(&ask).await), ["unknown_card"], "the first one's answer still stands");
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stored_grant_whose_session_is_over_or_told_to_stop_is_a_denial_with_that_reason() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    // Ended by its owner's tap: the ask was served.
    let ask = raw.ask(LASER, uid(&ANNA), Intent::Use);
    let session = granted(&raw.asks(&ask).await);
    assert_eq!(done(&raw.tap(LASER, uid(&ANNA), Intent::End).await), Some(session));
    assert_eq!(denied(&raw.asks(&ask).await), ["replayed_request"]);
    // Told to stop by a lock: that is the reason.
    let ask = raw.ask(LASER, uid(&ANNA), Intent::Use);
    let session = granted(&raw.asks(&ask).await);
    world.lock(LASER).await;
    let (stop, lock) = (raw.order().await, raw.order().await);
    assert_eq!((stop.session, stop.reason.as_deref()), (Some(session), Some("machine_out_of_service")));
    assert_eq!(denied(&raw.asks(&ask).await), ["machine_out_of_service"]);
    // And so it stays once it has stopped.
    raw.settle(Event::Confirmed, &stop, Some(false));
    raw.settle(Event::Confirmed, &lock, None);
    raw.hears_nothing().await;
    assert!(world.session(session).ended_at.is_some());
    assert_eq!(denied(&raw.asks(&ask).await), ["machine_out_of_service"]);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ask_20_s_behind_the_registrys_clock_is_a_replay() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let now_s = world.now().unix_seconds();
    for (at_s, fresh) in [(now_s - 19, true), (now_s - 20, false), (now_s + 5, true), (0, false)] {
        raw.at_s = at_s;
        let answer = raw.tap(LASER, uid(&ANNA), Intent::Use).await;
        if fresh {
            granted(&answer);
        } else {
            assert_eq!(denied(&answer), ["replayed_request"], "{at_s}");
        }
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secure_cards_message_counts_once_and_its_bare_number_is_no_secure_reading() {
    let world = World::start().await;
    world.laser_user("anna", &ANNA, true, Level::Autonomous).await;
    world.person("yann", &YANN, false).await;
    let keys = world.store.keys().clone();
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let mut card = SimulatedCard::new(ANNA);
    let (older, first, second) = (card.read(&keys), card.read(&keys), card.read(&keys));

    let answer = raw.tap(LASER, first.clone(), Intent::Use).await;
    let session = granted(&answer);
    assert_eq!(denied(&raw.tap(LASER, first, Intent::Use).await), ["replayed_request"], "the same message");
    assert_eq!(denied(&raw.tap(LASER, older, Intent::Use).await), ["replayed_request"], "an older message");
    assert_eq!(granted(&raw.tap(LASER, second, Intent::Use).await), session, "the next one");

    let Reading::Picc { picc, mac, text } = card.read(&keys) else { panic!("a secure card") };
    let forged = Reading::Picc { picc, mac: mac.map(|byte| byte ^ 1), text: text.clone() };
    assert_eq!(denied(&raw.tap(LASER, forged, Intent::Use).await), ["unknown_card"], "a wrong MAC");
    let said = Reading::Picc { picc, mac, text: Some("x".to_owned()) };
    assert_eq!(
        denied(&raw.tap(LASER, said, Intent::Use).await),
        ["unknown_card"],
        "a text that the MAC does not cover"
    );
    let good = Reading::Picc { picc, mac, text };
    assert_eq!(granted(&raw.tap(LASER, good, Intent::Use).await), session, "a forgery does not use up the counter");

    let mut copy = SimulatedCard::new(YANN);
    let strange = copy.read(&keys);
    assert_eq!(
        denied(&raw.tap(LASER, strange, Intent::Use).await),
        ["unknown_card"],
        "a card known by its number only"
    );
    let bare = raw.tap(LASER, uid(&ANNA), Intent::Use).await;
    assert_eq!(denied(&bare), ["card_assurance_too_low"], "the bare number of a secure card");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn order_numbers_are_above_the_last_order_of_the_hello_whatever_it_claims() {
    let world = easy().await;
    let mut raw = Raw::connected(&world, "ubo-laser", true).await;
    let hello = Hello { last_order: 41, ..raw.hello(&[]) };
    let link = raw.greet(&hello).await.link;
    raw.take_up(link).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    world.change(move |tx| tremen_server::flows::stop_session::run(tx, &operator(), session)).await;
    assert_eq!(raw.order().await.number, 42);
    // A controller that lies about it, perhaps in a thief's hands, must not keep a stop from being ordered.
    let hello = Hello { last_order: u64::MAX, ..raw.hello(&[]) };
    let link = raw.greet(&hello).await.link;
    raw.take_up(link).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    world.lock(LASER).await;
    assert_eq!(raw.order().await.session, Some(session));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_plain_device_without_link_and_counter_is_served_and_its_nonce_protects_it() {
    let world = easy().await;
    let mut raw = Raw::connected(&world, "capucins-3d", false).await;
    let ask = raw.ask(PRINTER, uid(&ANNA), Intent::Use);
    assert_eq!((ask.link, ask.n), (None, None));
    let answer = raw.asks(&ask).await;
    let session = granted(&answer);
    assert_eq!(raw.asks(&ask).await, answer);
    raw.report(Event::Alive, PRINTER, session);
    let lease = raw.lease().await;
    assert_eq!((lease.n, lease.session, lease.lease_s), (None, Some(session), 300));
    world.later(10_000).await;
    assert_eq!(denied(&raw.asks(&ask).await), ["replayed_request"]);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_is_not_the_controllers_is_unknown_to_it() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    for machine in [PRINTER, "no-such-machine", ""] {
        let Answer { outcome, machine: echoed, .. } = raw.tap(machine, uid(&ANNA), Intent::Use).await;
        assert_eq!(echoed, machine);
        assert!(matches!(&outcome, Outcome::Deny { reason, .. } if reason == "unknown_machine"), "{outcome:?}");
    }
    assert!(world.look(|tx| tx.open_session_on(id::<tremen_rules::MachineId>(PRINTER).as_str())).is_none());
    world.running.stop().await;
}

fn decisions(world: &World) -> usize {
    world.look(|tx| tx.decisions_after(0, tremen_rules::Time::from_millis(0), 1_000_000)).len()
}
