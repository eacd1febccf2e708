//! What is known behind an objection, as the facts that its forms may name. Start at [`Known::about`].
//!
//! A fact that is not known is left out, and the form that would need it is not shown: no date of a training, no name of
//! a mentor, nothing that the registry could not vouch for.

use tremen_rules::counting::{Ask, Counting};
use tremen_rules::network::{Language, Machine, Reference, Requirement, Venue};
use tremen_rules::{Award, DenialReason, Level, Objection, PersonFacts, ReferenceId, Scope, Time};

use super::dates;
use super::fill::Slot;
use super::{Asked, level_name, title_of};

/// The facts for each part of a text, in the order in which the part names them.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub title: Vec<(Slot, String)>,
    pub sentence: Vec<(Slot, String)>,
    pub next: Vec<(Slot, String)>,
    pub lcd: Vec<(Slot, String)>,
}

/// The question that the objection is about, with what can be looked up for it.
struct About<'a> {
    objection: &'a Objection,
    ask: &'a Asked<'a>,
    person: Option<&'a PersonFacts>,
    machine: Option<&'a Machine>,
    venue: Option<&'a Venue>,
    language: Language,
}

impl Known {
    /// What is known about an objection; with the person's facts also what only the person may read.
    pub(super) fn about(
        objection: &Objection,
        ask: &Asked<'_>,
        person: Option<&PersonFacts>,
        language: Language,
    ) -> Self {
        let machine = ask.network.machines.get(ask.machine);
        let venue = machine.and_then(|machine| ask.network.venues.get(&machine.venue));
        About { objection, ask, person, machine, venue, language }.known()
    }
}

impl About<'_> {
    fn known(&self) -> Known {
        use DenialReason as Why;
        let mut known = Known::default();
        match self.objection.reason {
            Why::ControllerNotTrusted
            | Why::ReplayedRequest
            | Why::UnknownMachine
            | Why::UnknownCard
            | Why::CardAssuranceTooLow
            | Why::HandoverMissing
            | Why::SupervisorNeeded => {}
            Why::CardBlocked => known.sentence.extend(self.since()),
            Why::MachineOutOfService => {
                known.sentence.extend(self.machine.map(|machine| (Slot::Machine, machine.name.clone())));
                known.sentence.extend(self.since());
                known.next.extend(self.until());
                known.lcd.extend(self.display_until());
            }
            Why::PersonSuspendedHere => {
                known.sentence.extend(self.venue_name().filter(|_| self.is_suspended_in_the_whole_venue()));
                known.sentence.extend(self.until());
            }
            Why::NotAMember => known.sentence.extend(self.venue_name()),
            Why::AgeRestricted => self.age(&mut known),
            Why::NoAward => known.sentence.extend(self.badge()),
            Why::AwardRevoked => {
                known.sentence.extend(self.badge());
                known.sentence.extend(self.since());
            }
            Why::AwardSuspended => {
                known.sentence.extend(self.badge());
                known.sentence.extend(self.until());
                known.next.extend(self.until());
                known.lcd.extend(self.display_until());
            }
            Why::AwardExpired => {
                known.sentence.extend(self.badge());
                // The day named is the last one on which it counted: an end is the first instant after.
                let last = self.objection.since.map(|end| end.plus_millis(-1));
                known.sentence.extend(last.map(|last| (Slot::Date, self.date(last))));
                known.lcd.extend(last.map(|last| (Slot::DayMonth, dates::day_month(last, self.zone()))));
            }
            Why::ReferenceOutdated => known.sentence.extend(self.versions()),
            Why::IssuerNotRecognised => {
                known.sentence.extend(self.venue_name());
                known.sentence.extend(self.badge());
                let issuer = self.award().and_then(|award| self.ask.network.issuers.get(&award.issuer));
                known.sentence.extend(issuer.map(|issuer| (Slot::Issuer, issuer.name.clone())));
            }
            Why::LevelTooLow => {
                let level = |slot, level: Level| (slot, level_name(level, self.language));
                known.sentence.extend(self.requirement().map(|asked| level(Slot::Required, asked.level)));
                known.sentence.extend(self.award().map(|award| level(Slot::Current, award.level)));
            }
            Why::PrerequisiteMissing => {
                known.sentence.extend(self.badge());
                let missing = self.missing_prerequisite().map(|reference| (Slot::Prerequisite, self.title(reference)));
                known.sentence.extend(missing.clone());
                known.next.extend(missing);
            }
            Why::OutsideOpeningHours => self.hours(&mut known),
            Why::MachineBusy => {
                let hour = |t| (Slot::Hour, dates::hour(t, self.zone(), self.language));
                known.sentence.extend(self.objection.since.map(hour));
                known.next.extend(self.objection.until.map(hour));
                known.lcd.extend(self.display_hour());
            }
        }
        known
    }

    fn zone(&self) -> chrono_tz::Tz {
        self.venue.map_or(self.ask.network.settings.time_zone, |venue| venue.time_zone)
    }

    fn date(&self, t: Time) -> String {
        dates::date(t, self.zone(), self.language)
    }

    fn since(&self) -> Option<(Slot, String)> {
        self.objection.since.map(|since| (Slot::Date, self.date(since)))
    }

    fn until(&self) -> Option<(Slot, String)> {
        self.objection.until.map(|until| (Slot::Date, self.date(until)))
    }

    fn display_until(&self) -> Option<(Slot, String)> {
        self.objection.until.map(|until| (Slot::DayMonth, dates::day_month(until, self.zone())))
    }

    fn display_hour(&self) -> Option<(Slot, String)> {
        self.objection.until.map(|until| (Slot::HourMinute, dates::hour_minute(until, self.zone())))
    }

    fn venue_name(&self) -> Option<(Slot, String)> {
        self.venue.map(|venue| (Slot::Venue, venue.name.clone()))
    }

    fn requirement(&self) -> Option<&Requirement> {
        self.machine?.requires.get(self.objection.requirement?)
    }

    fn award(&self) -> Option<&Award> {
        let id = self.objection.award.as_ref()?;
        self.person?.awards.iter().find(|award| award.id == *id)
    }

    fn title(&self, reference: &ReferenceId) -> String {
        title_of(self.ask.network, reference, self.language)
    }

    /// The award's reference; without it the requirement's, where it names only one.
    fn reference(&self) -> Option<&Reference> {
        let id = match (self.award(), self.requirement()) {
            (Some(award), _) => &award.reference,
            (None, Some(Requirement { references, .. })) if references.len() == 1 => references.first()?,
            (None, _) => return None,
        };
        self.ask.network.references.get(id)
    }

    fn badge(&self) -> Option<(Slot, String)> {
        self.reference().map(|reference| (Slot::Badge, self.title(&reference.id)))
    }

    fn versions(&self) -> Vec<(Slot, String)> {
        let (Some(award), Some(reference)) = (self.award(), self.reference()) else { return Vec::new() };
        if reference.version <= award.version {
            return Vec::new();
        }
        vec![(Slot::NewVersion, reference.version.to_string()), (Slot::OldVersion, award.version.to_string())]
    }

    /// The one prerequisite that the person does not hold; none where it cannot be told or there are several.
    fn missing_prerequisite(&self) -> Option<&ReferenceId> {
        let (reference, venue, person) = (self.reference()?, self.venue?, self.person?);
        let counting = Counting { network: self.ask.network, venue, person };
        let mut missing = reference
            .prerequisites
            .iter()
            .filter(|wanted| counting.meets(&Ask::reference(&wanted.reference, wanted.level), self.ask.now).is_err())
            .map(|wanted| &wanted.reference);
        let first = missing.next()?;
        missing.next().is_none().then_some(first)
    }

    fn is_suspended_in_the_whole_venue(&self) -> bool {
        let (Some(person), Some(venue)) = (self.person, self.venue) else { return false };
        person.restrictions.iter().filter(|held| held.span.covers(self.ask.now)).any(|held| match &held.scope {
            Scope::Network => true,
            Scope::Venue(id) => *id == venue.id,
            Scope::Machine(_) | Scope::Reference(_) | Scope::Issuer(_) => false,
        })
    }

    fn age(&self, known: &mut Known) {
        let Some(age) = self.machine.and_then(|machine| machine.min_age) else { return };
        known.title.push((Slot::Age, age.to_string()));
        known.sentence.push((Slot::Age, age.to_string()));
        known.lcd.push((Slot::ShortAge, age.to_string()));
    }

    fn hours(&self, known: &mut Known) {
        let Some(venue) = self.venue else { return };
        let today =
            venue.hours.as_ref().filter(|_| !venue.closed.covers(dates::calendar_day(self.ask.now, self.zone())));
        let days = today.map(|hours| hours.days());
        let shifts = days.and_then(|days| days.into_iter().nth(dates::today(self.ask.now, self.zone())));
        match shifts {
            Some((_, [shift])) => known
                .sentence
                .extend([shift.begins(), shift.ends()].map(|at| (Slot::Hour, dates::hour_of_day(at, self.language)))),
            Some(_) | None => known.sentence.extend(self.venue_name()),
        }
        if let Some(opening) = self.objection.until {
            known.next.push((Slot::Day, dates::near_day(opening, self.zone(), self.language)));
            known.next.push((Slot::Hour, dates::hour(opening, self.zone(), self.language)));
            known.lcd.extend(self.display_until());
            known.lcd.extend(self.display_hour());
        }
    }
}
