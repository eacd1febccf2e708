//! Which awards count: the tests of an award at a venue, in the order of the law, and how far a person has come.
//!
//! Start at [`Counting::test`]. Decisions, ends of grants, explanations and a trainer's authority all ask here; nobody
//! else may look at an award's dates to say whether it opens something.

use core::slice;

use crate::decision::{DenialReason, Objection};
use crate::dossier::{Award, Level, PersonFacts};
use crate::ids::{AwardId, IssuerId, MachineId, ReferenceId};
use crate::months::add_months;
use crate::network::{Acceptance, AcceptedReferences, Machine, Network, Prerequisite, Requirement, Venue};
use crate::time::{Span, Time};

/// What an award is tested against.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// Any one of these suffices.
    pub references: &'a [ReferenceId],
    /// The lowest level that suffices.
    pub level: Level,
    /// The lowest version that suffices.
    pub min_version: Option<u32>,
    /// On which machine a handover is needed, where an acceptance rule wants one; none: no handover is asked for.
    pub handover_on: Option<&'a MachineId>,
}

impl<'a> Ask<'a> {
    /// A machine's requirement.
    #[must_use]
    pub fn requirement(requirement: &'a Requirement, machine: &'a Machine) -> Self {
        Self {
            references: &requirement.references,
            level: requirement.level,
            min_version: requirement.min_version,
            handover_on: Some(&machine.id),
        }
    }

    /// A reference at a level, on no machine in particular: a prerequisite, or what a trainer holds.
    #[must_use]
    pub const fn reference(reference: &'a ReferenceId, level: Level) -> Self {
        Self { references: slice::from_ref(reference), level, min_version: None, handover_on: None }
    }
}

/// The test at which an award failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    /// The test, by the reason that it gives. Tests are made in the order of the reasons.
    pub reason: DenialReason,
    /// Since when it fails, where that is a fact of the award.
    pub since: Option<Time>,
    /// Until when it fails, where it passes again by itself.
    pub until: Option<Time>,
}

impl Failure {
    const fn of(reason: DenialReason) -> Self {
        Self { reason, since: None, until: None }
    }
}

/// Something that is asked for is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Met {
    /// The highest level among the awards that count.
    pub level: Level,
    /// Until when at least an award counts; [`Time::MAX`] for no end that is known.
    pub until: Time,
}

/// Something that is asked for is not held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The award that failed latest; none when none is named, issued and not superseded.
    pub award: Option<AwardId>,
    /// How it failed.
    pub failure: Failure,
}

impl Unmet {
    /// The objection to a decision, for a machine's requirement.
    #[must_use]
    pub fn objection(self, requirement: usize) -> Objection {
        let Failure { reason, since, until } = self.failure;
        Objection { reason, requirement: Some(requirement), award: self.award, since, until }
    }
}

/// How a venue regards an issuer for a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recognition<'a> {
    /// It is the venue's own.
    Own,
    /// A rule of the venue honours it.
    Rule(&'a Acceptance),
    /// Nothing recognises it.
    Not,
}

impl<'a> Recognition<'a> {
    /// How a venue regards an issuer for a reference: the most specific rule counts.
    #[must_use]
    pub fn of(network: &'a Network, venue: &Venue, issuer: &IssuerId, reference: &ReferenceId) -> Self {
        if venue.issuer.as_ref() == Some(issuer) {
            return Self::Own;
        }
        let mut for_all = Self::Not;
        for rule in &network.acceptances {
            if rule.issuer != *issuer || rule.venue != venue.id {
                continue;
            }
            match &rule.references {
                AcceptedReferences::These(named) if named.contains(reference) => return Self::Rule(rule),
                AcceptedReferences::These(_) => {}
                AcceptedReferences::All => for_all = Self::Rule(rule),
            }
        }
        for_all
    }

    const fn rule(self) -> Option<&'a Acceptance> {
        match self {
            Self::Rule(rule) => Some(rule),
            Self::Own | Self::Not => None,
        }
    }
}

/// One person's awards before one venue.
#[derive(Debug, Clone, Copy)]
pub struct Counting<'a> {
    /// The rules in force.
    pub network: &'a Network,
    /// The venue whose rules decide.
    pub venue: &'a Venue,
    /// Whose awards.
    pub person: &'a PersonFacts,
}

impl<'a> Counting<'a> {
    /// Tests an award in the order of the law. When it counts at `t`: until when at least it does.
    ///
    /// # Errors
    /// The first test that it fails.
    pub fn test(&self, award: &Award, ask: &Ask, t: Time) -> Result<Time, Failure> {
        self.test_on(award, ask, t, None, &mut Visits::new())
    }

    /// The awards that count at `t`, in the order of the facts.
    pub fn awards(&self, ask: &Ask<'a>, t: Time) -> impl Iterator<Item = &'a Award> {
        let (this, ask) = (*self, *ask);
        this.person.awards.iter().filter(move |award| this.test(award, &ask, t).is_ok())
    }

    /// Whether an award counts at `t`, and how well.
    ///
    /// # Errors
    /// The award that failed latest speaks; ties go to the newest, then to the greatest id.
    pub fn meets(&self, ask: &Ask, t: Time) -> Result<Met, Unmet> {
        let mut visits = Visits::new();
        let mut met: Option<Met> = None;
        let mut speaks: Option<(&Award, Failure)> = None;
        for award in &self.person.awards {
            match self.test_on(award, ask, t, None, &mut visits) {
                Ok(until) => {
                    let best = met.get_or_insert(Met { level: award.level, until });
                    best.level = best.level.max(award.level);
                    best.until = best.until.max(until);
                }
                Err(Failure { reason: DenialReason::NoAward, .. }) => {}
                Err(failure) => {
                    let rank = |award: &'a Award, failure: Failure| (failure.reason, award.issued_at, &award.id);
                    if speaks.is_none_or(|(other, failed)| rank(other, failed) < rank(award, failure)) {
                        speaks = Some((award, failure));
                    }
                }
            }
        }
        met.ok_or_else(|| match speaks {
            Some((award, failure)) => Unmet { award: Some(award.id.clone()), failure },
            None => Unmet { award: None, failure: Failure::of(DenialReason::NoAward) },
        })
    }

    fn test_on(
        &self,
        award: &Award,
        ask: &Ask,
        t: Time,
        path: Option<&Path>,
        visits: &mut Visits<'a>,
    ) -> Result<Time, Failure> {
        let mut until = Time::MAX;
        let mut ends_at = |end: Time| {
            until = until.min(end);
            end <= t
        };

        if !ask.references.contains(&award.reference)
            || t < award.issued_at
            || award.superseded_at.is_some_and(&mut ends_at)
        {
            return Err(Failure::of(DenialReason::NoAward));
        }
        if award.revoked_at.is_some_and(&mut ends_at) {
            return Err(Failure { since: award.revoked_at, ..Failure::of(DenialReason::AwardRevoked) });
        }
        if let Some(suspension) = longest(&award.suspensions, t) {
            let Span { from, until } = suspension;
            return Err(Failure { since: Some(from), until, ..Failure::of(DenialReason::AwardSuspended) });
        }
        if let Some(suspended) = next_start(&award.suspensions, t) {
            ends_at(suspended);
        }

        let recognition = Recognition::of(self.network, self.venue, &award.issuer, &award.reference);
        let rule = recognition.rule();
        let too_old = rule
            .and_then(|rule| rule.max_age_months)
            .map(|months| add_months(award.issued_at, months, self.network.settings.time_zone));
        let end = award.valid_until.unwrap_or(Time::MAX).min(too_old.unwrap_or(Time::MAX));
        if (award.valid_until.is_some() || too_old.is_some()) && ends_at(end) {
            return Err(Failure { since: Some(end), ..Failure::of(DenialReason::AwardExpired) });
        }

        // a reference that the network does not know is a missing fact: it objects
        let outdated = Failure::of(DenialReason::ReferenceOutdated);
        let reference = self.network.references.get(&award.reference).ok_or(outdated)?;
        let oldest = [ask.min_version, rule.and_then(|rule| rule.min_version)];
        if award.version < reference.oldest_valid_version
            || oldest.iter().flatten().any(|oldest| award.version < *oldest)
        {
            return Err(outdated);
        }
        if recognition == Recognition::Not {
            return Err(Failure::of(DenialReason::IssuerNotRecognised));
        }
        if award.level < ask.level {
            return Err(Failure::of(DenialReason::LevelTooLow));
        }

        let path = Path { reference: &reference.id, before: path };
        for prerequisite in &reference.prerequisites {
            let held_until = self.prerequisite(prerequisite, t, &path, visits);
            ends_at(held_until.ok_or(Failure::of(DenialReason::PrerequisiteMissing))?);
        }
        if let Some(machine) = ask.handover_on
            && rule.is_some_and(|rule| rule.handover)
            && !has_handover(self.person, machine, t)
        {
            return Err(Failure::of(DenialReason::HandoverMissing));
        }
        Ok(until)
    }

    /// Until when at least a prerequisite is held; none when it is not.
    fn prerequisite(&self, wanted: &'a Prerequisite, t: Time, path: &Path, visits: &mut Visits<'a>) -> Option<Time> {
        if let Some((_, known)) = visits.known.iter().find(|(known, _)| *known == wanted) {
            return *known;
        }
        if visits.left == 0 || path.contains(&wanted.reference) {
            visits.cuts += 1;
            return None;
        }
        visits.left -= 1;
        let cuts_before = visits.cuts;
        let ask = Ask::reference(&wanted.reference, wanted.level);
        let mut until = None;
        for award in &self.person.awards {
            until = until.max(self.test_on(award, &ask, t, Some(path), visits).ok());
        }
        // what was cut short on this path may be held on another one
        let has_own =
            self.network.references.get(&wanted.reference).is_some_and(|known| !known.prerequisites.is_empty());
        if has_own && visits.cuts == cuts_before {
            visits.known.push((wanted, until));
        }
        until
    }
}

/// The references on the way from an award to a prerequisite, so that a cycle, which the network file may not have,
/// ends in a refusal.
#[derive(Clone, Copy)]
struct Path<'p> {
    reference: &'p ReferenceId,
    before: Option<&'p Path<'p>>,
}

impl Path<'_> {
    fn contains(&self, reference: &ReferenceId) -> bool {
        self.reference == reference || self.before.is_some_and(|before| before.contains(reference))
    }
}

/// What one question has learnt about prerequisites at one instant.
struct Visits<'a> {
    known: Vec<(&'a Prerequisite, Option<Time>)>,
    /// How many more prerequisites are looked at: a bound that only a network that was never checked can reach.
    left: u32,
    cuts: u32,
}

impl Visits<'_> {
    const fn new() -> Self {
        Self { known: Vec::new(), left: 1 << 16, cuts: 0 }
    }
}

/// The person's counting level on a machine at `t`: the lowest, over its requirements, of the highest level among the
/// awards that count. None when the machine has no requirement, one is not met, or its venue is unknown.
#[must_use]
pub fn counting_level(person: &PersonFacts, network: &Network, machine: &Machine, t: Time) -> Option<Level> {
    let counting = Counting { network, venue: network.venues.get(&machine.venue)?, person };
    let mut lowest = None;
    for requirement in &machine.requires {
        let level = counting.meets(&Ask::requirement(requirement, machine), t).ok()?.level;
        lowest = Some(lowest.map_or(level, |lowest: Level| lowest.min(level)));
    }
    lowest
}

/// Whether somebody showed the person this machine at or before `t`.
pub(crate) fn has_handover(person: &PersonFacts, machine: &MachineId, t: Time) -> bool {
    person.handovers.iter().any(|handover| handover.at <= t && handover.machine == *machine)
}

/// Of the spans that cover `t` the one that ends last, then the one that began first.
pub(crate) fn longest<'s>(spans: impl IntoIterator<Item = &'s Span>, t: Time) -> Option<Span> {
    let covering = spans.into_iter().filter(|span| span.covers(t)).copied();
    covering.max_by_key(|span| (span.until.is_none(), span.until, core::cmp::Reverse(span.from)))
}

/// The first beginning of a span after `t`.
pub(crate) fn next_start<'s>(spans: impl IntoIterator<Item = &'s Span>, t: Time) -> Option<Time> {
    spans.into_iter().filter(|span| t < span.from && !span.is_empty()).map(|span| span.from).min()
}
