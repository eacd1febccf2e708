//! Explains what the decision would be, every reason, the facts behind each, and what would make it a grant. Start at
//! [`run`]. Writes nothing.

use serde::Serialize;
use serde_json::{Value as Json, json};
use tremen_rules::remedies::{Remedy, Step};
use tremen_rules::{
    Assurance, CardFacts, Decision, DenialReason, Dossier, Objection, ReadingFacts, Time, what_would_grant,
};

use super::checks::print;
use super::explain_steps::{step_json, step_text};
use super::outlook::{self, Outlook};
use super::{FlowError, person_named};
use crate::store::{DecisionRecord, Entry, ErasedPayload, Tx};

/// Who stands before the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A person, by the venue's own key or their random id, in place of a card.
    Person(String),
    /// Whoever's card has this number, read as a copyable one.
    Uid(Vec<u8>),
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// At which machine, whether it exists or not.
    pub machine: String,
    /// Who.
    pub who: Who,
    /// When; none: now.
    pub at: Option<Time>,
}

/// The decision as it would be.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// At which machine.
    pub machine: String,
    /// Whose card, or who; none for a card that is nobody's.
    pub person: Option<String>,
    /// When, RFC 3339 in UTC.
    pub at: String,
    /// `grant`, `more` or `deny`.
    pub verdict: &'static str,
    /// The reason that would be shown; none for a grant.
    pub reason: Option<&'static str>,
    /// Every reason that holds, in order, each once.
    pub reasons: Vec<Reason>,
    /// When the grant would end by itself; null for a grant without a known end, absent for a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Option<String>>,
    /// The reason for which the grant would end then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_reason: Option<&'static str>,
    /// Which rules were asked: those in force today, whatever the instant.
    pub rules: Rules,
}

/// The rules that were asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Always `in force today`: the facts are those valid at the instant asked for, the rules are today's.
    pub of: &'static str,
    /// The revision of the network's declarations.
    pub revision: u64,
}

/// One reason against.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reason {
    /// Its code.
    pub code: &'static str,
    /// The first requirement that it speaks of, with what is behind it.
    #[serde(flatten)]
    pub first: Behind,
    /// The further requirements that it speaks of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<Behind>,
}

/// What is behind a reason.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Behind {
    /// Which of the machine's requirements, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<usize>,
    /// The award that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub award: Option<String>,
    /// Since when it holds, where it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Until when it holds, where it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What to do, for people.
    pub next_step: String,
    /// The same for programs: each step is needed.
    pub steps: Vec<Json>,
    /// The facts.
    pub facts: Json,
}

/// Answers a question.
///
/// # Errors
/// When the person does not exist, or the store fails. A machine that does not exist is an answer.
pub fn run(tx: &mut Tx<'_>, question: &Question) -> Result<Explanation, FlowError> {
    let snapshot = tx.network()?;
    let network = &snapshot.network;
    let at = question.at.unwrap_or(tx.now());
    let (person, card) = match &question.who {
        Who::Person(name) => (Some(person_named(tx, name)?), CardFacts::NotAsked),
        Who::Uid(uid) => match tx.card_by_uid(uid)? {
            None => (None, CardFacts::Unknown),
            Some(card) => {
                let blocks = tx.card_blocks(&card.card)?;
                (tx.person(&card.person)?, CardFacts::Known { assurance: Assurance::A0, blocks })
            }
        },
    };
    let reading = ReadingFacts { card, ..ReadingFacts::of_person() };
    let facts = person.as_ref().map(|row| tx.person_facts(&row.person)).transpose()?;
    let dossier = outlook::dossier(tx, network, &question.machine, facts, at)?;
    let Outlook { decision, until } = Outlook::of(&dossier, &reading, at);
    let (until, until_reason) = until.unzip();
    let remedies = what_would_grant(&dossier, &reading, at);
    Ok(Explanation {
        machine: question.machine.clone(),
        person: person.map(|row| row.key),
        at: print(at),
        verdict: decision.verdict(),
        reason: decision.reasons().map(|reasons| reasons.first().code()),
        reasons: reasons(&dossier, &reading, at, remedies),
        until: matches!(decision, Decision::Grant(_)).then(|| until.map(print)),
        until_reason: until_reason.map(DenialReason::code),
        rules: Rules { of: "in force today", revision: snapshot.revision },
    })
}

fn reasons(dossier: &Dossier<'_>, reading: &ReadingFacts, at: Time, remedies: Vec<Remedy>) -> Vec<Reason> {
    let mut reasons: Vec<Reason> = Vec::new();
    for Remedy { objection, steps } in remedies {
        let code = objection.reason.code();
        let behind = behind(dossier, reading, at, &objection, &steps);
        match reasons.last_mut().filter(|last| last.code == code) {
            Some(last) => last.also.push(behind),
            None => reasons.push(Reason { code, first: behind, also: Vec::new() }),
        }
    }
    reasons
}

fn behind(dossier: &Dossier<'_>, reading: &ReadingFacts, at: Time, objection: &Objection, steps: &[Step]) -> Behind {
    let said: Vec<String> = steps.iter().map(step_text).collect();
    Behind {
        requirement: objection.requirement,
        award: objection.award.as_ref().map(ToString::to_string),
        since: objection.since.map(print),
        until: objection.until.map(print),
        next_step: if said.is_empty() { "ask at the desk".to_owned() } else { said.join("; then ") },
        steps: steps.iter().map(step_json).collect(),
        facts: facts(dossier, reading, at, objection),
    }
}

/// The facts that a reason rests on.
fn facts(dossier: &Dossier<'_>, reading: &ReadingFacts, at: Time, objection: &Objection) -> Json {
    use DenialReason as R;
    let machine = dossier.network.machines.get(dossier.machine);
    let venue = machine.and_then(|machine| dossier.network.venues.get(&machine.venue));
    // reasons 1 to 4 are the only ones without a person, and rest on nothing about one
    let Some(person) = dossier.person.as_ref() else { return json!({}) };
    match objection.reason {
        R::ControllerNotTrusted | R::ReplayedRequest | R::UnknownMachine | R::UnknownCard => json!({}),
        R::CardBlocked | R::CardAssuranceTooLow => json!({
            "card": match &reading.card {
                CardFacts::Known { assurance, blocks } =>
                    json!({ "assurance": assurance.as_str(), "blocks": blocks.iter().map(span).collect::<Vec<_>>() }),
                CardFacts::NotAsked | CardFacts::Unknown => Json::Null,
            },
            "min_assurance": machine.map(|machine| machine.min_assurance.as_str()),
        }),
        R::MachineOutOfService => json!({ "locks": dossier.locks.iter().map(span).collect::<Vec<_>>() }),
        R::PersonSuspendedHere => json!({
            "restrictions": person.restrictions.iter().filter(|held| held.span.covers(at))
                .map(|held| json!({ "scope": held.scope, "span": span(&held.span) })).collect::<Vec<_>>(),
        }),
        R::NotAMember => json!({
            "venue": venue.map(|venue| &venue.id),
            "reciprocal": venue.map(|venue| &venue.reciprocal),
            "memberships": person.memberships.iter()
                .map(|held| json!({ "venue": held.venue, "span": span(&held.span) })).collect::<Vec<_>>(),
        }),
        R::AgeRestricted => {
            json!({ "min_age": machine.and_then(|machine| machine.min_age), "birth_date": person.birth_date })
        }
        R::NoAward
        | R::AwardRevoked
        | R::AwardSuspended
        | R::AwardExpired
        | R::ReferenceOutdated
        | R::IssuerNotRecognised
        | R::LevelTooLow
        | R::PrerequisiteMissing
        | R::HandoverMissing => json!({
            "requires": objection.requirement.and_then(|index| machine?.requires.get(index)),
            "award": objection.award.as_ref().and_then(|id| person.awards.iter().find(|award| award.id == *id)).map(award),
            "handovers": (objection.reason == R::HandoverMissing).then(|| person.handovers.iter()
                .filter(|held| held.machine.as_str() == dossier.machine).map(|held| print(held.at)).collect::<Vec<_>>()),
        }),
        R::OutsideOpeningHours => json!({
            "venue": venue.map(|venue| &venue.id),
            "time_zone": venue.map(|venue| venue.time_zone),
            "hours": venue.map(|venue| &venue.hours),
            "closed": venue.map(|venue| &venue.closed),
        }),
        R::MachineBusy => json!({ "in_use": true }),
        R::SupervisorNeeded => json!({
            "autonomous_from": machine.map(|machine| machine.autonomous_from),
            "supervisor_level": machine.map(|machine| machine.supervisor_level),
        }),
    }
}

fn span(span: &tremen_rules::Span) -> Json {
    json!({ "from": print(span.from), "until": span.until.map(print) })
}

fn award(award: &tremen_rules::Award) -> Json {
    json!({
        "reference": award.reference, "version": award.version, "level": award.level, "issuer": award.issuer,
        "issued_at": print(award.issued_at), "valid_until": award.valid_until.map(print),
        "superseded_at": award.superseded_at.map(print), "revoked_at": award.revoked_at.map(print),
        "suspensions": award.suspensions.iter().map(span).collect::<Vec<_>>(),
    })
}

/// What is known of a decision that was made.
#[derive(Debug, Clone, PartialEq)]
pub enum Recorded {
    /// The decision, and its journal entry, whose payload holds the facts that were read; without one once it was erased.
    Kept(Box<DecisionRecord>, Option<Entry>),
    /// It was erased: when, and on which entry's word.
    Erased(ErasedPayload),
}

/// What was read when a decision was made.
///
/// # Errors
/// When there never was such a decision, or the store fails.
pub fn recorded(tx: &Tx<'_>, decision: i64) -> Result<Recorded, FlowError> {
    if let Some(record) = tx.decision(decision)? {
        let entry = tx.entry(record.entry)?;
        return Ok(Recorded::Kept(Box::new(record), entry));
    }
    let erased = tx.erasure_of_decision(decision)?;
    erased.map(Recorded::Erased).ok_or_else(|| FlowError::unknown("decision", decision))
}

#[cfg(test)]
mod tests {
    use super::{Explanation, Question, Who, run};
    use crate::flows::rehearsal::{NOW, Stage, id, operator, time};
    use crate::flows::{block_card, lock_machine, revoke_award};

    const ANNAS_NTAG: [u8; 7] = [0x04, 0x1d, 0x3c, 0x8a, 0x2d, 0x6b, 0x80];

    fn ask(stage: &Stage, machine: &str, who: Who, at: &str) -> Explanation {
        let question = Question { machine: machine.to_owned(), who, at: Some(time(at)) };
        stage.store.read_here(|tx| run(tx, &question)).unwrap()
    }

    fn anna() -> Who {
        Who::Person("p-anna".to_owned())
    }

    fn codes(explanation: &Explanation) -> Vec<&str> {
        explanation.reasons.iter().map(|reason| reason.code).collect()
    }

    #[test]
    fn a_grant_says_when_and_why_it_ends_and_the_facts_are_those_of_the_instant() {
        let stage = Stage::sample();
        let now = ask(&stage, "trotec-speedy", anna(), NOW);
        assert_eq!((now.verdict, now.until_reason), ("grant", Some("outside_opening_hours")));
        assert_eq!(now.until, Some(Some("2026-11-26T17:00:00Z".to_owned())));
        let before = ask(&stage, "trotec-speedy", anna(), "2026-02-26T15:00:00+01:00");
        assert_eq!(codes(&before), ["no_award"]);
        let award = stage.award("p-anna", "decoupe-laser");
        stage.write(move |tx| revoke_award::run(tx, &operator(), &award)).unwrap();
        assert_eq!(codes(&ask(&stage, "trotec-speedy", anna(), NOW)), ["award_revoked"]);
        assert_eq!(ask(&stage, "trotec-speedy", anna(), "2026-11-26T14:59:59+01:00").verdict, "grant");
    }

    #[test]
    fn each_reason_stands_once_with_what_is_behind_it_and_what_to_do() {
        let stage = Stage::sample();
        let award = stage.award("p-anna", "decoupe-laser");
        let asked = award.clone();
        stage.change(move |tx| {
            revoke_award::run(tx, &operator(), &award).unwrap();
            let lock = lock_machine::Request { machine: id("trotec-speedy"), until: None };
            lock_machine::run(tx, &operator(), &lock).unwrap();
        });
        let answer = ask(&stage, "trotec-speedy", anna(), "2026-11-28T15:00:00+01:00");
        assert_eq!(codes(&answer), ["machine_out_of_service", "award_revoked", "outside_opening_hours"]);
        assert_eq!(answer.reason, Some("machine_out_of_service"));
        let revoked = &answer.reasons[1].first;
        assert_eq!((revoked.requirement, revoked.award.as_deref()), (Some(0), Some(asked.as_str())));
        assert_eq!(revoked.since.as_deref(), Some("2026-11-26T14:00:00Z"));
        assert_eq!(revoked.facts["award"]["issuer"], "ubo-open-factory");
        assert!(revoked.next_step.starts_with("obtain decoupe-laser at level 2"), "{}", revoked.next_step);
        let closed = &answer.reasons[2].first;
        assert_eq!(closed.until.as_deref(), Some("2026-11-30T08:00:00Z"));
        let json = serde_json::to_value(&answer).unwrap();
        assert_eq!(json["reasons"][0]["code"], "machine_out_of_service");
        assert!(json.get("until").is_none(), "a refusal has no end of a grant");
    }

    #[test]
    fn a_card_is_read_as_a_copyable_one_and_blocked_from_the_instant_of_its_block() {
        let stage = Stage::sample();
        let uid = || Who::Uid(ANNAS_NTAG.to_vec());
        assert_eq!(codes(&ask(&stage, "trotec-speedy", uid(), NOW)), ["card_assurance_too_low"]);
        let card = stage.card(&ANNAS_NTAG);
        stage.write(move |tx| block_card::run(tx, &operator(), &card)).unwrap();
        assert_eq!(codes(&ask(&stage, "trotec-speedy", uid(), NOW)), ["card_blocked"]);
        assert_eq!(
            codes(&ask(&stage, "trotec-speedy", uid(), "2026-11-26T14:59:00+01:00")),
            ["card_assurance_too_low"]
        );
        assert_eq!(codes(&ask(&stage, "trotec-speedy", Who::Uid(vec![1, 2, 3, 4]), NOW)), ["unknown_card"]);
    }

    #[test]
    fn somebody_elses_session_is_busy_now_and_unknown_tomorrow() {
        let stage = Stage::sample();
        stage.session("laser-ponant", "p-anna", None);
        let maiwenn = || Who::Person("p-maiwenn".to_owned());
        assert_eq!(codes(&ask(&stage, "laser-ponant", maiwenn(), NOW)), ["machine_busy"]);
        assert_eq!(ask(&stage, "laser-ponant", maiwenn(), "2026-11-27T15:00:00+01:00").verdict, "grant");
        assert_eq!(ask(&stage, "laser-ponant", anna(), NOW).verdict, "grant");
    }
}
