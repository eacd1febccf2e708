//! Random networks and questions. Most are well meant and then spoilt in a few places, so that yes is as near as no.
//!
//! Every network keeps what the law demands of a network file: no cycle of prerequisites, no two rules of a venue as
//! specific as each other for an issuer, no rule for the venue's own issuer, no supervision without a requirement.

use crate::oracle::dice::Dice;
use crate::oracle::end::edges_of_facts;
use crate::oracle::moments::{Moments, ZONES};
use crate::oracle::people::{person, reading, standbys};
use crate::oracle::world::{
    Acceptance, Assurance, Card, ClosedDays, Hazard, Interval, Machine, Ms, Reference, Requirement, Shift, Venue, World,
};

/// A world, and instants at which to ask.
pub fn questions(seed: u64) -> (World, Vec<Ms>) {
    let mut dice = Dice::new(seed);
    let moments = Moments::new(&mut dice);
    let mut world = rules(&mut dice, &moments);
    facts(&mut world, &mut dice, &moments);

    let edges: Vec<Ms> = edges_of_facts(&world).into_iter().collect();
    let mut instants = vec![moments.centre];
    for _ in 0..9 {
        let at = match dice.below(3) {
            0 if !edges.is_empty() => dice.pick(&edges) + dice.pick(&[0, 0, -1, 1]),
            1 => moments.centre + dice.pick(&[-1, 1, 29_999, 30_000, 60_000]),
            _ => moments.near(&mut dice),
        };
        instants.push(at);
    }
    (world, instants)
}

fn rules(dice: &mut Dice, moments: &Moments) -> World {
    let zone = if dice.chance(50) { moments.zone } else { dice.pick(&ZONES) };
    let issuers = 4;
    let venues: Vec<Venue> = (0..3).map(|number| venue(number, dice, moments)).collect();
    let references: Vec<Reference> = (0..5).map(|number| reference(number, dice)).collect();
    let acceptances = acceptances(&venues, issuers, references.len(), dice);
    let machines = (0..2).map(|number| machine(number, &venues, &references, dice, moments)).collect();
    World {
        zone,
        issuers,
        venues,
        references,
        machines,
        acceptances,
        asked: if dice.chance(97) { Some(0) } else { None },
        reading: reading(dice, moments),
        person: None,
        locks: Vec::new(),
        in_use_by: None,
        standbys: Vec::new(),
    }
}

fn facts(world: &mut World, dice: &mut Dice, moments: &Moments) {
    world.locks = intervals(dice, moments, 10);
    world.in_use_by = match dice.below(20) {
        0..=14 => None,
        15 | 16 => Some(0),
        _ => Some(1 + dice.below(3)),
    };
    let asker = person(0, world, dice, moments, 20);
    world.standbys = standbys(&asker, world, dice, moments);
    world.person = if dice.chance(98) { Some(asker) } else { None };
    // a question about a person has one, as the law says
    if world.person.is_none() && world.reading.card == Card::NotAsked {
        world.reading.card = Card::Unknown;
    }
}

/// Mostly none that matters; seldom one that may.
pub fn intervals(dice: &mut Dice, moments: &Moments, percent: usize) -> Vec<Interval> {
    let mut intervals = Vec::new();
    if dice.chance(percent) {
        intervals.push(moments.span(dice));
    }
    if dice.chance(percent) {
        intervals.push(moments.span_other(dice));
    }
    intervals
}

fn venue(number: usize, dice: &mut Dice, moments: &Moments) -> Venue {
    let mut reciprocal = Vec::new();
    for other in 0..3 {
        if other != number && dice.chance(35) {
            reciprocal.push(other);
        }
    }
    Venue {
        zone: if number == 0 || dice.chance(50) { moments.zone } else { dice.pick(&ZONES) },
        issuer: dice.maybe(80, |_| number),
        members_only: dice.chance(50),
        reciprocal,
        hours: dice.maybe(60, hours),
        closed: if dice.chance(25) { closed(dice, moments) } else { Vec::new() },
    }
}

const EDGES: [i64; 14] = [0, 1, 60, 120, 150, 180, 540, 720, 840, 1080, 1320, 1380, 1410, 1439];

fn hours(dice: &mut Dice) -> [Vec<Shift>; 7] {
    let shift = |start, end| vec![Shift { start, end }];
    match dice.below(10) {
        // never closed, said in five ways
        0 => {
            let said = dice.pick(&[(0, 1440), (0, 0), (540, 540), (120, 120), (1439, 1439)]);
            std::array::from_fn(|_| shift(said.0, said.1))
        }
        // closed for one moment of the day, or of the week
        1 => {
            let gap = dice.pick(&EDGES);
            std::array::from_fn(|_| shift((gap + 1) % 1440, gap))
        }
        2 => {
            let early = dice.below(7);
            std::array::from_fn(|day| if day == early { shift(0, 1439) } else { shift(0, 1440) })
        }
        // long days
        3..=6 => {
            let (start, end) = (dice.pick(&[0, 1, 120, 150, 540]), dice.pick(&[1080, 1320, 1380, 1410, 1440, 60]));
            std::array::from_fn(|_| if dice.chance(85) { shift(start, end) } else { Vec::new() })
        }
        // anything
        _ => std::array::from_fn(|_| {
            let count = dice.pick(&[0, 1, 1, 2, 2]);
            (0..count)
                .map(|_| {
                    let end = if dice.chance(15) { 1440 } else { dice.pick(&EDGES) };
                    Shift { start: dice.pick(&EDGES), end }
                })
                .collect()
        }),
    }
}

fn closed(dice: &mut Dice, moments: &Moments) -> Vec<ClosedDays> {
    (0..=dice.below(2))
        .map(|_| {
            let first = moments.day + dice.pick(&[-3, -1, 0, 1, 1, 2, 2, 5, 40, 400]);
            ClosedDays { first, last: first + dice.pick(&[0, 0, 1, 10]) }
        })
        .collect()
}

fn reference(number: usize, dice: &mut Dice) -> Reference {
    let version = dice.between(1, 3);
    // each asks for the one before it at most, so a chain is as long as chance makes it and never a ring
    let prerequisites = if number > 0 && dice.chance(45) {
        let mut all = vec![(number - 1, dice.between(1, 2))];
        if number > 1 && dice.chance(20) {
            all.push((number - 2, dice.between(1, 3)));
        }
        all
    } else {
        Vec::new()
    };
    Reference {
        version,
        oldest_valid_version: if dice.chance(60) { 1 } else { dice.between(1, version) },
        prerequisites,
    }
}

fn acceptances(venues: &[Venue], issuers: usize, references: usize, dice: &mut Dice) -> Vec<Acceptance> {
    let mut rules = Vec::new();
    for (venue, here) in venues.iter().enumerate() {
        for issuer in (0..issuers).filter(|&issuer| here.issuer != Some(issuer)) {
            if dice.chance(60) {
                rules.push(acceptance(venue, issuer, None, dice));
            }
            if dice.chance(50) {
                let first = dice.some_of(references, 40);
                let second: Vec<usize> =
                    (0..references).filter(|reference| !first.contains(reference) && dice.chance(40)).collect();
                rules.push(acceptance(venue, issuer, Some(first), dice));
                if !second.is_empty() {
                    rules.push(acceptance(venue, issuer, Some(second), dice));
                }
            }
        }
    }
    // the order of the file is no rule
    for place in (1..rules.len()).rev() {
        rules.swap(place, dice.below(place + 1));
    }
    rules
}

/// How many months a rule or an award may have.
pub const MONTHS: [u32; 7] = [1, 2, 6, 11, 12, 18, 24];

fn acceptance(venue: usize, issuer: usize, references: Option<Vec<usize>>, dice: &mut Dice) -> Acceptance {
    Acceptance {
        venue,
        issuer,
        references,
        min_version: dice.maybe(30, |dice| dice.between(1, 3)),
        max_age_months: dice.maybe(35, |dice| dice.pick(&MONTHS)),
        handover: dice.chance(20),
    }
}

fn machine(number: usize, venues: &[Venue], references: &[Reference], dice: &mut Dice, moments: &Moments) -> Machine {
    let count = dice.pick(&[0, 1, 1, 1, 1, 2, 2, 3]);
    let requires: Vec<Requirement> = (0..count)
        .map(|_| Requirement {
            references: dice.some_of(references.len(), 15),
            level: dice.pick(&[1, 1, 1, 2, 2, 3]),
            min_version: dice.maybe(30, |dice| dice.between(1, 3)),
        })
        .collect();
    let supervised = !requires.is_empty() && dice.chance(55);
    Machine {
        venue: if number == 0 { dice.pick(&[0, 0, 0, 1, 2]) } else { dice.below(venues.len()) },
        hazard: dice.pick(&[Hazard::Green, Hazard::Amber, Hazard::Red]),
        requires,
        autonomous_from: if supervised { dice.between(2, 3) } else { 1 },
        supervisor_level: dice.pick(&[1, 2, 3, 3]),
        handover: dice.chance(12),
        members_only: dice.maybe(50, |dice| dice.chance(50)),
        min_age: dice.maybe(30, |dice| min_age(dice, moments)),
        min_assurance: dice.pick(&[Assurance::A0, Assurance::A0, Assurance::A1p, Assurance::A1]),
    }
}

/// Often one whose people were born in a leap year.
fn min_age(dice: &mut Dice, moments: &Moments) -> u32 {
    let year = crate::oracle::calendar::date_of_day(moments.day).year;
    let leap = (12..=20).find(|age| crate::oracle::calendar::is_leap(year - i64::from(*age)));
    if dice.chance(50) { leap.unwrap_or(16) } else { dice.between(12, 20) }
}
