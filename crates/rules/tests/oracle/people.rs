//! Random people, cards and taps of supervisors.

use crate::oracle::calendar::{Date, SECOND, date, date_of_day, days_in_month, plus_months};
use crate::oracle::dice::Dice;
use crate::oracle::generate::{MONTHS, intervals};
use crate::oracle::moments::Moments;
use crate::oracle::world::{
    Assurance, Award, Card, Interval, Machine, Ms, Person, Reading, Role, Scope, Standby, World,
};

/// A reading that is mostly good.
pub fn reading(dice: &mut Dice, moments: &Moments) -> Reading {
    let card = match dice.below(100) {
        0..=11 => Card::NotAsked,
        12..=14 => Card::Unknown,
        _ => known_card(dice, moments, 12),
    };
    Reading { controller_trusted: dice.chance(97), replayed: dice.chance(3), serves_machine: dice.chance(97), card }
}

fn known_card(dice: &mut Dice, moments: &Moments, percent_blocked: usize) -> Card {
    let assurance = if dice.chance(75) { Assurance::A1 } else { dice.pick(&[Assurance::A0, Assurance::A1p]) };
    Card::Known { assurance, blocks: intervals(dice, moments, percent_blocked) }
}

/// A person who mostly meets what the machine asks for; each thing is spoilt so many times in a hundred.
pub fn person(number: usize, world: &World, dice: &mut Dice, moments: &Moments, spoilt: usize) -> Person {
    let machine = &world.machines[0];
    let mut person = Person {
        number,
        birth: birth(machine, dice, moments),
        memberships: memberships(world, dice, moments, spoilt),
        restrictions: restrictions(dice, moments, spoilt),
        awards: Vec::new(),
        handovers: Vec::new(),
        roles: roles(machine.venue, dice, moments),
    };
    awards(&mut person, world, dice, moments, spoilt);
    for at in 0..2 {
        if dice.chance(70) {
            let when = if dice.chance(85) { moments.past(dice) } else { moments.near(dice) };
            person.handovers.push((if dice.chance(85) { 0 } else { at }, when));
        }
    }
    person
}

/// Long ago, unknown, or about to have the birthday that counts.
fn birth(machine: &Machine, dice: &mut Dice, moments: &Moments) -> Option<Date> {
    let today = date_of_day(moments.day + dice.pick(&[-1, 0, 0, 0, 1, 2]));
    let year = today.year - i64::from(machine.min_age.unwrap_or(16));
    match dice.below(10) {
        0 if dice.chance(50) => None,
        0..=4 => Some(date(1980, 2, 29)),
        5 | 6 => {
            // born on 29 February where that year has one
            Some(date(year, 2, days_in_month(year, 2)))
        }
        _ => Some(date(year, today.month, today.day.min(days_in_month(year, today.month)))),
    }
}

fn memberships(world: &World, dice: &mut Dice, moments: &Moments, spoilt: usize) -> Vec<(usize, Interval)> {
    let mut memberships = Vec::new();
    for venue in 0..world.venues.len() {
        let here = venue == world.machines[0].venue;
        if dice.chance(if here { 85 } else { 30 }) {
            let when = if dice.chance(spoilt) { moments.span(dice) } else { moments.span_now(dice) };
            memberships.push((venue, when));
        }
        if dice.chance(15) {
            memberships.push((venue, moments.span_other(dice)));
        }
    }
    memberships
}

fn scope(dice: &mut Dice) -> Scope {
    match dice.below(8) {
        0 => Scope::Network,
        1 | 2 => Scope::Venue(dice.below(3)),
        3 | 4 => Scope::Machine(dice.below(2)),
        5 | 6 => Scope::Reference(dice.below(5)),
        _ => Scope::Issuer(dice.below(4)),
    }
}

fn restrictions(dice: &mut Dice, moments: &Moments, spoilt: usize) -> Vec<(Scope, Interval)> {
    let mut restrictions = Vec::new();
    while dice.chance(spoilt) {
        let when = if dice.chance(60) { moments.span(dice) } else { moments.span_other(dice) };
        restrictions.push((scope(dice), when));
    }
    restrictions
}

fn roles(venue: usize, dice: &mut Dice, moments: &Moments) -> Vec<(Role, Scope, Interval)> {
    let mut roles = Vec::new();
    if dice.chance(20) {
        let when = if dice.chance(50) { moments.span(dice) } else { moments.span_now(dice) };
        roles.push((dice.pick(&[Role::Manager, Role::Trainer]), Scope::Venue(venue), when));
    }
    if dice.chance(20) {
        let all = [Role::Trainer, Role::Referent, Role::Manager, Role::IssuerAgent, Role::NetworkAdmin, Role::Auditor];
        roles.push((dice.pick(&all), scope(dice), moments.span(dice)));
    }
    roles
}

/// What the requirements ask for, with their prerequisites, and something besides.
fn awards(person: &mut Person, world: &World, dice: &mut Dice, moments: &Moments, spoilt: usize) {
    for requirement in &world.machines[0].requires {
        let reference = dice.pick(&requirement.references);
        obtain(person, world, reference, requirement.level, dice, moments, spoilt);
        if dice.chance(25) {
            let reference = dice.pick(&requirement.references);
            award(person, world, reference, dice.between(1, 3), dice, moments, spoilt * 2);
        }
    }
    if dice.chance(40) {
        let reference = dice.below(world.references.len());
        award(person, world, reference, dice.between(1, 3), dice, moments, spoilt);
    }
    // the order of the facts is no fact
    for place in (1..person.awards.len()).rev() {
        person.awards.swap(place, dice.below(place + 1));
    }
}

fn obtain(
    person: &mut Person,
    world: &World,
    reference: usize,
    level: u32,
    dice: &mut Dice,
    moments: &Moments,
    spoilt: usize,
) {
    if dice.chance(100 - spoilt / 2) {
        let level = if dice.chance(spoilt / 2) { dice.between(1, 3) } else { dice.between(level, 3) };
        award(person, world, reference, level, dice, moments, spoilt / 3);
    }
    for &(other, level) in &world.references[reference].prerequisites {
        obtain(person, world, other, level, dice, moments, spoilt);
    }
}

/// One award, each of its parts spoilt so many times in a hundred; perhaps renewed.
fn award(
    person: &mut Person,
    world: &World,
    reference: usize,
    level: u32,
    dice: &mut Dice,
    moments: &Moments,
    spoilt: usize,
) {
    let own = world.venues[world.machines[0].venue].issuer;
    let issuer = match own {
        Some(own) if dice.chance(50) => own,
        _ => dice.below(world.issuers),
    };
    let months = dice.pick(&MONTHS);
    let issued_at = match dice.below(10) {
        0..=3 => moments.months_before(dice, world.zone, months),
        4 if dice.chance(spoilt) => moments.near(dice),
        _ => moments.past(dice),
    };
    let after = |at: Ms, dice: &mut Dice| at.max(moments.near(dice)).max(issued_at);
    let mut new = Award {
        id: id(person, dice),
        reference,
        version: if dice.chance(spoilt * 2) { dice.between(1, 3) } else { 3 },
        level,
        issuer,
        issued_at,
        valid_until: None,
        superseded_at: None,
        revoked_at: None,
        suspensions: intervals(dice, moments, spoilt),
    };
    new.valid_until = match dice.below(10) {
        0..=3 => None,
        4 | 5 if dice.chance(spoilt * 2) => Some(moments.near(dice)),
        4 | 5 => Some(plus_months(world.zone, issued_at, i64::from(months))),
        _ => Some(moments.future(dice)),
    };
    if dice.chance(spoilt) {
        new.revoked_at = Some(after(issued_at, dice));
    }
    // renewed: by one as good, by one that is revoked, or by one that is yet to come
    if dice.chance(spoilt) {
        let at = after(issued_at, dice);
        new.superseded_at = Some(at);
        let revoked_at = dice.maybe(50, |dice| after(at, dice).max(at));
        let successor = Award {
            id: format!("{}s", new.id),
            issued_at: at,
            superseded_at: None,
            revoked_at,
            suspensions: Vec::new(),
            valid_until: dice.maybe(50, |dice| moments.future(dice).max(at)),
            ..new.clone()
        };
        person.awards.push(successor);
    }
    person.awards.push(new);
}

/// Ids that are sorted otherwise than they were given.
fn id(person: &Person, dice: &mut Dice) -> String {
    let letter = dice.pick(&["a", "b", "z"]);
    format!("{letter}{}-{}", dice.below(12), person.awards.len())
}

/// Who stands by: good ones, the learner's own second tap, late and early taps.
pub fn standbys(learner: &Person, world: &World, dice: &mut Dice, moments: &Moments) -> Vec<Standby> {
    let machine = &world.machines[0];
    let mut standbys = Vec::new();
    let count = if machine.autonomous_from > 1 { dice.pick(&[0, 1, 2, 2, 3]) } else { dice.pick(&[0, 0, 0, 1]) };
    for _ in 0..count {
        let person = if dice.chance(12) {
            learner.clone()
        } else {
            // seldom the learner's own number, with facts that say otherwise
            let number = if dice.chance(6) { learner.number } else { 1 + dice.below(3) };
            // or somebody who has all that the learner has
            let mut person = if dice.chance(50) { learner.clone() } else { person(number, world, dice, moments, 3) };
            person.number = number;
            let level = dice.pick(&[1, 2, 2, 3, 3, 3, 3, 3, 3]);
            person.awards.iter_mut().filter(|award| award.level < level).for_each(|award| award.level = level);
            person
        };
        let ago = dice.pick(&[0, 0, 1, SECOND, 15 * SECOND, 15 * SECOND, 29_999, 30_000, -1, -20 * SECOND]);
        let reading = Reading {
            controller_trusted: dice.chance(99),
            replayed: dice.chance(1),
            serves_machine: dice.chance(99),
            card: if dice.chance(99) { known_card(dice, moments, 5) } else { Card::Unknown },
        };
        standbys.push(Standby { tapped_at: moments.centre - ago, reading, person });
    }
    standbys.sort_by_key(|standby| -standby.tapped_at);
    // which of two taps in the same millisecond is used up, the law leaves open
    standbys.dedup_by_key(|standby| standby.tapped_at);
    standbys
}
