//! `tremen erase-person`: erases a person, at their own request or because the law says so.

use std::process::ExitCode;

use serde_json::{Value as Json, json};
use tremen_files::when::print_time;
use tremen_rules::{PersonId, Time};

use super::act::{Act, count, stopped_json, stopped_lines};
use super::desk::{CliError, Desk, wrong};
use crate::flows::erase_person::{Begun, Progress, begin, finish};

/// Erases a person.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen erase-person p-anna --reason \"à sa demande, courrier du 3 mars\" --preview\n\nWhat an \
    incident holds goes by itself once it holds no longer. Asked for again, it goes on with what is left."
)]
pub struct ErasePerson {
    /// Whom, by their key or random id
    person: String,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &ErasePerson) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    if !this.act.has_reason() && !this.act.is_preview() {
        return Err(wrong("`--reason TEXT` is needed: it is kept in the journal for a year; name nobody in it"));
    }
    let row = desk.person(&this.person)?;
    let (warrant, person) = (this.act.warrant(&desk)?, row.person);
    let under_way = desk.store.read_here(|tx| tx.erasure(&person))?.is_some_and(|it| it.done_at.is_none());
    let who = person.clone();
    if this.act.is_preview() {
        let begun = desk.store.preview(move |tx| begin(tx, &warrant, &who)).await?;
        let taps = desk.store.read_here(|tx| tx.decisions_about(&person, 0, 1_000_000))?.len();
        tell_preview(&desk, &begun, taps);
        return Ok(ExitCode::SUCCESS);
    }
    let begun = if under_way { None } else { Some(desk.store.write(move |tx| begin(tx, &warrant, &who)).await?) };
    let progress = finish(&desk.store, &person).await?;
    tell(&desk, &person, begun.as_ref(), &progress);
    Ok(ExitCode::SUCCESS)
}

/// `incident 3 (until it is closed)`, `incident 3 (until 2036-...)`.
fn holds(held: &[(i64, Option<Time>)]) -> String {
    let one = |(incident, until): &(i64, Option<Time>)| match until {
        None => format!("incident {incident} until it is closed and its time is over"),
        Some(until) => format!("incident {incident} until {}", print_time(*until)),
    };
    held.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn held_json(held: &[(i64, Option<Time>)]) -> Json {
    held.iter().map(|(incident, until)| json!({ "incident": incident, "until": until.map(print_time) })).collect()
}

fn begun_json(begun: &Begun) -> Json {
    json!({
        "entry": begun.effects.entry, "cards": begun.cards, "restrictions_kept": begun.restrictions,
        "wards": begun.wards, "held_by": held_json(&begun.held_by), "stopped": stopped_json(&begun.effects.stopped),
    })
}

/// What it means for others, a line each.
fn beside(begun: &Begun) -> String {
    let mut text = String::new();
    if begun.restrictions > 0 {
        let restrictions = count(begun.restrictions, "restriction");
        text.push_str(&format!(
            "\n  {restrictions} stays under a keyed hash: whoever is entered so again meets it again"
        ));
    }
    if begun.wards > 0 {
        text.push_str(&format!("\n  {} without a guardian: give them another one", count(begun.wards, "minor")));
    }
    text + &stopped_lines(&begun.effects.stopped)
}

fn tell_preview(desk: &Desk, begun: &Begun, taps: usize) {
    let mut text = format!(
        "name, address, birth date, {}, {} and what the journal says of them will go",
        count(begun.cards, "card"),
        count(taps, "tap")
    );
    if !begun.held_by.is_empty() {
        text.push_str(&format!(
            "\n  cards, address and roles at once; the rest later, held by {}",
            holds(&begun.held_by)
        ));
    }
    text.push_str(&beside(begun));
    text.push_str("\nnothing was changed (--preview)");
    let mut json = begun_json(begun);
    if let Some(json) = json.as_object_mut() {
        json.insert("preview".to_owned(), json!(true));
        json.insert("taps".to_owned(), json!(taps));
    }
    desk.tell(&text, &json);
}

fn tell(desk: &Desk, person: &PersonId, begun: Option<&Begun>, progress: &Progress) {
    let entry = begun.map_or_else(String::new, |begun| format!(" (journal entry {})", begun.effects.entry));
    let (state, how) = match progress {
        Progress::Done { decisions, payloads } => {
            let (taps, stories) = (count(*decisions, "tap"), count(*payloads, "payload"));
            ("done", format!("person {person} erased{entry}: {taps} and {stories} of the journal are gone"))
        }
        Progress::Held(held) => {
            let held = holds(held);
            (
                "held",
                format!(
                    "erasure of {person} begun{entry}; name, awards and the taps concerned are held by {held}, then go by themselves"
                ),
            )
        }
        Progress::Running => {
            let next = "the rest goes by itself within a day, or by the same command once it has stopped";
            ("running", format!("erasure of {person} begun{entry}; a session is told to stop: {next}"))
        }
    };
    let held_by = if let Progress::Held(held) = progress { held_json(held) } else { json!([]) };
    let json = json!({
        "person": person, "state": state, "held_by": held_by, "begun": begun.map(begun_json),
    });
    desk.tell(&format!("{how}{}", begun.map(beside).unwrap_or_default()), &json);
}
