//! `tremen journal check`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_files::when::print_time;
use tremen_rules::Time;

use super::{read_key, read_text};
use crate::cli::desk::{CliError, say};
use crate::flows::prove_entry::{self, Checked, ProvenEntry, Shown};

/// Checks a proof that `prove` wrote, or all those of an incident's dossier; needs no registry.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  tremen journal check entry-12.json --key \"$(cat fablab.vkey)\"\n  \
    tremen journal check incident-1/journal.json --key \"$(cat fablab.vkey)\"")]
pub(super) struct Check {
    /// The file, or - for standard input
    file: PathBuf,
    /// The registry's key, from wherever you trust, more than once if it was restored since; absent: what the file names
    #[arg(long, value_name = "KEY")]
    key: Vec<String>,
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
    let keys = this.key.iter().map(|key| read_key("--key", key)).collect::<Result<Vec<_>, _>>()?;
    let Checked { proven, wrong } = prove_entry::check_all(&text, &keys)
        .map_err(|why| CliError::Failed(format!("{}: {why}", this.file.display())))?;
    for (file, shown) in &proven {
        say(&if this.json { as_json(file, shown) } else { as_text(file, shown) });
    }
    if !wrong.is_empty() {
        let lines: Vec<String> = wrong.into_iter().map(|(entry, why)| format!("entry {entry}: {why}")).collect();
        return Err(CliError::Failed(format!("{}: {}", this.file.display(), lines.join("\n  "))));
    }
    if !this.json && keys.is_empty() {
        say("  the key is the one that the file itself names: compare it with the registry's");
    }
    Ok(ExitCode::SUCCESS)
}

fn as_json(file: &ProvenEntry, shown: &Shown) -> String {
    json!({ "entry": file.entry, "at": file.at, "kind": file.kind, "body": file.body, "leaf": shown.leaf,
            "origin": shown.origin, "size": shown.size, "key": shown.key.to_string(), "others": shown.others })
    .to_string()
}

fn as_text(file: &ProvenEntry, shown: &Shown) -> String {
    let at = print_time(Time::from_millis(file.at));
    let body = file.body.as_deref().unwrap_or("(erased)");
    let mut text = format!(
        "entry {} is in the journal: {} at {at}\n  {body}\n  leaf {} of {} in {}\n  signed by {}",
        file.entry, file.kind, shown.leaf, shown.size, shown.origin, shown.key
    );
    if !shown.others.is_empty() {
        text.push_str(&format!("\n  it also bears lines of {}, not checked here", shown.others.join(", ")));
    }
    text
}
