//! Each interval at both its edges: a millisecond before, and at. Clocks, months and birthdays at theirs.

use super::story::check;

const LASER: &str = "marie: laser level 2";

/// The answer changes at exactly this instant.
#[track_caller]
fn edge(at: &str, facts: &str, world: &str, before: &str, from_then_on: &str) {
    check(&format!("before {at}"), facts, world, before);
    check(at, facts, world, from_then_on);
}

#[test]
fn an_expired_award_is_refused_with_its_date() {
    let facts = "marie: laser level 2, until 2031-03-01";
    check("2031-03-02 10:00", facts, "", "deny award_expired award a-1 since 2031-03-01");
    edge("2031-03-01", facts, "", "grant", "deny award_expired since 2031-03-01");
}

#[test]
fn an_award_counts_from_the_instant_it_is_issued() {
    edge("2031-03-01", "marie: laser level 2, from 2031-03-01", "", "deny no_award award none", "grant");
}

#[test]
fn an_award_counts_until_its_successor_is_issued() {
    edge("2031-03-01", "marie: laser level 2, superseded 2031-03-01", "", "grant", "deny no_award");
    let renewed = "marie: laser level 2, superseded 2031-03-01\nmarie: laser level 2, from 2031-03-01";
    edge("2031-03-01", renewed, "", "grant", "grant");
}

#[test]
fn a_revocation_holds_from_its_instant_for_good() {
    let facts = "marie: laser level 2, revoked 2031-03-01";
    edge("2031-03-01", facts, "", "grant", "deny award_revoked since 2031-03-01 until none");
    check("2099-01-01", facts, "", "deny award_revoked since 2031-03-01");
}

#[test]
fn a_suspension_of_an_award_holds_between_its_edges() {
    let facts = "marie: laser level 2, suspended 2031-03-01 .. 2031-04-01";
    let refused = "deny award_suspended award a-1 since 2031-03-01 until 2031-04-01";
    edge("2031-03-01", facts, "", "grant", refused);
    edge("2031-04-01", facts, "", refused, "grant");
    let again = "marie: laser level 2, suspended 2031-03-01 .. 2031-04-01, suspended 2031-03-15 ..";
    check("2031-03-20", again, "", "deny award_suspended since 2031-03-15 until none");
}

#[test]
fn an_accepted_award_ends_with_the_venues_longest_age() {
    let facts = "marie: laser level 2 by fdp, from 2030-08-31 10:00, until 2040-01-01";
    let world = "accept: fdp, all, months 6";
    edge("2031-02-28 10:00", facts, world, "grant", "deny award_expired since 2031-02-28_10:00");
    // its own end may come first
    let short = "marie: laser level 2 by fdp, from 2030-08-31 10:00, until 2031-01-01";
    check("2031-05-01", short, world, "deny award_expired since 2031-01-01");
    // the venue's own issuer has no rule, so no longest age
    check("2031-05-01", "marie: laser level 2, from 2030-08-31 10:00", world, "grant");
}

#[test]
fn a_lock_holds_between_its_edges() {
    let facts = format!("{LASER}\nlock: from 2031-03-01, until 2031-03-02");
    edge("2031-03-01", &facts, "", "grant", "deny machine_out_of_service since 2031-03-01 until 2031-03-02");
    edge("2031-03-02", &facts, "", "deny machine_out_of_service", "grant");
}

#[test]
fn a_card_is_blocked_between_its_edges() {
    let facts = format!("{LASER}\ncard: blocked, from 2031-03-01, until 2031-03-02");
    edge("2031-03-01", &facts, "", "grant", "deny card_blocked since 2031-03-01 until 2031-03-02");
    edge("2031-03-02", &facts, "", "deny card_blocked", "grant");
}

#[test]
fn a_restriction_holds_between_its_edges() {
    let facts = format!("{LASER}\nmarie: restricted venue:ubo, from 2031-03-01, until 2031-03-02");
    edge("2031-03-01", &facts, "", "grant", "deny person_suspended_here since 2031-03-01 until 2031-03-02");
    edge("2031-03-02", &facts, "", "deny person_suspended_here", "grant");
}

#[test]
fn a_span_that_ends_before_it_begins_holds_never() {
    let facts = format!(
        "{LASER}\nlock: from 2031-03-02, until 2031-03-02\nmarie: restricted network, from 2031-03-03, until 2031-03-01"
    );
    check("2031-03-02", &facts, "", "grant");
    check("2031-03-03", &facts, "", "grant");
}

#[test]
fn a_membership_counts_between_its_edges() {
    let facts = format!("{LASER}\nmarie: member of ubo, from 2031-03-01, until 2031-04-01");
    edge("2031-03-01", &facts, "ubo: members", "deny not_a_member since none until 2031-03-01", "grant");
    edge("2031-04-01", &facts, "ubo: members", "grant", "deny not_a_member since 2031-04-01");
}

#[test]
fn a_handover_counts_from_its_instant() {
    let facts = format!("{LASER}\nmarie: shown trotec, from 2031-03-01");
    edge("2031-03-01", &facts, "machine: handover", "deny handover_missing", "grant");
    let foreign = "marie: laser level 2 by fdp\nmarie: shown trotec, from 2031-03-01";
    edge("2031-03-01", foreign, "accept: fdp, all, handover", "deny handover_missing", "grant");
}

#[test]
fn a_prerequisite_counts_between_its_edges() {
    let facts = format!("{LASER}\nmarie: safety level 1, from 2031-03-01, until 2031-04-01");
    let world = "laser: needs safety level 1";
    edge("2031-03-01", &facts, world, "deny prerequisite_missing", "grant");
    edge("2031-04-01", &facts, world, "grant", "deny prerequisite_missing");
}

#[test]
fn a_role_frees_from_the_hours_between_its_edges() {
    let facts = format!("{LASER}\nmarie: trainer of venue:ubo, from 2031-03-01, until 2031-04-01");
    edge("2031-03-01", &facts, "ubo: shut", "deny outside_opening_hours", "grant");
    edge("2031-04-01", &facts, "ubo: shut", "grant", "deny outside_opening_hours");
}

#[test]
fn one_is_of_age_from_the_beginning_of_the_birthday_at_the_venue() {
    let facts = format!("{LASER}\nmarie: born 2015-03-01");
    edge("2031-03-01", &facts, "machine: age 16", "deny age_restricted until 2031-03-01", "grant");
    let world = "machine: age 16\nubo: zone Pacific/Auckland";
    edge("2031-02-28T11:00:00Z", &facts, world, "deny age_restricted until 2031-02-28T11:00:00Z", "grant");
}

#[test]
fn a_birthday_on_29_february_counts_on_1_march_in_other_years() {
    let facts = format!("{LASER}\nmarie: born 2012-02-29");
    edge("2031-03-01", &facts, "machine: age 19", "deny age_restricted", "grant");
    edge("2032-02-29", &facts, "machine: age 20", "deny age_restricted", "grant");
}

#[test]
fn a_venue_opens_and_closes_with_its_shifts() {
    let world = "ubo: mon 09:00-12:30, mon 12:00-18:00";
    edge("2031-03-03 09:00", LASER, world, "deny outside_opening_hours until 2031-03-03_09:00", "grant");
    edge("2031-03-03 12:30", LASER, world, "grant", "grant");
    edge("2031-03-03 18:00", LASER, world, "grant", "deny outside_opening_hours until 2031-03-10_09:00");
}

#[test]
fn a_shift_past_midnight_belongs_to_the_day_it_begins_on() {
    let world = "ubo: mon 20:00-02:00, closed 2031-03-04, closed 2031-03-10";
    edge("2031-03-03 20:00", LASER, world, "deny outside_opening_hours", "grant");
    edge("2031-03-04", LASER, world, "grant", "grant"); // Tuesday is closed, but the shift began on Monday
    edge("2031-03-04 02:00", LASER, world, "grant", "deny outside_opening_hours until 2031-03-17_20:00");
    check("2031-03-11 01:00", LASER, world, "deny outside_opening_hours"); // Monday is closed, so its shift did not begin
}

#[test]
fn a_shift_may_end_at_midnight_or_last_a_whole_day() {
    edge("2031-03-04", LASER, "ubo: mon 20:00-24:00", "grant", "deny outside_opening_hours");
    edge("2031-03-04", LASER, "ubo: mon 20:00-00:00", "grant", "deny outside_opening_hours");
    edge("2031-03-04 09:00", LASER, "ubo: mon 09:00-09:00", "grant", "deny outside_opening_hours");
    edge("2031-03-04", LASER, "ubo: mon 00:00-24:00", "grant", "deny outside_opening_hours");
}

#[test]
fn a_closed_day_without_hours_is_the_whole_local_day() {
    let world = "ubo: closed 2031-03-04/2031-03-05";
    edge("2031-03-04", LASER, world, "grant", "deny outside_opening_hours until 2031-03-06");
    edge("2031-03-06", LASER, world, "deny outside_opening_hours until 2031-03-06", "grant");
}

#[test]
fn an_hour_that_comes_twice_counts_twice() {
    // on 2030-10-27 the clock in Paris shows 02:00 to 03:00 twice, from 00:00Z on and from 01:00Z on
    let world = "ubo: sun 02:00-03:00";
    edge("2030-10-27T00:00:00Z", LASER, world, "deny outside_opening_hours", "grant");
    edge("2030-10-27T01:00:00Z", LASER, world, "grant", "grant");
    edge("2030-10-27T02:00:00Z", LASER, world, "grant", "deny outside_opening_hours");
    let world = "ubo: sun 02:00-02:30";
    edge("2030-10-27T00:30:00Z", LASER, world, "grant", "deny outside_opening_hours until 2030-10-27T01:00:00Z");
    edge("2030-10-27T01:00:00Z", LASER, world, "deny outside_opening_hours", "grant");
    edge("2030-10-27T01:30:00Z", LASER, world, "grant", "deny outside_opening_hours");
}

#[test]
fn an_hour_that_is_skipped_does_not_count() {
    // on 2031-03-30 the clock in Paris goes from 02:00 to 03:00 at 01:00Z
    let world = "ubo: sun 02:00-03:00";
    edge("2031-03-30T01:00:00Z", LASER, world, "deny outside_opening_hours", "deny outside_opening_hours");
    check("2031-03-30", LASER, world, "deny outside_opening_hours until 2031-04-06_02:00");
    let world = "ubo: sun 01:00-02:30, sun 02:45-04:00";
    edge("2031-03-30T01:00:00Z", LASER, world, "grant", "grant");
    edge("2031-03-30T02:00:00Z", LASER, world, "grant", "deny outside_opening_hours");
}
