//! Acts that need two cards: a supervisor who stands by a learner, a trainer who inducts a trainee.

use serde_json::json;
use tremen_rules::authority::{Act, may, needs_second_person};
use tremen_rules::decide::may_supervise;
use tremen_rules::dossier::Standby;
use tremen_rules::network::{Hazard, Machine};
use tremen_rules::{
    Assurance, CardFacts, Decision, DenialReason, Dossier, PersonFacts, PersonId, Reasons, decide, end_of_grant,
};
use tremen_wire::{Answer, Intent};

use super::opening::Opening;
use super::reading::today;
use super::record::to_text;
use super::{SECOND_CARD_MS, Tap};
use crate::flows::award_reference::{self, Request};
use crate::flows::{Actor, FlowError, Warrant};
use crate::store::{NewDecision, Part, StandbyRow, StoreError, Tx};
use crate::words::Done;

impl Tap<'_> {
    /// `supervise`: a supervisor who stands by; if a learner waits already, the learner's session starts.
    pub(super) fn supervise(
        &self,
        tx: &mut Tx<'_>,
        machine: &Machine,
        person: &PersonFacts,
    ) -> Result<Answer, FlowError> {
        if let Err(reasons) = may_supervise(&self.dossier, person, &self.reading, tx.now()) {
            return self.deny(tx, &reasons);
        }
        let waiting = tx.standbys(Part::Learner, machine.id.as_str(), tx.now().plus_millis(-SECOND_CARD_MS))?;
        for learner in waiting.into_iter().filter(|learner| learner.person != person.person) {
            if let Some(answer) = self.start_learner(tx, machine, person, learner)? {
                return Ok(answer);
            }
        }
        let (answer, decision) = self.record_done(tx, Done::SupervisorReady, None)?;
        self.wait(tx, Part::Supervisor, machine, person, decision)?;
        Ok(answer)
    }

    /// Decides the waiting learner again, now that a supervisor stands by.
    fn start_learner(
        &self,
        tx: &mut Tx<'_>,
        machine: &Machine,
        supervisor: &PersonFacts,
        learner: StandbyRow,
    ) -> Result<Option<Answer>, FlowError> {
        let reading = today(tx, learner.reading, learner.card.as_ref())?;
        let facts = tx.person_facts(&learner.person)?;
        let dossier = Dossier {
            person: Some(facts.clone()),
            standbys: vec![Standby { tapped_at: tx.now(), reading: self.reading.clone(), person: supervisor.clone() }],
            ..self.dossier.clone()
        };
        // A learner who needs nobody any more has no use for this supervisor, who then waits for another one.
        let Decision::Grant(grant) = decide(&dossier, &reading, tx.now()) else { return Ok(None) };
        if grant.supervisor().is_none() || self.session.is_some() {
            return Ok(None);
        }
        tx.use_standbys(Part::Learner, &machine.id, &learner.person)?;
        let end = end_of_grant(&dossier, &reading, tx.now());
        let session = Opening::of(tx, machine, end);
        let outcome = session.outcome(tx, self.asking, self.clock)?;
        let revision = tx.network()?.revision;
        let entry = tx.record(
            "access_granted",
            &json!({ "machine": machine.id, "controller": self.asking.sender.controller, "intent": "use",
                     "session": session.id.to_string(), "supervisor": supervisor.person, "reading": reading, "facts": facts,
                     "revision": revision, "after": learner.decision }),
        )?;
        let (answer, _) = self.record_grant(tx, outcome)?;
        let decision = tx.add_decision(&NewDecision {
            entry,
            controller: &self.asking.sender.controller,
            ask: None,
            machine: machine.id.as_str(),
            person: Some(&facts.person),
            card: learner.card.as_ref(),
            intent: Intent::Use.as_str(),
            verdict: "grant",
            reason: None,
            session: Some(session.id),
            answer: &to_text(&answer, &self.asking.sender),
        })?;
        session.open(tx, machine, self.asking, &facts, &reading, learner.card.as_ref(), decision)?;
        Ok(Some(answer))
    }

    /// `induct`: a trainer's card, then the trainee's within 30 s: the trainee is awarded what the machine inducts in.
    pub(super) fn induct(&self, tx: &mut Tx<'_>, machine: &Machine, person: &PersonFacts) -> Result<Answer, FlowError> {
        let least = if machine.hazard == Hazard::Red { Assurance::A1 } else { machine.min_assurance };
        let sure = matches!(&self.reading.card, CardFacts::Known { assurance, .. } if *assurance >= least.max(machine.min_assurance));
        if !sure {
            return self.deny(tx, &Reasons::one(DenialReason::CardAssuranceTooLow));
        }
        let waiting = tx.standbys(Part::Trainer, machine.id.as_str(), tx.now().plus_millis(-SECOND_CARD_MS))?;
        if let Some(trainer) = waiting.into_iter().find(|trainer| trainer.person != person.person) {
            let trainer_reading = today(tx, trainer.reading, trainer.card.as_ref())?;
            let trainer = tx.person_facts(&trainer.person)?;
            let blocked = matches!(&trainer_reading.card, CardFacts::Known { blocks, .. } if blocks.iter().any(|it| it.covers(tx.now())));
            let awards = if blocked { Vec::new() } else { self.inductions(tx, machine, &trainer, &person.person)? };
            if awards.is_empty() {
                return self.deny(tx, &Reasons::one(DenialReason::LevelTooLow));
            }
            tx.use_standbys(Part::Trainer, &machine.id, &trainer.person)?;
            return self.award(tx, person, &trainer, awards);
        }
        let anybody = PersonId::try_from(tx.random_id()).map_err(|error| StoreError::Engine(error.to_string()))?;
        if self.inductions(tx, machine, person, &anybody)?.is_empty() {
            return self.deny(tx, &Reasons::one(DenialReason::LevelTooLow));
        }
        let (answer, decision) = self.record_done(tx, Done::TrainerReady, None)?;
        self.wait(tx, Part::Trainer, machine, person, decision)?;
        Ok(answer)
    }

    /// What a trainer may award at this machine by induction: for each requirement the first reference that has an
    /// induction level, if the trainer may award it for the venue's own issuer.
    fn inductions(
        &self,
        tx: &Tx<'_>,
        machine: &Machine,
        trainer: &PersonFacts,
        person: &PersonId,
    ) -> Result<Vec<Request>, FlowError> {
        let issuer = self.network.venues.get(&machine.venue).and_then(|venue| venue.issuer.clone());
        let Some(issuer) = issuer else { return Ok(Vec::new()) };
        let mut awards = Vec::new();
        for requirement in &machine.requires {
            let found = requirement.references.iter().find_map(|id| {
                let reference = self.network.references.get(id)?;
                let level = reference.induction_level?;
                let act = Act::Award { reference: id.clone(), level, issuer: issuer.clone(), person: person.clone() };
                let allowed =
                    may(trainer, &act, self.network, tx.now()).is_ok() && !needs_second_person(&act, self.network);
                allowed.then_some((id.clone(), level))
            });
            let Some((reference, level)) = found else { continue };
            if awards.iter().any(|request: &Request| request.reference == reference) {
                continue;
            }
            awards.push(Request {
                person: person.clone(),
                reference,
                version: None,
                level,
                issuer: issuer.clone(),
                issued_at: None,
                valid_until: None,
                award: None,
            });
        }
        Ok(awards)
    }

    fn award(
        &self,
        tx: &mut Tx<'_>,
        person: &PersonFacts,
        trainer: &PersonFacts,
        awards: Vec<Request>,
    ) -> Result<Answer, FlowError> {
        let now = tx.now();
        // What stands today of the same issuer for the same reference.
        let standing = |request: &Request| {
            let (reference, issuer) = (request.reference.clone(), request.issuer.clone());
            person.awards.iter().filter(move |award| {
                award.reference == reference
                    && award.issuer == issuer
                    && award.issued_at <= now
                    && award.revoked_at.is_none_or(|at| now < at)
                    && award.superseded_at.is_none_or(|at| now < at)
                    && award.valid_until.is_none_or(|until| now < until)
            })
        };
        let is_suspended =
            |request| standing(request).any(|award| award.suspensions.iter().any(|span| span.covers(now)));
        if awards.iter().any(is_suspended) {
            // An induction is no way around a suspension.
            return self.deny(tx, &Reasons::one(DenialReason::AwardSuspended));
        }
        let by = Actor::Person(trainer.person.clone());
        let warrant = Warrant { by, why: format!("induction at {}", self.asking.ask.machine) };
        for request in awards {
            let oldest = self.network.references.get(&request.reference).map_or(1, |it| it.oldest_valid_version);
            if standing(&request).any(|award| award.level >= request.level && award.version >= oldest) {
                continue; // taught again what is known already
            }
            award_reference::run(tx, &warrant, &request)?;
        }
        self.done(tx, Done::Inducted, None)
    }

    /// Keeps this card as the first of two.
    pub(super) fn wait(
        &self,
        tx: &Tx<'_>,
        part: Part,
        machine: &Machine,
        person: &PersonFacts,
        decision: i64,
    ) -> Result<(), FlowError> {
        tx.use_standbys(part, &machine.id, &person.person)?; // a newer tap replaces an older one of the same person
        let row = StandbyRow {
            decision,
            person: person.person.clone(),
            card: self.card.clone(),
            reading: self.reading.clone(),
            at: tx.now(),
        };
        Ok(tx.add_standby(part, &machine.id, &row)?)
    }
}
