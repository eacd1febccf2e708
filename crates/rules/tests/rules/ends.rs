//! When a grant ends by itself, by the same stories.

use super::story::{Story, check, id, time};
use tremen_rules::session_is_refused;

const NOON: &str = "2031-03-03 12:00"; // a Monday
const LASER: &str = "marie: laser level 2";

/// The end of a grant that is made at `when`: `never`, or the instant and its first reason. What `decide` says just before
/// and at the end is compared too.
#[track_caller]
fn ends(when: &str, facts: &str, world: &str, expected: &str) {
    let story = Story::read(facts, world);
    let found = story.end(time(when));
    let (at, reason) = expected.rsplit_once(' ').unwrap_or(("", expected));
    if expected == "never" {
        assert_eq!(found, None);
        return;
    }
    let (end, first) = found.expect("an end");
    assert_eq!((end, first.code()), (time(at), reason));
    let refused = |t| session_is_refused(&story.dossier(t), &story.reading, t).map(|objection| objection.reason);
    assert_eq!((refused(end.plus_millis(-1)), refused(end)), (None, Some(first)));
}

#[test]
fn a_grant_without_anything_that_ends_never_ends() {
    ends(NOON, LASER, "", "never");
    ends(NOON, "", "machine: needs nothing", "never");
    ends(NOON, &format!("{LASER}\nmarie: manager of venue:ubo"), "ubo: shut", "never");
    let always = "ubo: mon 00:00-24:00, tue 00:00-00:00, wed 00:00-24:00, thu 00:00-24:00, fri 00:00-24:00, sat 00:00-24:00, \
                  sun 00:00-24:00";
    ends(NOON, LASER, always, "never");
    ends(NOON, LASER, &format!("{always}\nubo: closed 2031-01-01"), "never");
}

#[test]
fn each_fact_that_ends_a_right_ends_the_grant() {
    for (facts, world, end) in [
        ("marie: laser level 2, until 2032-01-01", "", "2032-01-01 award_expired"),
        ("marie: laser level 2, revoked 2032-01-01", "", "2032-01-01 award_revoked"),
        ("marie: laser level 2, superseded 2032-01-01", "", "2032-01-01 no_award"),
        ("marie: laser level 2, suspended 2032-01-01 .. 2032-02-01", "", "2032-01-01 award_suspended"),
        ("marie: laser level 2 by fdp", "accept: fdp, all, months 138", "2031-07-01 award_expired"),
        ("marie: laser level 2\nlock: from 2032-01-01", "", "2032-01-01 machine_out_of_service"),
        ("marie: laser level 2\ncard: blocked, from 2032-01-01", "", "2032-01-01 card_blocked"),
        ("marie: laser level 2\nmarie: restricted network, from 2032-01-01", "", "2032-01-01 person_suspended_here"),
        ("marie: laser level 2\nmarie: member of ubo, until 2032-01-01", "ubo: members", "2032-01-01 not_a_member"),
        (
            "marie: laser level 2\nmarie: safety level 1, until 2032-01-01",
            "laser: needs safety level 1",
            "2032-01-01 prerequisite_missing",
        ),
        ("marie: laser level 2", "ubo: mon 09:00-18:00", "2031-03-03 18:00 outside_opening_hours"),
        ("marie: laser level 2", "ubo: closed 2032-01-01", "2032-01-01 outside_opening_hours"),
        (
            "marie: laser level 2\nmarie: trainer of venue:ubo, until 2031-03-05",
            "ubo: mon 09:00-18:00",
            "2031-03-05 outside_opening_hours",
        ),
        (
            "marie: laser level 2\nmarie: trainer of venue:ubo, until 2031-03-10 10:00",
            "ubo: mon 09:00-18:00",
            "2031-03-10 18:00 outside_opening_hours",
        ),
    ] {
        ends(NOON, facts, world, end);
    }
}

#[test]
fn facts_that_follow_one_another_make_one_grant() {
    let facts = "marie: laser level 2, until 2032-01-01\nmarie: laser level 3, from 2031-06-01, until 2033-01-01";
    ends(NOON, facts, "", "2033-01-01 award_expired");
    let facts = "marie: laser level 2, superseded 2032-01-01\nmarie: laser level 2, from 2032-01-01, until 2033-01-01";
    ends(NOON, facts, "", "2033-01-01 award_expired");
    let facts = "marie: laser level 2\nmarie: member of ubo, until 2032-01-01\nmarie: member of ubo, from 2032-01-01, until 2033-01-01";
    ends(NOON, facts, "ubo: members", "2033-01-01 not_a_member");
    let gap =
        "marie: laser level 2\nmarie: member of ubo, until 2032-01-01\nmarie: member of ubo, from 2032-01-01 00:01";
    ends(NOON, gap, "ubo: members", "2032-01-01 not_a_member");
    ends("2031-03-03 23:00", LASER, "ubo: mon 20:00-02:00, tue 01:00-04:00", "2031-03-04 04:00 outside_opening_hours");
}

#[test]
fn the_first_of_several_reasons_at_the_end_is_told() {
    let facts = "marie: laser level 2, until 2032-01-01\nlock: from 2032-01-01";
    ends(NOON, facts, "", "2032-01-01 machine_out_of_service");
}

#[test]
fn a_clock_change_moves_the_end_of_the_hours() {
    // the second 02:30 of that night closes nothing that the first did not close before
    ends("2030-10-26 23:00", LASER, "ubo: sat 20:00-02:30", "2030-10-27T00:30:00Z outside_opening_hours");
    ends("2030-10-27T01:10:00Z", LASER, "ubo: sun 02:00-02:30", "2030-10-27T01:30:00Z outside_opening_hours");
    ends("2031-03-29 23:00", LASER, "ubo: sat 20:00-02:30", "2031-03-30T01:00:00Z outside_opening_hours");
}

#[test]
fn a_clock_that_is_set_back_over_midnight_may_make_a_day_closed_again_and_somebody_younger() {
    // St John's, 2006-10-29: at 00:01 the clock was set back to 23:01
    let world = "ubo: zone America/St_Johns, closed 2006-10-28";
    let facts = "marie: laser level 2, from 2000-01-01";
    ends("2006-10-29T02:30:30Z", facts, world, "2006-10-29T02:31:00Z outside_opening_hours");
    let young = format!("{facts}\nmarie: born 1990-10-29");
    let world = "ubo: zone America/St_Johns\nmachine: age 16";
    check("2006-10-29T02:30:00Z", &young, world, "grant");
    ends("2006-10-29T02:30:00Z", &young, world, "2006-10-29T02:31:00Z age_restricted");
    ends("2006-10-29T03:30:00Z", &young, world, "never");
}

#[test]
fn a_refusal_ends_at_the_next_millisecond() {
    let story = Story::read("", "");
    assert_eq!(story.end(time(NOON)).unwrap(), (time(NOON).plus_millis(1), tremen_rules::DenialReason::NoAward));
}

#[test]
fn who_uses_the_machine_and_who_stands_by_ends_no_session() {
    let facts = "marie: laser level 1\nin use: bob\nbob: laser level 3\nbob taps 29999 ms ago";
    ends(NOON, facts, "machine: needs laser level 1, autonomous 2", "never");
    let story = Story::read(facts, "machine: needs laser level 1, autonomous 2");
    assert_eq!(session_is_refused(&story.dossier(time(NOON)), &story.reading, time(NOON)), None);
}

#[test]
fn an_open_sessions_right_is_refused_with_the_first_reason() {
    let mut story = Story::read("marie: laser level 2, revoked 2031-01-01\nlock", "");
    let refused = |story: &Story| session_is_refused(&story.dossier(time(NOON)), &story.reading, time(NOON)).unwrap();
    assert_eq!(refused(&story).reason.code(), "machine_out_of_service");
    story.locks.clear();
    assert_eq!(refused(&story).award, Some(id("a-1")));
    story.nobody = true;
    assert_eq!(refused(&story).reason.code(), "unknown_card");
}
