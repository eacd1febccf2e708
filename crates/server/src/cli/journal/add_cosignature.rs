//! `tremen journal add-cosignature`.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_files::when::print_time;
use tremen_tlog::KeyKind;

use super::{read_key, read_note};
use crate::cli::desk::{CliError, Common, Desk, wrong};
use crate::flows::{Actor, Warrant, keep_cosignature};

/// Keeps somebody's cosignature on a checkpoint of this journal.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen journal add-cosignature cosigned.txt --key \"$(cat tyfab-witness.vkey)\"\n\nOf a witness that \
    answers with its line alone, put that line below the checkpoint that it was offered."
)]
pub(super) struct AddCosignature {
    /// The cosigned checkpoint, or - for standard input
    file: PathBuf,
    /// The cosigner's key, as they gave it to you
    #[arg(long, value_name = "KEY")]
    key: String,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) async fn run(this: &AddCosignature) -> Result<ExitCode, CliError> {
    let key = read_key("--key", &this.key)?;
    if key.kind() != KeyKind::Cosigner {
        return Err(wrong("--key: this is a registry's own key; the cosigner's is needed"));
    }
    let note = read_note(&this.file)?;
    let desk = Desk::open(&this.common)?;
    let name = key.name().to_owned();
    let warrant = Warrant { by: Actor::Operator, why: "a witness cosigned".to_owned() };
    let kept = desk.store.write(move |tx| keep_cosignature::run(tx, &warrant, &note, &key)).await?;
    let text = format!(
        "`{name}` cosigned {} leaves of {} at {} (journal entry {})",
        kept.size,
        kept.origin,
        print_time(kept.at),
        kept.entry
    );
    let json = json!({ "entry": kept.entry, "origin": kept.origin, "size": kept.size, "at": kept.at, "by": name });
    desk.tell(&text, &json);
    Ok(ExitCode::SUCCESS)
}
