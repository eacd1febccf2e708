//! What the managers' commands share: who does it and why, a look at what it would do, and how it is told. Start at
//! [`Act::run`].

use std::process::ExitCode;

use serde_json::{Value as Json, json};
use tremen_rules::PersonId;

use super::desk::{CliError, Common, Desk, wrong};
use crate::flows::{Actor, Effects, FlowError, Preview, Stopped, Warrant, preview};
use crate::store::Tx;

/// Who does it, why, and whether only to look.
#[derive(Debug, Clone, clap::Args)]
pub struct Act {
    /// Why; it is kept in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who does it, by their key, bound by their roles; absent: the operator of this machine
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Only tell what it would do
    #[arg(long)]
    preview: bool,
    #[command(flatten)]
    common: Common,
}

/// What a flow did, for people and for programs.
pub(super) struct Told {
    /// A sentence without its end.
    pub text: String,
    /// What programs may want to know.
    pub json: Json,
    /// What it did beside.
    pub effects: Effects,
}

impl Act {
    /// Opens the store.
    ///
    /// # Errors
    /// As [`Desk::open`].
    pub(super) fn desk(&self) -> Result<Desk, CliError> {
        Desk::open(&self.common)
    }

    /// Runs a flow that needs a reason.
    ///
    /// # Errors
    /// Where none is given, or what the flow returns.
    pub(super) async fn run<F>(&self, desk: &Desk, about: Option<PersonId>, flow: F) -> Result<ExitCode, CliError>
    where
        F: FnOnce(&mut Tx<'_>, &Warrant) -> Result<Told, FlowError> + Send + 'static,
    {
        if self.reason.is_none() && !self.preview {
            return Err(wrong(
                "`--reason TEXT` is needed: it is kept in the journal, and whoever it concerns may ask for it",
            ));
        }
        self.run_without_reason(desk, about, flow).await
    }

    /// Runs a flow that does without a reason.
    ///
    /// # Errors
    /// What the flow returns.
    pub(super) async fn run_without_reason<F>(
        &self,
        desk: &Desk,
        about: Option<PersonId>,
        flow: F,
    ) -> Result<ExitCode, CliError>
    where
        F: FnOnce(&mut Tx<'_>, &Warrant) -> Result<Told, FlowError> + Send + 'static,
    {
        let warrant = self.warrant(desk)?;
        if !self.preview {
            let told = desk.store.write(move |tx| flow(tx, &warrant)).await?;
            tell(desk, &told);
            return Ok(ExitCode::SUCCESS);
        }
        let look = match about {
            Some(person) => preview(&desk.store, person, move |tx| flow(tx, &warrant).map(|told| told.effects)).await?,
            None => {
                let stopped = desk.store.preview(move |tx| flow(tx, &warrant).map(|told| told.effects.stopped)).await?;
                Preview { stopped, closed: Vec::new(), opened: Vec::new(), venues: Default::default() }
            }
        };
        tell_preview(desk, &look);
        Ok(ExitCode::SUCCESS)
    }

    /// Who does it and why.
    pub(super) fn warrant(&self, desk: &Desk) -> Result<Warrant, CliError> {
        let by = match &self.by {
            None => Actor::Operator,
            Some(key) => Actor::Person(desk.person(key)?.person),
        };
        let why =
            self.reason.clone().unwrap_or_else(|| if self.preview { "a preview".to_owned() } else { String::new() });
        Ok(Warrant { by, why })
    }

    /// Whether a reason is given.
    pub(super) const fn has_reason(&self) -> bool {
        self.reason.is_some()
    }

    /// Whether only to look.
    pub(super) const fn is_preview(&self) -> bool {
        self.preview
    }
}

/// `1 machine`, `3 machines`.
pub(super) fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

pub(super) fn stopped_json(stopped: &[Stopped]) -> Json {
    let one = |it: &Stopped| {
        json!({ "session": it.session.to_string(), "machine": it.machine, "controller": it.controller, "order": it.order,
                "reason": it.reason })
    };
    stopped.iter().map(one).collect()
}

/// One line for each session that is told to stop.
pub(super) fn stopped_lines(stopped: &[Stopped]) -> String {
    let line =
        |it: &Stopped| format!("\n  stop  {}  {}  (order {} to {})", it.machine, it.reason, it.order, it.controller);
    stopped.iter().map(line).collect()
}

fn tell(desk: &Desk, told: &Told) {
    let Told { text, json, effects } = told;
    let mut all = json!({ "entry": effects.entry, "stopped": stopped_json(&effects.stopped) });
    if let (Some(all), Some(more)) = (all.as_object_mut(), json.as_object()) {
        all.extend(more.clone());
    }
    let told_to_stop = match effects.stopped.len() {
        0 => String::new(),
        1 => "; 1 running session is told to stop".to_owned(),
        many => format!("; {many} running sessions are told to stop"),
    };
    let text = format!("{text}{told_to_stop} (journal entry {}){}", effects.entry, stopped_lines(&effects.stopped));
    desk.tell(&text, &all);
}

fn tell_preview(desk: &Desk, look: &Preview) {
    let Preview { stopped, closed, opened, venues } = look;
    let sessions = format!("{} will be stopped", count(stopped.len(), "running session"));
    let mut text = match (closed.len(), opened.len()) {
        (0, 0) => format!("no machine opens or closes, {sessions}"),
        (_, 0) => format!("{} in {}, {sessions}", count(closed.len(), "machine"), count(venues.len(), "venue")),
        (0, _) => {
            format!("{} in {} will open, {sessions}", count(opened.len(), "machine"), count(venues.len(), "venue"))
        }
        (_, _) => format!("{} will close and {} open, {sessions}", count(closed.len(), "machine"), opened.len()),
    };
    closed.iter().for_each(|machine| text.push_str(&format!("\n  close  {machine}")));
    opened.iter().for_each(|machine| text.push_str(&format!("\n  open   {machine}")));
    stopped.iter().for_each(|it| text.push_str(&format!("\n  stop   {}  {}", it.machine, it.reason)));
    text.push_str("\nnothing was changed (--preview)");
    let json = json!({
        "preview": true, "closed": closed, "opened": opened, "venues": venues, "stopped": stopped_json(stopped),
    });
    desk.tell(&text, &json);
}
