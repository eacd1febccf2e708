//! A world as a person can read it.

use std::fmt::Write;

use chrono_tz::Tz;

use crate::oracle::calendar::{DAY, HOUR, MINUTE, SECOND, date_of_day, wall};
use crate::oracle::world::{Interval, Ms, Person, World};

/// The world as text: what the machine asked for sees of it, instants in the network's zone.
pub fn print(world: &World, now: Ms) -> String {
    let mut text = String::new();
    let zone = world.zone;
    let mut line = |line: String| writeln!(text, "  {line}").unwrap();
    line(format!("now {} ({now})", clock(zone, now)));
    line(format!("network in {zone}"));
    if let Some(asked) = world.asked {
        let machine = &world.machines[asked];
        let venue = &world.venues[machine.venue];
        line(format!("machine {asked}: {machine:?}"));
        line(format!("venue {}: now {}, {venue:?}", machine.venue, clock(venue.zone, now)));
        world.acceptances.iter().filter(|rule| rule.venue == machine.venue).for_each(|rule| line(format!("{rule:?}")));
    } else {
        line("no such machine".to_owned());
    }
    world.references.iter().enumerate().for_each(|(place, it)| line(format!("reference {place}: {it:?}")));
    line(format!("{:?}", world.reading));
    world.locks.iter().for_each(|&lock| line(format!("locked {}", span(zone, lock))));
    line(format!("in use by {:?}", world.in_use_by));
    match &world.person {
        Some(person) => print_person(zone, person, &mut line),
        None => line("nobody".to_owned()),
    }
    for standby in &world.standbys {
        line(format!("standby, tapped {}, {:?}", clock(zone, standby.tapped_at), standby.reading));
        print_person(zone, &standby.person, &mut line);
    }
    text
}

fn print_person(zone: Tz, person: &Person, line: &mut impl FnMut(String)) {
    line(format!("person {}, born {:?}", person.number, person.birth));
    person.memberships.iter().for_each(|&(venue, when)| line(format!("- member of {venue} {}", span(zone, when))));
    person.restrictions.iter().for_each(|&(scope, when)| line(format!("- restricted {scope:?} {}", span(zone, when))));
    person.roles.iter().for_each(|&(role, scope, when)| line(format!("- {role:?} of {scope:?} {}", span(zone, when))));
    person.handovers.iter().for_each(|&(machine, at)| line(format!("- handover on {machine} at {}", clock(zone, at))));
    for award in &person.awards {
        line(format!(
            "- award {}: reference {} version {} level {} by issuer {}, at {}",
            award.id,
            award.reference,
            award.version,
            award.level,
            award.issuer,
            clock(zone, award.issued_at)
        ));
        let at = |name: &str, at: Option<Ms>| at.map_or(String::new(), |at| format!(" {name} {}", clock(zone, at)));
        let suspensions: Vec<String> = award.suspensions.iter().map(|&when| span(zone, when)).collect();
        let dates = [
            at("until", award.valid_until),
            at("superseded", award.superseded_at),
            at("revoked", award.revoked_at),
            if suspensions.is_empty() { String::new() } else { format!(" suspended {}", suspensions.join(", ")) },
        ];
        line(format!("   {}", dates.concat()));
    }
}

fn span(zone: Tz, interval: Interval) -> String {
    format!("{} .. {}", clock(zone, interval.from), interval.until.map_or("".to_owned(), |until| clock(zone, until)))
}

/// A wall clock with its distance from UTC in minutes.
pub fn clock(zone: Tz, at: Ms) -> String {
    let shown = wall(zone, at);
    let date = date_of_day(shown.div_euclid(DAY));
    let time = shown.rem_euclid(DAY);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:03} ({:+} min)",
        date.year,
        date.month,
        date.day,
        time / HOUR,
        time % HOUR / MINUTE,
        time % MINUTE / SECOND,
        time % SECOND,
        (shown - at) / MINUTE
    )
}
