//! `tremen journal check`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_files::when::print_time;
use tremen_rules::Time;

use super::{read_key, read_text};
use crate::cli::desk::{CliError, say};
use crate::flows::prove_entry;

/// Checks a proof that `prove` wrote; needs no registry.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen journal check entry-12.json --key \"$(cat fablab.vkey)\"")]
pub(super) struct Check {
    /// The file, or - for standard input
    file: PathBuf,
    /// The registry's key, from wherever you trust; absent: the one that the file names
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says what does not hold.
pub(super) fn run(this: &Check) -> Result<ExitCode, CliError> {
    let text = read_text(&this.file)?;
    let key = this.key.as_deref().map(|key| read_key("--key", key)).transpose()?;
    let (file, shown) = prove_entry::check(&text, key.as_ref())
        .map_err(|why| CliError::Failed(format!("{}: {why}", this.file.display())))?;
    if this.json {
        say(&json!({ "entry": file.entry, "at": file.at, "kind": file.kind, "body": file.body, "leaf": shown.leaf,
                     "origin": shown.origin, "size": shown.size, "key": shown.key.to_string(),
                     "others": shown.others })
        .to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let at = print_time(Time::from_millis(file.at));
    let body = file.body.as_deref().unwrap_or("(erased)");
    say(&format!(
        "entry {} is in the journal: {} at {at}\n  {body}\n  leaf {} of {} in {}\n  signed by {}",
        file.entry, file.kind, shown.leaf, shown.size, shown.origin, shown.key
    ));
    if !shown.others.is_empty() {
        say(&format!("  it also bears lines of {}, not checked here", shown.others.join(", ")));
    }
    if key.is_none() {
        say("  the key is the one that the file itself names: compare it with the registry's");
    }
    Ok(ExitCode::SUCCESS)
}
