//! `tremen clock`: what the registry believes of the time, and a person's word that the system's clock is right.

use std::process::ExitCode;

use serde_json::json;
use tremen_rules::network::Language;

use super::act::{Act, count, stopped_json, stopped_lines};
use super::desk::{CliError, Common, Desk};
use crate::clock::{Doubt, Finding};
use crate::flows::FlowError;
use crate::flows::believe_clock::{self, Set, Trust};
use crate::store::Tx;
use crate::words::doubted_clock;

/// Shows the registry's time beside the system's; `accept` believes the system's.
#[derive(Debug, Clone, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ClockCommand {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Believe the system's clock after a step; works beside a running registry, and is kept in the journal
    #[command(after_help = "Example: tremen clock accept --by p-maiwenn --reason \"pile de l'horloge remplacée\"")]
    Accept(Act),
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &ClockCommand) -> Result<ExitCode, CliError> {
    match &this.what {
        None => show(&Desk::open(&this.common)?),
        Some(What::Accept(act)) => accept(act).await,
    }
}

/// Exit 0 while the clock is believed, 1 while it is not.
fn show(desk: &Desk) -> Result<ExitCode, CliError> {
    let clock = desk.store.clock();
    let belief = desk.store.belief();
    let (wall, steady_ms) = clock.hands();
    let time = belief.time(steady_ms);
    let (doubt, step_ms) = match belief.look(wall, steady_ms) {
        Finding::Agrees => (None, wall.since(time)),
        Finding::Correction(step_ms) => (belief.doubt, step_ms),
        Finding::Doubted(doubt, step_ms) => (Some(doubt), step_ms),
    };
    let synchronised = clock.is_synchronised();
    let mut text = format!(
        "registry  {time}\nsystem    {wall}, {}, {}",
        difference(step_ms),
        if synchronised { "synchronised" } else { "not known to be synchronised" },
    );
    if let Some(doubt) = doubt {
        let said = doubted_clock(doubt, Language::En);
        text.push_str(&format!("\n{}\n{}", said.sentence, said.next.unwrap_or_default()));
    }
    let json = json!({ "registry": time.to_string(), "system": wall.to_string(), "ahead_ms": step_ms,
                       "synchronised": synchronised, "doubt": doubt.map(Doubt::code) });
    desk.tell(&text, &json);
    Ok(if doubt.is_some() { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn difference(step_ms: i64) -> String {
    let seconds = step_ms.unsigned_abs() / 1000;
    match (step_ms.abs() < 1000, step_ms > 0) {
        (true, _) => "the same".to_owned(),
        (false, true) => format!("{seconds} s ahead"),
        (false, false) => format!("{seconds} s behind"),
    }
}

async fn accept(act: &Act) -> Result<ExitCode, CliError> {
    let desk = act.desk()?;
    let warrant = act.warrant(&desk)?;
    let flow = move |tx: &mut Tx<'_>| {
        let set = believe_clock::run(tx, &warrant, Trust::Accepted)?;
        Ok::<_, FlowError>((set, tx.now()))
    };
    let looks = act.is_preview();
    let (set, now) = if looks { desk.store.preview(flow).await? } else { desk.store.write(flow).await? };
    let Some(Set { step_ms, effects }) = set else {
        let json = json!({ "registry": now.to_string(), "step_ms": 0 });
        desk.tell(&format!("the registry's clock and the system's agree: {now}"), &json);
        return Ok(ExitCode::SUCCESS);
    };
    let (is_set, are_told, end) = if looks {
        ("would be set", "would be told to stop", "\nnothing was changed (--preview)".to_owned())
    } else {
        ("is set", "told to stop", format!(" (journal entry {})", effects.entry))
    };
    let mut text = format!("the registry's clock {is_set} to the system's, which is {}: {now}", difference(step_ms));
    if !effects.stopped.is_empty() {
        let sessions = count(effects.stopped.len(), "running session");
        text.push_str(&format!("; {sessions} {are_told}, since the right is over at that time"));
        text.push_str(&stopped_lines(&effects.stopped));
    }
    text.push_str(&end);
    let entry = (!looks).then_some(effects.entry);
    let json = json!({ "registry": now.to_string(), "step_ms": step_ms, "preview": looks, "entry": entry,
                       "stopped": stopped_json(&effects.stopped) });
    desk.tell(&text, &json);
    Ok(ExitCode::SUCCESS)
}
