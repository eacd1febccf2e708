//! `tremen incident`: opens, notes, closes and shows incidents.

use std::process::ExitCode;

use chrono_tz::Tz;
use serde_json::{Value as Json, json};
use tremen_files::when::print_time;
use tremen_rules::months::add_months;
use tremen_rules::{MachineId, PersonId};

use super::act::{Act, Told};
use super::desk::{CliError, Common, Desk, read};
use crate::flows::{FlowError, Warrant, close_incident, note_incident, open_incident};
use crate::store::{IncidentRow, StoreError, Tx};

/// Opens, notes, closes and shows incidents.
#[derive(Debug, Clone, clap::Args)]
pub struct Incident {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Open an incident: what is around it is kept from now on
    #[command(after_help = "Example: tremen incident open --machine trotec-speedy --from 2026-11-26T14:30:00+01:00 \
        --until 2026-11-26T15:00:00+01:00 --person p-anna --lock --reason \"brûlure à la main\"")]
    Open {
        /// On which machine
        #[arg(long, value_name = "MACHINE")]
        machine: String,
        /// From when
        #[arg(long, value_name = "TIME")]
        from: String,
        /// Until when; absent: until now
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        /// Who was there besides those whose cards the machine saw; may be given several times
        #[arg(long, value_name = "PERSON")]
        person: Vec<String>,
        /// Take the machine out of service at once
        #[arg(long)]
        lock: bool,
        #[command(flatten)]
        act: Act,
    },
    /// Show all incidents, the newest first
    #[command(after_help = "Example: tremen incident list")]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Show one incident, its notes and whom it concerns
    #[command(after_help = "Example: tremen incident show 1")]
    Show {
        /// Its number
        incident: i64,
        #[command(flatten)]
        common: Common,
    },
    /// Note something of an incident, or who was there
    #[command(
        after_help = "Example: tremen incident note 1 \"la lentille était fendue\" --person p-zoe --by p-maiwenn"
    )]
    Note {
        /// Its number
        incident: i64,
        /// What to note; it is never changed afterwards
        text: String,
        /// Who was there; may be given several times
        #[arg(long, value_name = "PERSON")]
        person: Vec<String>,
        #[command(flatten)]
        act: Act,
    },
    /// Close an incident; what it holds is kept for ten years more, or as long as is said
    #[command(
        after_help = "Example: tremen incident close 1 --reason \"classé par l'assureur\" --keep-until 2036-12-31"
    )]
    Close {
        /// Its number
        incident: i64,
        /// Until when what it holds is kept; absent: as `retention.incident_months` says
        #[arg(long, value_name = "TIME")]
        keep_until: Option<String>,
        #[command(flatten)]
        act: Act,
    },
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Incident) -> Result<ExitCode, CliError> {
    match &this.what {
        What::Open { machine, from, until, person, lock, act } => {
            let desk = act.desk()?;
            let zone = desk.zone()?;
            let from = read("--from", tremen_files::when::parse_begin(from, zone))?;
            let machine = read("--machine", MachineId::parse(machine))?;
            let until = desk.end("--until", until.as_ref())?;
            let request = open_incident::Request { machine, from, until, people: people(&desk, person)?, lock: *lock };
            let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| opened(tx, warrant, &request);
            act.run(&desk, None, flow).await
        }
        What::List { common } => list(&Desk::open(common)?),
        What::Show { incident, common } => show(&Desk::open(common)?, *incident),
        What::Note { incident, text, person, act } => {
            let desk = act.desk()?;
            let people = people(&desk, person)?;
            let request = note_incident::Request { incident: *incident, text: text.clone(), people };
            let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
                let effects = note_incident::run(tx, warrant, &request)?;
                let number = request.incident;
                Ok(Told { text: format!("noted of incident {number}"), json: json!({ "incident": number }), effects })
            };
            act.run_without_reason(&desk, None, flow).await
        }
        What::Close { incident, keep_until, act } => {
            let desk = act.desk()?;
            let keep_until = match desk.end("--keep-until", keep_until.as_ref())? {
                Some(until) => until,
                None => add_months(desk.store.now(), desk.config.retention.incident_months, desk.zone()?),
            };
            let request = close_incident::Request { incident: *incident, keep_until };
            let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
                let effects = close_incident::run(tx, warrant, &request)?;
                let (number, until) = (request.incident, print_time(request.keep_until));
                let text = format!("incident {number} closed; what it holds is kept until {until}");
                Ok(Told { text, json: json!({ "incident": number, "keep_until": until }), effects })
            };
            act.run(&desk, None, flow).await
        }
    }
}

fn people(desk: &Desk, names: &[String]) -> Result<Vec<PersonId>, CliError> {
    names.iter().map(|name| Ok(desk.person(name)?.person)).collect()
}

fn opened(tx: &mut Tx<'_>, warrant: &Warrant, request: &open_incident::Request) -> Result<Told, FlowError> {
    let opened = open_incident::run(tx, warrant, request)?;
    let number = opened.incident;
    let locked = if request.lock { ", machine locked" } else { "; `tremen lock` takes the machine out of service" };
    let text = format!("incident {number} opened, holds the facts about {}{locked}", count_people(opened.people));
    let json = json!({ "incident": number, "people": opened.people, "locked": request.lock });
    Ok(Told { text, json, effects: opened.effects })
}

fn count_people(number: usize) -> String {
    if number == 1 { "1 person".to_owned() } else { format!("{number} people") }
}

/// `open`, `closed, kept until ...`, `closed, kept no longer`.
fn state(row: &IncidentRow, desk: &Desk) -> String {
    match row.keep_until {
        None => "open".to_owned(),
        Some(until) if row.holds(desk.store.now()) => format!("closed, kept until {}", print_time(until)),
        Some(_) => "closed, kept no longer".to_owned(),
    }
}

fn row_json(row: &IncidentRow) -> Json {
    json!({
        "incident": row.incident, "machine": row.machine, "from": print_time(row.span.from),
        "until": print_time(row.span.end()), "opened_at": print_time(row.opened_at), "opened_by": row.opened_by,
        "why": row.why, "closed_at": row.closed_at.map(print_time), "outcome": row.outcome,
        "keep_until": row.keep_until.map(print_time), "entry": row.entry,
    })
}

fn list(desk: &Desk) -> Result<ExitCode, CliError> {
    let rows = desk.store.read_here(|tx| tx.incidents())?;
    let line = |row: &IncidentRow| {
        format!("{}  {}  {}  {}  {}", row.incident, row.machine, print_time(row.span.from), state(row, desk), row.why)
    };
    let text = match rows.as_slice() {
        [] => "no incident".to_owned(),
        rows => rows.iter().map(line).collect::<Vec<_>>().join("\n"),
    };
    desk.tell(&text, &rows.iter().map(row_json).collect());
    Ok(ExitCode::SUCCESS)
}

fn show(desk: &Desk, incident: i64) -> Result<ExitCode, CliError> {
    let zone: Tz = desk.zone()?;
    let (row, notes, people) = desk.store.read_here(|tx| {
        let row = tx.incident(incident)?.ok_or_else(|| FlowError::unknown("incident", incident))?;
        let named = tx.people_named_in(incident)?;
        let mut people = Vec::new();
        for person in tx.people_of_incident(&row)? {
            let key = tx.person(&person)?.map(|row| row.key).unwrap_or_default();
            people.push((key, named.contains(&person)));
        }
        Ok::<_, FlowError>((row, tx.incident_notes(incident)?, people))
    })?;
    let author = |by: &Option<PersonId>| -> Result<String, StoreError> {
        let Some(by) = by else { return Ok("operator".to_owned()) };
        Ok(desk.store.read_here(|tx| tx.person(by))?.map_or_else(|| by.to_string(), |row| row.key))
    };
    let local = |time: tremen_rules::Time| time.utc().with_timezone(&zone).format("%Y-%m-%d %H:%M:%S %:z").to_string();
    let mut text = format!(
        "incident {incident} on {}, {}\n  from    {}\n  until   {}\n  opened  {} by {}\n  why     {}\n",
        row.machine,
        state(&row, desk),
        local(row.span.from),
        local(row.span.end()),
        local(row.opened_at),
        author(&row.opened_by)?,
        row.why
    );
    if let Some((at, outcome)) = row.closed_at.zip(row.outcome.as_ref()) {
        text.push_str(&format!("  closed  {}: {outcome}\n", local(at)));
    }
    for (key, named) in &people {
        text.push_str(&format!("  holds   {key}{}\n", if *named { ", named" } else { "" }));
    }
    for note in &notes {
        text.push_str(&format!("  note    {} by {}: {}\n", local(note.at), author(&note.by)?, note.text));
    }
    text.push_str(&format!("`tremen export incident {incident}` makes the dossier"));
    let mut json = row_json(&row);
    if let Some(json) = json.as_object_mut() {
        json.insert("holds".to_owned(), people.iter().map(|(key, _)| json!(key)).collect());
        let note =
            |note: &crate::store::NoteRow| json!({ "at": print_time(note.at), "by": note.by, "text": note.text });
        json.insert("notes".to_owned(), notes.iter().map(note).collect());
    }
    desk.tell(&text, &json);
    Ok(ExitCode::SUCCESS)
}
