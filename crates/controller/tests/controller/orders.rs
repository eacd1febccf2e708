//! "Orders".

use tremen_controller::Output;
use tremen_wire::{Action, Down, Event, Intent, Order, StopPolicy};

use crate::bench::{Bench, LASER, PRUSA, S1, graceful};

#[test]
fn a_stop_is_done_whatever_its_number() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.order(50, Action::Identify);
    b.stop(3, S1, StopPolicy::Immediate);
    assert!(!b.is_closed(LASER));
    assert_eq!(b.report(Event::Confirmed).order, Some(3));
}

#[test]
fn confirmed_means_begun_and_only_ended_means_stopped() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.stop(1, S1, graceful(10));
    assert_eq!(b.report(Event::Confirmed).order, Some(1));
    assert_eq!(b.reports(Event::Ended), []);
    assert!(b.is_closed(LASER));
    b.wait_s(10);
    assert!(!b.is_closed(LASER));
    assert_eq!(b.reports(Event::Ended).len(), 1);
}

#[test]
fn every_order_is_confirmed_each_time_that_it_comes() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    for _ in 0..3 {
        b.stop(1, S1, graceful(10));
        b.order(2, Action::Lock);
        b.order(3, Action::Identify);
    }
    assert_eq!(b.reports(Event::Confirmed).len(), 9);
}

#[test]
fn a_stop_for_a_session_that_is_not_open_here_is_refused() {
    let mut b = Bench::sealed().linked();
    b.stop(7, S1, graceful(10));
    let refused = b.report(Event::Refused);
    assert_eq!((refused.order, refused.machine.as_deref()), (Some(7), Some(LASER)));
    assert_eq!(b.remembered.last_order, 7);
}

#[test]
fn a_grant_whose_session_was_stopped_before_it_came_is_ignored() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.stop(1, S1, graceful(10));
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    assert!(!b.is_closed(LASER));
    assert_eq!(b.report(Event::Ended).session, Some(S1), "the registry is told that nothing runs");
}

#[test]
fn a_refused_stop_is_remembered_until_every_nonce_that_waited_is_forgotten() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let laser = b.ask();
    b.tap(PRUSA, Intent::Use);
    let prusa = b.ask();
    b.stop(1, S1, graceful(10));
    b.answer(&laser, tremen_wire::Outcome::Done { session: None });
    b.grant(&prusa, S1, 60, None, graceful(20));
    assert!(!b.is_closed(PRUSA), "the other nonce still waited");
}

#[test]
fn a_refused_stop_does_not_bar_what_is_asked_later() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.stop(1, S1, graceful(10));
    b.answer(&b.ask(), tremen_wire::Outcome::Done { session: None });
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    assert!(b.is_closed(LASER));
}

#[test]
fn a_locked_machine_never_closes() {
    let mut b = Bench::sealed().linked();
    b.order(1, Action::Lock);
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    assert!(!b.is_closed(LASER));
    b.order(2, Action::Unlock);
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), tremen_wire::SessionId([9; 8]), 60, None, graceful(20));
    assert!(b.is_closed(LASER));
}

#[test]
fn a_lock_stays_over_a_restart() {
    let mut b = Bench::sealed().linked();
    b.order(1, Action::Lock);
    b.reboot();
    let mut b = b.linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    assert!(!b.is_closed(LASER));
}

#[test]
fn an_old_unlock_does_not_undo_a_newer_lock_even_after_a_restart() {
    let mut b = Bench::sealed().linked();
    b.order(5, Action::Lock);
    b.reboot();
    let mut b = b.linked();
    b.order(4, Action::Unlock);
    b.order(5, Action::Unlock);
    assert!(b.remembered.locked.contains(LASER));
    assert_eq!(b.reports(Event::Confirmed).len(), 2, "it is confirmed all the same");
    b.order(6, Action::Unlock);
    assert!(!b.remembered.locked.contains(LASER));
}

#[test]
fn locks_of_one_machine_say_nothing_of_another() {
    let mut b = Bench::sealed().linked();
    b.order(9, Action::Lock);
    let other = Order { machine: Some(PRUSA.into()), ..b.order_of(3, Action::Lock) };
    b.down(&Down::Order(other));
    assert_eq!(b.remembered.locked.len(), 2);
    assert_eq!(b.remembered.last_order, 9);
}

#[test]
fn what_an_order_changed_is_stored_before_it_is_confirmed() {
    let mut b = Bench::sealed().linked();
    b.order(1, Action::Lock);
    let outputs: Vec<_> = b.take().into_iter().map(|(_, output)| output).collect();
    assert!(matches!(&outputs[..], [Output::Remember(_), Output::Publish { .. }]), "{outputs:?}");
}

#[test]
fn identify_blinks_and_shows_what_it_says() {
    let mut b = Bench::sealed().linked();
    let lcd = Some(["Me voici".into(), "".into()]);
    let order = Order { machine: None, ..b.order_of(1, Action::Identify) };
    b.down(&Down::Order(order));
    assert!(b.take().iter().any(|(_, output)| *output == Output::Identify { machine: None }));
    b.down(&Down::Order(Order { lcd: lcd.clone(), ..b.order_of(2, Action::Identify) }));
    assert_eq!(b.shown(), lcd);
}
