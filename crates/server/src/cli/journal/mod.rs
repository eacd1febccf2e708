//! `tremen journal`: verifies, proves, exports, signs and cosigns the journal. One file each.

mod add_cosignature;
mod check;
mod checkpoint;
mod cosign;
mod export;
mod prove;
mod seal;
mod verify;

use std::path::Path;
use std::process::ExitCode;

use tremen_tlog::{Note, VerifierKey};

use super::desk::{CliError, wrong};
use super::file::read_file;

/// Verifies, proves, exports, signs and cosigns the journal.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen journal verify --checkpoint kept-in-september.txt")]
pub struct Journal {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Compute the whole journal anew and name every row that is not as it was written
    Verify(verify::Verify),
    /// Write a file that proves one entry to anybody
    Prove(prove::Prove),
    /// Check such a file; needs no registry
    Check(check::Check),
    /// Write the whole journal as lines of JSON that a stranger can verify
    Export(export::Export),
    /// Print the last signed checkpoint, to be kept elsewhere
    Checkpoint(checkpoint::Print),
    /// Seal and sign now what a running registry seals within seconds
    Seal(seal::Seal),
    /// Cosign another registry's checkpoint, if its journal only grew; needs no registry
    Cosign(cosign::Cosign),
    /// Keep somebody's cosignature on a checkpoint of this journal
    AddCosignature(add_cosignature::AddCosignature),
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Journal) -> Result<ExitCode, CliError> {
    match &this.what {
        What::Verify(it) => verify::run(it),
        What::Prove(it) => prove::run(it),
        What::Check(it) => check::run(it),
        What::Export(it) => export::run(it),
        What::Checkpoint(it) => checkpoint::run(it),
        What::Seal(it) => seal::run(it).await,
        What::Cosign(it) => cosign::run(it),
        What::AddCosignature(it) => add_cosignature::run(it).await,
    }
}

/// The text of a file; `-` is standard input.
fn read_text(path: &Path) -> Result<String, CliError> {
    let text = String::from_utf8(read_file(path)?);
    text.map_err(|_| wrong(format!("{}: it is not UTF-8", path.display())))
}

/// A signed note in a file.
fn read_note(path: &Path) -> Result<Note, CliError> {
    let note = Note::parse(&read_text(path)?);
    note.map_err(|error| wrong(format!("{}: {error}; a signed checkpoint is needed", path.display())))
}

/// A verifier key, as an argument says it.
fn read_key(argument: &str, text: &str) -> Result<VerifierKey, CliError> {
    VerifierKey::parse(text).map_err(|error| wrong(format!("{argument}: {error}")))
}
