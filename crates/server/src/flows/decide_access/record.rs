//! What was answered: recorded with the facts that it rested on, stored for a repeat, and given again.

use serde::Serialize;
use serde_json::json;
use tremen_rules::dossier::Standby;
use tremen_rules::network::Profile;
use tremen_rules::{
    ControllerId, DenialReason, MachineId, Network, Objection, PersonFacts, PersonId, ReadingFacts, Reasons, Span, Time,
};
use tremen_wire::{Answer, Down, Intent, Nonce, Outcome, Protection, SessionId};

use super::{Asking, Tap};
use crate::flows::link_controller::Sender;
use crate::flows::{self, FlowError};
use crate::store::{EarlierAnswer, NewDecision, SessionRow, StoreError, Tx};
use crate::words::{self, Done};

/// Records and answers an ask whose seal was good, whose nonce could be read, and that was malformed otherwise.
///
/// # Errors
/// When the store fails.
pub fn refuse_malformed(tx: &mut Tx<'_>, sender: &Sender, nonce: Nonce) -> Result<Option<Answer>, FlowError> {
    let network = flows::network(tx)?;
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
    let answer =
        Answer { link, nonce, lcd: lcd(&network, &machine, &reasons, tx.now()), outcome: deny(&reasons), machine };
    let entry = tx.record(
        "access_denied",
        &json!({ "controller": sender.controller, "reasons": ["controller_not_trusted"],
                                                    "malformed": true }),
    )?;
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

/// Gives a stored answer again, unless it was a grant whose session is over by now.
pub(super) fn repeat(
    tx: &Tx<'_>,
    network: &Network,
    asking: &Asking,
    earlier: &EarlierAnswer,
) -> Result<Answer, FlowError> {
    let Asking { sender, ask, .. } = asking;
    let session =
        earlier.session.filter(|_| earlier.verdict == "grant").map(|session| tx.session(session)).transpose()?;
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

/// Why the owner of a session that is being stopped is refused: for the reason of the stop; and where that is none of a
/// denial's, as a manager's stop, because the machine is not free before it has stopped.
pub(super) fn stopping_reason(session: &SessionRow) -> DenialReason {
    session.stop_why.as_deref().and_then(DenialReason::parse).unwrap_or(DenialReason::MachineBusy)
}

/// Why a session that was granted is over, as a reason of a denial.
fn end_reason(session: &SessionRow) -> DenialReason {
    let why = session.stop_why.as_deref().or(session.end_why.as_deref());
    // Ended by a tap, for want of load, by silence: the ask was served, and its answer counts no more.
    why.and_then(DenialReason::parse).unwrap_or(DenialReason::ReplayedRequest)
}

impl Tap<'_> {
    pub(super) fn done(&self, tx: &mut Tx<'_>, done: Done, session: Option<SessionId>) -> Result<Answer, FlowError> {
        Ok(self.record_done(tx, done, session)?.0)
    }

    pub(super) fn record_done(
        &self,
        tx: &mut Tx<'_>,
        done: Done,
        session: Option<SessionId>,
    ) -> Result<(Answer, i64), FlowError> {
        let lcd = words::done_lcd(done, words::language_of(self.network));
        self.record(tx, Outcome::Done { session }, lcd, None)
    }

    pub(super) fn record_grant(&self, tx: &mut Tx<'_>, outcome: Outcome) -> Result<(Answer, i64), FlowError> {
        self.record(tx, outcome, words::grant_lcd(words::language_of(self.network)), None)
    }

    pub(super) fn record_objected(
        &self,
        tx: &mut Tx<'_>,
        outcome: Outcome,
        why: &Reasons,
    ) -> Result<(Answer, i64), FlowError> {
        let lcd = lcd(self.network, &self.asking.ask.machine, why, tx.now());
        self.record(tx, outcome, lcd, Some(why))
    }

    pub(super) fn deny(&self, tx: &mut Tx<'_>, reasons: &Reasons) -> Result<Answer, FlowError> {
        Ok(self.record_objected(tx, deny(reasons), reasons)?.0)
    }

    /// Records what was answered and on which facts, and makes the answer.
    fn record(
        &self,
        tx: &mut Tx<'_>,
        outcome: Outcome,
        lcd: [String; 2],
        reasons: Option<&Reasons>,
    ) -> Result<(Answer, i64), FlowError> {
        let Asking { sender, ask, .. } = self.asking;
        let verdict = outcome.verdict();
        let session = match &outcome {
            Outcome::Grant { session, .. } => Some(*session),
            Outcome::Done { session } => *session,
            Outcome::Deny { .. } | Outcome::More { .. } => None,
        };
        let answer = Answer { link: ask.link, nonce: ask.nonce, machine: ask.machine.clone(), lcd, outcome };
        let kind = match verdict {
            tremen_wire::Verdict::Grant => "access_granted",
            tremen_wire::Verdict::Done => "access_done",
            tremen_wire::Verdict::Deny => "access_denied",
            tremen_wire::Verdict::More => "access_needs_more",
        };
        let told = Told {
            controller: &sender.controller,
            facts: self.dossier.person.as_ref(),
            in_use_by: self.dossier.in_use_by.as_ref(),
            intent: ask.intent.as_str(),
            locks: &self.dossier.locks,
            machine: &ask.machine,
            objections: reasons.map(Reasons::objections),
            reading: &self.reading,
            revision: self.revision,
            session: session.map(|session| session.to_string()),
            standbys: &self.dossier.standbys,
        };
        let entry = tx.record(kind, &told)?;
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

/// A decision as the journal tells it: what was asked, what it rested on, every objection.
#[derive(Serialize)]
struct Told<'t> {
    controller: &'t ControllerId,
    facts: Option<&'t PersonFacts>,
    in_use_by: Option<&'t PersonId>,
    intent: &'static str,
    locks: &'t [Span],
    machine: &'t str,
    objections: Option<&'t [Objection]>,
    reading: &'t ReadingFacts,
    revision: u64,
    session: Option<String>,
    standbys: &'t [Standby],
}

pub(super) fn deny(reasons: &Reasons) -> Outcome {
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
pub(super) fn to_text(answer: &Answer, sender: &Sender) -> String {
    let plain = Answer { link: None, ..answer.clone() };
    let bytes = wire_id(sender).map(|id| Down::Answer(plain).encode(&id, Protection::Plain)).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

fn wire_id(sender: &Sender) -> Result<tremen_wire::ControllerId, FlowError> {
    tremen_wire::ControllerId::parse(sender.controller.as_str())
        .map_err(|error| StoreError::Unreadable(error.to_string()).into())
}
