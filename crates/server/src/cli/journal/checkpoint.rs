//! `tremen journal checkpoint`.

use std::process::ExitCode;

use serde_json::json;

use crate::cli::desk::{CliError, Common, Desk};
use crate::flows::offer_checkpoint;

/// Prints the last signed checkpoint, to be kept elsewhere.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen journal checkpoint > kept-in-september.txt\n         tremen journal checkpoint --since 120 | \
    ssh other-venue tremen journal cosign - ...\n\nThe same is served at /journal/checkpoint and /journal/offer?since=120."
)]
pub(super) struct Print {
    /// As an offer to a witness who signed the checkpoint of so many leaves last, 0 for none
    #[arg(long, value_name = "SIZE")]
    since: Option<u64>,
    /// Print the key that it is signed with instead, to be given to those who are to check it
    #[arg(long, conflicts_with = "since")]
    key: bool,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) fn run(this: &Print) -> Result<ExitCode, CliError> {
    let desk = Desk::open_to_look(&this.common)?;
    let nothing =
        || CliError::Failed("no checkpoint is signed yet: a running registry does so within seconds".to_owned());
    if this.key {
        let tree = desk.store.read_here(|tx| tx.newest_tree())?.ok_or_else(nothing)?;
        desk.tell(&tree.key, &json!({ "key": tree.key, "origin": tree.origin }));
        return Ok(ExitCode::SUCCESS);
    }
    let text = match this.since {
        Some(since) => desk.store.read_here(|tx| offer_checkpoint::run(tx, since))?.to_string(),
        None => desk.store.read_here(|tx| offer_checkpoint::last(tx))?.ok_or_else(nothing)?.1.to_string(),
    };
    desk.tell(&text, &json!({ "checkpoint": text }));
    Ok(ExitCode::SUCCESS)
}
