//! A clock that is set: doubted, believed, and what goes on all the while as if nothing had happened.

use std::sync::Arc;

use tremen_rules::dossier::Role;
use tremen_rules::network::Hazard;
use tremen_rules::{CardId, Level, Scope, Time};
use tremen_server::clock::{Clock as _, Doubt, ManualClock};
use tremen_server::flows::believe_clock::{self, Trust};
use tremen_server::flows::{
    Actor, FlowError, Warrant, award_reference, block_card, lock_machine, restrict_person, revoke_award, suspend_award,
    unlock_machine,
};
use tremen_server::serve::{Parts, start};
use tremen_server::store::Store;
use tremen_server::timekeeping;
use tremen_wire::{Answer, Event, Intent, Outcome, Up};

use crate::raw::{Raw, denied, granted, uid};
use crate::world::{THURSDAY, World, ask_for_nothing, embedded, id, open_store, operator, sample};

const RED: &str = "trotec-speedy";
const GREEN: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];
const BRUNO: [u8; 4] = [4, 4, 5, 6];

const HOUR: i64 = 3_600_000;
const YEAR: i64 = 365 * 24 * HOUR;

/// A red machine behind a sealed controller whose sessions last half an hour at most, and green ones; they ask for nothing.
async fn workshop() -> (World, Raw) {
    let world = World::with(|network| {
        ask_for_nothing(network);
        let red = network.machines.get_mut(RED).unwrap();
        red.hazard = Hazard::Red;
        red.max_session_minutes = Some(30);
    })
    .await;
    world.person("anna", &ANNA, false).await;
    world.person("bruno", &BRUNO, false).await;
    let raw = Raw::linked(&world, "ubo-laser", true).await;
    (world, raw)
}

async fn accept(store: &Store) -> i64 {
    let set = store.write(|tx| believe_clock::run(tx, &operator(), Trust::Accepted)).await.unwrap();
    set.unwrap().step_ms
}

fn kinds(world: &World) -> Vec<String> {
    world.look(|tx| tx.entries_after(0, Time::from_millis(0), 1000)).into_iter().map(|entry| entry.kind).collect()
}

fn until_s(answer: &Answer) -> Option<u64> {
    match &answer.outcome {
        Outcome::Grant { until_s, .. } => *until_s,
        other => panic!("a grant was expected: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_clock_is_doubted_red_machines_wait_and_the_others_go_on() {
    for step in [HOUR, -HOUR, YEAR, -YEAR] {
        let (world, mut raw) = workshop().await;
        let mut printer = Raw::linked(&world, "capucins-3d", false).await;
        let running = raw.start(RED, uid(&ANNA)).await;
        world.later(1_000).await;
        world.step(step).await;
        assert_eq!(world.now(), Time::from_millis(THURSDAY + 1_000), "time goes on by the steady hand");
        assert_eq!(world.store.belief().doubt, Some(Doubt::Stepped));

        let decided = |world: &World| world.look(|tx| tx.decisions_after(0, Time::from_millis(0), 100)).len();
        let before = decided(&world);
        for intent in [Intent::Use, Intent::Toggle, Intent::Supervise, Intent::Induct] {
            assert_eq!(denied(&raw.tap(RED, uid(&BRUNO), intent).await), ["registry_unreachable"]);
        }
        assert_eq!(decided(&world), before, "that is no decision");
        granted(&printer.tap(GREEN, uid(&BRUNO), Intent::Use).await);

        // What runs goes on with its lease, and whoever wants to stop can.
        raw.report(Event::Alive, RED, running);
        assert!(raw.lease().await.lease_s > 0);
        let ended = raw.tap(RED, uid(&ANNA), Intent::Toggle).await;
        assert_eq!(ended.outcome, Outcome::Done { session: Some(running) });

        // The ask that was not decided is decided once the clock is believed, though its bytes are the same.
        let ask = raw.ask(RED, uid(&BRUNO), Intent::Use);
        assert_eq!(denied(&raw.asks(&ask).await), ["registry_unreachable"]);
        world.clock.synchronise(true);
        timekeeping::look(&world.store, true).await.unwrap();
        assert_eq!(world.now(), Time::from_millis(THURSDAY + 1_000 + step));
        granted(&raw.asks(&ask).await);
        let told = kinds(&world);
        assert_eq!(told.iter().filter(|kind| *kind == "clock_doubted").count(), 1);
        assert_eq!(told.iter().filter(|kind| *kind == "clock_set").count(), 1);
        world.running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_accepts_the_clock_who_administers_the_network_and_a_preview_changes_nothing() {
    let (world, mut raw) = workshop().await;
    let session = raw.start(RED, uid(&ANNA)).await;
    world.step(YEAR).await;
    let by = |person: &str| Warrant { by: Actor::Person(id(person)), why: "the battery is new".to_owned() };
    let warrant = by("bruno");
    let refused = world.store.write(move |tx| believe_clock::run(tx, &warrant, Trust::Accepted)).await;
    assert!(matches!(refused, Err(FlowError::Forbidden { .. })), "{refused:?}");
    world.role(&id("bruno"), Role::NetworkAdmin, "network").await;
    // A restriction that begins before the system's instant: that right would be over.
    let soon = Some(Time::from_millis(THURSDAY + HOUR));
    world
        .change(move |tx| {
            let scope = Scope::parse("network").unwrap();
            let request = restrict_person::Request { person: id("anna"), scope, from: soon, until: None };
            restrict_person::run(tx, &operator(), &request)
        })
        .await;
    let before = kinds(&world);
    let warrant = by("bruno");
    let look = world.store.preview(move |tx| believe_clock::run(tx, &warrant, Trust::Accepted)).await.unwrap();
    let look = look.unwrap();
    let stopped: Vec<_> = look.effects.stopped.iter().map(|it| it.session).collect();
    assert_eq!((look.step_ms, stopped), (YEAR, vec![session]));
    assert_eq!((world.store.belief().doubt, kinds(&world)), (Some(Doubt::Stepped), before));
    assert_eq!(world.now(), Time::from_millis(THURSDAY));
    let warrant = by("bruno");
    let set = world.store.write(move |tx| believe_clock::run(tx, &warrant, Trust::Accepted)).await.unwrap().unwrap();
    assert_eq!((set.step_ms, world.store.belief().doubt), (YEAR, None));
    let told = world.look(|tx| tx.entries_after(set.effects.entry - 1, Time::from_millis(0), 1));
    assert_eq!(told[0].body.as_ref().unwrap()["by"]["person"], "bruno");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_comes_back_by_itself_is_believed_again() {
    let (world, mut raw) = workshop().await;
    world.step(HOUR).await;
    assert_eq!(denied(&raw.tap(RED, uid(&ANNA), Intent::Use).await), ["registry_unreachable"]);
    world.step(-HOUR).await;
    granted(&raw.tap(RED, uid(&ANNA), Intent::Use).await);
    assert_eq!(world.now(), Time::from_millis(THURSDAY));
    assert!(kinds(&world).contains(&"clock_agreed".to_owned()));
    world.running.stop().await;
}

/// All that runs while the clock is set by a step, and is looked at afterwards.
async fn nothing_is_killed_or_revived_by(step: i64) {
    let (world, mut raw) = workshop().await;
    // An order that nobody confirms, and a card that is blocked a moment before the step.
    world
        .change(|tx| lock_machine::run(tx, &operator(), &lock_machine::Request { machine: id(GREEN), until: None }))
        .await;
    let grant = raw.tap(RED, uid(&ANNA), Intent::Use).await;
    let session = granted(&grant);
    raw.report(Event::Started, RED, session);
    assert!(raw.lease().await.lease_s > 0);
    let before = world.session(session);
    let bruno: CardId = world.look(|tx| tx.card_by_uid(&BRUNO)).unwrap().card;
    world.change(move |tx| block_card::run(tx, &operator(), &bruno)).await;
    let early = raw.ask(RED, uid(&BRUNO), Intent::Use);
    assert_eq!(denied(&raw.asks(&early).await), ["card_blocked"]);

    world.step(step).await;
    if step.abs() > 60_000 {
        assert_eq!(accept(&world.store).await, step);
    }
    assert_eq!(world.now(), Time::from_millis(THURSDAY + step), "the step is believed");

    // What runs has as long left as before, also in the words that the controller hears.
    let after = world.session(session);
    let left = |row: &tremen_server::store::SessionRow, now: i64| {
        [row.lease_until, row.hard_end.unwrap(), row.opened_at, row.active_at].map(|at| at.millis() - now)
    };
    assert_eq!(left(&after, THURSDAY + step), left(&before, THURSDAY));
    let due = world.look(|tx| Ok(tx.next_order_due()?.map(|due| due.since(tx.now()))));
    assert!((0..=60_000).contains(&due.unwrap()), "an order is neither put off nor given up: {due:?}");
    let again = raw.tap(RED, uid(&ANNA), Intent::Use).await;
    assert_eq!((granted(&again), until_s(&again)), (session, until_s(&grant)), "by the clock that its link was told");
    raw.report(Event::Alive, RED, session);
    let lease = raw.lease().await;
    assert!(lease.lease_s > 0);
    assert_eq!(lease.until_s, until_s(&grant));

    // A repeat gets its answer for ten seconds and not longer; a tap that was held for twenty is refused.
    world.later(9_999).await;
    raw.at_s += 10;
    assert_eq!(denied(&raw.asks(&early).await), ["card_blocked"]);
    world.later(1).await;
    assert_eq!(denied(&raw.asks(&early).await), ["replayed_request"]);
    assert_eq!(denied(&raw.tap(RED, uid(&BRUNO), Intent::Use).await), ["card_blocked"], "done stays done");
    raw.at_s -= 20;
    assert_eq!(denied(&raw.tap(RED, uid(&ANNA), Intent::Use).await), ["replayed_request"]);
    raw.at_s += 20;

    // A link that is taken up now is told the new time, and the old one's words still count until then.
    let hello = raw.hello(&[session]);
    let welcome = raw.greet(&hello).await;
    assert_eq!(welcome.at_s, world.now().unix_seconds());
    raw.take_up(welcome.link).await;
    raw.at_s = welcome.at_s;
    assert_eq!(granted(&raw.tap(RED, uid(&ANNA), Intent::Use).await), session);

    // Silence is silence, to the millisecond.
    world.later(69_999).await;
    assert_eq!(world.session(session).ended_at, None);
    world.later(1).await;
    let ended = world.until(|tx| Ok(tx.session(session)?.filter(|row| row.ended_at.is_some()))).await;
    assert_eq!(ended.end_why.as_deref(), Some("silent"));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_an_hour_kills_and_revives_nothing() {
    nothing_is_killed_or_revived_by(HOUR).await;
    nothing_is_killed_or_revived_by(-HOUR).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_of_a_year_kills_and_revives_nothing() {
    nothing_is_killed_or_revived_by(YEAR).await;
    nothing_is_killed_or_revived_by(-YEAR).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_small_correction_is_followed_at_once_and_kills_and_revives_nothing() {
    nothing_is_killed_or_revived_by(59_000).await;
    nothing_is_killed_or_revived_by(-59_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_that_was_told_before_a_step_is_told_the_same_clock_when_its_hello_is_repeated() {
    let (world, mut raw) = workshop().await;
    let hello = raw.hello(&[]);
    let first = raw.greet(&hello).await;
    world.step(30_000).await;
    let second = raw.greet(&hello).await;
    assert_eq!((second.link, second.at_s), (first.link, first.at_s));
    raw.take_up(second.link).await;
    granted(&raw.tap(RED, uid(&ANNA), Intent::Use).await);
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_done_in_a_false_year_stays_done_when_the_clock_is_set_back() {
    let world = World::start().await;
    for key in ["p-anna", "p-bruno", "p-chloe"] {
        world.person(key, key.as_bytes(), false).await;
    }
    let old = world.award(&id("p-anna"), "decoupe-laser", Level::Autonomous).await;
    // What somebody set for a day of the calendar stays on that day.
    let day = Time::from_millis(THURSDAY + YEAR / 2);
    let planned = world.award(&id("p-bruno"), "decoupe-laser", Level::Autonomous).await;
    world
        .change(move |tx| {
            let request = suspend_award::Request { award: planned, from: Some(day), until: None };
            suspend_award::run(tx, &operator(), &request)
        })
        .await;
    world.step(YEAR).await;
    accept(&world.store).await;
    world.later(5_000).await;
    let revoked = old.clone();
    world
        .change(move |tx| {
            let card = tx.card_by_uid(b"p-bruno")?.unwrap().card;
            block_card::run(tx, &operator(), &card)?;
            revoke_award::run(tx, &operator(), &revoked)?;
            let scope = Scope::parse("network").unwrap();
            let request = restrict_person::Request { person: id("p-anna"), scope, from: None, until: None };
            restrict_person::run(tx, &operator(), &request)?;
            lock_machine::run(tx, &operator(), &lock_machine::Request { machine: id(RED), until: None })?;
            lock_machine::run(tx, &operator(), &lock_machine::Request { machine: id(GREEN), until: None })?;
            award_reference::run(
                tx,
                &operator(),
                &award_reference::Request {
                    person: id("p-chloe"),
                    reference: id("decoupe-laser"),
                    version: None,
                    level: Level::Autonomous,
                    issuer: sample().references["decoupe-laser"].issuer.clone(),
                    issued_at: None,
                    valid_until: None,
                    award: None,
                },
            )
        })
        .await;
    world.later(5_000).await;
    world.change(|tx| unlock_machine::run(tx, &operator(), &id(GREEN))).await;
    world.step(-YEAR).await;
    accept(&world.store).await;

    let now = world.now();
    assert_eq!(now, Time::from_millis(THURSDAY + 10_000));
    let anna = world.look(|tx| tx.person_facts(&id("p-anna")));
    assert_eq!(anna.awards[0].revoked_at, Some(Time::from_millis(THURSDAY + 5_000)));
    assert!(anna.restrictions.iter().any(|it| it.span.covers(now)));
    let chloe = world.look(|tx| tx.person_facts(&id("p-chloe")));
    assert_eq!(chloe.awards[0].issued_at, Time::from_millis(THURSDAY + 5_000));
    let bruno = world.look(|tx| tx.person_facts(&id("p-bruno")));
    assert_eq!(bruno.awards[0].suspensions[0].from, day);
    let card = world.look(|tx| tx.card_by_uid(b"p-bruno")).unwrap().card;
    assert!(world.look(|tx| tx.card_blocks(&card)).iter().any(|span| span.covers(now)));
    let locked = |machine: &str| world.look(|tx| tx.locks(machine, now)).iter().any(|span| span.covers(now));
    assert!(locked(RED) && !locked(GREEN), "an unlocked machine is not locked again");
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_behind_what_was_recorded_or_a_month_after_it_is_doubted_until_somebody_else_accepts_it() {
    for (booted, doubt) in [(-HOUR, Doubt::Behind), (31 * 24 * HOUR, Doubt::Ahead)] {
        let (world, _) = workshop().await;
        let World { folder, store, running, .. } = world;
        let last = store.read_here(|tx| tx.last_entry()).unwrap().unwrap().at;
        running.stop().await;
        drop(store);

        let clock = Arc::new(ManualClock::booted_at(Time::from_millis(THURSDAY + booted), "another boot"));
        let store = open_store(&folder, clock.clone());
        assert_eq!((store.belief().doubt, store.now()), (Some(doubt), last));
        let running = start(Parts { store: store.clone(), broker: embedded(), web: None }).await.unwrap();
        let world = World { folder, clock: clock.clone(), store, running };
        world.later(1_000).await;
        assert_eq!(world.now(), last.plus_millis(1_000), "time goes on from there");
        let mut raw = Raw::connected(&world, "ubo-laser", true).await;
        raw.fresh(); // the first challenge of this device was the one before the boot
        raw.link_up(&[]).await;
        assert_eq!(denied(&raw.tap(RED, uid(&ANNA), Intent::Use).await), ["registry_unreachable"]);

        // A command beside the server: another connection to the same file, on the same machine.
        let beside = open_store(&world.folder, clock.clone());
        assert_eq!((beside.belief(), beside.now()), (world.store.belief(), world.now()));
        accept(&beside).await;
        let ask = raw.ask(RED, uid(&ANNA), Intent::Use);
        raw.say(&Up::Ask(ask));
        granted(&raw.answer().await); // by the very next transaction
        assert_eq!((world.now(), world.store.belief().doubt), (clock.wall(), None));
        world.running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_on_the_same_machine_goes_on_with_the_same_time_and_the_same_doubt() {
    let (world, _) = workshop().await;
    world.step(YEAR).await;
    let world = world.restart(|_| Ok(())).await;
    assert_eq!((world.now(), world.store.belief().doubt), (Time::from_millis(THURSDAY), Some(Doubt::Stepped)));
    world.running.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fell_due_while_the_machine_slept_is_done_when_it_wakes() {
    let (world, mut raw) = workshop().await;
    let session = raw.start(RED, uid(&ANNA)).await;
    world.clock.advance(HOUR); // nobody is told: the timers have counted next to nothing
    let ended = world.until(|tx| Ok(tx.session(session)?.filter(|row| row.ended_at.is_some()))).await;
    assert_eq!(ended.end_why.as_deref(), Some("silent"));
    world.running.stop().await;
}
