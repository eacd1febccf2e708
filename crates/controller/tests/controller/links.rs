//! "Links", and the profile that keeps strangers out.

use tremen_controller::{Input, Output};
use tremen_wire::{Action, Channel, Down, Event, Hello, Intent, Outcome, Protection};

use crate::bench::{Bench, LASER, S1, START_S, graceful};

#[test]
fn a_connection_is_shown_to_people_and_says_hello() {
    let mut b = Bench::sealed();
    let outputs = b.input(Input::Connected);
    assert_eq!(
        outputs.first(),
        Some(&Output::Publish { channel: Channel::Alive, bytes: b"online".to_vec(), retained: true })
    );
    let hello = b.hello();
    assert_eq!((hello.last_order, hello.running, hello.firmware.as_str()), (0, vec![], "test 1.0.0"));
}

#[test]
fn without_a_link_hello_comes_again_after_1_2_4_up_to_60_seconds_with_new_challenges() {
    let mut b = Bench::sealed();
    b.connect();
    b.wait_s(190);
    let hellos = b.hellos();
    assert_eq!(Bench::times(&hellos, 0), [0, 1_000, 3_000, 7_000, 15_000, 31_000, 63_000, 123_000, 183_000]);
    let mut challenges: Vec<_> = hellos.iter().map(|(_, hello)| hello.challenge).collect();
    challenges.sort();
    challenges.dedup();
    assert_eq!(challenges.len(), hellos.len());
}

#[test]
fn each_connection_begins_with_a_hello_that_names_what_runs() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.input(Input::Disconnected);
    b.connect();
    assert_eq!(b.hello().running, [S1]);
}

#[test]
fn only_the_latest_hello_counts() {
    let mut b = Bench::sealed();
    b.connect();
    let first = b.hello();
    b.wait_s(1);
    let welcome = b.welcome_to(&first, 1);
    b.down(&Down::Welcome(welcome));
    assert!(!b.controller.is_linked());
    b.welcome(2);
    assert!(b.controller.is_linked());
}

#[test]
fn a_welcome_counts_once() {
    let mut b = Bench::sealed();
    b.connect();
    b.welcome(1);
    let again = b.welcome_to(&b.hello(), 2);
    b.take();
    b.down(&Down::Welcome(again));
    assert_eq!(b.said(), []);
}

#[test]
fn a_welcome_counts_within_10_seconds_of_its_hello() {
    for (wait_ms, counts) in [(9_999, true), (10_000, false)] {
        let mut b = Bench::sealed();
        b.connect();
        b.wait_s(15); // the hello of 15 s is the first that has so long to wait
        b.wait_ms(wait_ms);
        b.welcome(1);
        assert_eq!(b.controller.is_linked(), counts, "after {wait_ms} ms");
    }
}

#[test]
fn linked_is_reported_at_once_and_again_with_a_new_n_until_a_lease_of_0_echoes_it() {
    let mut b = Bench::sealed();
    b.connect();
    b.welcome(1);
    b.wait_s(3);
    let linked = b.reports(Event::Linked);
    assert_eq!(Bench::times(&linked, 0), [0, 1_000, 3_000]);
    let ns: Vec<_> = linked.iter().filter_map(|(_, report)| report.n).collect();
    assert_eq!(ns, [1, 2, 3]);
    b.note(Some(3));
    b.take();
    b.wait_s(600);
    assert_eq!(b.said(), []);
}

#[test]
fn a_lease_that_echoes_another_n_does_not_settle_linked() {
    let mut b = Bench::sealed();
    b.connect();
    b.welcome(1);
    b.note(Some(7));
    b.take();
    b.wait_s(1);
    assert_eq!(b.reports(Event::Linked).len(), 1);
}

#[test]
fn after_four_unanswered_linked_comes_a_new_hello() {
    let mut b = Bench::sealed();
    b.connect();
    b.welcome(1);
    b.take();
    b.wait_s(16);
    assert_eq!(Bench::times(&b.hellos(), 0), [15_000]);
}

#[test]
fn until_the_welcome_the_old_link_goes_on_for_reports_leases_and_orders() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.input(Input::Disconnected);
    b.connect();
    b.wait_s(21);
    let alive = b.report(Event::Alive);
    assert_eq!(alive.link, b.link);
    b.lease(alive.n, S1, 60, graceful(20));
    b.order(9, Action::Lock);
    assert_eq!(b.report(Event::Confirmed).order, Some(9));
    b.wait_s(19);
    assert!(b.is_closed(LASER));
}

#[test]
fn with_the_welcome_the_old_link_is_gone() {
    let mut b = Bench::sealed().linked();
    let old = b.bytes(&Down::Order(b.order_of(1, Action::Lock)));
    b.input(Input::Disconnected);
    b.connect();
    b.welcome(2);
    b.take();
    b.raw(Channel::Order, &old);
    assert_eq!(b.take(), []);
}

#[test]
fn sending_a_hello_forgets_a_waiting_nonce() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.connect(); // the connection was lost and came back before anybody noticed
    b.grant(&ask, S1, 60, None, graceful(20));
    assert!(!b.is_closed(LASER));
}

#[test]
fn after_a_hello_nothing_is_asked_until_the_welcome() {
    let mut b = Bench::sealed().linked();
    b.connect();
    b.tap(LASER, Intent::Use);
    b.wait_s(3);
    assert_eq!(b.asks(), []);
    b.welcome(2);
    let ask = b.ask();
    assert_eq!((ask.link, ask.at_s), (b.link, Some(START_S + 3)));
}

#[test]
fn ten_seconds_after_a_hello_the_old_link_is_asked_again() {
    let mut b = Bench::sealed().linked();
    b.connect();
    b.wait_s(4);
    b.tap(LASER, Intent::Use);
    b.wait_s(10);
    assert_eq!(Bench::times(&b.asks(), 0).first(), Some(&10_000));
}

#[test]
fn n_starts_at_1_in_each_link_and_grows() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    assert_eq!(b.ask().n, Some(2));
    b.connect();
    b.welcome(2);
    b.tap(LASER, Intent::Use);
    assert_eq!((b.report(Event::Linked).n, b.ask().n), (Some(1), Some(2)));
}

#[test]
fn two_unanswered_alives_bring_a_hello_before_the_lease_runs_out() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(59);
    assert_eq!(Bench::times(&b.reports(Event::Alive), 0), [20_000, 40_000]);
    assert_eq!(Bench::times(&b.hellos(), 0), [50_000]);
}

#[test]
fn one_unanswered_alive_brings_no_hello() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(40);
    b.lease(b.report(Event::Alive).n, S1, 60, graceful(20));
    b.wait_s(35);
    assert_eq!(b.hellos(), []);
}

#[test]
fn a_new_link_hears_of_a_running_session_at_once() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(5);
    b.connect();
    b.welcome(2);
    let alive = b.report(Event::Alive);
    assert_eq!((alive.link, alive.session, alive.relay), (b.link, Some(S1), Some(true)));
    b.lease(alive.n, S1, 60, graceful(20));
    b.wait_s(58);
    assert!(b.is_closed(LASER));
}

#[test]
fn an_unknown_link_gets_silence() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let (ask, link) = (b.ask(), b.link);
    b.take();
    b.link = Some(tremen_wire::Link([0xee; 8]));
    b.grant(&ask, S1, 60, None, graceful(20));
    b.order(1, Action::Lock);
    b.note(Some(1));
    assert_eq!(b.take(), []);
    b.link = link;
    b.grant(&ask, S1, 60, None, graceful(20));
    assert!(b.is_closed(LASER), "and the nonce still waits");
}

#[test]
fn whoever_holds_a_key_drops_what_is_not_sealed_with_it() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.take();
    let order = Down::Order(b.order_of(1, Action::Lock));
    let other = tremen_wire::Key::new([8; 32]);
    let to = b.settings.id.clone();
    b.raw(Channel::Order, &order.encode(&to, Protection::Plain));
    b.raw(Channel::Order, &order.encode(&to, Protection::Sealed(&other)));
    let moved = b.bytes(&order);
    b.raw(Channel::Answer, &moved);
    let stranger = tremen_wire::ControllerId::parse("other").unwrap();
    let elsewhere = order.encode(&stranger, Protection::Sealed(&tremen_wire::Key::new([7; 32])));
    b.raw(Channel::Order, &elsewhere);
    assert_eq!(b.take(), []);
    b.answer(&ask, Outcome::Done { session: None });
    assert_eq!(b.results().len(), 1);
}

#[test]
fn the_plain_profile_works_with_a_registry_that_leaves_link_and_n_out() {
    let mut b = Bench::plain();
    b.connect();
    b.welcome(1);
    b.link = None;
    b.note(None);
    b.take();
    b.wait_s(30);
    assert_eq!(b.said(), [], "linked is settled");

    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.grant(&ask, S1, 60, None, graceful(20));
    assert!(b.is_closed(LASER));
    b.wait_s(2);
    b.lease(None, S1, 60, graceful(0));
    b.lease(None, S1, 600, graceful(0)); // it answers nothing: once is once
    b.wait_ms(19_000);
    b.wait_ms(40_999);
    assert!(b.is_closed(LASER), "it counts from its receipt");
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));

    let ended = b.report(Event::Ended);
    assert_eq!(ended.session, Some(S1));
    b.lease(None, S1, 0, graceful(0));
    b.take();
    b.wait_s(300);
    assert_eq!(b.reports(Event::Ended), []);
}

#[test]
fn a_relay_is_open_at_boot_and_told_so_when_its_machine_is_known() {
    let mut b = Bench::sealed();
    b.connect();
    b.welcome(1);
    let opened: Vec<_> = b.take().into_iter().filter(|(_, o)| matches!(o, Output::OpenRelay { .. })).collect();
    assert_eq!(opened.len(), 2);
}

#[test]
fn after_a_restart_the_hello_says_the_highest_order_number_and_that_nothing_runs() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.order(41, Action::Identify);
    b.reboot();
    b.connect();
    let Hello { last_order, running, .. } = b.hello();
    assert_eq!((last_order, running), (41, vec![]));
}
