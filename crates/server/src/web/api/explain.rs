//! `POST /api/v1/explain`: the flow `explain`, for one question or a list of them, answered in the same order. Writes nothing.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tremen_files::uid::{UidFormat, parse_uid};
use tremen_rules::PersonId;
use tremen_rules::authority::Act;
use utoipa::ToSchema;

use super::call::Caller;
use super::check::check_at;
use super::endpoint::{Deed, Described, Endpoint, Writing, post, schema_of};
use super::page::told;
use super::problem::{self, Problem};
use super::sight::{contact, sees_everybody};
use super::write::Done;
use crate::flows::explain::{self as flow, Behind, Explanation, Who};
use crate::flows::token_scope::TokenScope;
use crate::store::Tx;

/// So many questions at once.
const MOST: usize = 1000;

/// Would this person's tap start this machine?
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Question {
    /// At which machine, whether it exists or not.
    #[schema(min_length = 1, max_length = 64)]
    machine: String,
    /// Who, by the venue's own key or their id.
    person: Option<String>,
    /// In place of `person`: whoever's card has this number, read as a copyable one.
    uid: Option<String>,
    /// When; absent: now. The facts are those of then, the rules those in force today.
    #[schema(format = "instant")]
    at: Option<String>,
}

/// One question, or several.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what `prepare` reads")]
pub(super) enum Questions {
    /// One.
    One(Question),
    /// At most 1000.
    Several(Vec<Question>),
}

/// One answer to one question, and a list to a list, in the same order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "it describes what `prepare` answers")]
pub(super) enum Answers {
    /// To one.
    One(Answer),
    /// To several.
    Several(Vec<Answer>),
}

/// The decision as it would be.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Answer {
    /// At which machine.
    pub machine: String,
    /// Who, by the venue's own key; null for a card that is nobody's.
    pub person: Option<String>,
    /// When.
    pub at: String,
    /// grant, more, deny.
    pub verdict: &'static str,
    /// The reason that would be shown; null for a grant.
    pub reason: Option<&'static str>,
    /// Every reason that holds, in order, each once.
    pub reasons: Vec<ReasonView>,
    /// When the grant would end by itself; null for a grant without a known end, absent for a refusal.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub until: Option<Option<String>>,
    /// The reason for which the grant would end then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_reason: Option<&'static str>,
    /// The revision of the rules that were asked: those in force today.
    pub revision: u64,
}

/// One reason against.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReasonView {
    /// Its code.
    pub code: &'static str,
    /// What is behind it.
    #[serde(flatten)]
    pub first: BehindView,
    /// What is behind it for further requirements.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub also: Vec<BehindView>,
}

/// What is behind a reason.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct BehindView {
    /// Which of the machine's requirements, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requirement: Option<usize>,
    /// The award that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub award: Option<String>,
    /// Since when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Until when it holds, where it ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What to do, for people.
    pub next_step: String,
    /// The same for programs: each step is needed.
    #[schema(value_type = Vec<Object>)]
    pub steps: Vec<Json>,
    /// The facts that it rests on.
    #[schema(value_type = Object)]
    pub facts: Json,
}

impl BehindView {
    fn of(behind: Behind, shows_birth: bool) -> Self {
        let Behind { requirement, award, since, until, next_step, steps, mut facts } = behind;
        if let Some(facts) = facts.as_object_mut().filter(|_| !shows_birth) {
            facts.remove("birth_date");
        }
        Self { requirement, award, since, until, next_step, steps, facts }
    }
}

impl Answer {
    fn of(explanation: Explanation, shows_birth: bool) -> Self {
        let Explanation { machine, person, at, verdict, reason, reasons, until, until_reason, rules } = explanation;
        let reasons = reasons.into_iter().map(|it| ReasonView {
            code: it.code,
            first: BehindView::of(it.first, shows_birth),
            also: it.also.into_iter().map(|behind| BehindView::of(behind, shows_birth)).collect(),
        });
        let reasons = reasons.collect();
        Self { machine, person, at, verdict, reason, reasons, until, until_reason, revision: rules.revision }
    }
}

fn prepare(schema: &Json, body: &Json) -> Result<Writing, Problem> {
    let is_list = body.is_array();
    let asked: Vec<&Json> = body.as_array().map_or_else(|| vec![body], |several| several.iter().collect());
    if asked.len() > MOST {
        return Err(Problem::in_body("", format!("{} questions are too many: {MOST} at most", asked.len())));
    }
    let place = move |at: usize| if is_list { format!("/{at}") } else { String::new() };
    let mut faults = Vec::new();
    for (at, question) in asked.iter().enumerate() {
        check_at(schema, question, &place(at), &mut faults);
    }
    if !faults.is_empty() {
        return Err(Problem::faults(faults));
    }
    let questions = asked.into_iter().map(Question::deserialize).collect::<Result<Vec<_>, _>>();
    let questions = questions.map_err(|error| Problem::in_body("", error.to_string()))?;
    Ok(Box::new(move |tx, caller| {
        let answer = |(at, question): (usize, Question)| answer(tx, caller, question, &place(at));
        let mut answers = questions.into_iter().enumerate().map(answer).collect::<Result<Vec<_>, _>>()?;
        Ok(Done::told(if is_list { json!(answers) } else { answers.pop().unwrap_or_default() }))
    }))
}

fn answer(tx: &mut Tx<'_>, caller: &Caller<'_>, question: Question, place: &str) -> Result<Json, Problem> {
    let who = match (question.person, question.uid) {
        (Some(person), None) => Who::Person(person),
        (None, Some(uid)) => Who::Uid(
            parse_uid(&uid, UidFormat::default())
                .map_err(|error| Problem::in_body(&format!("{place}/uid"), error.to_string()))?,
        ),
        (Some(_), Some(_)) | (None, None) => {
            return Err(Problem::in_body(place, "either `person` or `uid` says who"));
        }
    };
    let person: Option<PersonId> = match &who {
        Who::Person(name) => crate::flows::person_named(tx, name).ok().map(|row| row.person),
        Who::Uid(uid) => tx.card_by_uid(uid)?.map(|card| card.person),
    };
    // Whether there is such a person or card is told to nobody who may not read about it.
    let may = person.as_ref().map_or_else(
        || sees_everybody(tx, caller),
        |person| caller.can(tx, &Act::ReadPerson { person: person.clone() }),
    );
    if !may {
        return Err(Problem::new(problem::FORBIDDEN, "the person may ask about themself only"));
    }
    let at = caller.begin(&format!("{place}/at"), question.at.as_deref())?;
    let shows_birth = person.as_ref().is_some_and(|person| contact(tx, caller, person));
    let explanation = flow::run(tx, &flow::Question { machine: question.machine, who, at });
    let explanation = explanation.map_err(|error| {
        let is_person = error.is_unknown();
        if is_person { Problem::in_body(&format!("{place}/person"), error.to_string()) } else { error.into() }
    })?;
    Ok(told(&Answer::of(explanation, shows_birth)))
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    let schema = schema_of::<Question>();
    let example = json!({ "machine": "trotec-speedy", "person": "p-anna", "at": "2026-11-26T15:00:00+01:00" });
    let asked = post::<Question>(
        "/explain",
        TokenScope::Read,
        "Say what would be decided and why; a list of questions is answered by a list in the same order",
        example,
        |_, _, _| Ok(Done::told(Json::Null)),
    );
    let deed = Deed::Write { prepare: Box::new(move |body| prepare(&schema, body)), about: |_, _| Ok(None) };
    vec![
        Endpoint { deed, writes: false, query: Vec::new(), body: Some(Described::of::<Questions>()), ..asked }
            .answers::<Answers>(),
    ]
}
