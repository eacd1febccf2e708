//! `tremen clock`: what the registry believes of the time, and a person's word that the system's clock is right.

use std::process::ExitCode;

use serde_json::json;
use tremen_rules::network::Language;

use super::desk::{CliError, Common, Desk};
use crate::clock::{Doubt, Finding};
use crate::flows::believe_clock::{self, Trust};
use crate::flows::{Actor, Warrant};
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
    #[command(after_help = "Example: tremen clock accept --reason \"pile de l'horloge remplacée\"")]
    Accept {
        /// Why; it is kept in the journal
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        common: Common,
    },
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &ClockCommand) -> Result<ExitCode, CliError> {
    match &this.what {
        None => show(&Desk::open(&this.common)?),
        Some(What::Accept { reason, common }) => accept(&Desk::open(common)?, reason.clone()).await,
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

async fn accept(desk: &Desk, reason: Option<String>) -> Result<ExitCode, CliError> {
    let warrant = Warrant { by: Actor::Operator, why: reason.unwrap_or_default() };
    let set = desk.store.write(move |tx| believe_clock::run(tx, &warrant, Trust::Accepted)).await?;
    let now = desk.store.now();
    match set {
        None => desk.tell(
            &format!("the registry's clock and the system's agree: {now}"),
            &json!({ "registry": now.to_string(), "step_ms": 0 }),
        ),
        Some(set) => {
            let stopped = set.effects.stopped.len();
            let mut text =
                format!("the registry's clock is set to the system's, which is {}: {now}", difference(set.step_ms));
            if stopped > 0 {
                text.push_str(&format!(
                    "\n{} told to stop, since the right is over at that time",
                    super::act::count(stopped, "session")
                ));
            }
            desk.tell(
                &text,
                &json!({ "registry": now.to_string(), "step_ms": set.step_ms, "entry": set.effects.entry,
                         "stopped": super::act::stopped_json(&set.effects.stopped) }),
            );
        }
    }
    Ok(ExitCode::SUCCESS)
}
