//! "Sessions and leases".

use tremen_controller::{Input, Output};
use tremen_wire::{Capability, Down, Event, Intent, Lease, StopPolicy};

use crate::bench::{Bench, LASER, S1, S2, START_S, graceful};

#[test]
fn alive_is_reported_every_third_of_the_lease() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    for n in 1..=10 {
        b.wait_ms(19_999);
        assert_eq!(b.reports(Event::Alive), [], "the {n}th came too early");
        b.wait_ms(1);
        b.lease(b.report(Event::Alive).n, S1, 60, graceful(20));
        b.take();
    }
    assert!(b.is_closed(LASER));
}

#[test]
fn a_lease_counts_from_the_first_sending_of_what_it_answers() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.wait_s(4);
    b.grant(&b.ask(), S1, 10, None, StopPolicy::Immediate);
    assert!(b.is_closed(LASER));
    let started = b.report(Event::Started);
    b.wait_s(1);
    b.lease(started.n, S1, 10, StopPolicy::Immediate); // counts from 4 s, not from 5 s
    b.wait_ms(8_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_lease_never_runs_past_until() {
    let mut b = Bench::sealed().linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, Some(START_S + 15), StopPolicy::Immediate);
    b.wait_ms(14_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_slow_welcome_makes_until_come_early_and_never_late() {
    let mut b = Bench::sealed();
    b.connect();
    b.wait_ms(900);
    let mut welcome = b.welcome_to(&b.hello(), 1);
    welcome.at_s = START_S; // written just after the hello, received 0.9 s later
    b.link = Some(welcome.link);
    b.down(&Down::Welcome(welcome));
    b.note_linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, Some(START_S + 10), StopPolicy::Immediate);
    b.wait_ms(9_099);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_lease_counts_only_for_the_latest_report_of_its_session() {
    let mut b = Bench::sealed().linked().running(30, StopPolicy::Immediate);
    b.wait_s(10);
    let first = b.report(Event::Alive).n;
    b.wait_s(10);
    b.lease(first, S1, 300, StopPolicy::Immediate);
    b.wait_s(10);
    assert!(!b.is_closed(LASER), "the lease of `started` has run out");
}

#[test]
fn a_lease_counts_once() {
    let mut b = Bench::sealed().linked().running(30, StopPolicy::Immediate);
    b.wait_s(10);
    let n = b.report(Event::Alive).n;
    b.lease(n, S1, 30, StopPolicy::Immediate);
    b.lease(n, S1, 300, StopPolicy::Immediate);
    b.wait_s(30);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_lease_that_names_another_session_or_machine_changes_nothing() {
    let mut b = Bench::sealed().linked().running(30, StopPolicy::Immediate);
    b.wait_s(10);
    let n = b.report(Event::Alive).n;
    b.lease(n, S2, 300, StopPolicy::Immediate);
    b.down(&Down::Lease(Lease {
        link: b.link,
        n,
        machine: Some("prusa-1".into()),
        session: Some(S1),
        lease_s: 300,
        until_s: None,
        on_lost: Some(StopPolicy::Immediate),
    }));
    b.wait_s(20);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_lease_of_0_opens_the_relay_at_once() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(20);
    b.lease(b.report(Event::Alive).n, S1, 0, graceful(20));
    assert!(!b.is_closed(LASER));
    assert_eq!(b.report(Event::Ended).used_s, Some(20));
}

#[test]
fn when_the_lease_runs_out_the_controller_does_on_lost() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.input(Input::Disconnected);
    b.wait_ms(79_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_lease_that_comes_while_on_lost_runs_changes_nothing() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(61);
    let n = b.report(Event::Alive).n;
    b.lease(n, S1, 60, graceful(20));
    b.wait_s(19);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_lease_that_comes_while_a_stop_runs_changes_nothing() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(20);
    let n = b.report(Event::Alive).n;
    b.stop(1, S1, graceful(300));
    b.lease(n, S1, 60, graceful(20));
    b.wait_ms(59_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER), "60 s of the first lease and 20 s of its policy");
}

#[test]
fn a_lease_read_after_it_would_have_been_too_late_saves_nothing() {
    let mut b = Bench::sealed().linked().running(60, StopPolicy::Immediate);
    b.wait_s(40);
    let n = b.report(Event::Alive).n;
    b.oversleep_s(20);
    b.lease(n, S1, 60, StopPolicy::Immediate);
    assert!(!b.is_closed(LASER));
}

#[test]
fn an_overslept_policy_counts_from_when_the_lease_ran_out() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.oversleep_s(80);
    b.input(Input::Tick);
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_lease_that_runs_out_while_a_slower_stop_runs_brings_on_lost_too() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.stop(1, S1, graceful(300));
    b.wait_ms(79_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn alive_goes_on_while_a_policy_runs() {
    let mut b = Bench::sealed().linked().running(30, graceful(60));
    b.stop(1, S1, graceful(60));
    b.take();
    b.wait_s(25);
    assert_eq!(Bench::times(&b.reports(Event::Alive), 0), [10_000, 20_000]);
}

#[test]
fn ended_is_sent_again_with_a_new_n_until_a_lease_answers_it() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.stop(1, S1, StopPolicy::Immediate);
    let from = b.now_ms();
    b.wait_ms(6_999);
    let ended = b.reports(Event::Ended);
    assert_eq!(Bench::times(&ended, from), [0, 1_000, 3_000]);
    assert!(ended.windows(2).all(|pair| pair[0].1.n < pair[1].1.n));
    b.lease(ended[2].1.n, S1, 0, graceful(20));
    b.take();
    b.wait_s(300);
    assert_eq!(b.said(), []);
}

#[test]
fn an_unanswered_ended_brings_a_hello_and_is_said_again_in_the_new_link() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.stop(1, S1, StopPolicy::Immediate);
    b.wait_s(15);
    assert_eq!(b.hellos().len(), 1);
    b.welcome(2);
    let ended = b.report(Event::Ended);
    assert_eq!((ended.link, ended.n, ended.session), (b.link, Some(2), Some(S1)));
}

#[test]
fn an_ended_session_never_opens_again() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    // asked while it ran, answered after it ended: the registry did not know yet
    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.stop(1, S1, StopPolicy::Immediate);
    assert!(!b.is_closed(LASER));
    b.grant(&ask, S1, 60, None, graceful(20));
    assert!(!b.is_closed(LASER));
}

#[test]
fn an_ended_session_is_not_opened_by_an_answer_that_was_under_way_when_its_end_was_noted() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.tap(LASER, Intent::Use);
    let ask = b.ask();
    b.stop(1, S1, StopPolicy::Immediate);
    b.lease(b.report(Event::Ended).n, S1, 0, graceful(20));
    b.grant(&ask, S1, 60, None, graceful(20));
    assert!(!b.is_closed(LASER));
}

#[test]
fn a_positive_lease_does_not_open_an_ended_session_again() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.wait_s(20);
    let n = b.report(Event::Alive).n;
    b.stop(1, S1, StopPolicy::Immediate);
    b.lease(n, S1, 60, graceful(20));
    assert!(!b.is_closed(LASER));
    b.take();
    b.wait_s(10);
    assert!(!b.reports(Event::Ended).is_empty(), "and `ended` is still owed");
}

#[test]
fn finish_job_without_measured_load_is_immediate() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.stop(1, S1, StopPolicy::FinishJob { longest_s: 1_800 });
    assert!(!b.is_closed(LASER));
}

#[test]
fn finish_job_opens_when_the_current_has_been_idle_for_30_seconds() {
    let mut b = Bench::able_to(&[Capability::Load]).linked().running(60, StopPolicy::FinishJob { longest_s: 1_800 });
    b.input(Input::Load { machine: LASER, load_ma: 4_000 });
    b.stop(1, S1, StopPolicy::FinishJob { longest_s: 1_800 });
    b.wait_s(100);
    b.input(Input::Load { machine: LASER, load_ma: 20 });
    b.wait_s(20);
    b.input(Input::Load { machine: LASER, load_ma: 30 });
    b.wait_ms(9_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
    assert_eq!(b.report(Event::Ended).used_s, Some(100), "seconds under load");
}

#[test]
fn finish_job_starts_its_30_seconds_anew_when_the_machine_works_again() {
    let mut b = Bench::able_to(&[Capability::Load]).linked().running(60, graceful(20));
    b.stop(1, S1, StopPolicy::FinishJob { longest_s: 1_800 });
    b.input(Input::Load { machine: LASER, load_ma: 20 });
    b.wait_s(29);
    b.input(Input::Load { machine: LASER, load_ma: 4_000 });
    b.wait_s(2);
    b.input(Input::Load { machine: LASER, load_ma: 20 });
    b.wait_s(29);
    assert!(b.is_closed(LASER));
    b.wait_s(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn finish_job_opens_at_the_latest_after_longest() {
    let mut b = Bench::able_to(&[Capability::Load]).linked().running(60, StopPolicy::FinishJob { longest_s: 1_800 });
    b.input(Input::Load { machine: LASER, load_ma: 4_000 });
    b.stop(1, S1, StopPolicy::FinishJob { longest_s: 120 });
    b.wait_ms(119_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn once_a_policy_runs_it_is_never_put_off() {
    let mut b = Bench::able_to(&[Capability::Load]).linked().running(60, graceful(20));
    b.input(Input::Load { machine: LASER, load_ma: 4_000 });
    b.stop(1, S1, graceful(30));
    b.stop(2, S1, StopPolicy::FinishJob { longest_s: 1_800 });
    b.wait_s(10);
    b.stop(1, S1, graceful(30));
    b.wait_ms(19_999);
    assert!(b.is_closed(LASER));
    b.wait_ms(1);
    assert!(!b.is_closed(LASER));
}

#[test]
fn of_several_policies_the_earliest_end_counts() {
    let mut b = Bench::sealed().linked().running(60, graceful(20));
    b.stop(1, S1, graceful(30));
    b.wait_s(5);
    b.stop(2, S1, graceful(5));
    b.wait_s(5);
    assert!(!b.is_closed(LASER));
}

#[test]
fn with_feedback_started_waits_for_the_relay_and_ended_too() {
    let mut b = Bench::able_to(&[Capability::RelayFeedback]).linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, StopPolicy::Immediate);
    assert_eq!(b.reports(Event::Started), []);
    b.input(Input::RelayIs { machine: LASER, closed: true });
    assert_eq!(b.report(Event::Started).relay, Some(true));
    b.stop(1, S1, StopPolicy::Immediate);
    assert!(!b.is_closed(LASER));
    assert_eq!(b.reports(Event::Ended), []);
    b.input(Input::RelayIs { machine: LASER, closed: false });
    assert_eq!(b.report(Event::Ended).relay, Some(false));
}

#[test]
fn a_relay_that_does_not_open_is_a_fault_and_is_told_again() {
    let mut b = Bench::able_to(&[Capability::RelayFeedback]).linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, StopPolicy::Immediate);
    b.input(Input::RelayIs { machine: LASER, closed: true });
    b.stop(1, S1, StopPolicy::Immediate);
    b.take();
    b.wait_s(7);
    let told = b.take();
    assert_eq!(told.iter().filter(|(_, o)| matches!(o, Output::OpenRelay { .. })).count(), 3);
    b.wait_s(20);
    assert_eq!(b.reports(Event::Fault), [], "it was said once");
    assert_eq!(b.reports(Event::Alive).last().unwrap().1.relay, Some(true), "and the session is not called ended");
}

#[test]
fn a_relay_that_opens_by_itself_ends_the_session() {
    let mut b = Bench::able_to(&[Capability::RelayFeedback]).linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, graceful(20));
    b.input(Input::RelayIs { machine: LASER, closed: true });
    b.input(Input::RelayIs { machine: LASER, closed: false });
    assert_eq!(b.report(Event::Ended).relay, Some(false));
    b.input(Input::RelayIs { machine: LASER, closed: true });
    assert!(!b.is_closed(LASER), "what closes by itself is told to open");
    assert_eq!(b.report(Event::Relay).relay, Some(true));
}

#[test]
fn a_session_whose_relay_never_closes_is_over_with_its_lease() {
    let mut b = Bench::able_to(&[Capability::RelayFeedback]).linked();
    b.tap(LASER, Intent::Use);
    b.grant(&b.ask(), S1, 60, None, StopPolicy::Immediate);
    b.wait_s(60);
    assert_eq!((b.report(Event::Ended).session, b.report(Event::Ended).used_s), (Some(S1), Some(0)));
}

#[test]
fn the_button_and_the_lid_are_reported() {
    let mut b = Bench::sealed();
    b.input(Input::Tamper { detail: "lid open" });
    b.connect();
    b.welcome(1);
    assert_eq!(b.report(Event::Tamper).detail.as_deref(), Some("lid open"), "as soon as there is a link");
    b.input(Input::Button { machine: LASER });
    assert_eq!(b.report(Event::Button).machine.as_deref(), Some(LASER));
    b.input(Input::Tamper { detail: &"é".repeat(150) });
    assert_eq!(b.report(Event::Tamper).detail.map(|text| text.len()), Some(200));
}
