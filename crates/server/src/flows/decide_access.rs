//! A tap: from the ask to its answer. Everything happens in one transaction; the answer leaves after its commit.
//!
//! Read [`run`]: who asks, whether it was asked before, whose card it is, what `rules` says, what is recorded. The five
//! intents are in `use_machine`, `end_session`, `supervise` and `induct`.

use serde_json::json;
use tremen_rules::authority::{Act, may, needs_second_person};
use tremen_rules::awarding::Draft;
use tremen_rules::decide::may_supervise;
use tremen_rules::network::{Hazard, Machine, Profile};
use tremen_rules::{
    Assurance, AwardId, CardFacts, CardId, Decision, DenialReason, Dossier, Level, MachineId, Network, Objection,
    PersonFacts, PersonId, ReadingFacts, Reasons, Time, decide, end_of_grant,
};
use tremen_rules::dossier::Standby;
use tremen_wire::{Answer, Ask, Down, Intent, Nonce, Outcome, Protection, Reading, SessionId};

use super::link_controller::{Entrance, Sender, enter, seconds_behind};
use super::{FlowError, sessions};
use crate::store::{
    EarlierAnswer, NewAward, NewDecision, NewSession, Part, SessionRow, StandbyRow, StoreError, Tx,
};
use crate::words::{self, Done};

/// A stored answer is given again for so many milliseconds.
const ANSWER_LIVES_MS: i64 = 10_000;
/// A sealed ask so many seconds behind the registry's clock is a replay.
const STALE_S: u64 = 20;
/// A first card waits for the second for so many milliseconds.
const SECOND_CARD_MS: i64 = 30_000;

/// An ask as it came in.
#[derive(Debug, Clone)]
pub struct Asking {
    /// Who asks.
    pub sender: Sender,
    /// What is asked.
    pub ask: Ask,
    /// SHA-256 of the ask's bytes: a repeat has the same.
    pub digest: [u8; 32],
}

/// Answers an ask; `None` where the wire says that nothing is answered.
///
/// # Errors
/// When the store fails; nothing is recorded then.
pub fn run(tx: &mut Tx<'_>, asking: &Asking) -> Result<Option<Answer>, FlowError> {
    let network = super::network(tx)?;
    let Asking { sender, ask, digest } = asking;
    let trusted = sender.is_trusted(tx, &network)?;
    let earlier = tx.earlier_answer(&sender.controller, ask.nonce.0)?;
    if trusted {
        match enter(tx, sender, ask.link, ask.n)? {
            Entrance::New => {}
            Entrance::Seen if earlier.is_some() => {}
            Entrance::Seen | Entrance::Dropped => return Ok(None),
        }
    } else if sender.profile == Profile::Sealed {
        return Ok(None); // opened with a key that is not in force any more
    }
    let now = tx.now();
    if let Some(earlier) = &earlier
        && earlier.digest == *digest
        && now.since(earlier.at) < ANSWER_LIVES_MS
    {
        return repeat(tx, &network, asking, earlier).map(Some);
    }
    let stale = sender.profile == Profile::Sealed && ask.at_s.is_some_and(|at| seconds_behind(now, at) >= STALE_S);
    let read = if trusted { read_card(tx, &ask.reading)? } else { Read::unknown() };
    let reading = ReadingFacts {
        controller_trusted: trusted,
        replayed: earlier.is_some() || stale || read.replayed,
        serves_machine: network
            .controllers
            .get(&sender.controller)
            .is_some_and(|controller| controller.machines.iter().any(|machine| machine.as_str() == ask.machine)),
        card: read.facts,
    };
    let person = read.owner.map(|(card, person)| Ok::<_, StoreError>((card, tx.person_facts(&person)?))).transpose()?;
    let (card, facts) = person.unzip();
    let session = tx.open_session_on(&ask.machine)?;
    let machine = network.machines.get(ask.machine.as_str());
    let tap = Tap {
        asking,
        network: &network,
        machine,
        nonce: earlier.is_none().then_some((ask.nonce.0, *digest)),
        card,
        reading,
        dossier: Dossier {
            network: &network,
            machine: &ask.machine,
            person: facts,
            locks: tx.locks(&ask.machine, now)?,
            in_use_by: session.as_ref().map(|session| session.person.clone()),
            standbys: standbys(tx, machine, ask.intent)?,
        },
        session,
    };
    tap.answer(tx).map(Some)
}

/// Records and answers an ask whose seal was good, whose nonce could be read, and that was malformed otherwise.
///
/// # Errors
/// When the store fails.
pub fn refuse_malformed(tx: &mut Tx<'_>, sender: &Sender, nonce: Nonce) -> Result<Option<Answer>, FlowError> {
    let network = super::network(tx)?;
    if !sender.is_trusted(tx, &network)? {
        return Ok(None);
    }
    let link = tx.current_link(&sender.controller)?;
    if link.is_none() && sender.profile == Profile::Sealed {
        return Ok(None); // a sealed answer travels in a link
    }
    let machine = network.controllers.get(&sender.controller).and_then(|it| it.machines.first());
    let machine = machine.map_or("", MachineId::as_str).to_owned();
    let reasons = Reasons::one(DenialReason::ControllerNotTrusted);
    let answer = Answer { link, nonce, lcd: lcd(&network, &machine, &reasons, tx.now()), outcome: deny(&reasons), machine };
    let entry = tx.record("access_denied", &json!({ "controller": sender.controller, "reasons": ["controller_not_trusted"],
                                                    "malformed": true }))?;
    // The nonce is not used up: a hostile broker could otherwise spoil the good ask with an added byte.
    tx.add_decision(&NewDecision {
        entry,
        controller: &sender.controller,
        ask: None,
        machine: &answer.machine,
        person: None,
        card: None,
        intent: Intent::Use.as_str(),
        verdict: "deny",
        reason: Some(DenialReason::ControllerNotTrusted.code()),
        session: None,
        answer: &to_text(&answer, sender),
    })?;
    Ok(Some(answer))
}

/// What became of the reading.
struct Read {
    facts: CardFacts,
    replayed: bool,
    owner: Option<(CardId, PersonId)>,
}

impl Read {
    const fn unknown() -> Self {
        Self { facts: CardFacts::Unknown, replayed: false, owner: None }
    }
}

/// Finds whose card it is and how surely it was read. An NTAG 424 counter that is new is used up here.
fn read_card(tx: &Tx<'_>, reading: &Reading) -> Result<Read, FlowError> {
    match reading {
        Reading::Uid(uid) => match tx.card_by_uid(uid.as_bytes())? {
            // The bare number of an NTAG 424 card is no better than any number.
            Some(card) => Ok(Read {
                facts: CardFacts::Known { assurance: Assurance::A0, blocks: tx.card_blocks(&card.card)? },
                replayed: false,
                owner: Some((card.card, card.person)),
            }),
            None => Ok(Read::unknown()),
        },
        Reading::Picc { picc, mac, text } => {
            let Some((uid, counter)) = tremen_wire::ntag424::open_picc(&tx.keys().ntag424_meta, picc) else {
                return Ok(Read::unknown());
            };
            let Some(card) = tx.card_by_uid(&uid)?.filter(|card| card.ntag424) else { return Ok(Read::unknown()) };
            let text = text.as_deref().unwrap_or("");
            let key = tx.keys().card_file_key(&uid);
            if !tremen_wire::ntag424::verify(&key, &uid, counter, text.as_bytes(), mac) {
                return Ok(Read::unknown());
            }
            let replayed = card.last_counter.is_some_and(|last| counter <= last);
            if !replayed {
                tx.saw_card_counter(&card.card, counter)?;
            }
            Ok(Read {
                facts: CardFacts::Known { assurance: Assurance::A1, blocks: tx.card_blocks(&card.card)? },
                replayed,
                owner: Some((card.card, card.person)),
            })
        }
        // Phones are not enrolled yet: no code is anybody's.
        Reading::Code(_) => Ok(Read::unknown()),
    }
}

/// Supervisors who wait at a machine where somebody may need one, each with today's facts.
fn standbys(tx: &Tx<'_>, machine: Option<&Machine>, intent: Intent) -> Result<Vec<Standby>, FlowError> {
    let Some(machine) = machine.filter(|machine| machine.autonomous_from > Level::Discovery) else {
        return Ok(Vec::new());
    };
    match intent {
        Intent::Use | Intent::Toggle => {
            let rows = tx.standbys(Part::Supervisor, machine.id.as_str(), tx.now().plus_millis(-SECOND_CARD_MS))?;
            rows.into_iter().map(|row| standby(tx, row)).collect()
        }
        Intent::End | Intent::Supervise | Intent::Induct => Ok(Vec::new()),
    }
}

fn standby(tx: &Tx<'_>, row: StandbyRow) -> Result<Standby, FlowError> {
    let reading = today(tx, row.reading, row.card.as_ref())?;
    Ok(Standby { tapped_at: row.at, reading, person: tx.person_facts(&row.person)? })
}

/// A reading of a moment ago with the blocks that its card has now.
fn today(tx: &Tx<'_>, reading: ReadingFacts, card: Option<&CardId>) -> Result<ReadingFacts, FlowError> {
    let card = match (reading.card, card) {
        (CardFacts::Known { assurance, .. }, Some(card)) => {
            CardFacts::Known { assurance, blocks: tx.card_blocks(card)? }
        }
        (facts, _) => facts,
    };
    Ok(ReadingFacts { card, ..reading })
}

/// Gives a stored answer again, unless it was a grant whose session is over by now.
fn repeat(
    tx: &Tx<'_>,
    network: &Network,
    asking: &Asking,
    earlier: &EarlierAnswer,
) -> Result<Answer, FlowError> {
    let Asking { sender, ask, .. } = asking;
    let session = earlier.session.filter(|_| earlier.verdict == "grant").map(|session| tx.session(session)).transpose()?;
    if let Some(over) = session.flatten().filter(|session| session.ended_at.is_some() || session.stop_order.is_some()) {
        let reasons = Reasons::one(end_reason(&over));
        let lcd = lcd(network, &ask.machine, &reasons, tx.now());
        let machine = ask.machine.clone();
        return Ok(Answer { link: ask.link, nonce: ask.nonce, machine, lcd, outcome: deny(&reasons) });
    }
    let wire_id = wire_id(sender)?;
    match Down::decode(&wire_id, tremen_wire::Channel::Answer, earlier.answer.as_bytes(), Protection::Plain) {
        Ok(Down::Answer(answer)) => Ok(Answer { link: ask.link, ..answer }),
        Ok(_) | Err(_) => Err(StoreError::Unreadable(format!("stored answer {}", earlier.answer)).into()),
    }
}

/// Why a session that was granted is over, as a reason of a denial.
fn end_reason(session: &SessionRow) -> DenialReason {
    let why = session.stop_why.as_deref().or(session.end_why.as_deref());
    // Ended by a tap, for want of load, by silence: the ask was served, and its answer counts no more.
    why.and_then(DenialReason::parse).unwrap_or(DenialReason::ReplayedRequest)
}

/// One tap and all that is known about it.
struct Tap<'t> {
    asking: &'t Asking,
    network: &'t Network,
    machine: Option<&'t Machine>,
    nonce: Option<([u8; 16], [u8; 32])>,
    card: Option<CardId>,
    reading: ReadingFacts,
    dossier: Dossier<'t>,
    session: Option<SessionRow>,
}

impl Tap<'_> {
    fn answer(&self, tx: &mut Tx<'_>) -> Result<Answer, FlowError> {
        let decision = decide(&self.dossier, &self.reading, tx.now());
        let distrusted = decision.reasons().filter(|reasons| reasons.first() <= DenialReason::CardBlocked);
        let (Some(person), Some(machine), None) = (&self.dossier.person, self.machine, distrusted) else {
            // 1 to 5 end it for every intent; a decision without them has person and machine.
            let reasons = decision.reasons().cloned();
            return self.deny(tx, &reasons.unwrap_or_else(|| Reasons::one(DenialReason::UnknownCard)));
        };
        let owns = self.session.as_ref().is_some_and(|session| session.person == person.person);
        match self.asking.ask.intent {
            Intent::Use => self.use_machine(tx, machine, person, decision),
            Intent::Toggle if owns => self.end_session(tx, machine, person),
            Intent::Toggle => self.use_machine(tx, machine, person, decision),
            Intent::End => self.end_session(tx, machine, person),
            Intent::Supervise => self.supervise(tx, machine, person),
            Intent::Induct => self.induct(tx, machine, person),
        }
    }

    /// `use`: a new session, the same one again for its owner, a need for a supervisor, or a denial.
    fn use_machine(
        &self,
        tx: &mut Tx<'_>,
        machine: &Machine,
        person: &PersonFacts,
        decision: Decision,
    ) -> Result<Answer, FlowError> {
        let own = self.session.as_ref().filter(|session| session.person == person.person);
        match (decision, own) {
            (Decision::Deny(reasons), _) => self.deny(tx, &reasons),
            (Decision::Grant(_) | Decision::More(_), Some(over)) if over.stop_order.is_some() => {
                self.deny(tx, &Reasons::one(end_reason(over)))
            }
            // A session that runs needs no supervisor a second time.
            (Decision::Grant(_) | Decision::More(_), Some(running)) => self.go_on(tx, machine, running),
            (Decision::More(reasons), None) => {
                let Outcome::Deny { reason, reasons: codes } = deny(&reasons) else { return self.deny(tx, &reasons) };
                let outcome = Outcome::More { reason, reasons: codes };
                let (answer, decision) = self.record(tx, outcome, Some(&reasons), None)?;
                self.wait(tx, Part::Learner, machine, person, decision)?;
                Ok(answer)
            }
            (Decision::Grant(grant), None) => {
                if let Some(supervisor) = grant.supervisor() {
                    tx.use_standbys(Part::Supervisor, &machine.id, supervisor)?;
                }
                let end = end_of_grant(&self.dossier, &self.reading, tx.now());
                let session = Opening::of(tx, machine, end);
                let outcome = session.outcome(tx, self.asking)?;
                let (answer, decision) = self.record(tx, outcome, None, Some(session.id))?;
                session.open(tx, machine, &self.asking.sender, person, &self.reading, self.card.as_ref(), decision)?;
                Ok(answer)
            }
        }
    }

    /// The owner of the open session taps again: the same session, with a new lease.
    fn go_on(&self, tx: &mut Tx<'_>, machine: &Machine, running: &SessionRow) -> Result<Answer, FlowError> {
        let mut running = running.clone();
        (running.right_end, running.right_why) = end_of_grant(&self.dossier, &self.reading, tx.now()).unzip();
        running.lease_until = running.lease_until.max(tx.now().plus_seconds(i64::from(machine.lease_seconds)));
        let outcome = Outcome::Grant {
            session: running.session,
            lease_s: u64::from(machine.lease_seconds),
            until_s: running.until().map(Time::unix_seconds),
            on_lost: sessions::wire_policy(tx, &self.asking.sender.controller, machine.stop_policy)?,
        };
        let idle_end = sessions::idle_end(self.network, &running);
        tx.keep_session(&running, idle_end)?;
        Ok(self.record(tx, outcome, None, Some(running.session))?.0)
    }

    /// `end`: the owner's own session, or anybody's for a manager or trainer of the venue.
    fn end_session(&self, tx: &mut Tx<'_>, machine: &Machine, person: &PersonFacts) -> Result<Answer, FlowError> {
        let Some(session) = &self.session else {
            return self.done(tx, Done::NothingToEnd, None);
        };
        let act = Act::EndSession { venue: machine.venue.clone(), of: session.person.clone() };
        if session.person != person.person && may(person, &act, self.network, tx.now()).is_err() {
            return self.deny(tx, &Reasons::one(DenialReason::MachineBusy));
        }
        sessions::close(tx, session, if session.person == person.person { "tap" } else { "staff" })?;
        self.done(tx, Done::SessionEnded, Some(session.session))
    }

    /// `supervise`: a supervisor who stands by; if a learner waits already, the learner's session starts.
    fn supervise(&self, tx: &mut Tx<'_>, machine: &Machine, person: &PersonFacts) -> Result<Answer, FlowError> {
        if let Err(reasons) = may_supervise(&self.dossier, person, &self.reading, tx.now()) {
            return self.deny(tx, &reasons);
        }
        let waiting = tx.standbys(Part::Learner, machine.id.as_str(), tx.now().plus_millis(-SECOND_CARD_MS))?;
        for learner in waiting.into_iter().filter(|learner| learner.person != person.person) {
            if let Some(answer) = self.start_learner(tx, machine, person, learner)? {
                return Ok(answer);
            }
        }
        let (answer, decision) = self.record(tx, Outcome::Done { session: None }, None, None)?;
        self.wait(tx, Part::Supervisor, machine, person, decision)?;
        Ok(Answer { lcd: words::done_lcd(Done::SupervisorReady, words::language_of(self.network)), ..answer })
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
            standbys: vec![Standby {
                tapped_at: tx.now(),
                reading: self.reading.clone(),
                person: supervisor.clone(),
            }],
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
        let outcome = session.outcome(tx, self.asking)?;
        let revision = tx.network()?.revision;
        let entry = tx.record(
            "access_granted",
            &json!({ "machine": machine.id, "controller": self.asking.sender.controller, "intent": "use",
                     "supervisor": supervisor.person, "reading": reading, "facts": facts,
                     "revision": revision, "after": learner.decision }),
        )?;
        let (answer, _) = self.record(tx, outcome, None, Some(session.id))?;
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
        session.open(tx, machine, &self.asking.sender, &facts, &reading, learner.card.as_ref(), decision)?;
        Ok(Some(answer))
    }

    /// `induct`: a trainer's card, then the trainee's within 30 s: the trainee is awarded what the machine inducts in.
    fn induct(&self, tx: &mut Tx<'_>, machine: &Machine, person: &PersonFacts) -> Result<Answer, FlowError> {
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
            let drafts = if blocked { Vec::new() } else { self.inductions(tx, machine, &trainer, &person.person)? };
            if drafts.is_empty() {
                return self.deny(tx, &Reasons::one(DenialReason::LevelTooLow));
            }
            tx.use_standbys(Part::Trainer, &machine.id, &trainer.person)?;
            return self.award(tx, person, &trainer, drafts);
        }
        let anybody = PersonId::try_from(tx.random_id()).map_err(|error| StoreError::Engine(error.to_string()))?;
        if self.inductions(tx, machine, person, &anybody)?.is_empty() {
            return self.deny(tx, &Reasons::one(DenialReason::LevelTooLow));
        }
        let (answer, decision) = self.record(tx, Outcome::Done { session: None }, None, None)?;
        self.wait(tx, Part::Trainer, machine, person, decision)?;
        Ok(Answer { lcd: words::done_lcd(Done::TrainerReady, words::language_of(self.network)), ..answer })
    }

    /// What a trainer may award at this machine by induction: for each requirement the first reference that has an
    /// induction level, if the trainer may award it for the venue's own issuer.
    fn inductions(
        &self,
        tx: &Tx<'_>,
        machine: &Machine,
        trainer: &PersonFacts,
        person: &PersonId,
    ) -> Result<Vec<Draft>, FlowError> {
        let issuer = self.network.venues.get(&machine.venue).and_then(|venue| venue.issuer.clone());
        let Some(issuer) = issuer else { return Ok(Vec::new()) };
        let mut drafts = Vec::new();
        for requirement in &machine.requires {
            let found = requirement.references.iter().find_map(|id| {
                let reference = self.network.references.get(id)?;
                let level = reference.induction_level?;
                let act = Act::Award {
                    reference: id.clone(),
                    level,
                    issuer: issuer.clone(),
                    person: person.clone(),
                };
                let allowed = may(trainer, &act, self.network, tx.now()).is_ok() && !needs_second_person(&act, self.network);
                allowed.then_some((id.clone(), level))
            });
            let Some((reference, level)) = found else { continue };
            if drafts.iter().any(|draft: &Draft| draft.reference == reference) {
                continue;
            }
            drafts.push(Draft {
                id: AwardId::try_from(tx.random_id()).map_err(|error| StoreError::Engine(error.to_string()))?,
                person: person.clone(),
                reference,
                version: None,
                level,
                issuer: issuer.clone(),
                issued_at: tx.now(),
                valid_until: None,
            });
        }
        Ok(drafts)
    }

    fn award(
        &self,
        tx: &mut Tx<'_>,
        person: &PersonFacts,
        trainer: &PersonFacts,
        drafts: Vec<Draft>,
    ) -> Result<Answer, FlowError> {
        let now = tx.now();
        for draft in drafts {
            let held = person.awards.iter().any(|award| {
                award.reference == draft.reference
                    && award.issuer == draft.issuer
                    && award.level >= draft.level
                    && award.revoked_at.is_none_or(|at| now < at)
                    && award.superseded_at.is_none_or(|at| now < at)
                    && award.valid_until.is_none_or(|until| now < until)
            });
            if held {
                continue; // taught again what is known already
            }
            let award = draft.award(self.network).map_err(|error| FlowError::Refused(error.to_string()))?;
            tx.record(
                "reference_awarded",
                &json!({ "award": award.id, "person": draft.person, "reference": award.reference, "level": award.level,
                         "issuer": award.issuer, "by": { "person": trainer.person }, "why": "induction at the machine",
                         "machine": self.asking.ask.machine }),
            )?;
            tx.add_award(&NewAward {
                person: draft.person,
                award,
                given_id: false,
                awarded_by: Some(trainer.person.clone()),
                supersedes: None,
                why: None,
            })?;
        }
        self.done(tx, Done::Inducted, None)
    }

    /// Keeps this card as the first of two.
    fn wait(
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

    fn done(&self, tx: &mut Tx<'_>, done: Done, session: Option<SessionId>) -> Result<Answer, FlowError> {
        let (answer, _) = self.record(tx, Outcome::Done { session }, None, session)?;
        Ok(Answer { lcd: words::done_lcd(done, words::language_of(self.network)), ..answer })
    }

    fn deny(&self, tx: &mut Tx<'_>, reasons: &Reasons) -> Result<Answer, FlowError> {
        Ok(self.record(tx, deny(reasons), Some(reasons), None)?.0)
    }

    /// Records what was answered and on which facts, and makes the answer.
    fn record(
        &self,
        tx: &mut Tx<'_>,
        outcome: Outcome,
        reasons: Option<&Reasons>,
        session: Option<SessionId>,
    ) -> Result<(Answer, i64), FlowError> {
        let Asking { sender, ask, .. } = self.asking;
        let language = words::language_of(self.network);
        let lcd = match (&outcome, reasons) {
            (_, Some(reasons)) => lcd(self.network, &ask.machine, reasons, tx.now()),
            (Outcome::Done { session: None }, None) => words::done_lcd(Done::NothingToEnd, language),
            (Outcome::Done { session: Some(_) }, None) => words::done_lcd(Done::SessionEnded, language),
            (Outcome::Grant { .. } | Outcome::Deny { .. } | Outcome::More { .. }, None) => words::grant_lcd(language),
        };
        let verdict = outcome.verdict();
        let answer = Answer { link: ask.link, nonce: ask.nonce, machine: ask.machine.clone(), lcd, outcome };
        let kind = match verdict {
            tremen_wire::Verdict::Grant => "access_granted",
            tremen_wire::Verdict::Done => "access_done",
            tremen_wire::Verdict::Deny => "access_denied",
            tremen_wire::Verdict::More => "access_needs_more",
        };
        let revision = tx.network()?.revision;
        let entry = tx.record(
            kind,
            &json!({ "machine": ask.machine, "controller": sender.controller, "intent": ask.intent.as_str(),
                     "session": session.map(|session| session.to_string()),
                     "objections": reasons.map(Reasons::objections), "reading": self.reading, "facts": self.dossier.person,
                     "locks": self.dossier.locks, "in_use_by": self.dossier.in_use_by,
                     "standbys": self.dossier.standbys, "revision": revision }),
        )?;
        let decision = tx.add_decision(&NewDecision {
            entry,
            controller: &sender.controller,
            ask: self.nonce,
            machine: &ask.machine,
            person: self.dossier.person.as_ref().map(|facts| &facts.person),
            card: self.card.as_ref(),
            intent: ask.intent.as_str(),
            verdict: verdict.as_str(),
            reason: reasons.map(|reasons| reasons.first().code()),
            session,
            answer: &to_text(&answer, sender),
        })?;
        Ok((answer, decision))
    }
}

/// A session about to be opened.
struct Opening {
    id: SessionId,
    lease_s: u32,
    hard_end: Option<Time>,
    right_end: Option<(Time, DenialReason)>,
    policy: tremen_rules::network::StopPolicy,
}

impl Opening {
    fn of(tx: &Tx<'_>, machine: &Machine, right_end: Option<(Time, DenialReason)>) -> Self {
        let longest = machine.max_session_minutes.map(|minutes| tx.now().plus_seconds(i64::from(minutes) * 60));
        let policy = machine.stop_policy;
        Self { id: SessionId(tx.random()), lease_s: machine.lease_seconds, hard_end: longest, right_end, policy }
    }

    fn outcome(&self, tx: &Tx<'_>, asking: &Asking) -> Result<Outcome, FlowError> {
        let ends = [self.hard_end, self.right_end.map(|end| end.0)];
        Ok(Outcome::Grant {
            session: self.id,
            lease_s: u64::from(self.lease_s),
            until_s: ends.into_iter().flatten().min().map(Time::unix_seconds),
            on_lost: sessions::wire_policy(tx, &asking.sender.controller, self.policy)?,
        })
    }

    #[expect(clippy::too_many_arguments, reason = "each is one fact of the session, and it is called from two places")]
    fn open(
        &self,
        tx: &mut Tx<'_>,
        machine: &Machine,
        sender: &Sender,
        person: &PersonFacts,
        reading: &ReadingFacts,
        card: Option<&CardId>,
        decision: i64,
    ) -> Result<(), FlowError> {
        let assurance = match &reading.card {
            CardFacts::Known { assurance, .. } => *assurance,
            CardFacts::NotAsked | CardFacts::Unknown => Assurance::A0,
        };
        let new = NewSession {
            session: self.id,
            machine: &machine.id,
            controller: &sender.controller,
            person: &person.person,
            card,
            assurance,
            decision,
            hard_end: self.hard_end,
            right_end: self.right_end,
            lease_until: tx.now().plus_seconds(i64::from(self.lease_s)),
        };
        tx.open_session(&new)?;
        // Once more with all that decides when it is due.
        if let Some(row) = tx.session(self.id)? {
            let idle_end = machine.idle_minutes.map(|minutes| tx.now().plus_seconds(i64::from(minutes) * 60));
            tx.keep_session(&row, idle_end)?;
        }
        Ok(())
    }
}

fn deny(reasons: &Reasons) -> Outcome {
    let codes = reasons.codes();
    Outcome::Deny {
        reason: reasons.first().code().to_owned(),
        reasons: codes.into_iter().map(|reason| reason.code().to_owned()).collect(),
    }
}

fn lcd(network: &Network, machine: &str, reasons: &Reasons, now: Time) -> [String; 2] {
    let first = reasons.objections().first().cloned().unwrap_or(Objection::bare(reasons.first()));
    words::denial_lcd(&first, &words::Asked { network, machine, now }, words::language_of(network))
}

/// The stored form of an answer: the plain profile's, without link.
fn to_text(answer: &Answer, sender: &Sender) -> String {
    let plain = Answer { link: None, ..answer.clone() };
    let bytes = wire_id(sender).map(|id| Down::Answer(plain).encode(&id, Protection::Plain)).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

fn wire_id(sender: &Sender) -> Result<tremen_wire::ControllerId, FlowError> {
    tremen_wire::ControllerId::parse(sender.controller.as_str())
        .map_err(|error| StoreError::Unreadable(error.to_string()).into())
}
