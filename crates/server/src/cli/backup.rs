//! `tremen backup`: writes database, keys and configuration into one encrypted file, while the registry runs.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;
use tremen_age::Cost;

use super::desk::{CliError, Common, Desk};
use super::passphrase;
use crate::backup::{BackupError, Source, make};
use crate::flows::record_backup::{Request, run as record};
use crate::flows::{Actor, Warrant};
use crate::keys::{Keys, KeysError};

/// Writes database, keys and configuration into one encrypted file, while the registry runs.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen backup /media/stick/tremen.age --passphrase-file /etc/tremen/backup.passphrase\n\n\
    The file is read back, decrypted, unpacked and checked before it gets its name. `age -d FILE | tar x` opens it too. \
    Files that the configuration names (certificates, the broker's password) are not in it."
)]
pub struct Backup {
    /// Where to write it
    file: PathBuf,
    #[command(flatten)]
    passphrase: passphrase::From,
    /// Replace a file that is there
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    common: Common,
}

impl std::convert::From<BackupError> for CliError {
    fn from(error: BackupError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Backup) -> Result<ExitCode, CliError> {
    let config = super::desk::configuration(&this.common)?;
    if !config.database.exists() {
        return Err(CliError::Failed(format!(
            "{} is not there: there is nothing to back up",
            config.database.display()
        )));
    }
    if this.file.exists() && !this.force {
        return Err(BackupError::Exists(this.file.clone()).into());
    }
    // Keys that are missing would be made anew, and the backup would hold those.
    Keys::read(&config.keys).map_err(|error: KeysError| CliError::Failed(error.to_string()))?;
    let passphrase = this.passphrase.new_one(&config)?;
    let desk = Desk::open(&this.common)?;
    let source = Source {
        store: &desk.store,
        database: &config.database,
        keys: &config.keys,
        configuration: this.common.config.as_deref(),
    };
    let spinner = steps();
    let made = make(&source, &this.file, this.force, &passphrase, Cost::USUAL, &mut |step| {
        spinner.set_message(format!("{step} ..."));
    })?;
    spinner.finish_and_clear();
    let warrant = Warrant { by: Actor::Operator, why: "a backup".to_owned() };
    let request = Request { made_at: made.manifest.made_at, bytes: made.bytes, sha256: made.sha256.clone() };
    let entry = desk.store.write(move |tx| record(tx, &warrant, &request)).await?;

    let held = made.manifest.files.iter().map(|it| format!("  {:>9}  {}", size(it.bytes), it.name));
    let held: Vec<_> = held.collect();
    let text = format!(
        "backup of {} before {}, in {} ({}):\n{}\nread back, decrypted, unpacked and checked\nsha256 {}\n(journal entry \
         {entry})",
        made.manifest.network,
        made.manifest.made_at,
        this.file.display(),
        size(made.bytes),
        held.join("\n"),
        made.sha256
    );
    let json = json!({ "file": this.file, "bytes": made.bytes, "sha256": made.sha256, "entry": entry,
                       "made_at": made.manifest.made_at.to_string(), "files": made.manifest.files });
    desk.tell(&text, &json);
    Ok(ExitCode::SUCCESS)
}

/// Tells on a terminal what is being done, and nowhere else.
pub(super) fn steps() -> indicatif::ProgressBar {
    let spinner = indicatif::ProgressBar::new_spinner(); // draws on standard error, if that is a terminal
    spinner.enable_steady_tick(Duration::from_millis(120));
    spinner
}

/// `312 B`, `4.1 MiB`.
pub(super) fn size(bytes: u64) -> String {
    const UNITS: [&str; 3] = ["KiB", "MiB", "GiB"];
    let mut tenths = u128::from(bytes) * 10;
    let mut unit = "B";
    for larger in UNITS {
        if tenths < 10_240 {
            break;
        }
        tenths /= 1024;
        unit = larger;
    }
    if unit == "B" { format!("{bytes} B") } else { format!("{}.{} {unit}", tenths / 10, tenths % 10) }
}
