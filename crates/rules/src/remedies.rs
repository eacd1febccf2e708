//! What would make a refusal a grant, as data: the next steps behind each objection. The words are made elsewhere.
//!
//! Start at [`what_would_grant`]. An award that fails one test may fail later ones as well, so its remedy goes on through
//! the tests until it would count.

use crate::counting::{Ask, Counting, Recognition, has_handover};
use crate::decide::decide;
use crate::decision::{DenialReason, Objection};
use crate::dossier::{Assurance, Award, Dossier, Level, ReadingFacts, Scope};
use crate::ids::{AwardId, IssuerId, MachineId, ReferenceId, VenueId};
use crate::network::{Machine, Network, Requirement, Venue};
use crate::question::Question;
use crate::time::{Span, Time};

/// An objection, and what would lift it: all of the steps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remedy {
    /// The objection.
    pub objection: Objection,
    /// What would lift it, in order; each step is needed.
    pub steps: Vec<Step>,
}

/// One step towards a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Have the controller provisioned, or its key renewed.
    TrustController,
    /// Tap again.
    TapAgain,
    /// Ask for a machine that exists, at the controller that serves it.
    NameAMachine,
    /// Have the card attached to a person.
    AttachCard,
    /// Use another card, or have this one unblocked.
    UseAnotherCard {
        /// When it is unblocked by itself, where it is.
        until: Option<Time>,
    },
    /// Use a card that is known at least so surely.
    UseSurerCard {
        /// How surely.
        at_least: Assurance,
    },
    /// Wait until the machine is unlocked, or have it unlocked.
    AwaitUnlock {
        /// When it is unlocked by itself, where it is.
        until: Option<Time>,
    },
    /// Wait until a restriction ends, or have it lifted.
    AwaitRestriction {
        /// To what it extends.
        scope: Scope,
        /// When it ends by itself, where it does.
        until: Option<Time>,
    },
    /// Become a member of one of these venues.
    Join {
        /// The machine's venue, then those that it lists as reciprocal.
        venues: Vec<VenueId>,
    },
    /// Have the birth date recorded.
    TellBirthDate {
        /// The age that is asked for, in years.
        min_age: u32,
    },
    /// Wait for a birthday.
    AwaitAge {
        /// The age that is asked for, in years.
        min_age: u32,
        /// When it is reached.
        at: Option<Time>,
    },
    /// Obtain one of these.
    Obtain {
        /// Any one of these suffices.
        choices: Vec<Choice>,
    },
    /// Wait until a suspension ends, or ask the issuer to end it.
    AwaitSuspension {
        /// Of which award.
        award: AwardId,
        /// Whom to ask.
        issuer: IssuerId,
        /// When it ends by itself, where it does.
        until: Option<Time>,
    },
    /// Have an award renewed.
    Renew {
        /// Which award.
        award: AwardId,
        /// Of which reference.
        reference: ReferenceId,
        /// By whom.
        issuer: IssuerId,
        /// At this version at least.
        version: u32,
    },
    /// Ask a venue to recognise an issuer, or obtain the same from one that it recognises.
    Recognise {
        /// Which venue.
        venue: VenueId,
        /// Which issuer.
        issuer: IssuerId,
        /// For which reference.
        reference: ReferenceId,
        /// Those that it recognises for it.
        recognised: Vec<Recognised>,
    },
    /// Be shown the machine.
    TakeHandover {
        /// Which.
        machine: MachineId,
    },
    /// Come when the venue is open.
    ComeBack {
        /// When it opens next; none: never, by what is known.
        at: Option<Time>,
    },
    /// Wait until the machine is free.
    AwaitMachine,
    /// Have a supervisor tap too.
    CallSupervisor {
        /// From which level on they may.
        level: Level,
    },
}

/// A reference to obtain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Which reference.
    pub reference: ReferenceId,
    /// At this level at least.
    pub level: Level,
    /// At this version at least; a rule of one of the issuers may ask for more.
    pub version: u32,
    /// From any of these.
    pub issuers: Vec<Recognised>,
    /// What has to be obtained before, since it is needed besides and not held.
    pub before: Vec<Choice>,
}

/// An issuer that a venue recognises for a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recognised {
    /// Which issuer.
    pub issuer: IssuerId,
    /// From which version on, by the venue's rule.
    pub min_version: Option<u32>,
    /// Whether its awards need a handover on the machine besides.
    pub handover: bool,
}

/// What would make a refusal at `now` a grant: each objection with its steps, in the order of the decision. Empty for a
/// grant.
#[must_use]
pub fn what_would_grant(dossier: &Dossier, reading: &ReadingFacts, now: Time) -> Vec<Remedy> {
    let decision = decide(dossier, reading, now);
    let objections = decision.reasons().map_or(&[][..], |reasons| reasons.objections());
    let question = Question::of(dossier, dossier.person.as_ref(), reading, now).ok();
    let steps = |objection: &Objection| match &question {
        Some(question) => question.steps(objection, now),
        None => distrust_steps(objection),
    };
    objections.iter().map(|objection| Remedy { objection: objection.clone(), steps: steps(objection) }).collect()
}

/// The steps for the reasons 1 to 5.
fn distrust_steps(objection: &Objection) -> Vec<Step> {
    use DenialReason as R;
    match objection.reason {
        R::ControllerNotTrusted => vec![Step::TrustController],
        R::ReplayedRequest => vec![Step::TapAgain],
        R::UnknownMachine => vec![Step::NameAMachine],
        R::UnknownCard => vec![Step::AttachCard],
        R::CardBlocked => vec![Step::UseAnotherCard { until: objection.until }],
        R::CardAssuranceTooLow
        | R::MachineOutOfService
        | R::PersonSuspendedHere
        | R::NotAMember
        | R::AgeRestricted
        | R::NoAward
        | R::AwardRevoked
        | R::AwardSuspended
        | R::AwardExpired
        | R::ReferenceOutdated
        | R::IssuerNotRecognised
        | R::LevelTooLow
        | R::PrerequisiteMissing
        | R::HandoverMissing
        | R::OutsideOpeningHours
        | R::MachineBusy
        | R::SupervisorNeeded => Vec::new(),
    }
}

impl Question<'_> {
    fn steps(&self, objection: &Objection, now: Time) -> Vec<Step> {
        use DenialReason as R;
        match objection.reason {
            R::ControllerNotTrusted | R::ReplayedRequest | R::UnknownMachine | R::UnknownCard | R::CardBlocked => {
                distrust_steps(objection)
            }
            R::CardAssuranceTooLow => vec![Step::UseSurerCard { at_least: self.machine.min_assurance }],
            R::MachineOutOfService => vec![Step::AwaitUnlock { until: objection.until }],
            R::PersonSuspendedHere => {
                let here =
                    self.person.restrictions.iter().filter(|held| self.reaches(&held.scope) && held.span.covers(now));
                here.map(|held| Step::AwaitRestriction { scope: held.scope.clone(), until: held.span.until }).collect()
            }
            R::NotAMember => {
                let venues = core::iter::once(&self.venue.id).chain(&self.venue.reciprocal).cloned().collect();
                vec![Step::Join { venues }]
            }
            R::AgeRestricted => {
                let min_age = self.machine.min_age.unwrap_or_default();
                vec![match self.person.birth_date {
                    Some(_) => Step::AwaitAge { min_age, at: objection.until },
                    None => Step::TellBirthDate { min_age },
                }]
            }
            R::NoAward
            | R::AwardRevoked
            | R::AwardSuspended
            | R::AwardExpired
            | R::ReferenceOutdated
            | R::IssuerNotRecognised
            | R::LevelTooLow
            | R::PrerequisiteMissing => self.requirement_steps(objection, now),
            R::HandoverMissing => vec![Step::TakeHandover { machine: self.machine.id.clone() }],
            R::OutsideOpeningHours => vec![Step::ComeBack { at: objection.until }],
            R::MachineBusy => vec![Step::AwaitMachine],
            R::SupervisorNeeded => {
                let level = self.machine.supervisor_level.max(self.machine.autonomous_from);
                vec![Step::CallSupervisor { level }]
            }
        }
    }

    fn requirement_steps(&self, objection: &Objection, now: Time) -> Vec<Step> {
        let requirement = objection.requirement.and_then(|index| self.machine.requires.get(index));
        let Some(requirement) = requirement else { return Vec::new() };
        let seek = Seek { counting: self.counting(), machine: self.machine, now };
        let speaks = objection.award.as_ref().and_then(|id| self.person.awards.iter().find(|award| award.id == *id));
        match speaks {
            Some(award) => seek.mend(award, requirement),
            None => seek.obtain(requirement),
        }
    }
}

/// The way to a requirement, at one instant.
struct Seek<'a> {
    counting: Counting<'a>,
    machine: &'a Machine,
    now: Time,
}

impl Seek<'_> {
    /// The steps by which an award that failed comes to count: each lifts the test at which it fails, until none is left.
    fn mend(&self, award: &Award, requirement: &Requirement) -> Vec<Step> {
        let ask = Ask::requirement(requirement, self.machine);
        let mut mended = award.clone();
        let mut steps = Vec::new();
        loop {
            let Err(failure) = self.counting.test(&mended, &ask, self.now) else { return steps };
            match failure.reason {
                DenialReason::AwardSuspended => {
                    steps.push(Step::AwaitSuspension {
                        award: award.id.clone(),
                        issuer: award.issuer.clone(),
                        until: failure.until,
                    });
                    mended.suspensions.retain(|span: &Span| !span.covers(self.now));
                }
                DenialReason::AwardExpired | DenialReason::ReferenceOutdated => {
                    let Some(version) = self.oldest_version(award, requirement) else {
                        steps.extend(self.obtain(requirement));
                        return steps;
                    };
                    // one renewal lifts whatever is wrong with the old one's dates and version
                    mended.version = mended.version.max(version);
                    mended.issued_at = self.now;
                    mended.valid_until = None;
                    mended.suspensions.clear();
                    steps.clear();
                    steps.push(Step::Renew {
                        award: award.id.clone(),
                        reference: award.reference.clone(),
                        issuer: award.issuer.clone(),
                        version,
                    });
                }
                DenialReason::IssuerNotRecognised => {
                    steps.push(Step::Recognise {
                        venue: self.counting.venue.id.clone(),
                        issuer: award.issuer.clone(),
                        reference: award.reference.clone(),
                        recognised: recognised(self.counting.network, self.counting.venue, &award.reference),
                    });
                    match &self.counting.venue.issuer {
                        Some(own) => mended.issuer = own.clone(),
                        None => return steps,
                    }
                }
                DenialReason::LevelTooLow => {
                    let choice =
                        self.choice(&award.reference, requirement.level, requirement.min_version, &mut Vec::new());
                    // an award of its own from a recognised issuer, so whatever is wrong with this one no longer matters
                    return vec![Step::Obtain { choices: vec![choice] }];
                }
                DenialReason::PrerequisiteMissing => {
                    for choice in self.missing_prerequisites(&award.reference, &mut Vec::new()) {
                        steps.push(Step::Obtain { choices: vec![choice] });
                    }
                    if self.wants_handover(&mended) {
                        steps.push(Step::TakeHandover { machine: self.machine.id.clone() });
                    }
                    return steps;
                }
                DenialReason::HandoverMissing => {
                    steps.push(Step::TakeHandover { machine: self.machine.id.clone() });
                    return steps;
                }
                // revoked for good: only another award helps
                DenialReason::AwardRevoked
                | DenialReason::NoAward
                | DenialReason::ControllerNotTrusted
                | DenialReason::ReplayedRequest
                | DenialReason::UnknownMachine
                | DenialReason::UnknownCard
                | DenialReason::CardBlocked
                | DenialReason::CardAssuranceTooLow
                | DenialReason::MachineOutOfService
                | DenialReason::PersonSuspendedHere
                | DenialReason::NotAMember
                | DenialReason::AgeRestricted
                | DenialReason::OutsideOpeningHours
                | DenialReason::MachineBusy
                | DenialReason::SupervisorNeeded => {
                    steps.extend(self.obtain(requirement));
                    return steps;
                }
            }
        }
    }

    fn wants_handover(&self, award: &Award) -> bool {
        let Counting { network, venue, person } = self.counting;
        match Recognition::of(network, venue, &award.issuer, &award.reference) {
            Recognition::Rule(rule) => rule.handover && !has_handover(person, &self.machine.id, self.now),
            Recognition::Own | Recognition::Not => false,
        }
    }

    /// The oldest version of an award's reference that would do for a requirement; none for an unknown reference.
    fn oldest_version(&self, award: &Award, requirement: &Requirement) -> Option<u32> {
        let Counting { network, venue, .. } = self.counting;
        let reference = network.references.get(&award.reference)?;
        let by_rule = match Recognition::of(network, venue, &award.issuer, &award.reference) {
            Recognition::Rule(rule) => rule.min_version,
            Recognition::Own | Recognition::Not => None,
        };
        Some(reference.oldest_valid_version.max(requirement.min_version.unwrap_or(1)).max(by_rule.unwrap_or(1)))
    }

    /// To obtain any one of the references that a requirement names.
    fn obtain(&self, requirement: &Requirement) -> Vec<Step> {
        let choice = |id| self.choice(id, requirement.level, requirement.min_version, &mut Vec::new());
        vec![Step::Obtain { choices: requirement.references.iter().map(choice).collect() }]
    }

    /// A reference with what is needed before it. `way` holds the references on the way here, so that a cycle ends.
    fn choice(&self, id: &ReferenceId, level: Level, min_version: Option<u32>, way: &mut Vec<ReferenceId>) -> Choice {
        let Counting { network, venue, .. } = self.counting;
        let oldest = network.references.get(id).map_or(1, |reference| reference.oldest_valid_version);
        Choice {
            reference: id.clone(),
            level,
            version: oldest.max(min_version.unwrap_or(1)),
            issuers: recognised(network, venue, id),
            before: self.missing_prerequisites(id, way),
        }
    }

    fn missing_prerequisites(&self, id: &ReferenceId, way: &mut Vec<ReferenceId>) -> Vec<Choice> {
        let Some(reference) = self.counting.network.references.get(id) else { return Vec::new() };
        if way.contains(id) {
            return Vec::new();
        }
        way.push(id.clone());
        let missing = reference
            .prerequisites
            .iter()
            .filter(|wanted| self.counting.meets(&Ask::reference(&wanted.reference, wanted.level), self.now).is_err());
        let choices = missing.map(|wanted| self.choice(&wanted.reference, wanted.level, None, way)).collect();
        way.pop();
        choices
    }
}

/// The issuers that a venue recognises for a reference: its own first, then in the order of their ids.
fn recognised(network: &Network, venue: &Venue, reference: &ReferenceId) -> Vec<Recognised> {
    let own = venue.issuer.iter().map(|own| Recognised { issuer: own.clone(), min_version: None, handover: false });
    let others = network.issuers.keys().filter_map(|issuer| match Recognition::of(network, venue, issuer, reference) {
        Recognition::Rule(rule) => {
            Some(Recognised { issuer: issuer.clone(), min_version: rule.min_version, handover: rule.handover })
        }
        Recognition::Own | Recognition::Not => None,
    });
    own.chain(others).collect()
}
