//! `tremen retention`: lets go what is kept long enough, as the registry does by itself once a day.

use std::process::ExitCode;

use serde_json::json;

use super::act::count;
use super::desk::{CliError, Common, Desk};
use crate::flows::apply_retention::{Mode, Tally, run as apply_retention};
use crate::flows::{Actor, Warrant};

/// Lets go what is kept long enough.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen retention --dry-run\n\nHow long is `[retention]` in the configuration. The registry does it \
    once a day by itself; what an incident holds stays."
)]
pub struct Retention {
    /// Only count what would go
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Retention) -> Result<ExitCode, CliError> {
    let desk = Desk::open(&this.common)?;
    let warrant = Warrant { by: Actor::Operator, why: "asked for by hand".to_owned() };
    let mode = if this.dry_run { Mode::Look } else { Mode::Do };
    let tally = apply_retention(&desk.store, &warrant, desk.config.retention, mode).await?;
    let Tally { decisions, sessions, orders, payloads, facts, people } = tally;
    let went = if tally.is_empty() {
        "nothing is kept longer than it may be".to_owned()
    } else {
        format!(
            "{} {} and {} become counts without names; {}, {} of the journal and {} go; {} erased",
            if this.dry_run { "would go:" } else { "gone:" },
            count(decisions, "decision"),
            count(sessions, "session"),
            count(orders, "settled order"),
            count(payloads, "payload"),
            count(facts, "ended fact"),
            if people == 1 { "1 inactive person".to_owned() } else { format!("{people} inactive people") },
        )
    };
    let note = if this.dry_run { "\nnothing was changed (--dry-run)" } else { "" };
    desk.tell(&format!("{went}{note}"), &json!({ "dry_run": this.dry_run, "gone": tally }));
    Ok(ExitCode::SUCCESS)
}
