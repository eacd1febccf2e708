//! "Offline list".

use std::collections::BTreeMap;

use ed25519_dalek::SigningKey;
use tremen_controller::{Input, Remembered, Security, TapResult};
use tremen_wire::{Action, Allowlist, Channel, Event, Intent, Key, ListedMachine, Reading, StopPolicy, Uid};

use crate::bench::{Bench, LASER, PRUSA, S1, START_S, card, graceful};

const SALT: [u8; 16] = [5; 16];

/// Something that is different in a list.
type Change = fn(&mut Allowlist);

fn network() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn list(version: u64) -> Allowlist {
    let uid = Uid::new(&[4, 1, 2, 3]).unwrap();
    let people = vec![(Allowlist::tag(&SALT, &uid), START_S + 7_200)];
    let laser = ListedMachine { opening: vec![(START_S, START_S + 3_600)], people };
    Allowlist {
        version,
        issued_s: START_S - 60,
        not_after_s: START_S + 86_400,
        salt: SALT,
        machines: BTreeMap::from([(LASER.to_string(), laser)]),
    }
}

fn bench(remembered: Remembered) -> Bench {
    let mut settings = Bench::settings(Security::Sealed(Key::new([7; 32])));
    settings.list_key = Some(network().verifying_key());
    Bench::new(settings, remembered)
}

fn give(b: &mut Bench, list: &Allowlist) {
    let bytes = list.sign(&b.settings.id, &network());
    b.raw(Channel::Allowlist, &bytes);
}

/// Was linked, has the list, is cut off now.
fn cut_off(list: &Allowlist) -> Bench {
    let mut b = bench(Remembered::default()).linked();
    give(&mut b, list);
    b.input(Input::Disconnected);
    b.take();
    b
}

#[test]
fn the_list_opens_a_listed_machine_for_a_listed_card_while_the_registry_cant_be_reached() {
    let mut b = cut_off(&list(1));
    b.tap(LASER, Intent::Use);
    assert_eq!(b.results(), [TapResult::OpenedByList]);
    assert!(b.is_closed(LASER));
}

#[test]
fn the_list_opens_nothing_else() {
    let mut b = cut_off(&list(1));
    b.tap_with(LASER, card(9), Intent::Use);
    b.tap_with(PRUSA, card(3), Intent::Use);
    b.tap_with(LASER, card(3), Intent::Supervise);
    b.tap_with(LASER, card(3), Intent::Induct);
    b.tap_with(LASER, Reading::Code("123456".into()), Intent::Use);
    assert_eq!(b.results(), vec![TapResult::Unreachable; 5]);
    assert!(!b.is_closed(LASER) && !b.is_closed(PRUSA));
}

#[test]
fn the_list_is_not_used_while_the_registry_answers() {
    let mut b = bench(Remembered::default()).linked();
    give(&mut b, &list(1));
    b.tap(LASER, Intent::Use);
    let reasons = vec!["award_revoked".to_string()];
    b.answer(&b.ask(), tremen_wire::Outcome::Deny { reason: "award_revoked".into(), reasons });
    b.wait_s(60);
    assert!(!b.is_closed(LASER));
}

#[test]
fn an_ask_whose_repeats_went_unanswered_may_be_opened_by_the_list() {
    let mut b = bench(Remembered::default()).linked();
    give(&mut b, &list(1));
    b.tap(LASER, Intent::Use);
    b.wait_ms(9_999);
    assert!(!b.is_closed(LASER));
    b.wait_ms(1);
    assert!(b.is_closed(LASER));
}

#[test]
fn the_list_is_used_within_opening_and_before_until_and_not_after() {
    let cases: [(Change, bool); 6] = [
        (|_| {}, true),
        (|l| l.machines.get_mut(LASER).unwrap().opening = vec![(START_S + 1, START_S + 60)], false),
        (|l| l.machines.get_mut(LASER).unwrap().opening = vec![(START_S - 60, START_S)], false),
        (|l| l.machines.get_mut(LASER).unwrap().people[0].1 = START_S, false),
        (|l| l.not_after_s = START_S, false),
        (|l| l.issued_s = START_S + 60, false), // our clock must be wrong
    ];
    for (at, (change, opens)) in cases.into_iter().enumerate() {
        let mut list = list(1);
        change(&mut list);
        let mut b = cut_off(&list);
        b.tap(LASER, Intent::Use);
        assert_eq!(b.is_closed(LASER), opens, "case {at}");
    }
}

#[test]
fn a_use_by_the_list_ends_with_the_earliest_of_opening_until_and_not_after() {
    let changes: [Change; 3] = [
        |l| l.machines.get_mut(LASER).unwrap().opening = vec![(START_S, START_S + 100)],
        |l| l.machines.get_mut(LASER).unwrap().people[0].1 = START_S + 100,
        |l| l.not_after_s = START_S + 100,
    ];
    for change in changes {
        let mut list = list(1);
        change(&mut list);
        let mut b = cut_off(&list);
        b.tap(LASER, Intent::Use);
        b.wait_ms(119_999); // 20 s graceful, as the welcome said
        assert!(b.is_closed(LASER));
        b.wait_ms(1);
        assert!(!b.is_closed(LASER));
    }
}

#[test]
fn a_version_older_than_the_last_seen_means_deny() {
    let mut b = bench(Remembered { list_version: 2, ..Remembered::default() }).linked();
    give(&mut b, &list(1));
    b.input(Input::Disconnected);
    b.tap(LASER, Intent::Use);
    assert!(!b.is_closed(LASER));
    b.input(Input::Connected);
    give(&mut b, &list(2));
    b.input(Input::Disconnected);
    b.tap(LASER, Intent::Use);
    assert!(b.is_closed(LASER));
}

#[test]
fn the_version_seen_is_remembered() {
    let mut b = bench(Remembered::default());
    give(&mut b, &list(3));
    give(&mut b, &list(2));
    assert_eq!(b.remembered.list_version, 3);
}

#[test]
fn a_clock_not_known_since_boot_means_deny() {
    let mut b = bench(Remembered::default());
    give(&mut b, &list(1));
    b.tap(LASER, Intent::Use);
    assert!(!b.is_closed(LASER));
    b.input(Input::Clock { at_s: START_S + 5 });
    b.tap(LASER, Intent::Use);
    assert!(b.is_closed(LASER));
}

#[test]
fn a_list_signed_by_a_stranger_or_for_another_controller_is_dropped() {
    let mut b = bench(Remembered::default()).linked();
    let stranger = list(1).sign(&b.settings.id, &SigningKey::from_bytes(&[4; 32]));
    let elsewhere = list(1).sign(&tremen_wire::ControllerId::parse("other").unwrap(), &network());
    b.raw(Channel::Allowlist, &stranger);
    b.raw(Channel::Allowlist, &elsewhere);
    b.input(Input::Disconnected);
    b.tap(LASER, Intent::Use);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_locked_machine_is_not_opened_by_the_list() {
    let mut b = bench(Remembered::default()).linked();
    give(&mut b, &list(1));
    b.order(1, Action::Lock);
    b.input(Input::Disconnected);
    b.tap(LASER, Intent::Use);
    assert!(!b.is_closed(LASER));
}

#[test]
fn the_same_card_ends_its_use_and_another_does_not() {
    let mut b = cut_off(&list(1));
    b.tap(LASER, Intent::Toggle);
    b.tap_with(LASER, card(9), Intent::End);
    assert!(b.is_closed(LASER));
    b.tap(LASER, Intent::Toggle);
    assert!(!b.is_closed(LASER));
    assert_eq!(b.results().last(), Some(&TapResult::EndedByList));
}

#[test]
fn each_use_is_reported_when_contact_is_back_until_it_is_noted() {
    let mut b = cut_off(&list(1));
    b.wait_s(4);
    b.tap(LASER, Intent::Toggle);
    b.wait_s(30);
    b.tap(LASER, Intent::Toggle);
    b.wait_s(60);
    b.connect();
    b.welcome(2);
    let said = b.report(Event::OfflineUse);
    let entry = Allowlist::tag(&SALT, &Uid::new(&[4, 1, 2, 3]).unwrap());
    assert_eq!((said.entry, said.at_s, said.used_s), (Some(entry), Some(START_S + 4), Some(30)));
    b.note_linked();
    b.wait_s(1);
    let again = b.report(Event::OfflineUse);
    assert!(again.n > said.n);
    b.note(again.n);
    b.take();
    b.wait_s(300);
    assert_eq!(b.said(), []);
    assert_eq!(b.remembered.offline_uses, []);
}

#[test]
fn a_use_is_reported_even_after_a_power_cut() {
    let mut b = cut_off(&list(1));
    b.tap(LASER, Intent::Use);
    b.reboot();
    b.connect();
    b.welcome(2);
    assert_eq!(b.report(Event::OfflineUse).at_s, Some(START_S));
}

#[test]
fn when_contact_is_back_a_use_by_the_list_stops_as_if_contact_were_lost() {
    let mut b = cut_off(&list(1));
    b.tap(LASER, Intent::Use);
    b.wait_s(60);
    b.connect();
    assert!(b.hello().running.is_empty(), "it is no session");
    b.welcome(2);
    b.wait_ms(19_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
    assert_eq!(b.report(Event::OfflineUse).used_s, Some(80));
}

#[test]
fn a_grant_takes_over_from_the_list_without_a_cut() {
    let mut b = cut_off(&list(1));
    b.tap(LASER, Intent::Use);
    b.connect();
    b.welcome(2);
    b.note_linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    assert_eq!(b.report(Event::Started).session, Some(S1));
    assert_eq!(b.reports(Event::OfflineUse).len(), 1);
    b.wait_s(40);
    assert!(b.is_closed(LASER));
}

#[test]
fn the_list_does_not_touch_a_session_that_runs() {
    let mut b = bench(Remembered::default()).linked().running(60, StopPolicy::Immediate);
    give(&mut b, &list(1));
    b.input(Input::Disconnected);
    b.tap(LASER, Intent::Use);
    assert_eq!(b.results(), [TapResult::Unreachable]);
    b.wait_s(60);
    assert!(!b.is_closed(LASER), "its lease ran out, whatever the list says");
}
