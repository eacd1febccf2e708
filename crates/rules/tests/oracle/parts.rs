//! The calendar's parts on their own: months, birthdays, days and opening hours, where a decision would hide a mistake.

use tremen_rules::counting::counting_level;
use tremen_rules::end_of_grant::session_is_refused;
use tremen_rules::{Dossier, ReadingFacts, Time, decide, end_of_grant, months};

use crate::oracle::calendar::{DAY, birthday, date_of_day, instant, local_day, plus_months};
use crate::oracle::compare::{Tally, with_dossier};
use crate::oracle::dice::Dice;
use crate::oracle::end::{calendar_edges, first_refusal};
use crate::oracle::generate::questions;
use crate::oracle::judge::{is_open, level};
use crate::oracle::moments::{Moments, ZONES};
use crate::oracle::print::{clock, print};
use crate::oracle::translate::naive;
use crate::oracle::world::Ms;

/// Compares one thing; a difference is told with where it was found.
fn same<T: PartialEq + std::fmt::Debug>(theirs: &T, ours: &T, place: impl FnOnce() -> String) -> Result<(), String> {
    if theirs == ours { Ok(()) } else { Err(format!("{}\n  crate  {theirs:?}\n  oracle {ours:?}", place())) }
}

/// Asks at the edges of time, about nobody, with a ring of prerequisites: there is an answer, and without a person it is
/// a denial.
pub fn far_instants(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let (mut world, mut instants) = questions(seed);
    let edges = [i64::MIN, i64::MIN + 1, -1 << 52, -1, 0, 1 << 46, 1 << 52, i64::MAX - 1, i64::MAX];
    if let Some(person) = &mut world.person {
        let mut dice = Dice::new(!seed);
        for award in &mut person.awards {
            award.issued_at = dice.pick(&edges);
            award.valid_until = dice.maybe(50, |dice| dice.pick(&edges));
            award.superseded_at = dice.maybe(20, |dice| dice.pick(&edges));
        }
        for (_, when) in &mut person.memberships {
            when.until = dice.maybe(50, |dice| dice.pick(&edges));
        }
    }
    // a ring of prerequisites is refused in a network file; an answer there is all the same
    world.references[0].prerequisites.push((4, 1));
    world.references[4].prerequisites.push((0, 1));
    instants.truncate(1);
    instants.extend(edges);
    with_dossier(&world, |dossier, reading| {
        for &now in &instants {
            let at = Time::from_millis(now);
            let decision = decide(dossier, reading, at);
            let end = end_of_grant(dossier, reading, at);
            assert!(
                now == i64::MAX || end.is_none_or(|(end, _)| end > at),
                "seed {seed}: a grant at {now} ends at {end:?}"
            );
            let nobody = Dossier { person: None, ..dossier.clone() };
            for reading in [reading, &ReadingFacts::of_person()] {
                assert_eq!(decide(&nobody, reading, at).verdict(), "deny", "seed {seed} at {now}");
            }
            *tally.entry("answers").or_default() += 1;
            *tally.entry(decision.verdict()).or_default() += 1;
        }
    });
    Ok(())
}

/// Months, days and birthdays about the moments of a seed.
pub fn calendars(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    let moments = Moments::new(&mut dice);
    for _ in 0..10 {
        let zone = if dice.chance(70) { moments.zone } else { dice.pick(&ZONES) };
        let count = dice.between(1, 40);
        let from =
            if dice.chance(80) { moments.months_before(&mut dice, zone, count) } else { moments.near(&mut dice) };
        let theirs = months::add_months(Time::from_millis(from), count, zone).millis();
        same(&theirs, &plus_months(zone, from, i64::from(count)), || {
            format!("seed {seed}: {} and {count} months in {zone}", clock(zone, from))
        })?;

        let day = moments.day + dice.pick(&[-2, -1, 0, 1, 2, 365]);
        let date = date_of_day(day);
        let place = || format!("seed {seed}: {date:?} in {zone}");
        let theirs = months::start_of_day(naive(date), zone).millis();
        same(&theirs, &instant(zone, day * DAY), place)?;
        let theirs = months::end_of_day(naive(date), zone).millis();
        same(&theirs, &instant(zone, (day + 1) * DAY), place)?;
        let at = moments.near(&mut dice);
        let theirs = months::local_date(Time::from_millis(at), zone);
        same(&theirs, &naive(date_of_day(local_day(zone, at))), place)?;

        let birth = date_of_day(day - i64::from(dice.between(0, 40)) * 365);
        let years = dice.between(1, 40);
        let on = birthday(birth, i64::from(years));
        let place = || format!("seed {seed}: born {birth:?}, {years} years");
        same(&months::birthday(naive(birth), years), &Some(naive(date_of_day(on))), place)?;
        same(&months::age_on(naive(birth), naive(date_of_day(on))), &Some(years), place)?;
        same(&months::age_on(naive(birth), naive(date_of_day(on - 1))), &Some(years - 1), place)?;
        *tally.entry("dates").or_default() += 1;
    }
    Ok(())
}

/// When the asked machine's venue is open, opens and closes next; whether an open session is refused; the person's level.
pub fn hours(seed: u64, tally: &mut Tally) -> Result<(), String> {
    let (world, instants) = questions(seed);
    let Some(asked) = world.asked else { return Ok(()) };
    let venue = &world.venues[world.machines[asked].venue];
    with_dossier(&world, |dossier, reading| {
        let theirs = dossier.network.machines.get(dossier.machine).and_then(|it| dossier.network.venues.get(&it.venue));
        let theirs = theirs.unwrap().opening();
        for &now in &instants {
            let place = || format!("seed {seed}\n{}", print(&world, now));
            let at = Time::from_millis(now);
            same(&theirs.is_open(at), &is_open(venue, now), place)?;
            let first = |open: bool| -> Option<Ms> {
                std::iter::once(now)
                    .chain(calendar_edges(&world, now).into_iter().filter(|&at| at > now))
                    .find(|&at| is_open(venue, at) == open)
            };
            same(&theirs.next_opening(at).map(Time::millis), &first(true), place)?;
            same(&theirs.next_closing(at).map(Time::millis), &first(false), place)?;
            let refused = session_is_refused(dossier, reading, at).map(|objection| objection.reason.code());
            same(&refused, &first_refusal(&world, now).map(|reason| reason.code()), place)?;
            if let Some(person) = &dossier.person {
                let machine = dossier.network.machines.get(dossier.machine).unwrap();
                let theirs = counting_level(person, dossier.network, machine, at).map(|level| level.number());
                let ours = world.person.as_ref().and_then(|person| level(&world, asked, person, now));
                same(&theirs, &ours, place)?;
            }
            // whatever dates an objection carries, it holds now
            let decision = decide(dossier, reading, at);
            for objection in decision.reasons().map_or(&[][..], |reasons| reasons.objections()) {
                let holds =
                    objection.since.is_none_or(|since| since <= at) && objection.until.is_none_or(|until| at < until);
                same(&holds, &true, || format!("{}\n  {objection:?}", place()))?;
            }
            *tally.entry("hours").or_default() += 1;
            *tally.entry(if is_open(venue, now) { "open" } else { "closed" }).or_default() += 1;
        }
        Ok(())
    })
}
