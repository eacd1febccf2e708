//! The oracle against cases that were worked out with pencil and calendar, so that it is right on its own.

use chrono_tz::Tz;

use crate::oracle::calendar::{DAY, HOUR, MINUTE, at, birthday, date, date_of_day, day_number, plus_months, weekday};
use crate::oracle::end::end_of_grant;
use crate::oracle::judge::judge;
use crate::oracle::tables::{
    PARIS, always, award, born, card, day, every_day, from_until, good_world, holder, noonish, paris, rule, said,
};
use crate::oracle::world::{
    Assurance, Card, ClosedDays, Hazard, Interval, Ms, Person, Requirement, Role, Scope, Shift, Standby, World,
};

/// An instant by its UTC date and time.
fn utc(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> Ms {
    day_number(date(year, month, day)) * DAY + hour * HOUR + minute * MINUTE
}

#[test]
fn days_are_counted_as_the_almanac_does() {
    for (number, year, month, day, name) in [
        (0, 1970, 1, 1, 3),
        (-1, 1969, 12, 31, 2),
        (11_016, 2000, 2, 29, 1),
        (11_017, 2000, 3, 1, 2),
        (20_782, 2026, 11, 25, 2),
        (21_244, 2028, 3, 1, 2),
        (-25_567, 1900, 1, 1, 0),
    ] {
        assert_eq!(day_number(date(year, month, day)), number);
        assert_eq!(date_of_day(number), date(year, month, day));
        assert_eq!(weekday(number), name, "{year}-{month}-{day}");
    }
    for number in (-60_000..60_000).step_by(13) {
        assert_eq!(day_number(date_of_day(number)), number);
    }
}

#[test]
fn months_end_where_the_calendar_says() {
    let cases = [
        // 31 August and six months: the last day of February
        (paris(2026, 8, 31, 10, 0), 6, utc(2027, 2, 28, 9, 0)),
        (paris(2027, 8, 31, 10, 0), 6, utc(2028, 2, 29, 9, 0)),
        (paris(2028, 2, 29, 10, 0), 12, utc(2029, 2, 28, 9, 0)),
        (paris(2026, 12, 31, 23, 30), 2, utc(2027, 2, 28, 22, 30)),
        // the same local time, although winter has become summer
        (paris(2026, 3, 1, 10, 0), 1, utc(2026, 4, 1, 8, 0)),
        (paris(2026, 9, 30, 10, 0), 1, utc(2026, 10, 30, 9, 0)),
        // half past two is skipped on 29 March 2026: read with one hour, the offset before
        (paris(2026, 1, 29, 2, 30), 2, utc(2026, 3, 29, 1, 30)),
        // and shown twice on 25 October 2026: the first, with two hours
        (paris(2026, 8, 25, 2, 30), 2, utc(2026, 10, 25, 0, 30)),
        // issued at the second of them
        (utc(2026, 10, 25, 1, 30), 1, utc(2026, 11, 25, 1, 30)),
        (paris(2025, 12, 29, 2, 30), 3, utc(2026, 3, 29, 1, 30)),
        (paris(2026, 11, 25, 0, 0), 24, utc(2028, 11, 24, 23, 0)),
    ];
    for (issued, months, end) in cases {
        assert_eq!(plus_months(PARIS, issued, months), end, "{issued} and {months} months");
    }
    let lord_howe: Tz = chrono_tz::Australia::Lord_Howe;
    // 4 October 2026: from 02:00 (+10:30) to 02:30 (+11); a quarter past two is skipped
    assert_eq!(plus_months(lord_howe, at(lord_howe, date(2026, 8, 4), 2, 15), 2), utc(2026, 10, 3, 15, 45));
    let apia: Tz = chrono_tz::Pacific::Apia;
    // 30 December 2011 never was: read with the ten hours behind of the day before
    assert_eq!(plus_months(apia, at(apia, date(2011, 11, 30), 9, 0), 1), utc(2011, 12, 30, 19, 0));
}

#[test]
fn a_birthday_on_29_february_counts_on_1_march_in_other_years() {
    for (birth, years, on) in [
        (date(2008, 2, 29), 18, date(2026, 3, 1)),
        (date(2008, 2, 29), 16, date(2024, 2, 29)),
        (date(2000, 2, 29), 100, date(2100, 3, 1)),
        (date(2010, 2, 28), 16, date(2026, 2, 28)),
        (date(2010, 12, 31), 16, date(2026, 12, 31)),
    ] {
        assert_eq!(date_of_day(birthday(birth, years)), on);
    }
}

/// Each case changes the good world a little: what is said on Wednesday 25 November 2026 at 10:00.
type Case = (&'static str, fn(&mut World));

fn me(world: &mut World) -> &mut Person {
    world.person.as_mut().unwrap()
}

fn requires(references: Vec<usize>, level: u32, min_version: Option<u32>) -> Requirement {
    Requirement { references, level, min_version }
}

fn check(cases: &[Case]) {
    for (place, (expected, change)) in cases.iter().enumerate() {
        let mut world = good_world();
        change(&mut world);
        assert_eq!(said(&world, noonish()), *expected, "case {place}");
    }
}

#[test]
fn one_to_five_end_it_at_once_and_in_their_order() {
    check(&[
        ("grant", |_| {}),
        ("deny controller_not_trusted", |w| {
            w.reading.controller_trusted = false;
            w.reading.replayed = true;
            w.asked = None;
        }),
        ("deny replayed_request", |w| {
            w.reading.replayed = true;
            w.asked = None;
        }),
        ("deny unknown_machine", |w| w.asked = None),
        ("deny unknown_machine", |w| {
            w.reading.serves_machine = false;
            w.reading.card = Card::Unknown;
        }),
        ("deny unknown_card", |w| w.reading.card = Card::Unknown),
        ("deny unknown_card", |w| w.person = None),
        ("deny card_blocked", |w| {
            w.reading.card = Card::Known { assurance: Assurance::A0, blocks: vec![always()] };
            w.locks = vec![always()];
        }),
        ("deny card_blocked", |w| {
            let blocks = vec![Interval { from: noonish(), until: None }];
            w.reading.card = Card::Known { assurance: Assurance::A1, blocks };
        }),
        ("grant", |w| {
            let blocks = vec![from_until(0, noonish()), Interval { from: noonish() + 1, until: None }];
            w.reading.card = Card::Known { assurance: Assurance::A1, blocks };
        }),
        // a person in place of a card
        ("grant", |w| {
            w.reading.card = Card::NotAsked;
            w.machines[0].min_assurance = Assurance::A1;
        }),
    ]);
}

#[test]
fn what_concerns_the_machine_and_the_person() {
    check(&[
        ("deny card_assurance_too_low machine_out_of_service", |w| {
            w.machines[0].min_assurance = Assurance::A1;
            w.reading.card = Card::Known { assurance: Assurance::A1p, blocks: Vec::new() };
            w.locks = vec![from_until(noonish(), noonish() + 1)];
        }),
        ("deny person_suspended_here", |w| me(w).restrictions = vec![(Scope::Network, always())]),
        ("deny person_suspended_here", |w| me(w).restrictions = vec![(Scope::Venue(0), always())]),
        ("deny person_suspended_here", |w| me(w).restrictions = vec![(Scope::Machine(0), always())]),
        // an alternative that she does not even use
        ("deny person_suspended_here", |w| {
            w.machines[0].requires = vec![requires(vec![0, 1], 2, None)];
            me(w).restrictions = vec![(Scope::Reference(1), always())];
        }),
        // elsewhere; over; a prerequisite
        ("grant", |w| {
            w.references[0].prerequisites = vec![(1, 1)];
            me(w).awards.push(award("b", 1));
            me(w).restrictions = vec![
                (Scope::Venue(1), always()),
                (Scope::Machine(1), always()),
                (Scope::Reference(1), always()),
                (Scope::Issuer(0), always()),
                (Scope::Network, from_until(0, noonish())),
            ];
        }),
        ("deny not_a_member", |w| w.venues[0].members_only = true),
        ("grant", |w| {
            w.venues[0].members_only = true;
            w.machines[0].members_only = Some(false);
        }),
        ("deny not_a_member", |w| {
            w.machines[0].members_only = Some(true);
            me(w).memberships = vec![(0, from_until(0, noonish())), (1, always())];
            w.venues[1].reciprocal = vec![0];
        }),
        ("grant", |w| {
            w.machines[0].members_only = Some(true);
            me(w).memberships = vec![(1, always())];
            w.venues[0].reciprocal = vec![1];
        }),
        ("deny age_restricted", |w| {
            w.machines[0].min_age = Some(16);
            me(w).birth = None;
        }),
        ("deny age_restricted", |w| {
            w.machines[0].min_age = Some(16);
            me(w).birth = born(2010, 11, 26);
        }),
        ("grant", |w| {
            w.machines[0].min_age = Some(16);
            me(w).birth = born(2010, 11, 25);
        }),
        // in Honolulu, ten hours behind UTC, it is still the 24th; the network's own zone does not matter
        ("deny age_restricted", |w| {
            w.machines[0].min_age = Some(16);
            w.venues[0].zone = chrono_tz::Pacific::Honolulu;
            me(w).birth = born(2010, 11, 25);
        }),
        ("grant", |w| {
            w.machines[0].min_age = Some(16);
            w.zone = chrono_tz::Pacific::Honolulu;
            me(w).birth = born(2010, 11, 25);
        }),
        ("deny machine_busy", |w| w.in_use_by = Some(7)),
        ("grant", |w| w.in_use_by = Some(0)),
    ]);
}

#[test]
fn the_award_that_failed_latest_speaks() {
    check(&[
        ("deny no_award", |w| me(w).awards.clear()),
        ("deny no_award", |w| me(w).awards[0].reference = 1),
        ("deny no_award", |w| me(w).awards[0].issued_at = noonish() + 1),
        // superseded by one that is revoked: both count for nothing, and the revoked one speaks
        ("deny award_revoked", |w| {
            me(w).awards[0].superseded_at = Some(noonish() - 10);
            let mut successor = award("b", 0);
            successor.issued_at = noonish() - 10;
            successor.revoked_at = Some(noonish());
            me(w).awards.push(successor);
        }),
        ("deny award_revoked", |w| {
            me(w).awards[0].revoked_at = Some(noonish());
            me(w).awards[0].suspensions = vec![always()];
            me(w).awards[0].valid_until = Some(0);
        }),
        ("deny award_suspended", |w| {
            me(w).awards[0].suspensions = vec![always()];
            me(w).awards[0].valid_until = Some(0);
        }),
        ("deny award_expired", |w| me(w).awards[0].valid_until = Some(noonish())),
        ("grant", |w| me(w).awards[0].valid_until = Some(noonish() + 1)),
        // expired and outdated: the date is looked at first
        ("deny award_expired", |w| {
            me(w).awards[0].valid_until = Some(noonish());
            w.references[0].oldest_valid_version = 3;
        }),
        ("deny reference_outdated", |w| w.references[0].oldest_valid_version = 3),
        ("deny reference_outdated", |w| w.machines[0].requires = vec![requires(vec![0], 3, Some(3))]),
        // a foreign issuer without a rule: its own dates and version first
        ("deny award_expired", |w| {
            me(w).awards[0].issuer = 1;
            me(w).awards[0].valid_until = Some(noonish());
        }),
        ("deny issuer_not_recognised", |w| me(w).awards[0].issuer = 1),
        ("deny issuer_not_recognised", |w| {
            me(w).awards[0].issuer = 1;
            w.acceptances = vec![rule(1, Some(vec![1]))];
        }),
        ("grant", |w| {
            me(w).awards[0].issuer = 1;
            w.acceptances = vec![rule(1, None)];
        }),
        // the rule that names the reference counts, be it the harder or the easier one
        ("deny reference_outdated", |w| {
            me(w).awards[0].issuer = 1;
            w.acceptances = vec![rule(1, None), rule(1, Some(vec![0]))];
            w.acceptances[1].min_version = Some(3);
        }),
        ("grant", |w| {
            me(w).awards[0].issuer = 1;
            w.acceptances = vec![rule(1, None), rule(1, Some(vec![0]))];
            w.acceptances[0].min_version = Some(3);
        }),
        ("deny level_too_low", |w| w.machines[0].requires = vec![requires(vec![0], 3, None)]),
        // two requirements, two reasons; two awards, the better one
        ("deny award_expired level_too_low", |w| {
            w.machines[0].requires = vec![requires(vec![0], 3, None), requires(vec![1], 1, None)];
            me(w).awards.push(award("b", 1));
            me(w).awards[1].valid_until = Some(noonish());
        }),
        ("deny level_too_low", |w| {
            w.machines[0].requires = vec![requires(vec![0, 1], 3, None)];
            me(w).awards.push(award("b", 1));
            me(w).awards[1].valid_until = Some(noonish());
        }),
    ]);
}

#[test]
fn ties_go_to_the_newest_and_then_to_the_greatest_id() {
    let speaks = |awards: [(&str, Ms); 2]| {
        let mut world = good_world();
        world.machines[0].requires = vec![requires(vec![0], 3, None)];
        let awards = awards.map(|(id, issued_at)| {
            let mut award = award(id, 0);
            award.issued_at = issued_at;
            award
        });
        world.person.as_mut().unwrap().awards = awards.to_vec();
        judge(&world, noonish()).spoken[0].award.clone().unwrap()
    };
    assert_eq!(speaks([("a", 5), ("z", 4)]), "a");
    assert_eq!(speaks([("z", 4), ("a", 5)]), "a");
    assert_eq!(speaks([("a", 5), ("b", 5)]), "b");
    assert_eq!(speaks([("a10", 5), ("a2", 5)]), "a2");
}

#[test]
fn prerequisites_and_handovers() {
    check(&[
        ("deny prerequisite_missing", |w| w.references[0].prerequisites = vec![(1, 1)]),
        ("deny prerequisite_missing", |w| {
            w.references[0].prerequisites = vec![(1, 3)];
            me(w).awards.push(award("b", 1));
        }),
        ("grant", |w| {
            w.references[0].prerequisites = vec![(1, 2)];
            me(w).awards.push(award("b", 1));
        }),
        // the prerequisite's own prerequisite
        ("deny prerequisite_missing", |w| {
            w.references.push(w.references[0].clone());
            w.references[0].prerequisites = vec![(1, 1)];
            w.references[1].prerequisites = vec![(2, 1)];
            me(w).awards.push(award("b", 1));
        }),
        // a prerequisite is not asked for a handover
        ("grant", |w| {
            w.references[0].prerequisites = vec![(1, 1)];
            me(w).awards.push(award("b", 1));
            me(w).awards[1].issuer = 1;
            w.acceptances = vec![rule(1, None)];
            w.acceptances[0].handover = true;
        }),
        ("deny handover_missing", |w| {
            me(w).awards[0].issuer = 1;
            w.acceptances = vec![rule(1, None)];
            w.acceptances[0].handover = true;
            me(w).handovers = vec![(1, 0), (0, noonish() + 1)];
        }),
        ("grant", |w| {
            me(w).awards[0].issuer = 1;
            w.acceptances = vec![rule(1, None)];
            w.acceptances[0].handover = true;
            me(w).handovers = vec![(0, noonish())];
        }),
        ("deny no_award handover_missing", |w| {
            w.machines[0].handover = true;
            me(w).awards.clear();
        }),
        ("deny handover_missing", |w| {
            w.machines[0].handover = true;
            w.machines[0].requires.clear();
        }),
    ]);
}

fn hours_on_wednesday(shifts: Vec<Shift>) -> Option<[Vec<Shift>; 7]> {
    let mut week: [Vec<Shift>; 7] = Default::default();
    week[2] = shifts;
    Some(week)
}

#[test]
fn opening_hours() {
    check(&[
        ("deny outside_opening_hours", |w| w.venues[0].hours = Some(Default::default())),
        ("grant", |w| w.venues[0].hours = hours_on_wednesday(vec![Shift { start: 600, end: 601 }])),
        ("deny outside_opening_hours", |w| {
            w.venues[0].hours = hours_on_wednesday(vec![Shift { start: 540, end: 600 }]);
        }),
        ("grant", |w| {
            w.venues[0].hours = hours_on_wednesday(vec![Shift { start: 540, end: 600 }, Shift { start: 600, end: 0 }]);
        }),
        // a day and a night from nine on Tuesday: still open at ten to nine, not at ten
        ("deny outside_opening_hours", |w| {
            let mut week: [Vec<Shift>; 7] = Default::default();
            week[1] = vec![Shift { start: 540, end: 540 }];
            w.venues[0].hours = Some(week);
        }),
        ("deny outside_opening_hours", |w| {
            w.venues[0].closed = vec![ClosedDays { first: day(2026, 11, 24), last: day(2026, 11, 25) }];
        }),
        ("deny outside_opening_hours", |w| {
            w.venues[0].hours = every_day(0, 1440);
            w.venues[0].closed = vec![ClosedDays { first: day(2026, 11, 25), last: day(2026, 11, 25) }];
        }),
        // yesterday's closed day cancels the shift that ran into today
        ("deny outside_opening_hours", |w| {
            let mut week: [Vec<Shift>; 7] = Default::default();
            week[1] = vec![Shift { start: 1320, end: 660 }];
            w.venues[0].hours = Some(week);
            w.venues[0].closed = vec![ClosedDays { first: day(2026, 11, 24), last: day(2026, 11, 24) }];
        }),
        // today's does not
        ("grant", |w| {
            let mut week: [Vec<Shift>; 7] = Default::default();
            week[1] = vec![Shift { start: 1320, end: 660 }];
            w.venues[0].hours = Some(week);
            w.venues[0].closed = vec![ClosedDays { first: day(2026, 11, 25), last: day(2026, 11, 25) }];
        }),
        ("grant", |w| {
            w.venues[0].hours = Some(Default::default());
            me(w).roles = vec![(Role::Trainer, Scope::Venue(0), always())];
        }),
        ("deny outside_opening_hours", |w| {
            w.venues[0].hours = Some(Default::default());
            me(w).roles = vec![
                (Role::Referent, Scope::Venue(0), always()),
                (Role::Manager, Scope::Venue(1), always()),
                (Role::Manager, Scope::Venue(0), from_until(0, noonish())),
                (Role::NetworkAdmin, Scope::Network, always()),
            ];
        }),
    ]);
}

fn with_supervisor(ago: Ms) -> World {
    let mut world = good_world();
    world.machines[0].autonomous_from = 3;
    let mut person = holder(1);
    person.awards[0].level = 3;
    world.standbys = vec![Standby { tapped_at: noonish() - ago, reading: card(), person }];
    world
}

#[test]
fn supervisors() {
    check(&[
        ("more supervisor_needed", |w| w.machines[0].autonomous_from = 3),
        ("deny machine_out_of_service supervisor_needed", |w| {
            w.machines[0].autonomous_from = 3;
            w.locks = vec![always()];
        }),
        ("deny no_award", |w| {
            w.machines[0].autonomous_from = 3;
            me(w).awards.clear();
        }),
        ("grant", |w| *w = with_supervisor(0)),
        ("grant", |w| *w = with_supervisor(29_999)),
        ("more supervisor_needed", |w| *w = with_supervisor(30_000)),
        ("more supervisor_needed", |w| *w = with_supervisor(-1)),
        ("more supervisor_needed", |w| {
            *w = with_supervisor(0);
            w.standbys[0].person.number = 0;
        }),
        ("more supervisor_needed", |w| {
            *w = with_supervisor(0);
            w.standbys[0].person.awards[0].level = 2;
        }),
        ("more supervisor_needed", |w| {
            *w = with_supervisor(0);
            w.standbys[0].person.restrictions = vec![(Scope::Network, always())];
        }),
        // somebody else's session keeps the learner out and the supervisor not
        ("deny machine_busy", |w| {
            *w = with_supervisor(0);
            w.in_use_by = Some(5);
        }),
        // level 2 would do for the supervisor's part, but she may not even work alone
        ("more supervisor_needed", |w| {
            *w = with_supervisor(0);
            w.machines[0].supervisor_level = 2;
            w.standbys[0].person.awards[0].level = 2;
        }),
        // a red machine wants the surest card to supervise
        ("more supervisor_needed", |w| {
            *w = with_supervisor(0);
            w.machines[0].hazard = Hazard::Red;
            w.standbys[0].reading.card = Card::Known { assurance: Assurance::A1p, blocks: Vec::new() };
        }),
    ]);
    assert_eq!(judge(&with_supervisor(0), noonish()).supervisor, Some(1));
    assert_eq!(judge(&good_world(), noonish()).supervisor, None);
}

#[test]
fn grants_end_where_the_calendar_says() {
    let end = |change: fn(&mut World)| {
        let mut world = good_world();
        change(&mut world);
        end_of_grant(&world, noonish()).map(|(at, reason)| (at, reason.code()))
    };
    assert_eq!(end(|_| {}), None);
    // Wednesday's shift runs until two o'clock on Thursday
    assert_eq!(
        end(|w| w.venues[0].hours = hours_on_wednesday(vec![Shift { start: 540, end: 120 }])),
        Some((utc(2026, 11, 26, 1, 0), "outside_opening_hours"))
    );
    // every day and night, but for Christmas
    assert_eq!(
        end(|w| {
            w.venues[0].hours = every_day(540, 540);
            w.venues[0].closed = vec![ClosedDays { first: day(2026, 12, 25), last: day(2026, 12, 25) }];
        }),
        // the night that began on the 24th goes on until nine
        Some((utc(2026, 12, 25, 8, 0), "outside_opening_hours"))
    );
    // a year and a half after 1 September 2026, 9:00
    assert_eq!(
        end(|w| {
            me(w).awards[0].issuer = 1;
            w.acceptances = vec![rule(1, None)];
            w.acceptances[0].max_age_months = Some(18);
        }),
        Some((utc(2028, 3, 1, 8, 0), "award_expired"))
    );
    // renewed in time, and the renewal lasts longer
    assert_eq!(
        end(|w| {
            me(w).awards[0].valid_until = Some(paris(2027, 3, 1, 0, 0));
            me(w).awards[0].superseded_at = Some(paris(2027, 2, 1, 0, 0));
            let mut renewal = award("b", 0);
            renewal.issued_at = paris(2027, 2, 1, 0, 0);
            renewal.valid_until = Some(paris(2028, 2, 1, 0, 0));
            me(w).awards.push(renewal);
        }),
        Some((utc(2028, 1, 31, 23, 0), "award_expired"))
    );
    // a manager stays after closing time until she is one no more
    assert_eq!(
        end(|w| {
            w.venues[0].hours = hours_on_wednesday(vec![Shift { start: 540, end: 1080 }]);
            me(w).roles = vec![(Role::Manager, Scope::Venue(0), from_until(0, paris(2026, 12, 1, 0, 0)))];
        }),
        Some((utc(2026, 11, 30, 23, 0), "outside_opening_hours"))
    );
    // a lock to come and, before it, a block to come
    assert_eq!(
        end(|w| {
            w.locks = vec![Interval { from: noonish() + 60_000, until: None }];
            let blocks = vec![from_until(noonish() + 30_000, noonish() + 31_000)];
            w.reading.card = Card::Known { assurance: Assurance::A1, blocks };
        }),
        Some((noonish() + 30_000, "card_blocked"))
    );
}

#[test]
fn in_newfoundland_sixteen_may_last_a_minute() {
    // 7 November 2010, at 00:01 clocks go back to 23:01 of the 6th, so the birthday comes twice
    let zone: Tz = chrono_tz::America::St_Johns;
    let mut world = good_world();
    world.venues[0].zone = zone;
    world.machines[0].min_age = Some(16);
    let person = world.person.as_mut().unwrap();
    person.birth = born(1994, 11, 7);
    person.awards[0].issued_at = 0;
    let midnight = utc(2010, 11, 7, 2, 30);
    assert_eq!(said(&world, midnight - 1), "deny age_restricted");
    assert_eq!(said(&world, midnight), "grant");
    assert_eq!(said(&world, midnight + MINUTE), "deny age_restricted");
    assert_eq!(said(&world, midnight + HOUR), "grant");
    let end = end_of_grant(&world, midnight).map(|(at, reason)| (at, reason.code()));
    assert_eq!(end, Some((midnight + MINUTE, "age_restricted")));
    assert_eq!(end_of_grant(&world, midnight + HOUR), None);
}
