//! Sessions over the wire: leases, ends, toggles, and what the public sees of a machine.

use tremen_rules::Level;
use tremen_rules::dossier::Role;
use tremen_wire::{Action, Capability, Event, Intent, Report, SessionId, StopPolicy, Up};

use crate::listener::Listener;
use crate::raw::{Raw, denied, done, granted, uid};
use crate::world::{World, ask_for_nothing, id, operator};

const LASER: &str = "trotec-speedy";
const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 7] = [4, 1, 2, 3, 4, 5, 6];
const YANN: [u8; 7] = [4, 9, 9, 9, 9, 9, 9];

async fn easy() -> World {
    let world = World::easy().await;
    people(&world).await;
    world
}

async fn people(world: &World) {
    world.person("anna", &ANNA, false).await;
    world.person("yann", &YANN, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alive_renews_the_lease_and_the_reply_echoes_its_counter() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await);
    let granted_until = world.session(session).lease_until;
    for event in [Event::Started, Event::Alive, Event::Alive] {
        world.later(20_000).await;
        let report = raw.about(event, LASER, session);
        raw.say(&Up::Report(report.clone()));
        let lease = raw.lease().await;
        assert_eq!((lease.n, lease.link, lease.session), (report.n, raw.link, Some(session)));
        assert_eq!((lease.lease_s, lease.on_lost), (60, Some(StopPolicy::Graceful { seconds: 20 })));
        assert_eq!(world.session(session).lease_until, world.now().plus_seconds(60));
    }
    assert_eq!(world.session(session).lease_until, granted_until.plus_seconds(60));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alive_of_a_session_that_is_over_is_answered_by_an_order_to_stop() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    raw.tap(LASER, uid(&ANNA), Intent::End).await;
    raw.report(Event::Alive, LASER, session);
    let order = raw.order().await;
    assert_eq!((order.action, order.session, order.link), (Action::Stop, Some(session), raw.link));
    assert_eq!(order.stop, Some(StopPolicy::Graceful { seconds: 20 }));
    // The same one, while it is not settled; the outbox sends it too.
    raw.settle(Event::Confirmed, &order, Some(false));
    // A session that nobody ever granted.
    let invented = SessionId([0xee; 8]);
    raw.report(Event::Alive, LASER, invented);
    let mut named = Vec::new();
    while !named.contains(&Some(invented)) {
        named.push(raw.order().await.session);
    }
    assert!(world.look(|tx| tx.open_session_on(LASER)).is_none());
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_controllers_session_is_closed_10_s_after_its_lease_and_its_machine_shows_silent_until_it_speaks() {
    let world = easy().await;
    let mut public = Listener::start(&world, &["tremen/1/machines/#"]).await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    public.state(LASER, "in_use").await;
    world.later(69_999).await;
    raw.hears_nothing().await; // nobody closed it yet, and the look at the clock is over:
    assert_eq!(world.session(session).ended_at, None);
    world.later(1).await;
    let ended = world.until(|tx| Ok(tx.session(session)?.filter(|row| row.ended_at.is_some()))).await;
    assert_eq!(ended.end_why.as_deref(), Some("silent"));
    public.state(LASER, "silent").await;
    raw.report(Event::Alive, LASER, session);
    assert_eq!(raw.order().await.session, Some(session));
    public.state(LASER, "free").await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_controller_is_silent_at_all_of_its_machines() {
    let world = World::with(|network| {
        ask_for_nothing(network);
        // The second printer moves to the controller of the first.
        let venue = network.venues["capucins"].id.clone();
        network.machines.get_mut("prusa-1").unwrap().venue = venue;
        network.controllers.remove("tyfab-atelier");
        network.controllers.get_mut("capucins-3d").unwrap().machines.push(id("prusa-1"));
    })
    .await;
    people(&world).await;
    let mut public = Listener::start(&world, &["tremen/1/machines/#"]).await;
    let mut raw = Raw::linked(&world, "capucins-3d", false).await;
    raw.start(PRINTER, uid(&ANNA)).await;
    world.later(310_000).await;
    public.states(&[(PRINTER, "silent"), ("prusa-1", "silent")]).await;
    raw.say_linked();
    public.states(&[(PRINTER, "free"), ("prusa-1", "free")]).await;
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_ended_gets_a_lease_of_0_each_time_and_the_longest_use_counts() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    for used in [12, 99] {
        let report = Report { used_s: Some(used), ..raw.about(Event::Ended, LASER, session) };
        raw.say(&Up::Report(report.clone()));
        let lease = raw.lease().await;
        assert_eq!((lease.n, lease.lease_s, lease.session), (report.n, 0, Some(session)));
        let row = world.session(session);
        assert_eq!((row.end_why.as_deref(), row.used_s), (Some("ended"), used));
    }
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_overtaken_by_a_newer_word_about_a_session_does_not_count() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await);
    let started = raw.about(Event::Started, LASER, session);
    let ended = raw.about(Event::Ended, LASER, session);
    let alive = raw.about(Event::Alive, LASER, session);
    raw.say(&Up::Report(alive.clone()));
    assert_eq!(raw.lease().await.n, alive.n);
    raw.say(&Up::Report(started));
    raw.say(&Up::Report(ended));
    raw.hears_nothing().await;
    assert_eq!(world.session(session).ended_at, None);
    raw.report(Event::Ended, LASER, session);
    assert_eq!(raw.lease().await.lease_s, 0);
    assert!(world.session(session).ended_at.is_some());
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_about_another_controllers_session_changes_nothing() {
    let world = easy().await;
    let mut laser = Raw::linked(&world, "ubo-laser", true).await;
    let mut printer = Raw::linked(&world, "capucins-3d", false).await;
    let session = laser.start(LASER, uid(&ANNA)).await;
    printer.report(Event::Ended, LASER, session);
    assert_eq!(printer.lease().await.lease_s, 0);
    printer.report(Event::Ended, PRINTER, session);
    assert_eq!(printer.lease().await.lease_s, 0);
    printer.say(&Up::Report(Report {
        machine: Some(LASER.to_owned()),
        relay: Some(false),
        ..Report::new(Event::Relay)
    }));
    printer.hears_nothing().await;
    assert_eq!(world.session(session).ended_at, None);
    printer.report(Event::Alive, LASER, session);
    assert_eq!(printer.lease().await.lease_s, 0, "not even one of its machines");
    laser.report(Event::Alive, LASER, session);
    assert_eq!(laser.lease().await.lease_s, 60);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_toggle_ends_ones_own_session_and_starts_one_otherwise() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = granted(&raw.tap(LASER, uid(&ANNA), Intent::Toggle).await);
    assert_eq!(denied(&raw.tap(LASER, uid(&YANN), Intent::Toggle).await), ["machine_busy"]);
    assert_eq!(world.session(session).ended_at, None, "a tap by somebody else ends nothing");
    assert_eq!(done(&raw.tap(LASER, uid(&ANNA), Intent::Toggle).await), Some(session));
    assert!(world.session(session).ended_at.is_some());
    assert_ne!(granted(&raw.tap(LASER, uid(&ANNA), Intent::Toggle).await), session);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_ended_by_its_owner_by_staff_of_the_venue_and_by_nobody_else() {
    let world = easy().await;
    let staff = [
        ("trainer", [4, 8, 0, 1], Role::Trainer, "venue:ubo", true),
        ("manager", [4, 8, 0, 2], Role::Manager, "venue:ubo", true),
        ("elsewhere", [4, 8, 0, 3], Role::Manager, "venue:ponant", false),
        ("referent", [4, 8, 0, 4], Role::Referent, "machine:trotec-speedy", false),
        ("admin", [4, 8, 0, 5], Role::NetworkAdmin, "network", false),
    ];
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    assert_eq!(done(&raw.tap(LASER, uid(&ANNA), Intent::End).await), None, "nothing to end");
    for (key, card, role, scope, may) in staff {
        let person = world.person(key, &card, false).await;
        world.role(&person, role, scope).await;
        let session = granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await);
        let answer = raw.tap(LASER, uid(&card), Intent::End).await;
        if may {
            assert_eq!(done(&answer), Some(session), "{key}");
            assert_eq!(world.session(session).end_why.as_deref(), Some("staff"));
        } else {
            assert_eq!(denied(&answer), ["machine_busy"], "{key}");
            assert_eq!(world.session(session).ended_at, None);
        }
    }
    let session = granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await);
    assert_eq!(denied(&raw.tap(LASER, uid(&YANN), Intent::End).await), ["machine_busy"]);
    assert_eq!(done(&raw.tap(LASER, uid(&ANNA), Intent::End).await), Some(session));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_owner_who_taps_again_gets_the_same_session_with_a_new_lease() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    world.later(30_000).await;
    raw.at_s += 30;
    assert_eq!(granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await), session);
    assert_eq!(world.session(session).lease_until, world.now().plus_seconds(60));
    assert_eq!(denied(&raw.tap(LASER, uid(&YANN), Intent::Use).await), ["machine_busy"]);
    world.lock(LASER).await;
    raw.order().await;
    raw.order().await;
    assert_eq!(denied(&raw.tap(LASER, uid(&ANNA), Intent::Use).await), ["machine_out_of_service"]);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_told_to_stop_at_its_longest_time() {
    let world = World::with(|network| {
        ask_for_nothing(network);
        network.machines.get_mut(LASER).unwrap().max_session_minutes = Some(1);
    })
    .await;
    people(&world).await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let answer = raw.tap(LASER, uid(&ANNA), Intent::Use).await;
    let session = granted(&answer);
    let end = world.now().plus_seconds(60).unix_seconds();
    assert!(matches!(answer.outcome, tremen_wire::Outcome::Grant { until_s: Some(until), .. } if until == end));
    world.later(59_999).await;
    raw.report(Event::Alive, LASER, session);
    assert_eq!(raw.lease().await.until_s, Some(end));
    world.later(1).await;
    let order = raw.order().await;
    assert_eq!((order.session, order.reason.as_deref()), (Some(session), Some("max_session")));
    raw.report(Event::Alive, LASER, session);
    assert_eq!(raw.order().await.number, order.number, "it gets no lease any more");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_machine_is_told_to_stop_and_one_under_load_goes_on() {
    for (load, used) in [(Some(4_000), None), (None, Some(20)), (Some(99), None), (None, None)] {
        let goes_on = load.is_some_and(|load| load >= 100) || used.is_some();
        let world = World::with(|network| {
            ask_for_nothing(network);
            network.machines.get_mut(LASER).unwrap().idle_minutes = Some(1);
        })
        .await;
        people(&world).await;
        let mut raw = Raw::connected(&world, "ubo-laser", true).await;
        raw.capabilities.push(Capability::Load);
        raw.link_up(&[]).await;
        let session = raw.start(LASER, uid(&ANNA)).await;
        world.later(40_000).await;
        let report = Report { load_ma: load, used_s: used, ..raw.about(Event::Alive, LASER, session) };
        raw.say(&Up::Report(report));
        assert_eq!(raw.lease().await.lease_s, 60);
        world.later(20_000).await;
        if goes_on {
            raw.hears_nothing().await;
            world.later(19_999).await;
            raw.report(Event::Alive, LASER, session);
            assert_eq!(raw.lease().await.lease_s, 60);
            world.later(20_001).await;
        }
        let order = raw.order().await;
        assert_eq!((order.session, order.reason.as_deref()), (Some(session), Some("idle")), "{load:?} {used:?}");
        world.running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_ends_on_its_day_stops_its_session_without_a_tap() {
    let world = World::start().await;
    let anna = world.laser_user("anna", &ANNA, true, Level::Autonomous).await;
    let mut card = tremen_server::machines::simulated_card::SimulatedCard::new(ANNA);
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let reading = card.read(world.store.keys());
    let session = raw.start(LASER, reading).await;
    // The venue closes at 18:00; a restriction begins before.
    let from = world.now().plus_seconds(50);
    world
        .change(move |tx| {
            let request = tremen_server::flows::restrict_person::Request {
                person: anna,
                scope: tremen_rules::Scope::parse("venue:ubo").unwrap(),
                from: Some(from),
                until: None,
            };
            tremen_server::flows::restrict_person::run(tx, &operator(), &request)
        })
        .await;
    raw.report(Event::Alive, LASER, session);
    assert_eq!(raw.lease().await.until_s, Some(from.unix_seconds()));
    world.later(50_000).await;
    let order = raw.order().await;
    assert_eq!((order.session, order.reason.as_deref()), (Some(session), Some("person_suspended_here")));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lock_that_ends_by_itself_unlocks_the_controller_and_frees_the_machine() {
    let world = easy().await;
    let mut public = Listener::start(&world, &["tremen/1/machines/#"]).await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let until = world.now().plus_seconds(600);
    world
        .change(move |tx| {
            let request = tremen_server::flows::lock_machine::Request { machine: id(LASER), until: Some(until) };
            tremen_server::flows::lock_machine::run(tx, &operator(), &request)
        })
        .await;
    let lock = raw.order().await;
    assert_eq!(lock.action, Action::Lock);
    raw.settle(Event::Confirmed, &lock, None);
    raw.hears_nothing().await;
    public.state(LASER, "locked").await;
    raw.at_s += 600;
    world.later(600_000).await;
    let unlock = raw.order().await;
    assert_eq!(unlock.action, Action::Unlock);
    assert!(unlock.number > lock.number);
    public.state(LASER, "free").await;
    granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_stop_policy_keeps_the_machine_from_the_next_person_while_its_controller_speaks() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "capucins-3d", false).await;
    let session = raw.start(PRINTER, uid(&ANNA)).await;
    world.change(move |tx| tremen_server::flows::stop_session::run(tx, &operator(), session)).await;
    let order = raw.order().await;
    raw.settle(Event::Confirmed, &order, Some(true));
    raw.hears_nothing().await; // it is settled, and not sent again, before the clock moves
    for _ in 0..10 {
        world.later(100_000).await; // well beyond the lease of five minutes
        raw.report(Event::Alive, PRINTER, session);
        assert_eq!(raw.order().await.number, order.number, "no lease, and no new order");
    }
    assert_eq!(denied(&raw.tap(PRINTER, uid(&YANN), Intent::Use).await), ["machine_busy"]);
    assert_eq!(denied(&raw.tap(PRINTER, uid(&ANNA), Intent::Use).await), ["machine_busy"], "not before it has stopped");
    raw.report(Event::Ended, PRINTER, session);
    assert_eq!(raw.lease().await.lease_s, 0);
    granted(&raw.tap(PRINTER, uid(&YANN), Intent::Use).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_alive_that_its_ended_overtook_orders_nothing() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    let alive = raw.about(Event::Alive, LASER, session);
    raw.report(Event::Ended, LASER, session);
    assert_eq!(raw.lease().await.lease_s, 0);
    raw.say(&Up::Report(alive));
    raw.hears_nothing().await;
    assert_eq!(world.look(|tx| tx.open_orders(&id("ubo-laser"))), []);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_open_relay_of_before_a_grant_says_nothing_of_its_session() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let open = Report { machine: Some(LASER.to_owned()), relay: Some(false), ..Report::new(Event::Relay) };
    let open = Report { link: raw.link, n: raw.next_n(), ..open };
    let session = granted(&raw.tap(LASER, uid(&ANNA), Intent::Use).await);
    world.change(move |tx| tremen_server::flows::stop_session::run(tx, &operator(), session)).await;
    raw.order().await;
    raw.say(&Up::Report(open));
    raw.hears_nothing().await;
    assert_eq!(world.session(session).ended_at, None, "its stop is still on its way");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_longest_time_reaches_a_session_that_runs() {
    let world = easy().await;
    let mut raw = Raw::linked(&world, "ubo-laser", true).await;
    let session = raw.start(LASER, uid(&ANNA)).await;
    crate::world::declare(&world.store, |network| {
        ask_for_nothing(network);
        network.machines.get_mut(LASER).unwrap().max_session_minutes = Some(1);
    })
    .await;
    world.change(|tx| tremen_server::flows::sessions::review_all(tx, 1)).await;
    world.later(60_000).await;
    let order = raw.order().await;
    assert_eq!((order.session, order.reason.as_deref()), (Some(session), Some("max_session")));
    world.running.stop().await;
}
