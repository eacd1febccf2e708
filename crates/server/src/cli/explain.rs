//! `tremen explain`: the decision as it would be, every reason, the facts behind each, and what would make it a grant.

use std::path::PathBuf;
use std::process::ExitCode;

use serde::Deserialize;
use serde_json::{Value as Json, json};
use tremen_files::when::print_time;

use super::desk::{CliError, Common, Desk, read_uid, say, wrong};
use super::file::read_file;
use crate::flows::FlowError;
use crate::flows::explain::{Behind, Explanation, Question, Recorded, Who, recorded, run as explain};
use crate::store::{DecisionRecord, Entry, ErasedPayload};

/// Says what would be decided, and why.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen explain --machine trotec-speedy --person p-anna --at 2026-11-26T15:00:00+01:00\n         \
    tremen explain --decision 12\n\nThe facts are those valid at that instant, the rules those in force today. Nothing is written."
)]
pub struct Explain {
    /// At which machine
    #[arg(long)]
    machine: Option<String>,
    /// Who, by the venue's own key, in place of a card
    #[arg(long, conflicts_with = "uid")]
    person: Option<String>,
    /// The card's number, hexadecimal in any usual spelling
    #[arg(long, value_name = "HEX")]
    uid: Option<String>,
    /// When; absent: now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// What was read when this decision was made
    #[arg(long, value_name = "ID", conflicts_with_all = ["machine", "person", "uid", "at", "questions"])]
    decision: Option<i64>,
    /// A JSON list of questions as `POST explain` takes them; prints the list of answers
    #[arg(long, value_name = "FILE", conflicts_with_all = ["machine", "person", "uid", "at"])]
    questions: Option<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// A question as `POST explain` takes it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    machine: String,
    person: Option<String>,
    uid: Option<String>,
    at: Option<String>,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub fn run(this: &Explain) -> Result<ExitCode, CliError> {
    let desk = Desk::open(&this.common)?;
    if let Some(decision) = this.decision {
        let found = desk.store.read_here(|tx| recorded(tx, decision))?;
        match &found {
            Recorded::Kept(record, entry) => {
                desk.tell(&recorded_text(record, entry.as_ref()), &recorded_json(record, entry.as_ref()));
            }
            Recorded::Erased(erased) => desk.tell(&erased_text(decision, erased), &erased_json(decision, erased)),
        }
    } else if let Some(file) = &this.questions {
        say(&answers(&desk, file)?.to_string());
    } else {
        let machine = this.machine.clone().ok_or_else(|| wrong("which machine? `--machine M` is needed"))?;
        let asked = Asked { machine, person: this.person.clone(), uid: this.uid.clone(), at: this.at.clone() };
        let question = question(&desk, asked)?;
        let answer = desk.store.read_here(|tx| explain(tx, &question))?;
        desk.tell(&text(&answer), &json!(answer));
    }
    Ok(ExitCode::SUCCESS)
}

fn question(desk: &Desk, asked: Asked) -> Result<Question, CliError> {
    let who = match (asked.person, asked.uid) {
        (Some(person), None) => Who::Person(person),
        (None, Some(uid)) => Who::Uid(read_uid(&uid)?),
        (_, _) => return Err(wrong("who? either a person or a card's UID is needed")),
    };
    Ok(Question { machine: asked.machine, who, at: desk.begin("--at", asked.at.as_ref())? })
}

/// One answer for each question, in the same order; a question that makes no sense is answered with its error.
fn answers(desk: &Desk, file: &std::path::Path) -> Result<Json, CliError> {
    let bytes = read_file(file)?;
    let asked: Vec<Asked> = serde_json::from_slice(&bytes).map_err(|error| {
        wrong(format!(
            "{}:{}: {error}; a list of {{machine, person | uid, at?}} is needed",
            file.display(),
            error.line()
        ))
    })?;
    let answer = |asked: Asked| -> Result<Json, CliError> {
        let answered = question(desk, asked).and_then(|question| {
            desk.store.read_here(|tx| explain(tx, &question)).map_err(|error| match error {
                FlowError::Store(_) | FlowError::ClockDoubted => CliError::Failed(error.to_string()),
                FlowError::Forbidden { .. } | FlowError::Unknown { .. } | FlowError::Refused(_) => wrong(error),
            })
        });
        match answered {
            Ok(answer) => Ok(json!(answer)),
            Err(CliError::Wrong(why)) => Ok(json!({ "error": why })),
            Err(failed @ CliError::Failed(_)) => Err(failed),
        }
    };
    asked.into_iter().map(answer).collect()
}

fn text(answer: &Explanation) -> String {
    let Explanation { machine, person, at, verdict, reason, reasons, until, until_reason, rules } = answer;
    let who = person.as_deref().unwrap_or("nobody's card");
    let mut text = format!(
        "{verdict}{}\n{who} at {machine}, {at}\n",
        reason.map(|reason| format!(": {reason}")).unwrap_or_default()
    );
    match until {
        Some(Some(until)) => text.push_str(&format!("until {until}: {}\n", until_reason.unwrap_or_default())),
        Some(None) => text.push_str("no end is known\n"),
        None => {}
    }
    for (place, reason) in reasons.iter().enumerate() {
        text.push_str(&format!("\n{}. {}\n", place + 1, reason.code));
        push_behind(&mut text, &reason.first);
        reason.also.iter().for_each(|behind| push_behind(&mut text, behind));
    }
    text.push_str(&format!("\nfacts valid at {at}, rules in force today (revision {})", rules.revision));
    text
}

fn push_behind(text: &mut String, behind: &Behind) {
    let Behind { requirement, award, since, until, next_step, steps: _, facts } = behind;
    if let Some(requirement) = requirement {
        let references: Vec<&str> = facts
            .pointer("/requires/references")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let level = facts.pointer("/requires/level").map(ToString::to_string).unwrap_or_default();
        text.push_str(&format!("   requirement {}: {} at level {level}\n", requirement + 1, references.join(" or ")));
    }
    if let Some(award) = award {
        let fact = |name: &str| {
            facts
                .pointer(&format!("/award/{name}"))
                .and_then(|it| it.as_str().map(str::to_owned).or_else(|| it.as_u64().map(|it| it.to_string())))
                .unwrap_or_else(|| "none".to_owned())
        };
        text.push_str(&format!(
            "   award {award}: {} version {} at level {}, by {}, issued {}, until {}\n",
            fact("reference"),
            fact("version"),
            fact("level"),
            fact("issuer"),
            fact("issued_at"),
            fact("valid_until")
        ));
    } else if requirement.is_none() && facts.as_object().is_some_and(|facts| !facts.is_empty()) {
        text.push_str(&format!("   facts {facts}\n"));
    }
    if let Some(since) = since {
        text.push_str(&format!("   since {since}\n"));
    }
    if let Some(until) = until {
        text.push_str(&format!("   until {until}\n"));
    }
    text.push_str(&format!("   next  {next_step}\n"));
}

fn erased_text(decision: i64, erased: &ErasedPayload) -> String {
    let ErasedPayload { entry, cause, at, kind } = erased;
    let why = match kind.as_str() {
        "retention_applied" => "by schedule",
        "person_erased" => "with the person whom it concerned",
        other => other,
    };
    let at = print_time(*at);
    format!(
        "decision {decision} was erased on {at} {why} (journal entry {cause}); of it entry {entry} stays, without facts"
    )
}

fn erased_json(decision: i64, erased: &ErasedPayload) -> Json {
    let ErasedPayload { entry, cause, at, kind } = erased;
    json!({ "decision": decision, "entry": entry, "erased": { "at": print_time(*at), "by": kind, "entry": cause } })
}

fn recorded_json(decision: &DecisionRecord, entry: Option<&Entry>) -> Json {
    json!({
        "decision": decision.decision, "entry": decision.entry, "at": print_time(decision.at),
        "controller": decision.controller, "machine": decision.machine, "person": decision.person,
        "intent": decision.intent, "verdict": decision.verdict, "reason": decision.reason,
        "session": decision.session.map(|session| session.to_string()),
        "read": entry.and_then(|entry| entry.body.clone()),
    })
}

fn recorded_text(decision: &DecisionRecord, entry: Option<&Entry>) -> String {
    let mut text = format!(
        "{}{}\ndecision {} of {}, {} at {} through {}, journal entry {}\n",
        decision.verdict,
        decision.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default(),
        decision.decision,
        print_time(decision.at),
        decision.intent,
        decision.machine,
        decision.controller,
        decision.entry
    );
    match entry.and_then(|entry| entry.body.as_ref()) {
        None => text.push_str("the facts that were read have been erased"),
        Some(Json::Object(body)) => {
            text.push_str("\nread when it was made (instants in milliseconds since 1970):\n");
            for (name, value) in body {
                let value = serde_json::to_string_pretty(value).unwrap_or_default().replace('\n', "\n  ");
                text.push_str(&format!("  {name}: {value}\n"));
            }
        }
        Some(body) => text.push_str(&body.to_string()),
    }
    text
}
