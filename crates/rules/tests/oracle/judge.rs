//! The decision, one sentence of the product's law at a time, as plainly as it can be said.
//!
//! Start at [`judge`]. The quoted lines are the law's own words. Speed is no concern here.

use crate::oracle::calendar::{DAY, MINUTE, birthday, local_day, plus_months, wall, weekday};
use crate::oracle::reason::Reason;
use crate::oracle::world::{
    Acceptance, Assurance, Award, Card, Hazard, Interval, Machine, Ms, Person, Reading, Requirement, Role, Scope,
    Standby, Venue, World,
};

/// The award that speaks for a requirement that is not met.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spoken {
    pub reason: &'static str,
    pub requirement: usize,
    pub award: Option<String>,
}

/// What the law says to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub verdict: &'static str,
    pub reasons: Vec<&'static str>,
    /// For each requirement that is not met.
    pub spoken: Vec<Spoken>,
    /// The supervisor whose tap the grant uses.
    pub supervisor: Option<usize>,
}

/// The whole decision.
pub fn judge(world: &World, now: Ms) -> Answer {
    let mut reasons = reasons(world, world.person.as_ref(), &world.reading, now);
    let mut used = None;
    if let Some((person, machine)) = somebody_at_a_machine(world, &reasons)
        && needs_supervisor(world, machine, person, now)
    {
        used = supervisor(world, machine, person, now);
        if used.is_none() {
            reasons.push(Reason::SupervisorNeeded);
        }
    }
    // "If it is the only reason the answer is `more`, not `deny`."
    let verdict = match reasons[..] {
        [] => "grant",
        [Reason::SupervisorNeeded] => "more",
        _ => "deny",
    };
    Answer {
        verdict,
        reasons: reasons.iter().map(|reason| reason.code()).collect(),
        spoken: spoken(world, &reasons, now),
        supervisor: if verdict == "grant" { used } else { None },
    }
}

/// Whom and what the rules from 6 on speak of: nobody where 1 to 5 ended the decision.
fn somebody_at_a_machine<'w>(world: &'w World, reasons: &[Reason]) -> Option<(&'w Person, usize)> {
    if reasons.iter().any(|&reason| reason <= Reason::CardBlocked) {
        return None;
    }
    Some((world.person.as_ref()?, world.asked?))
}

/// Every reason but supervisor_needed, for this person with this reading: "1 to 5 end the decision at once; from 6 on
/// all are collected".
pub fn reasons(world: &World, person: Option<&Person>, reading: &Reading, now: Ms) -> Vec<Reason> {
    if !reading.controller_trusted {
        return vec![Reason::ControllerNotTrusted];
    }
    if reading.replayed {
        return vec![Reason::ReplayedRequest];
    }
    // "no such machine, or not one of the asking controller's"
    let Some(asked) = world.asked else { return vec![Reason::UnknownMachine] };
    if !reading.serves_machine {
        return vec![Reason::UnknownMachine];
    }
    // "nobody's, or an NTAG message whose MAC is wrong"
    if reading.card == Card::Unknown {
        return vec![Reason::UnknownCard];
    }
    let Some(person) = person else { return vec![Reason::UnknownCard] };
    if card_is_blocked(reading, now) {
        return vec![Reason::CardBlocked];
    }

    let machine = &world.machines[asked];
    let mut reasons = Vec::new();
    if card_is_too_weak(reading, machine.min_assurance) {
        reasons.push(Reason::CardAssuranceTooLow);
    }
    if any_covers(&world.locks, now) {
        reasons.push(Reason::MachineOutOfService);
    }
    if is_suspended_here(asked, machine, person, now) {
        reasons.push(Reason::PersonSuspendedHere);
    }
    if lacks_membership(world, machine, person, now) {
        reasons.push(Reason::NotAMember);
    }
    if is_too_young(world, machine, person, now) {
        reasons.push(Reason::AgeRestricted);
    }
    for requirement in &machine.requires {
        if let Some((reason, _)) = unmet(world, asked, requirement, person, now) {
            reasons.push(reason);
        }
    }
    // "also where the machine itself wants a handover and the person had none on it at or before t"
    if machine.handover && !had_handover(asked, person, now) {
        reasons.push(Reason::HandoverMissing);
    }
    if is_outside_hours(world, machine.venue, person, now) {
        reasons.push(Reason::OutsideOpeningHours);
    }
    // "somebody else's session is open on it"
    if world.in_use_by.is_some_and(|user| user != person.number) {
        reasons.push(Reason::MachineBusy);
    }
    // "The decision's reasons are the union over the requirements."
    reasons.sort_unstable();
    reasons.dedup();
    reasons
}

/// "Every interval is half-open `[from, until)`"
pub fn covers(interval: Interval, t: Ms) -> bool {
    interval.from <= t
        && match interval.until {
            Some(until) => t < until,
            None => true,
        }
}

fn any_covers(intervals: &[Interval], t: Ms) -> bool {
    intervals.iter().any(|&interval| covers(interval, t))
}

/// "from the instant of the block on"; "With a person in place of a card, reasons 4 to 6 do not arise."
fn card_is_blocked(reading: &Reading, now: Ms) -> bool {
    match &reading.card {
        Card::Known { blocks, .. } => any_covers(blocks, now),
        Card::NotAsked | Card::Unknown => false,
    }
}

/// "A0 a copyable UID < A1p a phone's rotating code < A1 NTAG 424 DNA checked by the registry"
fn card_is_too_weak(reading: &Reading, needed: Assurance) -> bool {
    match &reading.card {
        Card::Known { assurance, .. } => *assurance < needed,
        Card::NotAsked | Card::Unknown => false,
    }
}

/// "a restriction on the person covers t and its scope is the network, W, the machine, or a reference that a
/// requirement of the machine names (alternatives included, prerequisites not)"
fn is_suspended_here(asked: usize, machine: &Machine, person: &Person, now: Ms) -> bool {
    let concerns = |scope: Scope| match scope {
        Scope::Network => true,
        Scope::Venue(venue) => venue == machine.venue,
        Scope::Machine(machine) => machine == asked,
        Scope::Reference(reference) => machine.requires.iter().any(|wanted| wanted.references.contains(&reference)),
        Scope::Issuer(_) => false,
    };
    person.restrictions.iter().any(|&(scope, when)| concerns(scope) && covers(when, now))
}

/// "the machine's `members_only`, or the venue's where the machine says nothing, is true, and no membership of the
/// person in W, or in a venue that W lists as reciprocal, covers t"
fn lacks_membership(world: &World, machine: &Machine, person: &Person, now: Ms) -> bool {
    let venue = &world.venues[machine.venue];
    if !machine.members_only.unwrap_or(venue.members_only) {
        return false;
    }
    let honoured = |member_of: usize| member_of == machine.venue || venue.reciprocal.contains(&member_of);
    !person.memberships.iter().any(|&(member_of, when)| honoured(member_of) && covers(when, now))
}

/// "the machine has a minimum age, and the person's birth date is unknown or too recent on W's calendar day of t"
pub fn is_too_young(world: &World, machine: &Machine, person: &Person, now: Ms) -> bool {
    let Some(years) = machine.min_age else { return false };
    let Some(birth) = person.birth else { return true };
    local_day(world.venues[machine.venue].zone, now) < birthday(birth, i64::from(years))
}

/// "the person had a handover on this very machine at or before t"
fn had_handover(asked: usize, person: &Person, now: Ms) -> bool {
    person.handovers.iter().any(|&(machine, at)| machine == asked && at <= now)
}

/// "A person with the role manager or trainer **at W** is not bound by them."
pub fn is_outside_hours(world: &World, venue: usize, person: &Person, now: Ms) -> bool {
    let exempt = person.roles.iter().any(|&(role, scope, when)| {
        matches!(role, Role::Manager | Role::Trainer) && scope == Scope::Venue(venue) && covers(when, now)
    });
    !exempt && !is_open(&world.venues[venue], now)
}

/// "W's weekly hours and closed days in W's own time zone. ... The local wall clock of t decides"
pub fn is_open(venue: &Venue, now: Ms) -> bool {
    let wall = wall(venue.zone, now);
    let (today, time) = (wall.div_euclid(DAY), wall.rem_euclid(DAY));
    let closed = |day: i64| venue.closed.iter().any(|days| days.first <= day && day <= days.last);
    let Some(hours) = &venue.hours else {
        // "No `hours` at all: open at any time", and "where there are no `hours` [a closed day cancels] the whole local day"
        return !closed(today);
    };
    // "a shift whose end is not after its start runs past midnight and belongs to the day it begins on; a closed day
    // cancels the shifts that begin on it"
    let open_since_today = hours[weekday(today)].iter().any(|shift| {
        let past_midnight = shift.end <= shift.start;
        shift.start * MINUTE <= time && (past_midnight || time < shift.end * MINUTE)
    });
    let yesterday = today - 1;
    let open_since_yesterday = hours[weekday(yesterday)].iter().any(|shift| {
        let past_midnight = shift.end <= shift.start;
        past_midnight && time < shift.end * MINUTE
    });
    (open_since_today && !closed(today)) || (open_since_yesterday && !closed(yesterday))
}

/// Why a requirement is not met, and which award says so. None: it is met.
fn unmet(
    world: &World,
    asked: usize,
    requirement: &Requirement,
    person: &Person,
    now: Ms,
) -> Option<(Reason, Option<String>)> {
    let mut failures: Vec<(Reason, Ms, &str)> = Vec::new();
    for award in &person.awards {
        match failure(world, asked, requirement, person, award, now) {
            None => return None,
            // it does not even get to the first test that is about an award
            Some(Reason::NoAward) => {}
            Some(reason) => failures.push((reason, award.issued_at, &award.id)),
        }
    }
    // "the one that failed **latest** in that order speaks for the requirement; ties go to the newest `issued_at`, then
    // the greatest id"
    match failures.into_iter().max() {
        None => Some((Reason::NoAward, None)),
        Some((reason, _, id)) => Some((reason, Some(id.to_owned()))),
    }
}

/// The first test that an award fails for a requirement. None: it counts.
fn failure(
    world: &World,
    asked: usize,
    requirement: &Requirement,
    person: &Person,
    award: &Award,
    now: Ms,
) -> Option<Reason> {
    let failure = failure_before_handover(world, asked, requirement, person, award, now);
    // "the person had a handover on this very machine at or before t where the acceptance rule wants one"
    let wants_handover = acceptance(world, asked, award).is_some_and(|rule| rule.handover);
    if failure.is_none() && wants_handover && !had_handover(asked, person, now) {
        return Some(Reason::HandoverMissing);
    }
    failure
}

fn failure_before_handover(
    world: &World,
    asked: usize,
    requirement: &Requirement,
    person: &Person,
    award: &Award,
    now: Ms,
) -> Option<Reason> {
    let rule = acceptance(world, asked, award);
    let reference = &world.references[award.reference];

    // "its reference is named by it and `issued_at <= t` and it is not superseded at t (else no_award: a superseded
    // award counts for nothing from its successor's `issued_at`"
    let named = requirement.references.contains(&award.reference);
    let superseded = award.superseded_at.is_some_and(|at| at <= now);
    if !named || award.issued_at > now || superseded {
        return Some(Reason::NoAward);
    }
    // "it is not revoked as of t"
    if award.revoked_at.is_some_and(|at| at <= now) {
        return Some(Reason::AwardRevoked);
    }
    // "no suspension of the award covers t"
    if any_covers(&award.suspensions, now) {
        return Some(Reason::AwardSuspended);
    }
    // "`t < valid_until` and, where the acceptance rule has a maximum age, `t < issued_at + max_age`"
    if award.valid_until.is_some_and(|until| now >= until) {
        return Some(Reason::AwardExpired);
    }
    if too_old_from(world, rule, award).is_some_and(|until| now >= until) {
        return Some(Reason::AwardExpired);
    }
    // "its version is at least the highest of the requirement's, the acceptance rule's and the reference's own oldest
    // valid version"
    let of_requirement = requirement.min_version.unwrap_or(1);
    let of_rule = rule.and_then(|rule| rule.min_version).unwrap_or(1);
    if award.version < of_requirement.max(of_rule).max(reference.oldest_valid_version) {
        return Some(Reason::ReferenceOutdated);
    }
    // "W recognises its issuer for this reference"
    if !is_own_issuer(world, asked, award) && rule.is_none() {
        return Some(Reason::IssuerNotRecognised);
    }
    // "its level is high enough"
    if award.level < requirement.level {
        return Some(Reason::LevelTooLow);
    }
    // "each prerequisite of the reference is met at W by the person's awards (the same tests up to here, prerequisites
    // of prerequisites included"
    for &(reference, level) in &reference.prerequisites {
        let wanted = Requirement { references: vec![reference], level, min_version: None };
        let met = person
            .awards
            .iter()
            .any(|other| failure_before_handover(world, asked, &wanted, person, other, now).is_none());
        if !met {
            return Some(Reason::PrerequisiteMissing);
        }
    }
    None
}

/// "W recognises its own issuer without a rule"
fn is_own_issuer(world: &World, asked: usize, award: &Award) -> bool {
    world.venues[world.machines[asked].venue].issuer == Some(award.issuer)
}

/// "Any other issuer needs an acceptance rule of W that names it, for that reference or for all. The most specific rule
/// counts (reference named before all references)"
fn acceptance<'w>(world: &'w World, asked: usize, award: &Award) -> Option<&'w Acceptance> {
    let venue = world.machines[asked].venue;
    let of_this_issuer = |rule: &&Acceptance| rule.venue == venue && rule.issuer == award.issuer;
    let names = |rule: &&Acceptance| rule.references.as_ref().is_some_and(|named| named.contains(&award.reference));
    let for_all = |rule: &&Acceptance| rule.references.is_none();
    let specific = world.acceptances.iter().filter(of_this_issuer).find(names);
    let general = world.acceptances.iter().filter(of_this_issuer).find(for_all);
    specific.or(general)
}

/// `issued_at + max_age`, "in the network's time zone".
pub fn too_old_from(world: &World, rule: Option<&Acceptance>, award: &Award) -> Option<Ms> {
    Some(plus_months(world.zone, award.issued_at, i64::from(rule?.max_age_months?)))
}

/// "tested when the machine has at least one requirement and all are met ...: the person's level ... is below the
/// machine's `autonomous_from`"
fn needs_supervisor(world: &World, asked: usize, person: &Person, now: Ms) -> bool {
    level(world, asked, person, now).is_some_and(|level| level < world.machines[asked].autonomous_from)
}

/// "the lowest, over the requirements, of the highest level among the awards that count". None: there are no
/// requirements, or not all are met.
pub fn level(world: &World, asked: usize, person: &Person, now: Ms) -> Option<u32> {
    let mut lowest = None;
    for requirement in &world.machines[asked].requires {
        let counting = person.awards.iter().filter(|award| {
            let failure = failure(world, asked, requirement, person, award, now);
            failure.is_none()
        });
        let highest = counting.map(|award| award.level).max()?;
        lowest = Some(lowest.unwrap_or(highest).min(highest));
    }
    lowest
}

/// The supervisor who stands by: the one who tapped last, of several.
fn supervisor(world: &World, asked: usize, learner: &Person, now: Ms) -> Option<usize> {
    let good = world.standbys.iter().find(|standby| may_supervise(world, asked, learner, standby, now))?;
    Some(good.person.number)
}

/// "A supervisor is another person, whose own decision on this machine would have no reason but machine_busy, whose
/// level is at least `supervisor_level`, who tapped with intent `supervise` at this machine less than 30 s ago"
fn may_supervise(world: &World, asked: usize, learner: &Person, standby: &Standby, now: Ms) -> bool {
    let machine = &world.machines[asked];
    let supervisor = &standby.person;
    let another = supervisor.number != learner.number;
    let own_reasons = reasons(world, Some(supervisor), &standby.reading, now);
    let would_be_granted = own_reasons.iter().all(|&reason| reason == Reason::MachineBusy)
        && !needs_supervisor(world, asked, supervisor, now);
    let high_enough = level(world, asked, supervisor, now).is_some_and(|level| level >= machine.supervisor_level);
    let lately = standby.tapped_at <= now && now < standby.tapped_at + 30_000;
    // "Cards used for `supervise` and `induct` need the machine's minimum assurance, and A1 where the machine is red."
    let sure_enough = machine.hazard != Hazard::Red || !card_is_too_weak(&standby.reading, Assurance::A1);
    another && would_be_granted && high_enough && lately && sure_enough
}

/// Which award speaks for each requirement that is not met.
fn spoken(world: &World, reasons: &[Reason], now: Ms) -> Vec<Spoken> {
    let Some((person, asked)) = somebody_at_a_machine(world, reasons) else { return Vec::new() };
    let mut spoken = Vec::new();
    for (number, requirement) in world.machines[asked].requires.iter().enumerate() {
        if let Some((reason, award)) = unmet(world, asked, requirement, person, now) {
            spoken.push(Spoken { reason: reason.code(), requirement: number, award });
        }
    }
    spoken.sort();
    spoken
}
