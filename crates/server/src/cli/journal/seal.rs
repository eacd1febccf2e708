//! `tremen journal seal`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::desk::{CliError, Common, Desk};
use crate::sealer::Sealer;

/// Seals and signs now what a running registry seals within seconds.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen journal seal")]
pub(super) struct Seal {
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) async fn run(this: &Seal) -> Result<ExitCode, CliError> {
    let desk = Desk::open(&this.common)?;
    let sealed = Sealer::default().catch_up(&desk.store).await?;
    let entries = if sealed.entries == 1 { "1 entry".to_owned() } else { format!("{} entries", sealed.entries) };
    let signed = sealed
        .checkpoint
        .map_or_else(|| "nothing to sign".to_owned(), |size| format!("signed the checkpoint of {size} leaves"));
    desk.tell(
        &format!("sealed {entries}, {signed}"),
        &json!({ "entries": sealed.entries, "checkpoint": sealed.checkpoint }),
    );
    Ok(ExitCode::SUCCESS)
}
