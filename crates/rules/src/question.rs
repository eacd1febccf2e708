//! One question: this person, with this reading, at this machine. Each of the law's reasons 1 to 20 is asked here once.
//!
//! Start at [`Question::survey`]. A reason that does not hold tells until when at least it does not, so that a decision
//! and the end of a grant are the same code. Who uses the machine and who stands by is not asked here.

use crate::counting::{Ask, Counting, has_handover, longest, next_start};
use crate::decision::{DenialReason, Objection};
use crate::dossier::{Assurance, CardFacts, Dossier, Level, PersonFacts, ReadingFacts, Role, Scope};
use crate::ids::VenueId;
use crate::months::{birthday, start_of_day};
use crate::network::{Machine, Network, Venue};
use crate::time::{Span, Time};
use crate::zone::{DAY_MS, Wall, next_jump};

/// A rule's word at an instant: until when at least it does not object, or its objection.
type Word = Result<Time, Objection>;

/// A person at a machine, both known, with a reading that is trusted.
pub(crate) struct Question<'a> {
    pub network: &'a Network,
    pub venue: &'a Venue,
    pub machine: &'a Machine,
    pub person: &'a PersonFacts,
    pub reading: &'a ReadingFacts,
    pub locks: &'a [Span],
}

/// What the rules 6 to 20 say at one instant.
pub(crate) struct Survey {
    /// All that hold.
    pub objections: Vec<Objection>,
    /// The person's level, where the machine has requirements and all are met.
    pub level: Option<Level>,
    /// Until when at least nothing new holds, opening hours aside.
    pub until: Time,
}

impl Survey {
    fn hear(&mut self, word: Word) {
        match word {
            Ok(until) => self.until = self.until.min(until),
            Err(objection) => self.objections.push(objection),
        }
    }

    /// The objection that would be shown.
    pub(crate) fn first(&self) -> Option<&Objection> {
        self.objections.iter().min_by_key(|objection| (objection.reason, objection.requirement))
    }
}

impl<'a> Question<'a> {
    /// Asks for the reasons 1 to 5, which end a decision at once: we do not know whom we would be telling more.
    pub(crate) fn of(
        dossier: &'a Dossier,
        person: Option<&'a PersonFacts>,
        reading: &'a ReadingFacts,
        t: Time,
    ) -> Result<Self, Objection> {
        if !reading.controller_trusted {
            return Err(Objection::bare(DenialReason::ControllerNotTrusted));
        }
        if reading.replayed {
            return Err(Objection::bare(DenialReason::ReplayedRequest));
        }
        let network = dossier.network;
        let machine = network.machines.get(dossier.machine).filter(|_| reading.serves_machine);
        let place = machine.and_then(|machine| Some((machine, network.venues.get(&machine.venue)?)));
        let (machine, venue) = place.ok_or(Objection::bare(DenialReason::UnknownMachine))?;
        let question = match (person, &reading.card) {
            (None, _) | (_, CardFacts::Unknown) => return Err(Objection::bare(DenialReason::UnknownCard)),
            (Some(person), CardFacts::NotAsked | CardFacts::Known { .. }) => {
                Self { network, venue, machine, person, reading, locks: &dossier.locks }
            }
        };
        match longest(question.blocks(), t) {
            Some(block) => Err(during(DenialReason::CardBlocked, block)),
            None => Ok(question),
        }
    }

    /// Asks for the reasons 6 to 20, each by itself: none hides another.
    pub(crate) fn survey(&self, t: Time) -> Survey {
        let mut survey = Survey { objections: Vec::new(), level: None, until: Time::MAX };
        survey.hear(Ok(next_start(self.blocks(), t).unwrap_or(Time::MAX)));
        survey.hear(self.assurance());
        survey.hear(self.in_service(t));
        survey.hear(self.not_suspended(t));
        survey.hear(self.member(t));
        survey.hear(self.of_age(t));
        self.requirements(t, &mut survey);
        survey.hear(self.handover(t));
        survey.hear(self.open(t));
        survey
    }

    fn blocks(&self) -> &'a [Span] {
        match &self.reading.card {
            CardFacts::Known { blocks, .. } => blocks,
            CardFacts::NotAsked | CardFacts::Unknown => &[],
        }
    }

    /// Whether the card is known at least so surely; always for a person in place of a card.
    pub(crate) fn is_read_at(&self, least: Assurance) -> bool {
        match &self.reading.card {
            CardFacts::Known { assurance, .. } => *assurance >= least,
            CardFacts::NotAsked => true,
            CardFacts::Unknown => false,
        }
    }

    fn assurance(&self) -> Word {
        let sure = self.is_read_at(self.machine.min_assurance);
        if sure { Ok(Time::MAX) } else { Err(Objection::bare(DenialReason::CardAssuranceTooLow)) }
    }

    fn in_service(&self, t: Time) -> Word {
        match longest(self.locks, t) {
            Some(lock) => Err(during(DenialReason::MachineOutOfService, lock)),
            None => Ok(next_start(self.locks, t).unwrap_or(Time::MAX)),
        }
    }

    /// Whether a restriction's scope reaches this machine: the network, its venue, itself, or a reference that one of
    /// its requirements names, alternatives included.
    pub(crate) fn reaches(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Network => true,
            Scope::Venue(venue) => *venue == self.venue.id,
            Scope::Machine(machine) => *machine == self.machine.id,
            Scope::Reference(reference) => {
                self.machine.requires.iter().any(|asked| asked.references.contains(reference))
            }
            Scope::Issuer(_) => false,
        }
    }

    fn not_suspended(&self, t: Time) -> Word {
        let here = || self.person.restrictions.iter().filter(|held| self.reaches(&held.scope)).map(|held| &held.span);
        match longest(here(), t) {
            Some(restriction) => Err(during(DenialReason::PersonSuspendedHere, restriction)),
            None => Ok(next_start(here(), t).unwrap_or(Time::MAX)),
        }
    }

    fn member(&self, t: Time) -> Word {
        if !self.machine.members_only.unwrap_or(self.venue.members_only) {
            return Ok(Time::MAX);
        }
        let counts = |venue: &VenueId| *venue == self.venue.id || self.venue.reciprocal.contains(venue);
        let here = || self.person.memberships.iter().filter(|held| counts(&held.venue)).map(|held| &held.span);
        match longest(here(), t) {
            Some(membership) => Ok(membership.end()),
            None => Err(Objection {
                since: here()
                    .filter(|span| !span.is_empty())
                    .filter_map(|span| span.until)
                    .filter(|end| *end <= t)
                    .max(),
                until: next_start(here(), t),
                ..Objection::bare(DenialReason::NotAMember)
            }),
        }
    }

    fn of_age(&self, t: Time) -> Word {
        let Some(min_age) = self.machine.min_age else { return Ok(Time::MAX) };
        let zone = self.venue.time_zone;
        let of_age = self.person.birth_date.and_then(|birth| birthday(birth, min_age));
        let too_young = |until| Objection { until, ..Objection::bare(DenialReason::AgeRestricted) };
        let day = of_age.ok_or(too_young(None))?;
        let birthday = Wall::midnight(day);
        let today = Wall::at(t, zone);
        if today < birthday {
            // where a clock was set back over midnight, the first one has passed and the birthday begins once more
            let begins = Some(start_of_day(day, zone)).filter(|begins| *begins > t);
            let again = || t.plus_millis(birthday.millis().saturating_sub(today.millis()));
            return Err(too_young(Some(begins.unwrap_or_else(again))));
        }
        // only a clock that is set back over midnight makes somebody younger
        let is_fresh = today.millis() - birthday.millis() < 2 * DAY_MS;
        let set_back = if is_fresh { next_jump(t, t.plus_millis(2 * DAY_MS), zone) } else { None };
        Ok(set_back.filter(|jump| Wall::at(*jump, zone) < birthday).unwrap_or(Time::MAX))
    }

    fn requirements(&self, t: Time, survey: &mut Survey) {
        let counting = self.counting();
        let mut all_met = true;
        for (index, requirement) in self.machine.requires.iter().enumerate() {
            match counting.meets(&Ask::requirement(requirement, self.machine), t) {
                Ok(met) => {
                    survey.level = Some(survey.level.map_or(met.level, |lowest| lowest.min(met.level)));
                    survey.hear(Ok(met.until));
                }
                Err(unmet) => {
                    all_met = false;
                    survey.hear(Err(unmet.objection(index)));
                }
            }
        }
        survey.level = survey.level.filter(|_| all_met);
    }

    fn handover(&self, t: Time) -> Word {
        let missing = self.machine.handover && !has_handover(self.person, &self.machine.id, t);
        if missing { Err(Objection::bare(DenialReason::HandoverMissing)) } else { Ok(Time::MAX) }
    }

    fn open(&self, t: Time) -> Word {
        let opening = self.venue.opening();
        if opening.is_open(t) || self.not_bound_by_hours(t).is_some() {
            return Ok(Time::MAX);
        }
        Err(Objection { until: opening.next_opening(t), ..Objection::bare(DenialReason::OutsideOpeningHours) })
    }

    /// Until when at least the opening hours do not object, for an instant at which they do not.
    pub(crate) fn open_until(&self, t: Time) -> Time {
        let not_bound = self.not_bound_by_hours(t);
        not_bound.unwrap_or_else(|| self.venue.opening().next_closing(t).unwrap_or(Time::MAX))
    }

    /// Until when at least the person is manager or trainer at the venue; none when they are not.
    fn not_bound_by_hours(&self, t: Time) -> Option<Time> {
        let here = self.person.roles.iter().filter(|held| {
            matches!(held.role, Role::Manager | Role::Trainer)
                && matches!(&held.scope, Scope::Venue(venue) if *venue == self.venue.id)
        });
        longest(here.map(|held| &held.span), t).map(|span| span.end())
    }

    pub(crate) const fn counting(&self) -> Counting<'a> {
        Counting { network: self.network, venue: self.venue, person: self.person }
    }
}

/// A reason for as long as a span lasts.
fn during(reason: DenialReason, span: Span) -> Objection {
    Objection { since: Some(span.from), until: span.until, ..Objection::bare(reason) }
}
