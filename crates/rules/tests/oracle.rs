//! The decision against a second implementation of it, written from the product's law alone: a million random questions
//! must get the same answer, and a grant must end at the same instant.
//!
//! When one of these fails, the law decides which side is wrong. Start reading at `oracle/judge.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "a test's own helpers: a bad index or number is a failed test"
)]

#[path = "oracle/mod.rs"]
mod oracle;

use oracle::compare::{Tally, decisions, ends, on_all_processors, with_dossier};
use oracle::end::{end_of_grant, first_refusal, turning_points};
use oracle::generate::questions;
use oracle::judge::judge;
use oracle::parts::{calendars, far_instants, hours};
use oracle::print::print;
use oracle::reason::CODES;
use oracle::tables::{born, good_world};
use oracle::translate::network;
use tremen_rules::hours::{ClosedDays, Opening, Shift, WeeklyHours};
use tremen_rules::{Time, decide};

/// The seeds of a comparison; `tests/long` moves them on, to ask other questions.
fn seeds(range: std::ops::Range<u64>) -> std::ops::Range<u64> {
    let ahead: u64 = std::env::var("TREMEN_SEEDS_AHEAD").map_or(0, |text| text.parse().unwrap());
    range.start + ahead..range.end + ahead
}

/// Fails where something was seen less often than it must be.
fn seen_at_least(tally: &Tally, least: usize, names: &[&str]) {
    for name in names {
        let count = tally.get(name).copied().unwrap_or(0);
        assert!(count >= least, "`{name}` was seen {count} times, which is below {least}: {tally:#?}");
    }
}

#[test]
fn a_million_random_questions_get_the_same_answer() {
    let tally = on_all_processors(seeds(0..100_000), decisions).unwrap_or_else(|difference| panic!("{difference}"));
    assert_eq!(tally["questions"], 1_000_000);
}

#[test]
fn two_hundred_thousand_grants_end_at_the_same_instant() {
    let tally =
        on_all_processors(seeds(1_000_000..1_120_000), ends).unwrap_or_else(|difference| panic!("{difference}"));
    seen_at_least(&tally, 200_000, &["grants"]);
}

#[test]
fn months_birthdays_and_opening_hours_are_the_same_on_their_own() {
    let tally = on_all_processors(3_000_000..3_020_000, calendars).unwrap_or_else(|difference| panic!("{difference}"));
    seen_at_least(&tally, 200_000, &["dates"]);
    let tally = on_all_processors(3_000_000..3_020_000, hours).unwrap_or_else(|difference| panic!("{difference}"));
    seen_at_least(&tally, 40_000, &["open", "closed"]);
}

#[test]
fn the_farthest_instants_and_a_question_about_nobody_are_answered_too() {
    let tally = on_all_processors(4_000_000..4_002_000, far_instants).unwrap();
    seen_at_least(&tally, 20_000, &["answers"]);
}

#[test]
fn at_the_end_of_time_a_closed_venue_does_not_look_for_its_next_opening_for_ever() {
    let week = WeeklyHours { mon: vec![Shift::parse("09:00-18:00").unwrap()], ..WeeklyHours::default() };
    let closed = ClosedDays::default();
    let opening = Opening { hours: Some(&week), closed: &closed, zone: chrono_tz::Europe::Paris };
    assert_eq!(opening.next_opening(Time::from_millis(i64::MAX)), None);
}

#[test]
fn where_the_clock_is_set_back_over_midnight_the_second_one_ends_an_age_restriction() {
    let zone = chrono_tz::America::St_Johns;
    let mut world = good_world();
    world.venues[0].zone = zone;
    world.machines[0].min_age = Some(16);
    world.person.as_mut().unwrap().birth = born(1994, 11, 7);
    // 7 November 2010: midnight, at 00:01 back to 23:01, and an hour after the first midnight the second
    let midnight = 1_289_097_000_000;
    for (now, until) in [(midnight - 1, midnight), (midnight + 60_000, midnight + 3_600_000)] {
        let until_said = with_dossier(&world, |dossier, reading| {
            let decision = decide(dossier, reading, Time::from_millis(now));
            decision.reasons().unwrap().objections().first().unwrap().until
        });
        assert_eq!(until_said, Some(Time::from_millis(until)), "{now}");
    }
}

#[test]
fn the_random_networks_are_ones_that_a_network_file_may_declare() {
    let tally = on_all_processors(0..20_000, |seed, tally| {
        let network = network(&questions(seed).0);
        *tally.entry("networks").or_default() += 1;
        let flaws = network.check();
        if flaws.is_empty() { Ok(()) } else { Err(format!("seed {seed}: {flaws:?}\n{network:#?}")) }
    });
    assert_eq!(tally.unwrap_or_else(|flaws| panic!("{flaws}"))["networks"], 20_000);
}

#[test]
fn random_questions_reach_every_reason_and_every_verdict_often() {
    let tally = on_all_processors(0..10_000, |seed, tally| {
        let (world, instants) = questions(seed);
        for now in instants {
            let answer = judge(&world, now);
            *tally.entry(answer.verdict).or_default() += 1;
            *tally.entry("supervised").or_default() += usize::from(answer.supervisor.is_some());
            for reason in answer.reasons {
                *tally.entry(reason).or_default() += 1;
            }
        }
        Ok(())
    });
    let tally = tally.unwrap();
    seen_at_least(&tally, 1000, &CODES);
    seen_at_least(&tally, 1000, &["more"]);
    seen_at_least(&tally, 400, &["supervised"]);
    seen_at_least(&tally, 10_000, &["grant", "deny"]);
}

#[test]
fn the_oracle_itself_leaves_out_no_instant_at_which_a_grant_can_end() {
    let tally = on_all_processors(2_000_000..2_004_000, |seed, tally| {
        let (world, instants) = questions(seed);
        let Some(&now) = instants.iter().find(|&&now| first_refusal(&world, now).is_none()) else { return Ok(()) };
        *tally.entry("grants").or_default() += 1;
        let end = end_of_grant(&world, now);
        let horizon = end.map_or(i64::MAX, |(at, _)| at);
        // every minute of three days, every turning point, and a millisecond to both sides of each
        let minutes = (1..3 * 24 * 60).map(|minute| (now.div_euclid(60_000) + minute) * 60_000);
        let all = minutes.chain(turning_points(&world, now)).flat_map(|at| [at - 1, at, at + 1]);
        for at in all.filter(|&at| at > now && at < horizon) {
            if let Some(reason) = first_refusal(&world, at) {
                return Err(format!("seed {seed}\n{}\n  {end:?} but {reason:?} at {at}", print(&world, now)));
            }
        }
        Ok(())
    });
    seen_at_least(&tally.unwrap_or_else(|difference| panic!("{difference}")), 1000, &["grants"]);
}
