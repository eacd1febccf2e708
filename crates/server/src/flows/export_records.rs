//! What happened, as CSV for a spreadsheet: the journal, sessions, decisions. Start at [`run`]. Writes nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use tremen_rules::{PersonId, Time};

use super::FlowError;
use super::checks::print;
use super::export_facts::people;
use crate::store::Tx;

/// So many rows are read at once.
const PAGE: u32 = 1000;

/// Which record of what happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Record {
    /// Every event and decision, with who, what and why.
    Journal,
    /// Grants in use.
    Sessions,
    /// Answers to taps.
    Decisions,
}

/// A record since an instant, the oldest first.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>, record: Record, since: Option<Time>) -> Result<String, FlowError> {
    let since = since.unwrap_or(Time::from_millis(i64::MIN));
    match record {
        Record::Journal => journal(tx, since),
        Record::Sessions => sessions(tx, since),
        Record::Decisions => decisions(tx, since),
    }
}

fn journal(tx: &Tx<'_>, since: Time) -> Result<String, FlowError> {
    let mut text = header(&["entry", "at", "kind", "body"]);
    let mut last = 0;
    loop {
        let page = tx.entries_after(last, since, PAGE)?;
        let Some(end) = page.last() else { return Ok(text) };
        last = end.entry;
        for entry in &page {
            let body = entry.body.as_ref().map_or_else(|| "erased".to_owned(), ToString::to_string);
            row(&mut text, &[&entry.entry.to_string(), &print(entry.at), &entry.kind, &body]);
        }
    }
}

fn keys(tx: &Tx<'_>) -> Result<BTreeMap<PersonId, String>, FlowError> {
    Ok(people(tx)?.into_iter().map(|row| (row.person, row.key)).collect())
}

fn sessions(tx: &Tx<'_>, since: Time) -> Result<String, FlowError> {
    let keys = keys(tx)?;
    let mut text = header(&[
        "session",
        "machine",
        "controller",
        "person",
        "opened_at",
        "ended_at",
        "end_why",
        "used_s",
        "stop_why",
        "decision",
    ]);
    for session in tx.sessions_since(since)? {
        row(
            &mut text,
            &[
                &session.session.to_string(),
                session.machine.as_str(),
                session.controller.as_str(),
                keys.get(&session.person).map_or("", String::as_str),
                &print(session.opened_at),
                &session.ended_at.map(print).unwrap_or_default(),
                session.end_why.as_deref().unwrap_or_default(),
                &session.used_s.to_string(),
                session.stop_why.as_deref().unwrap_or_default(),
                &session.decision.to_string(),
            ],
        );
    }
    Ok(text)
}

fn decisions(tx: &Tx<'_>, since: Time) -> Result<String, FlowError> {
    let keys = keys(tx)?;
    let mut text = header(&[
        "decision",
        "at",
        "controller",
        "machine",
        "person",
        "intent",
        "verdict",
        "reason",
        "session",
        "entry",
    ]);
    let mut last = 0;
    loop {
        let page = tx.decisions_after(last, since, PAGE)?;
        let Some(end) = page.last() else { return Ok(text) };
        last = end.decision;
        for decision in &page {
            let person = decision.person.as_ref().and_then(|person| keys.get(person));
            row(
                &mut text,
                &[
                    &decision.decision.to_string(),
                    &print(decision.at),
                    decision.controller.as_str(),
                    &decision.machine,
                    person.map_or("", String::as_str),
                    &decision.intent,
                    &decision.verdict,
                    decision.reason.as_deref().unwrap_or_default(),
                    &decision.session.map(|session| session.to_string()).unwrap_or_default(),
                    &decision.entry.to_string(),
                ],
            );
        }
    }
}

pub(super) fn header(columns: &[&str]) -> String {
    columns.join(";") + "\n"
}

/// One line, quoted as RFC 4180 says; what a spreadsheet would take for a formula gets a `'` before it.
pub(super) fn row(text: &mut String, cells: &[&str]) {
    for (place, cell) in cells.iter().enumerate() {
        let separator = if place > 0 { ";" } else { "" };
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t']) { "'" } else { "" };
        let _ = if cell.contains([';', '"', '\n', '\r']) {
            write!(text, "{separator}\"{guard}{}\"", cell.replace('"', "\"\""))
        } else {
            write!(text, "{separator}{guard}{cell}")
        }; // writing to a String cannot fail
    }
    text.push('\n');
}
