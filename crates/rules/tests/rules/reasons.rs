//! Each of the reasons, their order, and who speaks for a requirement.

use super::story::{Story, check, id, time};
use tremen_rules::{DenialReason, Level, counting_level, decide, may_supervise};

const NOON: &str = "2031-03-03 12:00"; // a Monday
const LASER: &str = "marie: laser level 2";

#[test]
fn whoever_holds_what_the_machine_needs_is_granted() {
    check(NOON, LASER, "", "grant");
    check(NOON, "", "machine: needs nothing", "grant");
}

#[test]
fn a_controller_that_is_not_ours_learns_nothing_more() {
    check(NOON, "reading: untrusted\nreading: replayed\nnobody's card", "", "deny controller_not_trusted");
}

#[test]
fn a_replay_comes_before_an_unknown_machine() {
    check(NOON, "reading: replayed\nreading: elsewhere\nnobody's card", "", "deny replayed_request");
}

#[test]
fn a_machine_that_does_not_exist_or_hangs_at_another_controller_is_unknown() {
    check(NOON, "reading: elsewhere\ncard: unknown", "", "deny unknown_machine");
    check(NOON, "asks for: nothing-here", "", "deny unknown_machine");
    check(NOON, "asks for: Not An Id!", "", "deny unknown_machine");
}

#[test]
fn nobodys_card_and_a_forged_one_are_unknown() {
    check(NOON, "nobody's card", "", "deny unknown_card");
    check(NOON, "card: unknown\nmarie: laser level 2", "", "deny unknown_card");
}

#[test]
fn a_blocked_card_ends_the_decision() {
    let facts = "card: blocked, from 2031-01-01\nlock";
    check(NOON, facts, "", "deny card_blocked since 2031-01-01 until none");
}

#[test]
fn a_person_in_place_of_a_card_is_not_asked_for_a_surer_card() {
    check(NOON, &format!("{LASER}\ncard: none"), "machine: card A1", "grant");
}

#[test]
fn a_card_must_be_read_as_surely_as_the_machine_asks() {
    for (asked, read, answer) in [
        ("A0", "A0", "grant"),
        ("A1p", "A0", "deny card_assurance_too_low"),
        ("A1p", "A1p", "grant"),
        ("A1p", "A1", "grant"),
        ("A1", "A1p", "deny card_assurance_too_low"),
        ("A1", "A1", "grant"),
    ] {
        check(NOON, &format!("{LASER}\ncard: {read}"), &format!("machine: card {asked}"), answer);
    }
}

#[test]
fn of_several_locks_the_one_that_ends_last_is_named() {
    let facts = format!("{LASER}\nlock: from 2031-03-01, until 2031-04-01\nlock: from 2031-03-02, until 2031-05-01");
    check(NOON, &facts, "", "deny machine_out_of_service since 2031-03-02 until 2031-05-01");
    check(
        NOON,
        &format!("{facts}\nlock: from 2031-02-01"),
        "",
        "deny machine_out_of_service since 2031-02-01 until none",
    );
}

#[test]
fn a_restriction_reaches_as_far_as_its_scope() {
    let world = "machine: needs laser|wood level 2\nlaser: needs safety level 1";
    for (scope, answer) in [
        ("network", "deny person_suspended_here since 2020-01-01 until none"),
        ("venue:ubo", "deny person_suspended_here"),
        ("machine:trotec", "deny person_suspended_here"),
        ("reference:laser", "deny person_suspended_here"),
        ("reference:wood", "deny person_suspended_here"),
        ("reference:safety", "grant"), // a prerequisite is not named by the requirement
        ("venue:ponant", "grant"),
        ("machine:other", "grant"),
    ] {
        check(NOON, &format!("{LASER}\nmarie: safety level 1\nmarie: restricted {scope}"), world, answer);
    }
}

#[test]
fn members_of_the_venue_and_of_those_it_lists_count() {
    for (world, membership, answer) in [
        ("ubo: members", "", "deny not_a_member since none"),
        ("ubo: members", "marie: member of ubo", "grant"),
        ("ubo: members", "marie: member of ponant", "deny not_a_member"),
        ("ubo: members, reciprocal ponant", "marie: member of ponant", "grant"),
        ("ubo: members\nponant: reciprocal ubo", "marie: member of ponant", "deny not_a_member"), // not both ways
        ("ubo: members\nmachine: for all", "", "grant"),
        ("machine: members", "", "deny not_a_member"),
        ("machine: members", "marie: member of ubo, until 2031-03-01", "deny not_a_member since 2031-03-01"),
    ] {
        check(NOON, &format!("{LASER}\n{membership}"), world, answer);
    }
}

#[test]
fn the_end_of_the_latest_membership_that_counted_is_told() {
    let facts = format!(
        "{LASER}\nmarie: member of ubo, from 2029-01-01, until 2030-01-01\nmarie: member of ubo, from 2028-01-01, until \
         2031-01-01\nmarie: member of ponant, until 2031-02-01\nmarie: member of ubo, from 2032-01-01"
    );
    check(NOON, &facts, "ubo: members", "deny not_a_member since 2031-01-01 until 2032-01-01");
}

#[test]
fn an_unknown_birth_date_is_too_young() {
    check(NOON, LASER, "machine: age 16", "deny age_restricted until none");
}

#[test]
fn no_award_at_all_and_one_of_another_reference_are_no_award() {
    check(NOON, "", "", "deny no_award requirement 0 award none");
    check(NOON, "marie: wood level 3", "", "deny no_award requirement 0 award none");
}

#[test]
fn a_superseded_award_counts_for_nothing_even_if_its_successor_is_revoked() {
    let facts =
        "marie: laser level 2, superseded 2031-02-01\nmarie: laser level 2, from 2031-02-01, revoked 2031-02-02";
    check(NOON, facts, "", "deny award_revoked award a-2 since 2031-02-02");
    check(NOON, "marie: laser level 2, superseded 2031-02-01", "", "deny no_award");
}

#[test]
fn an_award_is_too_old_a_version_for_the_highest_of_the_three() {
    for (version, world, answer) in [
        (1, "", "grant"),
        (1, "laser: oldest 2", "deny reference_outdated award a-1"),
        (2, "laser: oldest 2", "grant"),
        (2, "machine: needs laser level 2 version 3", "deny reference_outdated"),
        (3, "machine: needs laser level 2 version 3", "grant"),
        (3, "machine: needs laser level 2 version 4", "deny reference_outdated"), // it waits for that version
    ] {
        check(NOON, &format!("marie: laser level 2 version {version}"), world, answer);
    }
    let foreign = |version| format!("marie: laser level 2 by fdp version {version}");
    check(NOON, &foreign(1), "accept: fdp, all, version 2", "deny reference_outdated");
    check(NOON, &foreign(2), "accept: fdp, all, version 2", "grant");
}

#[test]
fn a_foreign_issuer_needs_a_rule_for_that_reference_or_for_all() {
    let facts = "marie: laser level 2 by fdp";
    check(NOON, facts, "", "deny issuer_not_recognised award a-1");
    check(NOON, facts, "accept: fdp, wood", "deny issuer_not_recognised");
    check(NOON, facts, "accept: ty, all", "deny issuer_not_recognised");
    check(NOON, facts, "accept: fdp, laser", "grant");
    check(NOON, facts, "accept: fdp, all", "grant");
}

#[test]
fn the_rule_that_names_the_reference_counts_before_the_one_for_all() {
    let facts = "marie: laser level 2 by fdp version 2";
    check(NOON, facts, "accept: fdp, all, version 3\naccept: fdp, laser", "grant");
    check(NOON, facts, "accept: fdp, laser, version 3\naccept: fdp, all", "deny reference_outdated");
}

#[test]
fn without_a_rule_an_awards_own_dates_and_version_are_tested_first() {
    check(NOON, "marie: laser level 2 by fdp, until 2031-01-01", "", "deny award_expired since 2031-01-01");
    check(NOON, "marie: laser level 2 by fdp version 1", "laser: oldest 2", "deny reference_outdated");
}

#[test]
fn the_level_must_be_high_enough() {
    check(NOON, "marie: laser level 1", "", "deny level_too_low award a-1");
    check(NOON, "marie: laser level 3", "", "grant");
}

#[test]
fn prerequisites_are_needed_and_those_of_prerequisites_too() {
    let world = "laser: needs safety level 2\nsafety: needs wood level 1";
    check(NOON, LASER, world, "deny prerequisite_missing award a-1");
    check(NOON, "marie: laser level 2\nmarie: safety level 2", world, "deny prerequisite_missing award a-1");
    check(NOON, "marie: laser level 2\nmarie: safety level 1\nmarie: wood level 1", world, "deny prerequisite_missing");
    check(NOON, "marie: laser level 2\nmarie: safety level 2\nmarie: wood level 1", world, "grant");
    let revoked = "marie: laser level 2\nmarie: safety level 2\nmarie: wood level 1, revoked 2031-01-01";
    check(NOON, revoked, world, "deny prerequisite_missing");
}

#[test]
fn a_prerequisite_needs_recognition_but_no_handover() {
    let facts = "marie: laser level 2\nmarie: safety level 1 by fdp";
    check(NOON, facts, "laser: needs safety level 1", "deny prerequisite_missing");
    check(NOON, facts, "laser: needs safety level 1\naccept: fdp, all, handover", "grant");
}

#[test]
fn a_rule_may_want_a_handover_on_this_very_machine() {
    let (facts, world) = ("marie: laser level 2 by fdp", "accept: fdp, all, handover");
    check(NOON, facts, world, "deny handover_missing requirement 0 award a-1");
    check(NOON, &format!("{facts}\nmarie: shown other"), world, "deny handover_missing");
    check(NOON, &format!("{facts}\nmarie: shown trotec"), world, "grant");
    check(NOON, LASER, world, "grant"); // the venue's own issuer needs none
}

#[test]
fn a_machine_that_wants_a_handover_wants_it_whatever_the_awards_say() {
    check(NOON, LASER, "machine: handover", "deny handover_missing award none");
    check(NOON, "", "machine: handover", "deny no_award; handover_missing award none");
    check(NOON, &format!("{LASER}\nmarie: shown trotec"), "machine: handover", "grant");
    let both = "machine: handover\naccept: fdp, all, handover";
    check(NOON, "marie: laser level 2 by fdp", both, "deny handover_missing award none; handover_missing award a-1");
}

#[test]
fn managers_and_trainers_of_the_venue_are_not_bound_by_its_hours() {
    let world = "ubo: shut\nponant: shut";
    check(NOON, LASER, world, "deny outside_opening_hours until none");
    check(NOON, LASER, "ubo: tue 09:00-18:00", "deny outside_opening_hours until 2031-03-04_09:00");
    for (role, answer) in [
        ("manager of venue:ubo", "grant"),
        ("trainer of venue:ubo", "grant"),
        ("manager of venue:ponant", "deny outside_opening_hours"),
        ("referent of machine:trotec", "deny outside_opening_hours"),
        ("network-admin of network", "deny outside_opening_hours"),
        ("auditor of venue:ubo", "deny outside_opening_hours"),
        ("manager of venue:ubo, until 2031-03-01", "deny outside_opening_hours"),
    ] {
        check(NOON, &format!("{LASER}\nmarie: {role}"), world, answer);
    }
}

#[test]
fn somebody_elses_session_makes_the_machine_busy_and_ones_own_does_not() {
    check(NOON, &format!("{LASER}\nin use: bob"), "", "deny machine_busy");
    check(NOON, &format!("{LASER}\nin use: marie"), "", "grant");
}

#[test]
fn below_autonomous_a_supervisor_is_needed() {
    let (facts, world) = ("marie: laser level 1", "machine: needs laser level 1, autonomous 2");
    check(NOON, facts, world, "more supervisor_needed");
    check(NOON, "marie: laser level 2", world, "grant");
    check(NOON, &format!("{facts}\nin use: bob"), world, "deny machine_busy; supervisor_needed");
    // not tested while a requirement is not met
    check(NOON, "", world, "deny no_award");
}

#[test]
fn the_persons_level_is_the_lowest_over_the_requirements_of_the_highest_award() {
    let world = "machine: needs laser level 1, and wood level 1, autonomous 2";
    check(NOON, "marie: laser level 1\nmarie: laser level 3\nmarie: wood level 2", world, "grant");
    check(NOON, "marie: laser level 3\nmarie: wood level 1", world, "more supervisor_needed");
    let revoked = "marie: laser level 1\nmarie: laser level 3, revoked 2031-01-01\nmarie: wood level 2";
    check(NOON, revoked, world, "more supervisor_needed");
}

#[test]
fn a_supervisor_is_another_person_who_could_use_the_machine_and_is_of_the_level() {
    let world = "machine: needs laser level 1, autonomous 2";
    let learner = "marie: laser level 1";
    for (bob, answer) in [
        ("bob: laser level 3\nbob taps 0 ms ago", "grant with bob"),
        ("bob: laser level 3\nbob taps 29999 ms ago", "grant with bob"),
        ("bob: laser level 3\nbob taps 30000 ms ago", "more supervisor_needed"),
        ("bob: laser level 3\nbob taps -1 ms ago", "more supervisor_needed"),
        ("bob: laser level 2\nbob taps 1 ms ago", "more supervisor_needed"),
        ("bob: laser level 3, revoked 2031-01-01\nbob taps 1 ms ago", "more supervisor_needed"),
        ("bob: laser level 3\nbob: restricted network\nbob taps 1 ms ago", "more supervisor_needed"),
        ("bob: laser level 3\nin use: bob\nbob taps 1 ms ago", "deny machine_busy"),
        ("bob: laser level 3\nin use: eve\nbob taps 1 ms ago", "deny machine_busy"),
        ("marie taps 1 ms ago", "more supervisor_needed"),
    ] {
        check(NOON, &format!("{learner}\n{bob}"), world, answer);
    }
    let trainer = "marie: laser level 1\nmarie: wood level 1\nmarie taps 1 ms ago";
    check(NOON, trainer, world, "more supervisor_needed");
}

#[test]
fn nobody_is_asked_for_a_supervisor_while_a_requirement_is_not_met() {
    let world = "machine: needs laser level 1, and wood level 1, autonomous 2";
    check(NOON, "marie: laser level 1", world, "deny no_award requirement 1");
}

#[test]
fn nobody_stands_by_themself_even_where_more_is_known_about_them() {
    let facts = "marie: laser level 1\nbob: laser level 3\nbob taps 1 ms ago";
    let story = Story::read(facts, "machine: needs laser level 1, autonomous 2");
    let mut dossier = story.dossier(time(NOON));
    assert_eq!(decide(&dossier, &story.reading, time(NOON)).verdict(), "grant");
    dossier.standbys[0].person.person = id("marie");
    assert_eq!(decide(&dossier, &story.reading, time(NOON)).verdict(), "more");
}

#[test]
fn a_counting_level_is_the_lowest_over_the_requirements() {
    let level = |facts: &str, world: &str| {
        let story = Story::read(facts, world);
        counting_level(&story.people["marie"], &story.network, &story.network.machines["trotec"], time(NOON))
    };
    let world = "machine: needs laser level 1, and wood level 1";
    assert_eq!(
        level("marie: laser level 3\nmarie: laser level 1\nmarie: wood level 2", world),
        Some(Level::Autonomous)
    );
    assert_eq!(level("marie: laser level 2\nmarie: wood level 3", world), Some(Level::Autonomous));
    assert_eq!(level("marie: laser level 3", world), None);
    assert_eq!(level("marie: laser level 3", "machine: needs nothing"), None);
}

#[test]
fn whoever_may_not_stand_by_is_told_why() {
    let refused = |facts: &str, world: &str| {
        let story = Story::read(facts, world);
        let dossier = story.dossier(time(NOON));
        may_supervise(&dossier, &story.people["marie"], &story.reading, time(NOON)).map_err(|reasons| reasons.codes())
    };
    let world = "machine: needs laser level 1, autonomous 2";
    assert_eq!(refused("marie: laser level 3\nin use: bob", world), Ok(()));
    assert_eq!(refused("marie: laser level 2", world), Err(vec![DenialReason::LevelTooLow]));
    assert_eq!(refused("marie: laser level 1", world), Err(vec![DenialReason::SupervisorNeeded]));
    assert_eq!(refused("", world), Err(vec![DenialReason::NoAward]));
    assert_eq!(refused("", "machine: needs nothing"), Err(vec![DenialReason::LevelTooLow]));
    assert_eq!(refused("card: unknown", world), Err(vec![DenialReason::UnknownCard]));
    let red = "machine: needs laser level 1, autonomous 2, red";
    assert_eq!(refused("marie: laser level 3\ncard: A0", red), Err(vec![DenialReason::CardAssuranceTooLow]));
}

#[test]
fn a_supervisor_who_would_need_one_is_none() {
    let world = "machine: needs laser level 1, autonomous 3, supervisor 2";
    let facts = "marie: laser level 1\nbob: laser level 2\nbob taps 1 ms ago";
    check(NOON, facts, world, "more supervisor_needed");
    let both = format!("{facts}\neve: laser level 3\neve taps 2 ms ago");
    check(NOON, &both, world, "grant with eve");
}

#[test]
fn a_supervisor_at_a_red_machine_taps_with_a_card_that_cannot_be_copied() {
    let facts = "marie: laser level 1\nbob: laser level 3\nbob taps 1 ms ago";
    let world = "machine: needs laser level 1, autonomous 2";
    for (card, red, answer) in [
        ("A0", "", "grant with bob"),
        ("A0", ", red", "more supervisor_needed"),
        ("A1p", ", red", "more supervisor_needed"),
        ("A1", ", red", "grant with bob"),
    ] {
        check(NOON, &format!("{facts}: {card}"), &format!("{world}{red}"), answer);
    }
}

#[test]
fn the_newest_tap_serves_and_only_where_it_is_needed() {
    let world = "machine: needs laser level 1, autonomous 2";
    let taps = "bob: laser level 3\neve: laser level 3\nbob taps 20 ms ago\neve taps 10 ms ago";
    check(NOON, &format!("marie: laser level 1\n{taps}"), world, "grant with eve");
    check(NOON, &format!("marie: laser level 2\n{taps}"), world, "grant");
}

#[test]
fn of_several_awards_that_fail_the_one_that_failed_latest_speaks() {
    let facts = "marie: laser level 2, revoked 2031-01-01
                 marie: laser level 1, from 2021-01-01
                 marie: laser level 2, until 2031-02-01, from 2022-01-01";
    check(NOON, facts, "", "deny level_too_low award a-2");
}

#[test]
fn ties_go_to_the_newest_then_to_the_greatest_id() {
    let facts = "marie: laser level 1 as x-9, from 2021-01-01\nmarie: laser level 1 as x-1, from 2022-01-01";
    check(NOON, facts, "", "deny level_too_low award x-1");
    let facts = "marie: laser level 1 as x-9, from 2022-01-01\nmarie: laser level 1 as x-1, from 2022-01-01";
    check(NOON, facts, "", "deny level_too_low award x-9");
}

#[test]
fn every_requirement_speaks_for_itself() {
    let world = "machine: needs laser level 2, and wood level 1, and safety level 1";
    let facts = "marie: laser level 1\nmarie: safety level 1, until 2031-01-01";
    let answer =
        "deny no_award requirement 1; award_expired requirement 2 since 2031-01-01; level_too_low requirement 0";
    check(NOON, facts, world, answer);
}

#[test]
fn all_reasons_come_in_the_order_of_the_law() {
    let world = "machine: card A1, age 16, handover, needs laser level 2, and wood level 1, and safety level 1
                 ubo: members, shut";
    let facts = "card: A0\nlock\nmarie: restricted network\nin use: bob
                 marie: laser level 2, revoked 2031-01-01\nmarie: safety level 1, suspended 2031-01-01 ..";
    check(
        NOON,
        facts,
        world,
        "deny card_assurance_too_low; machine_out_of_service; person_suspended_here; not_a_member; age_restricted; no_award \
         requirement 1; award_revoked requirement 0; award_suspended requirement 2 since 2031-01-01 until none; \
         handover_missing; outside_opening_hours; machine_busy",
    );
    assert!(DenialReason::ALL.is_sorted());
}

#[test]
fn a_missing_supervisor_is_told_whatever_other_reasons_there_are() {
    let world = "machine: needs laser level 1, autonomous 2\nubo: shut";
    check(NOON, "marie: laser level 1", world, "deny outside_opening_hours; supervisor_needed");
}

#[test]
fn a_network_that_was_never_checked_still_gets_an_answer() {
    let mut story = Story::read("marie: laser level 2\nmarie: safety level 1", "laser: needs safety level 1");
    let needs_laser = story.network.references["laser"].prerequisites.clone();
    let cycle = tremen_rules::network::Prerequisite {
        reference: "laser".to_owned().try_into().unwrap(),
        ..needs_laser[0].clone()
    };
    story.network.references.get_mut("safety").unwrap().prerequisites.push(cycle);
    assert_eq!(story.decide(time(NOON)).reasons().unwrap().first(), DenialReason::PrerequisiteMissing);
    story.network.references.clear();
    assert_eq!(story.decide(time(NOON)).reasons().unwrap().first(), DenialReason::ReferenceOutdated);
    story.network.venues.clear();
    assert_eq!(story.decide(time(NOON)).reasons().unwrap().first(), DenialReason::UnknownMachine);
}
