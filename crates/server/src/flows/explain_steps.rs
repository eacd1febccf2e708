//! The steps towards a grant, in English for people and as JSON for programs.

use serde_json::{Value as Json, json};
use tremen_rules::Time;
use tremen_rules::remedies::{Choice, Recognised, Step};

use super::checks::print;

fn by_itself(until: Option<Time>) -> String {
    until.map(|until| format!(", or wait until {}", print(until))).unwrap_or_default()
}

fn any_of<T>(items: &[T], text: impl Fn(&T) -> String) -> String {
    items.iter().map(text).collect::<Vec<_>>().join(" or ")
}

/// What to do, as the middle of a sentence.
pub(super) fn step_text(step: &Step) -> String {
    match step {
        Step::TrustController => "have the controller provisioned".to_owned(),
        Step::TapAgain => "tap again".to_owned(),
        Step::NameAMachine => "name a machine that exists".to_owned(),
        Step::AttachCard => "have the card attached to its owner at the desk".to_owned(),
        Step::UseAnotherCard { until } => {
            format!("use another card, or have this one unblocked{}", by_itself(*until))
        }
        Step::UseSurerCard { at_least } => {
            format!("use a card that is known more surely: {} or better", at_least.as_str())
        }
        Step::AwaitUnlock { until } => format!("have the machine put back into service{}", by_itself(*until)),
        Step::AwaitRestriction { scope, until } => {
            format!("have the restriction on {scope} lifted{}", by_itself(*until))
        }
        Step::Join { venues } => format!("become a member of {}", any_of(venues, ToString::to_string)),
        Step::TellBirthDate { min_age } => {
            format!("have the birth date recorded at the desk; {min_age} is the minimum age")
        }
        Step::AwaitAge { min_age, at: Some(at) } => format!("wait for the age of {min_age}, on {}", print(*at)),
        Step::AwaitAge { min_age, at: None } => format!("wait for the age of {min_age}"),
        Step::Obtain { choices } => format!("obtain {}", any_of(choices, choice_text)),
        Step::AwaitSuspension { award, issuer, until } => {
            format!("have the suspension of award {award} ended by {issuer}{}", by_itself(*until))
        }
        Step::Renew { reference, issuer, version, .. } => {
            format!("have {reference} renewed by {issuer}, at version {version} or later")
        }
        Step::Recognise { venue, issuer, reference, recognised } if recognised.is_empty() => {
            format!("ask {venue} to recognise {issuer} for {reference}")
        }
        Step::Recognise { venue, issuer, reference, recognised } => format!(
            "ask {venue} to recognise {issuer} for {reference}, or obtain it from {}",
            any_of(recognised, |it| it.issuer.to_string())
        ),
        Step::TakeHandover { machine } => format!("be shown {machine} by its people"),
        Step::ComeBack { at: Some(at) } => format!("come back when the venue is open, from {}", print(*at)),
        Step::ComeBack { at: None } => "ask the venue when it opens again".to_owned(),
        Step::AwaitMachine => "wait until the machine is free".to_owned(),
        Step::CallSupervisor { level } => {
            format!("have a supervisor of level {} tap at the machine within 30 s", level.number())
        }
    }
}

fn choice_text(choice: &Choice) -> String {
    let Choice { reference, level, version, issuers, before } = choice;
    let from = any_of(issuers, |it| it.issuer.to_string());
    let from =
        if from.is_empty() { ", which nobody recognised here awards".to_owned() } else { format!(" from {from}") };
    let version = if *version > 1 { format!(", version {version} or later") } else { String::new() };
    let before = if before.is_empty() {
        String::new()
    } else {
        format!(", after {}", before.iter().map(choice_text).collect::<Vec<_>>().join(" and "))
    };
    format!("{reference} at level {}{version}{from}{before}", level.number())
}

/// What to do, for programs.
pub(super) fn step_json(step: &Step) -> Json {
    match step {
        Step::TrustController => json!({ "do": "trust_controller" }),
        Step::TapAgain => json!({ "do": "tap_again" }),
        Step::NameAMachine => json!({ "do": "name_a_machine" }),
        Step::AttachCard => json!({ "do": "attach_card" }),
        Step::UseAnotherCard { until } => json!({ "do": "use_another_card", "until": until.map(print) }),
        Step::UseSurerCard { at_least } => json!({ "do": "use_surer_card", "at_least": at_least.as_str() }),
        Step::AwaitUnlock { until } => json!({ "do": "await_unlock", "until": until.map(print) }),
        Step::AwaitRestriction { scope, until } => {
            json!({ "do": "await_restriction", "scope": scope, "until": until.map(print) })
        }
        Step::Join { venues } => json!({ "do": "join", "venues": venues }),
        Step::TellBirthDate { min_age } => json!({ "do": "tell_birth_date", "min_age": min_age }),
        Step::AwaitAge { min_age, at } => json!({ "do": "await_age", "min_age": min_age, "at": at.map(print) }),
        Step::Obtain { choices } => {
            json!({ "do": "obtain", "choices": choices.iter().map(choice_json).collect::<Vec<_>>() })
        }
        Step::AwaitSuspension { award, issuer, until } => {
            json!({ "do": "await_suspension", "award": award, "issuer": issuer, "until": until.map(print) })
        }
        Step::Renew { award, reference, issuer, version } => {
            json!({ "do": "renew", "award": award, "reference": reference, "issuer": issuer, "version": version })
        }
        Step::Recognise { venue, issuer, reference, recognised } => json!({
            "do": "recognise", "venue": venue, "issuer": issuer, "reference": reference, "recognised": issuers(recognised),
        }),
        Step::TakeHandover { machine } => json!({ "do": "take_handover", "machine": machine }),
        Step::ComeBack { at } => json!({ "do": "come_back", "at": at.map(print) }),
        Step::AwaitMachine => json!({ "do": "await_machine" }),
        Step::CallSupervisor { level } => json!({ "do": "call_supervisor", "level": level }),
    }
}

fn issuers(recognised: &[Recognised]) -> Vec<Json> {
    let issuer =
        |it: &Recognised| json!({ "issuer": it.issuer, "min_version": it.min_version, "handover": it.handover });
    recognised.iter().map(issuer).collect()
}

fn choice_json(choice: &Choice) -> Json {
    json!({
        "reference": choice.reference, "level": choice.level, "version": choice.version,
        "issuers": issuers(&choice.issuers),
        "before": choice.before.iter().map(choice_json).collect::<Vec<_>>(),
    })
}
