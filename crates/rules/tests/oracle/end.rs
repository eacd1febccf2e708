//! When a grant ends, found by asking at every instant at which anything can change.
//!
//! Between two neighbouring instants of [`turning_points`] no fact begins or ends and no clock shows anything that a rule
//! asks for, so the answer stays. That nothing is left out is itself tested, by asking at every minute.

use std::collections::BTreeSet;

use chrono_tz::Tz;

use crate::oracle::calendar::{DAY, MINUTE, SECOND, birthday, local_day, offset};
use crate::oracle::judge::{is_outside_hours, is_too_young, reasons, too_old_from};
use crate::oracle::reason::Reason;
use crate::oracle::world::{Card, Interval, Machine, Ms, Role, Scope, World};

/// "the first instant at which `decide` would refuse it (machine_busy and supervisor_needed aside)", after `now`, and
/// its first reason. None: never.
pub fn end_of_grant(world: &World, now: Ms) -> Option<(Ms, Reason)> {
    let from_facts = edges_of_facts(world).into_iter().find(|&at| at > now && first_refusal(world, at).is_some());
    let from_calendar = calendar_edges(world, now)
        .into_iter()
        .take_while(|&at| from_facts.is_none_or(|end| at < end))
        .find(|&at| at > now && calendar_refuses(world, at));
    let end = from_calendar.or(from_facts)?;
    Some((end, first_refusal(world, end)?))
}

/// Every instant after `now` at which the answer can change, within what [`end_of_grant`] looks at.
pub fn turning_points(world: &World, now: Ms) -> BTreeSet<Ms> {
    let mut all = edges_of_facts(world);
    all.extend(calendar_edges(world, now));
    all.retain(|&at| at > now);
    all
}

/// The first reason against, machine_busy and supervisor_needed aside.
pub fn first_refusal(world: &World, at: Ms) -> Option<Reason> {
    reasons(world, world.person.as_ref(), &world.reading, at).into_iter().find(|&reason| reason != Reason::MachineBusy)
}

/// The two rules that can change without any fact beginning or ending.
fn calendar_refuses(world: &World, at: Ms) -> bool {
    let (Some((machine, venue)), Some(person)) = (machine_and_venue(world), &world.person) else { return false };
    is_outside_hours(world, venue, person, at) || is_too_young(world, machine, person, at)
}

fn machine_and_venue(world: &World) -> Option<(&Machine, usize)> {
    let machine = &world.machines[world.asked?];
    Some((machine, machine.venue))
}

/// Each beginning and each end in the facts.
pub fn edges_of_facts(world: &World) -> BTreeSet<Ms> {
    let mut edges = BTreeSet::new();
    let mut both = |interval: Interval| {
        edges.insert(interval.from);
        edges.extend(interval.until);
    };
    world.locks.iter().copied().for_each(&mut both);
    if let Card::Known { blocks, .. } = &world.reading.card {
        blocks.iter().copied().for_each(&mut both);
    }
    let Some(person) = &world.person else { return edges };
    person.memberships.iter().for_each(|&(_, when)| both(when));
    person.restrictions.iter().for_each(|&(_, when)| both(when));
    person.roles.iter().for_each(|&(_, _, when)| both(when));
    person.awards.iter().flat_map(|award| award.suspensions.iter().copied()).for_each(&mut both);
    edges.extend(person.handovers.iter().map(|&(_, at)| at));
    for award in &person.awards {
        edges.insert(award.issued_at);
        edges.extend(award.valid_until);
        edges.extend(award.superseded_at);
        edges.extend(award.revoked_at);
        edges.extend(world.acceptances.iter().filter_map(|rule| too_old_from(world, Some(rule), award)));
    }
    edges
}

/// Each instant at which the venue's wall clock shows an edge of a shift or midnight, or is changed.
///
/// A week repeats, save where a closed day, a role or a birthday comes in: it is enough to look at the 16 days after each of
/// those and after `now` (two weeks, since a clock change can hide the gap in one of them).
pub fn calendar_edges(world: &World, now: Ms) -> BTreeSet<Ms> {
    let Some((machine, venue)) = machine_and_venue(world) else { return BTreeSet::new() };
    let zone = world.venues[venue].zone;
    let mut edges = BTreeSet::new();
    for day in days_to_look_at(world, machine, now) {
        for minute in minutes_to_look_at(world, venue) {
            // a clock shows it once before a change and once after; where it does not, asking once more does no harm
            let shown = day * DAY + minute * MINUTE;
            edges.insert(shown - offset(zone, day * DAY - DAY));
            edges.insert(shown - offset(zone, day * DAY + 2 * DAY));
        }
        edges.extend(clock_change(zone, day * DAY - DAY, day * DAY + 2 * DAY));
    }
    edges
}

fn minutes_to_look_at(world: &World, venue: usize) -> BTreeSet<i64> {
    let mut minutes = BTreeSet::from([0]);
    for shift in world.venues[venue].hours.iter().flatten().flatten() {
        minutes.extend([shift.start, shift.end]);
    }
    minutes
}

fn days_to_look_at(world: &World, machine: &Machine, now: Ms) -> BTreeSet<i64> {
    let venue = &world.venues[machine.venue];
    let mut from = BTreeSet::new();
    if venue.hours.is_some() {
        from.insert(local_day(venue.zone, now));
        for &(role, scope, when) in world.person.iter().flat_map(|person| &person.roles) {
            if matches!(role, Role::Manager | Role::Trainer) && scope == Scope::Venue(machine.venue) {
                from.insert(local_day(venue.zone, when.from));
                from.extend(when.until.map(|until| local_day(venue.zone, until)));
            }
        }
    }
    for days in &venue.closed {
        from.extend([days.first, days.last]);
    }
    let birth = world.person.as_ref().and_then(|person| person.birth);
    if let (Some(years), Some(birth)) = (machine.min_age, birth) {
        from.insert(birthday(birth, i64::from(years)));
    }
    from.into_iter().flat_map(|day| day - 1..day + 16).collect()
}

/// The instant between two at which the clocks are changed.
fn clock_change(zone: Tz, mut before: Ms, mut after: Ms) -> Option<Ms> {
    let old = offset(zone, before);
    if offset(zone, after) == old {
        return None;
    }
    while after - before > SECOND {
        let middle = (before + after).div_euclid(2 * SECOND) * SECOND;
        if offset(zone, middle) == old { before = middle } else { after = middle }
    }
    Some(after)
}
