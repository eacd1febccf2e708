//! `tremen suspend`: suspends an award for a time.

use std::process::ExitCode;

use serde_json::json;

use super::act::{Act, Told};
use super::desk::CliError;
use super::which_award::WhichAward;
use crate::flows::suspend_award::{Request, run as suspend};

/// Suspends an award for a time.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen suspend --person p-anna --reference decoupe-laser --until 2026-12-31 --by p-maiwenn \
    --reason \"revue en cours\""
)]
pub struct Suspend {
    #[command(flatten)]
    award: WhichAward,
    /// From when on; absent: now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when; absent: until it is resumed
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Suspend) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let held = this.award.find(&desk)?;
    let request = Request {
        award: held.award.id,
        from: desk.begin("--from", this.from.as_ref())?,
        until: desk.end("--until", this.until.as_ref())?,
    };
    let flow = move |tx: &mut crate::store::Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = suspend(tx, warrant, &request)?;
        let award = request.award;
        Ok(Told { text: format!("award {award} suspended"), json: json!({ "award": award }), effects })
    };
    this.act.run(&desk, Some(held.person), flow).await
}
