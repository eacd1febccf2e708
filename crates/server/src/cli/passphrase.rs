//! The passphrase of backups: from a file, or typed without an echo. Never an argument, which every process can read.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

use tremen_age::Passphrase;

use super::desk::{CliError, wrong};
use crate::config::Config;

/// Below this a passphrase is found by trying.
const SHORTEST: usize = 12;

/// Where the passphrase comes from.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct From {
    /// A file whose first line is the passphrase; absent: `backup.passphrase_file`, or it is asked for
    #[arg(long, value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl From {
    /// The passphrase for a new backup: long enough, and typed twice.
    ///
    /// # Errors
    /// When there is none, or it is too short.
    pub(super) fn new_one(&self, config: &Config) -> Result<Passphrase, CliError> {
        let passphrase = match self.file(config) {
            Some(file) => read(file)?,
            None => {
                let first = ask("Passphrase of the backup: ")?;
                if first != ask("The same once more: ")? {
                    return Err(CliError::Failed("the two are not the same; nothing was written".to_owned()));
                }
                first
            }
        };
        if passphrase.length() < SHORTEST {
            return Err(wrong(format!(
                "the passphrase has {} characters; {SHORTEST} at least: five random words are good, and are remembered",
                passphrase.length()
            )));
        }
        Ok(passphrase)
    }

    /// The passphrase of a backup that is there.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn known(&self, config: &Config) -> Result<Passphrase, CliError> {
        self.file(config).map_or_else(|| ask("Passphrase of the backup: "), read)
    }

    fn file<'a>(&'a self, config: &'a Config) -> Option<&'a Path> {
        self.passphrase_file.as_deref().or(config.backup_passphrase.as_deref())
    }
}

fn read(file: &Path) -> Result<Passphrase, CliError> {
    let text = std::fs::read_to_string(file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    Ok(Passphrase::new(text.lines().next().unwrap_or_default()))
}

fn ask(question: &str) -> Result<Passphrase, CliError> {
    let terminal = console::Term::stderr();
    if !std::io::stdin().is_terminal() || !terminal.is_term() {
        return Err(wrong(
            "a passphrase is needed: `--passphrase-file FILE`, the key `backup.passphrase_file` or the variable \
             TREMEN_BACKUP__PASSPHRASE_FILE, or a terminal to ask on",
        ));
    }
    let failed = |error: std::io::Error| CliError::Failed(format!("the terminal: {error}"));
    terminal.write_str(question).map_err(failed)?;
    Ok(Passphrase::new(terminal.read_secure_line().map_err(failed)?))
}
