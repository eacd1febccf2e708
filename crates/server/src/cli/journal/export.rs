//! `tremen journal export`.

use std::io::Write as _;
use std::process::ExitCode;

use crate::cli::desk::{CliError, Common, Desk};
use crate::flows::export_journal;
use crate::store::StoreError;

/// Writes the whole journal as lines of JSON that a stranger can verify.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen journal export > journal.jsonl\n\nThe form, and how to verify it, is in docs/JOURNAL.md."
)]
pub(super) struct Export {
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) fn run(this: &Export) -> Result<ExitCode, CliError> {
    let desk = Desk::open_to_look(&this.common)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let mut failed = None;
    let outcome = desk.store.read_here(|tx| {
        export_journal::run(tx, |line| {
            writeln!(out, "{line}").map_err(|error| {
                let told = StoreError::Engine(format!("standard output: {error}"));
                failed = Some(error.kind());
                told
            })
        })
    });
    let flushed = out.flush();
    // Whoever read it may have had enough, as `head` does.
    if failed == Some(std::io::ErrorKind::BrokenPipe) {
        return Ok(ExitCode::SUCCESS);
    }
    outcome?;
    flushed.map_err(|error| CliError::Failed(format!("standard output: {error}")))?;
    Ok(ExitCode::SUCCESS)
}
