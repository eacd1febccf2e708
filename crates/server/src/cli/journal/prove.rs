//! `tremen journal prove`.

use std::process::ExitCode;

use crate::cli::desk::{CliError, Common, Desk, say};
use crate::flows::prove_entry;

/// Writes a file that proves one entry to anybody.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen journal prove 12 > entry-12.json\n\nThe file holds what the entry says, unless that was \
    erased: give it to nobody whom it does not concern."
)]
pub(super) struct Prove {
    /// The entry's number, as every command that changes something tells it
    entry: i64,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) fn run(this: &Prove) -> Result<ExitCode, CliError> {
    let desk = Desk::open_to_look(&this.common)?;
    let proof = desk.store.read_here(|tx| prove_entry::run(tx, this.entry))?;
    say(&serde_json::to_string_pretty(&proof).map_err(|error| CliError::Failed(error.to_string()))?);
    Ok(ExitCode::SUCCESS)
}
