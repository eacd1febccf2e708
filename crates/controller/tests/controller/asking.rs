//! "Asking".

use tremen_controller::{Input, Output, TapResult};
use tremen_wire::{Answer, Channel, Down, Event, Intent, Outcome, StopPolicy};

use crate::bench::{Bench, LASER, PRUSA, S1, S2, START_S, card, graceful};

#[test]
fn a_tap_is_asked_with_a_fresh_nonce_and_the_registrys_clock() {
    let mut b = Bench::sealed().linked();
    b.wait_ms(2_700);
    b.tap(LASER, Intent::Toggle);
    let ask = b.ask();
    assert_eq!((ask.machine.as_str(), ask.intent, ask.reading), (LASER, Intent::Toggle, card(3)));
    assert_eq!((ask.link, ask.at_s), (b.link, Some(START_S + 2)));
}

#[test]
fn the_same_bytes_are_repeated_half_a_second_and_1_5_and_3_5_and_7_5_seconds_after_the_first_sending() {
    let mut b = Bench::sealed().linked();
    b.wait_s(1);
    b.tap(LASER, Intent::Use);
    b.wait_ms(9_999);
    let asks: Vec<_> = b
        .take()
        .into_iter()
        .filter_map(|(at, output)| match output {
            Output::Publish { channel: Channel::Ask, bytes, retained: false } => Some((at, bytes)),
            _ => None,
        })
        .collect();
    assert_eq!(Bench::times(&asks, 1_000), [0, 500, 1_500, 3_500, 7_500]);
    assert!(asks.iter().all(|(_, bytes)| *bytes == asks[0].1));
}

#[test]
fn an_answered_ask_is_not_repeated() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.answer(&b.ask(), Outcome::Done { session: None });
    b.take();
    b.wait_s(60);
    assert_eq!(b.said(), []);
}

#[test]
fn an_unanswered_ask_shows_registry_unreachable_and_brings_a_hello() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.take();
    b.wait_s(10);
    assert_eq!(b.results(), [TapResult::Unreachable]);
    assert_eq!(b.shown(), Some(["Registre injoignable".into(), "Reessayez dans 1 min".into()]));
    assert_eq!(Bench::times(&b.hellos(), 0), [10_000]);
}

#[test]
fn a_nonce_is_forgotten_10_seconds_after_its_first_sending() {
    for (wait_ms, closes) in [(9_999, true), (10_000, false)] {
        let mut b = Bench::sealed().linked();
        b.tap(LASER, Intent::Use);
        let ask = b.ask();
        b.wait_ms(wait_ms);
        b.grant(&ask, S1, 60, None, graceful(20));
        assert_eq!(b.is_closed(LASER), closes, "after {wait_ms} ms");
    }
}

#[test]
fn a_nonce_is_forgotten_even_if_nobody_looked_at_the_time() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.oversleep_s(10);
    b.grant(&ask, S1, 60, None, graceful(20));
    assert!(!b.is_closed(LASER));
}

#[test]
fn an_answer_is_acted_on_once() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.grant(&ask, S1, 60, None, graceful(20));
    b.lease(b.report(Event::Started).n, S1, 0, graceful(20));
    assert!(!b.is_closed(LASER));
    b.take();
    b.grant(&ask, S1, 60, None, graceful(20));
    b.grant(&ask, S2, 60, None, graceful(20));
    assert_eq!(b.take(), []);
}

#[test]
fn an_answer_to_another_nonce_or_machine_is_ignored() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.take();
    let grant = Outcome::Grant { session: S1, lease_s: 60, until_s: None, on_lost: graceful(20) };
    let answer =
        Answer { link: b.link, nonce: ask.nonce, machine: PRUSA.into(), lcd: ["".into(), "".into()], outcome: grant };
    b.down(&Down::Answer(answer.clone()));
    b.down(&Down::Answer(Answer { nonce: tremen_wire::Nonce([9; 16]), machine: LASER.into(), ..answer }));
    assert_eq!(b.take(), []);
}

#[test]
fn a_grant_closes_the_relay_and_is_reported_started() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    assert!(b.is_closed(LASER) && !b.is_closed(PRUSA));
    let started = b.report(Event::Started);
    assert_eq!((started.session, started.relay, started.n), (Some(S1), Some(true), Some(3)));
    assert_eq!(b.shown(), Some(["Bonjour Marie".into(), "".into()]));
}

#[test]
fn a_grant_whose_lease_has_run_out_on_the_way_closes_nothing_and_is_reported_ended() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.wait_s(5);
    b.grant(&b.ask(), S1, 5, None, graceful(20));
    assert!(!b.is_closed(LASER));
    assert_eq!((b.report(Event::Ended).session, b.report(Event::Ended).relay), (Some(S1), Some(false)));
    let [TapResult::Answered { followed, .. }] = &b.results()[..] else { panic!("{:?}", b.results()) };
    assert!(!followed);
}

#[test]
fn a_grant_past_its_until_closes_nothing() {
    let mut b = Bench::sealed().linked();
    b.wait_s(10);
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, Some(START_S + 10), graceful(20));
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_grant_of_the_session_that_runs_goes_on_with_it() {
    let mut b = Bench::sealed().linked().running(60, StopPolicy::Immediate);
    b.wait_s(30);
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, StopPolicy::Immediate);
    let relays =
        b.take().into_iter().filter(|(_, o)| matches!(o, Output::CloseRelay { .. } | Output::OpenRelay { .. }));
    assert_eq!(relays.count(), 0);
    b.wait_s(59);
    assert!(b.is_closed(LASER));
    b.wait_s(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_grant_of_another_session_ends_the_one_that_runs_and_keeps_the_power_on() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.tap_with(LASER, card(9), Intent::Use);
    b.grant(&b.ask(), S2, 60, None, graceful(20));
    assert!(b.is_closed(LASER));
    let (ended, started) = (b.report(Event::Ended), b.report(Event::Started));
    assert_eq!((ended.session, started.session), (Some(S1), Some(S2)));
    assert!(ended.n < started.n);
}

#[test]
fn done_that_names_the_session_opens_the_relay_at_once() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(7);
    b.tap(LASER, Intent::End);
    b.answer(&b.ask(), Outcome::Done { session: Some(S1) });
    assert!(!b.is_closed(LASER));
    let ended = b.report(Event::Ended);
    assert_eq!((ended.session, ended.relay, ended.used_s), (Some(S1), Some(false), Some(7)));
}

#[test]
fn a_refusal_stops_nobody_elses_session() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.tap_with(LASER, card(9), Intent::Use);
    let reasons = vec!["machine_busy".to_string()];
    b.answer(&b.ask(), Outcome::Deny { reason: "machine_busy".into(), reasons });
    b.wait_s(19);
    assert!(b.is_closed(LASER));
}

#[test]
fn after_more_the_second_card_is_asked_with_its_own_nonce_and_may_be_granted() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let first = b.ask();
    let reasons = vec!["supervisor_needed".to_string()];
    b.answer(&first, Outcome::More { reason: "supervisor_needed".into(), reasons });
    assert!(!b.is_closed(LASER));
    b.tap_with(LASER, card(9), Intent::Supervise);
    let second = b.ask();
    assert_ne!(first.nonce, second.nonce);
    b.grant(&second, S1, 60, None, graceful(20));
    assert!(b.is_closed(LASER));
}

#[test]
fn a_tap_while_another_waits_at_the_same_machine_is_not_heard() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.tap_with(LASER, card(9), Intent::Use);
    b.tap_with(PRUSA, card(9), Intent::Use);
    assert_eq!(b.results(), [TapResult::Waiting]);
    assert_eq!(b.asks().len(), 2, "each machine has its own question");
}

#[test]
fn two_machines_have_their_own_sessions() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let laser = b.ask();
    b.tap(PRUSA, Intent::Use);
    let prusa = b.ask();
    b.grant(&prusa, S2, 60, None, graceful(20));
    b.grant(&laser, S1, 60, None, graceful(20));
    assert!(b.is_closed(LASER) && b.is_closed(PRUSA));
    b.stop(1, S1, StopPolicy::Immediate);
    assert!(!b.is_closed(LASER) && b.is_closed(PRUSA));
}

#[test]
fn a_session_of_one_machine_is_not_opened_at_another() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.tap(PRUSA, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    assert!(!b.is_closed(PRUSA) && b.is_closed(LASER));
    assert_eq!(b.reports(Event::Ended), []);
}

#[test]
fn without_a_connection_a_tap_is_answered_at_once() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.input(Input::Disconnected);
    assert_eq!(b.results(), [TapResult::Unreachable]);
    b.tap(LASER, Intent::Use);
    assert_eq!(b.results().len(), 2);
}

#[test]
fn a_tap_that_could_not_be_asked_is_given_up_after_10_seconds() {
    let mut b = Bench::sealed();
    b.connect();
    b.tap(LASER, Intent::Use);
    b.wait_ms(9_999);
    assert_eq!(b.results(), []);
    b.wait_ms(1);
    assert_eq!(b.results(), [TapResult::Unreachable]);
    b.welcome(1);
    assert_eq!(b.asks(), []);
}
