//! Every reason of a refusal, reached by a tap over MQTT.

use tremen_rules::hours::{ClosedDays, ClosedRange};
use tremen_rules::network::Network;
use tremen_rules::{Award, AwardId, Level, PersonId, Scope, Span, Time};
use tremen_server::flows::{block_card, lock_machine, restrict_person, revoke_award, suspend_award, unlock_machine};
use tremen_server::store::NewAward;
use tremen_wire::{Channel, Event, Intent, Outcome};

use crate::raw::{Raw, denied, granted, uid};
use crate::world::{THURSDAY, World, declare, id, operator};

const LASER: &str = "laser-ponant";

/// A card number of one byte more than its person's number.
fn card(number: u8) -> [u8; 7] {
    [4, 0xca, 0, 0, 0, 0, number]
}

/// Somebody who may use the laser in every respect, but for what `adjust` changes in the laser award.
async fn learnt(world: &World, number: u8, adjust: impl FnOnce(&mut Award)) -> (PersonId, AwardId) {
    let person = world.person(&format!("p-{number}"), &card(number), false).await;
    world.award(&person, "accueil-securite", Level::Discovery).await;
    let mut award = Award {
        id: id(&format!("a-{number}")),
        reference: id("decoupe-laser"),
        version: 2,
        level: Level::Autonomous,
        issuer: id("ubo-open-factory"),
        issued_at: Time::from_millis(THURSDAY - 86_400_000),
        valid_until: None,
        superseded_at: None,
        revoked_at: None,
        suspensions: Vec::new(),
    };
    adjust(&mut award);
    let (award_id, who) = (award.id.clone(), person.clone());
    world
        .change(move |tx| {
            tx.add_award(&NewAward {
                person: who.clone(),
                award,
                given_id: true,
                awarded_by: None,
                supersedes: None,
                why: None,
            })?;
            tx.add_handover(&who, &id(LASER), Time::from_millis(THURSDAY - 1), None)?;
            Ok(())
        })
        .await;
    (person, award_id)
}

async fn reasons(raw: &mut Raw, number: u8) -> Vec<String> {
    let answer = raw.tap(LASER, uid(&card(number)), Intent::Use).await;
    denied(&answer).into_iter().map(ToOwned::to_owned).collect()
}

/// What is refused while the network is otherwise than in the sample.
async fn refused_while(world: &World, raw: &mut Raw, number: u8, adjust: impl FnOnce(&mut Network)) -> Vec<String> {
    declare(&world.store, adjust).await;
    let reasons = reasons(raw, number).await;
    declare(&world.store, |_| {}).await;
    reasons
}

fn laser(network: &mut Network) -> &mut tremen_rules::network::Machine {
    network.machines.get_mut(LASER).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_five_reasons_end_it_at_once() {
    let world = World::start().await;
    let mut raw = Raw::linked(&world, "ponant-laser", false).await;
    learnt(&world, 1, |_| {}).await;

    raw.say_bytes(Channel::Ask, br#"{"nonce":"000102030405060708090a0b0c0d0e0f","machine":"laser-ponant"}"#);
    assert_eq!(denied(&raw.answer().await), ["controller_not_trusted"]);

    let ask = raw.ask(LASER, uid(&[9, 9, 9, 9]), Intent::Use);
    assert_eq!(denied(&raw.asks(&ask).await), ["unknown_card"]);
    let other = tremen_wire::Ask { n: raw.next_n(), intent: Intent::Toggle, ..ask };
    assert_eq!(denied(&raw.asks(&other).await), ["replayed_request"]);

    let answer = raw.tap("trotec-speedy", uid(&card(1)), Intent::Use).await;
    assert_eq!(denied(&answer), ["unknown_machine"], "it is another controller's");
    let answer = raw.tap("nowhere", uid(&[9, 9, 9, 9]), Intent::Use).await;
    assert_eq!(denied(&answer), ["unknown_machine"]);

    world
        .change(|tx| {
            let found = tx.card_by_uid(&card(1))?.unwrap();
            block_card::run(tx, &operator(), &found.card)
        })
        .await;
    assert_eq!(reasons(&mut raw, 1).await, ["card_blocked"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_machine_and_the_venue_ask_of_a_person() {
    let world = World::start().await;
    let mut raw = Raw::linked(&world, "ponant-laser", false).await;
    let (person, _) = learnt(&world, 1, |_| {}).await;
    let (w, r) = (&world, &mut raw);

    let sure = |n: &mut Network| laser(n).min_assurance = tremen_rules::Assurance::A1;
    assert_eq!(refused_while(w, r, 1, sure).await, ["card_assurance_too_low"]);
    assert_eq!(refused_while(w, r, 1, |n| laser(n).members_only = Some(true)).await, ["not_a_member"]);
    assert_eq!(
        refused_while(w, r, 1, |n| laser(n).min_age = Some(16)).await,
        ["age_restricted"],
        "no birth date is known"
    );
    let closed = |n: &mut Network| {
        let days = ClosedDays(vec![ClosedRange::parse("2026-11-26").unwrap()]);
        n.venues.get_mut("ponant").unwrap().closed = days;
    };
    assert_eq!(refused_while(w, r, 1, closed).await, ["outside_opening_hours"]);

    let lock = lock_machine::Request { machine: id(LASER), until: None };
    world.change(move |tx| lock_machine::run(tx, &operator(), &lock)).await;
    let order = r.order().await; // to lock
    r.settle(Event::Confirmed, &order, None);
    assert_eq!(reasons(r, 1).await, ["machine_out_of_service"]);
    world.change(|tx| unlock_machine::run(tx, &operator(), &id(LASER))).await;
    let order = r.order().await; // to unlock
    r.settle(Event::Confirmed, &order, None);
    r.hears_nothing().await; // so that it is settled before the clock moves

    let request = restrict_person::Request {
        person: person.clone(),
        scope: Scope::parse("machine:laser-ponant").unwrap(),
        from: None,
        until: Some(Time::from_millis(THURSDAY + 60_000)),
    };
    world.change(move |tx| restrict_person::run(tx, &operator(), &request)).await;
    assert_eq!(reasons(r, 1).await, ["person_suspended_here"]);
    world.later(60_000).await;
    let first = granted(&r.tap(LASER, uid(&card(1)), Intent::Use).await);

    learnt(w, 2, |_| {}).await;
    assert_eq!(reasons(r, 2).await, ["machine_busy"]);
    let again = granted(&r.tap(LASER, uid(&card(1)), Intent::Use).await);
    assert_eq!(again, first, "for its owner it is the same session");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_wrong_with_an_award() {
    let world = World::start().await;
    let mut raw = Raw::linked(&world, "ponant-laser", false).await;
    let (w, r) = (&world, &mut raw);

    let nobody = w.person("p-1", &card(1), false).await;
    w.change(move |tx| Ok(tx.add_handover(&nobody, &id(LASER), Time::from_millis(THURSDAY - 1), None)?)).await;
    assert_eq!(reasons(r, 1).await, ["no_award"]);

    let (_, award) = learnt(w, 2, |_| {}).await;
    w.change(move |tx| revoke_award::run(tx, &operator(), &award)).await;
    assert_eq!(reasons(r, 2).await, ["award_revoked"]);

    let (_, award) = learnt(w, 3, |_| {}).await;
    let request = suspend_award::Request { award, from: None, until: None };
    w.change(move |tx| suspend_award::run(tx, &operator(), &request)).await;
    assert_eq!(reasons(r, 3).await, ["award_suspended"]);

    learnt(w, 4, |award| award.valid_until = Some(Time::from_millis(THURSDAY))).await;
    assert_eq!(reasons(r, 4).await, ["award_expired"], "an end is the first instant after");

    learnt(w, 5, |award| award.version = 1).await;
    assert_eq!(reasons(r, 5).await, ["reference_outdated"], "the rule wants version 2");

    learnt(w, 6, |award| award.issuer = id("ty-makers")).await;
    assert_eq!(reasons(r, 6).await, ["issuer_not_recognised"]);

    learnt(w, 7, |award| award.level = Level::Discovery).await;
    let higher = |n: &mut Network| laser(n).requires[0].level = Level::Autonomous;
    assert_eq!(refused_while(w, r, 7, higher).await, ["level_too_low"]);

    let answer = r.tap(LASER, uid(&card(7)), Intent::Use).await;
    let Outcome::More { reasons: codes, .. } = &answer.outcome else {
        panic!("a second card was expected: {answer:?}")
    };
    assert_eq!(codes, &["supervisor_needed"]);

    let (person, _) = learnt(w, 8, |_| {}).await;
    let basics: AwardId = id(&format!("{person}.accueil-securite.1"));
    w.change(move |tx| revoke_award::run(tx, &operator(), &basics)).await;
    assert_eq!(reasons(r, 8).await, ["prerequisite_missing"]);

    let unshown = w.person("p-9", &card(9), false).await;
    w.award(&unshown, "accueil-securite", Level::Discovery).await;
    w.award(&unshown, "decoupe-laser", Level::Autonomous).await;
    assert_eq!(reasons(r, 9).await, ["handover_missing"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_reasons_that_hold_are_told_in_their_order() {
    let world = World::start().await;
    let mut raw = Raw::linked(&world, "ponant-laser", false).await;
    let person = world.person("p-1", &card(1), false).await;
    world
        .change(move |tx| {
            tx.add_restriction(&person, &Scope::Network, Span::since(Time::from_millis(THURSDAY - 1)), None)?;
            Ok(())
        })
        .await;
    let told = refused_while(&world, &mut raw, 1, |network| {
        laser(network).min_assurance = tremen_rules::Assurance::A1;
        laser(network).members_only = Some(true);
        laser(network).min_age = Some(16);
        network.venues.get_mut("ponant").unwrap().hours = Some(Default::default());
    })
    .await;
    let expected = [
        "card_assurance_too_low",
        "person_suspended_here",
        "not_a_member",
        "age_restricted",
        "no_award",
        "handover_missing",
        "outside_opening_hours",
    ];
    assert_eq!(told, expected);
}
