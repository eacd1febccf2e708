//! Orders over the wire: sent until they are settled, over restarts of either side.

use tremen_controller::Remembered;
use tremen_server::flows::{lock_machine, sessions, stop_session};
use tremen_server::machines::player::Happening;
use tremen_wire::{Action, Event, Intent, Report, SessionId, Up};

use crate::raw::{Raw, denied, granted, uid};
use crate::world::{PATIENCE, World, answered, id, operator, relay};

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

async fn stop(world: &World, session: SessionId) {
    world.change(move |tx| stop_session::run(tx, &operator(), session)).await;
}

/// How an order was settled, if it was.
fn settled(world: &World, controller: &str, number: u64) -> Option<String> {
    world.look(|tx| tx.order(&id(controller), number)).unwrap().settled
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_is_repeated_after_1_2_4_s_and_so_on_until_it_is_confirmed() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    stop(&world, session).await;
    let order = raw.order().await;
    for wait_s in [1, 2, 4, 8, 16, 32] {
        let due = world.now().plus_seconds(wait_s);
        world.until(|tx| Ok((tx.next_order_due()? == Some(due)).then_some(()))).await;
        world.later(wait_s * 1000 - 1).await;
        raw.hears_nothing().await;
        world.later(1).await;
        assert_eq!(raw.order().await, order);
        raw.report(Event::Alive, LASER, session);
        assert_eq!(raw.order().await, order, "its alive is answered by the stop, not by a lease");
    }
    // Then it says nothing any more: the session is closed, and its order is without purpose.
    let due = world.now().plus_seconds(60);
    world.until(|tx| Ok((tx.next_order_due()? == Some(due)).then_some(()))).await;
    world.later(60_000).await;
    assert_eq!(raw.order().await, order);
    world.later(10_000).await;
    let over = world.until(|tx| Ok(tx.session(session)?.filter(|row| row.ended_at.is_some()))).await;
    assert_eq!(over.end_why.as_deref(), Some("manager"));
    assert_eq!(settled(&world, "ubo-laser", order.number).as_deref(), Some("obsolete"));

    // An order that has no session is repeated at most every minute.
    world.lock(LASER).await;
    let lock = raw.order().await;
    for wait_s in [1, 2, 4, 8, 16, 32, 60, 60] {
        let due = world.now().plus_seconds(wait_s);
        world.until(|tx| Ok((tx.next_order_due()? == Some(due)).then_some(()))).await;
        world.later(wait_s * 1000).await;
        assert_eq!(raw.order().await, lock);
    }
    raw.settle(Event::Confirmed, &lock, None);
    world.until(|tx| Ok(tx.next_order_due()?.is_none().then_some(()))).await;
    world.later(3_600_000).await;
    raw.hears_nothing().await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmed_stop_is_begun_and_only_an_open_relay_or_ended_means_stopped() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    for by in ["confirmed", "relay", "ended"] {
        let session = raw.start(LASER, uid(&ANNA)).await;
        stop(&world, session).await;
        let order = raw.order().await;
        let relay = Some(by != "confirmed");
        raw.settle(Event::Confirmed, &order, relay);
        raw.hears_nothing().await;
        assert_eq!(settled(&world, "ubo-laser", order.number).as_deref(), Some("confirmed"));
        if by == "relay" {
            assert_eq!(world.session(session).ended_at, None, "the stop policy runs");
            let report = Report { machine: Some(LASER.to_owned()), relay: Some(false), ..Report::new(Event::Relay) };
            let report = Report { link: raw.link, n: raw.next_n(), ..report };
            raw.say(&Up::Report(report));
            raw.hears_nothing().await;
        } else if by == "ended" {
            assert_eq!(world.session(session).ended_at, None, "the stop policy runs");
            raw.report(Event::Ended, LASER, session);
            assert_eq!(raw.lease().await.lease_s, 0);
        }
        assert_eq!(world.session(session).end_why.as_deref(), Some("manager"), "{by}");
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_stop_settles_the_order_and_not_the_session() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    stop(&world, session).await;
    let order = raw.order().await;
    raw.settle(Event::Refused, &order, None);
    raw.hears_nothing().await;
    assert_eq!(settled(&world, "ubo-laser", order.number).as_deref(), Some("refused"));
    assert_eq!(world.session(session).ended_at, None);
    // It runs after all, and is told again.
    raw.report(Event::Alive, LASER, session);
    assert_eq!(raw.order().await.session, Some(session));
    // Nobody uses the machine before it is known to have stopped, its owner neither.
    assert_eq!(denied(&raw.tap(LASER, uid(&ANNA), Intent::Use).await).len(), 1);
    assert_eq!(denied(&raw.tap(LASER, uid(&YANN), Intent::Use).await), ["machine_busy"]);
    world.later(70_000).await;
    world.until(|tx| Ok(tx.session(session)?.filter(|row| row.ended_at.is_some()))).await;
    raw.at_s += 70;
    granted(&raw.tap(LASER, uid(&YANN), Intent::Use).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_nobody_confirmed_survives_a_restart_of_the_registry() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    // One is sent and not confirmed; one is given while nobody is there to send it.
    stop(&world, session).await;
    let order = raw.order().await;
    let request = lock_machine::Request { machine: id(LASER), until: None };
    let world = world.restart(move |tx| lock_machine::run(tx, &operator(), &request).map(drop)).await;
    let mut raw = Raw::dial(&world, &world.login("ubo-laser"), true).await;
    let mut hello = raw.hello(&[session]);
    hello.challenge.0[0] = 1; // the controller went on: this is not its first challenge
    hello.last_order = order.number;
    raw.link = Some(raw.greet(&hello).await.link);
    let n = raw.say_linked();
    let mut orders = Vec::new();
    let mut lease = None;
    while orders.len() < 2 || lease.is_none() {
        match raw.hear().await {
            tremen_wire::Down::Order(order) => orders.push(order),
            tremen_wire::Down::Lease(noted) => lease = noted.n,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(lease, Some(n));
    let told: Vec<_> = orders.iter().map(|order| (order.number, order.action, order.session)).collect();
    assert_eq!(told, [(order.number, Action::Stop, Some(session)), (order.number + 1, Action::Lock, None)]);
    raw.settle(Event::Confirmed, &orders[0], Some(false));
    raw.settle(Event::Confirmed, &orders[1], None);
    raw.hears_nothing().await;
    assert!(world.session(session).ended_at.is_some());
    assert_eq!(world.look(|tx| tx.open_orders(&id("ubo-laser"))), []);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_without_power_learns_at_its_next_start_that_its_machine_is_locked() {
    let world = easy().await;
    let mut player = world.controller("ubo-laser", true).await;
    player.tap(LASER, uid(&ANNA), Intent::Use);
    relay(&mut player, true).await;
    let session = world.until(|tx| tx.open_session_on(LASER)).await.session;
    player.cut().await;
    world.lock(LASER).await;
    assert_eq!(world.session(session).stop_why.as_deref(), Some("machine_out_of_service"));
    // It starts without the session, which is over then; its stop is without purpose, the lock is not.
    let mut player = world.power_up("ubo-laser", true, Remembered::default()).await;
    let remembered = player
        .wait_for(PATIENCE, |it| match it {
            Happening::Remembers(remembered) if remembered.locked.contains(LASER) => Some(remembered.clone()),
            _ => None,
        })
        .await
        .unwrap();
    world.until(|tx| Ok(tx.open_orders(&id("ubo-laser"))?.is_empty().then_some(()))).await;
    assert_eq!(world.session(session).end_why.as_deref(), Some("machine_out_of_service"));
    player.cut().await;
    // After another start it stays locked, and the numbers go on above the last.
    let mut player = world.power_up("ubo-laser", true, remembered.clone()).await;
    world.change(|tx| tremen_server::flows::unlock_machine::run(tx, &operator(), &id(LASER))).await;
    let unlocked = player
        .wait_for(PATIENCE, |it| match it {
            Happening::Remembers(remembered) if remembered.locked.is_empty() => Some(remembered.clone()),
            _ => None,
        })
        .await
        .unwrap();
    assert!(unlocked.last_order > remembered.last_order);
    player.tap(LASER, uid(&YANN), Intent::Use);
    relay(&mut player, true).await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_controller_stops_when_it_is_told_and_the_registry_hears_of_it() {
    let world = easy().await;
    let mut player = world.controller("capucins-3d", false).await;
    player.tap(PRINTER, uid(&ANNA), Intent::Use);
    relay(&mut player, true).await;
    let session = world.until(|tx| tx.open_session_on(PRINTER)).await.session;
    // A right that is reviewed away is stopped in the same transaction.
    world
        .change(|tx| {
            let card = tx.card_by_uid(&ANNA)?.unwrap();
            tx.block_card(&card.card, "lost")?;
            let entry = tx.record("card_blocked", &serde_json::json!({}))?;
            sessions::review_person(tx, &card.person, entry)
        })
        .await;
    relay(&mut player, false).await;
    let over = world.until(|tx| Ok(tx.session(session)?.filter(|row| row.ended_at.is_some()))).await;
    assert_eq!(over.end_why.as_deref(), Some("card_blocked"));
    world.until(|tx| Ok(tx.open_orders(&id("capucins-3d"))?.is_empty().then_some(()))).await;
    player.tap(PRINTER, uid(&ANNA), Intent::Use);
    let answer = answered(&mut player).await;
    assert_eq!(denied(&answer), ["card_blocked"]);
    world.running.stop().await;
}
