//! `tremen restore`: makes a registry from a backup, on a machine that has none.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;

use super::act::count;
use super::backup::steps;
use super::desk::{CliError, Common, configuration, lines, say, wrong};
use super::passphrase;
use crate::backup::{Restored, Target, configuration_in, restore};
use crate::clock::SystemClock;
use crate::config::{Broker, Config};
use crate::flows::continue_after_restore::Since;

/// Where the configuration of a backup goes when nobody says it.
const USUAL: &str = "tremen.toml";

/// Makes a registry from a backup, on a machine that has none.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen restore /media/stick/tremen.age --config tremen.toml\n\n\
    Where database and keys go is what the configuration says: that of --config (tremen.toml) if the file is there, else \
    the backup's own, which is then written to it. Nothing is ever overwritten. What happened after the backup is not \
    known to the restored registry: it says since when, and what to enter again before it serves.\n\n\
    A chip card opens what it opened. A message of it that somebody recorded since the backup could count once, until the card \
    itself is read again: whoever has a reason to fear that restores with --doubt-cards.")]
pub struct Restore {
    /// The backup
    file: PathBuf,
    #[command(flatten)]
    passphrase: passphrase::From,
    /// The registry was stopped before the backup and never ran since: it only moves, and nothing is missing
    #[arg(long, conflicts_with = "doubt_cards")]
    moved: bool,
    /// Messages of chip cards may have been recorded since the backup: each card counts as a mere number (A0) until
    /// `tremen confirm-card`
    #[arg(long)]
    doubt_cards: bool,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Restore) -> Result<ExitCode, CliError> {
    let config_file = this.common.config.clone().unwrap_or_else(|| PathBuf::from(USUAL));
    let known = Common { config: config_file.exists().then(|| config_file.clone()), json: this.common.json };
    let here = configuration(&known)?;
    let passphrase = this.passphrase.known(&here)?;
    let carried = configuration_in(open(&this.file)?, &passphrase)?;
    let config = match (&known.config, &carried) {
        (None, Some(text)) => Config::read(&format!("the backup's {USUAL}"), text, std::env::vars())
            .map_err(|errors| wrong(lines(errors)))?,
        (None, None) if this.common.config.is_some() => {
            return Err(wrong(format!("{}: it is not there, and the backup holds none", config_file.display())));
        }
        (Some(_), _) | (None, None) => here,
    };

    let spinner = steps();
    let target = Target { database: &config.database, keys: &config.keys };
    let clock = Arc::new(SystemClock::ahead(config.ahead_seconds.saturating_mul(1000)));
    let since = match (this.moved, this.doubt_cards) {
        (true, _) => Since::Moved,
        (false, false) => Since::Lost,
        (false, true) => Since::LostAndOverheard,
    };
    let restored = restore(open(&this.file)?, &target, since, &passphrase, clock, &mut |step| {
        spinner.set_message(format!("{step} ..."));
    })
    .await?;
    spinner.finish_and_clear();
    let written = match (&known.config, &carried) {
        (None, Some(text)) => {
            let failed = |error| CliError::Failed(format!("{}: {error}; all else is restored", config_file.display()));
            std::fs::write(&config_file, text).map_err(failed)?;
            true
        }
        (Some(_), _) | (None, None) => false,
    };
    tell(this, &restored, &config, (written || known.config.is_some()).then_some(config_file.as_path()));
    Ok(ExitCode::SUCCESS)
}

fn open(file: &Path) -> Result<BufReader<File>, CliError> {
    let opened = File::open(file).map_err(|error| CliError::Failed(format!("{}: {error}", file.display())))?;
    Ok(BufReader::with_capacity(1 << 20, opened))
}

fn tell(this: &Restore, restored: &Restored, config: &Config, config_file: Option<&Path>) {
    let Restored { manifest, continued, .. } = restored;
    let absent: Vec<_> = named_files(config).into_iter().filter(|path| !path.exists()).collect();
    if this.common.json {
        say(&json!({
            "network": manifest.network, "made_at": manifest.made_at.to_string(), "database": config.database,
            "keys": config.keys, "configuration": config_file, "entry": continued.entry,
            "missing_since": continued.missing_since.map(|since| since.to_string()),
            "doubted_cards": continued.doubted_cards, "open_sessions": continued.open_sessions, "absent_files": absent,
        })
        .to_string());
        return;
    }
    let mut text = format!(
        "{} is restored as it was at {}: {}, {}",
        manifest.network,
        manifest.made_at,
        config.database.display(),
        config.keys.display()
    );
    if let Some(since) = continued.missing_since {
        text.push_str(&format!(
            "\n\nWhat happened after {since} is not known here. Before you serve, enter again what was taken away since:\n\
             awards revoked or suspended, restrictions, blocked cards, locked machines, ended roles and tokens, people erased.\n\
             Controllers that got new secrets since need `tremen controller rotate`."
        ));
        if continued.doubted_cards == 0 {
            text.push_str(
                "\nChip cards open what they opened. If somebody may have recorded their messages since (a stolen controller, a plain\n\
                 one on a network that others read), restore with --doubt-cards instead.",
            );
        }
    }
    if continued.doubted_cards > 0 {
        text.push_str(&format!(
            "\n\nChip cards (NTAG 424) count as mere numbers until `tremen confirm-card` was said for each: {}.\n\
             Machines that ask for A1 refuse them until then.",
            count(continued.doubted_cards, "card")
        ));
    }
    if continued.open_sessions > 0 {
        text.push_str(&format!(
            "\n\nOpen then: {}; each is closed when its controller says so, or its lease has run out.",
            count(continued.open_sessions, "session")
        ));
    }
    for path in &absent {
        text.push_str(&format!("\n\nthe configuration names {}, which is not here", path.display()));
    }
    let option = config_file.map_or_else(String::new, |path| format!(" --config {}", path.display()));
    text.push_str(&format!("\n\nnext: `tremen doctor{option}`, then `tremen serve{option}`"));
    say(&text);
}

/// Files that the configuration names and that no backup holds.
fn named_files(config: &Config) -> Vec<&Path> {
    let tls = config.broker_tls.iter().chain(&config.web_tls);
    let mut files: Vec<&Path> = tls.flat_map(|tls| [tls.cert_file.as_path(), tls.key_file.as_path()]).collect();
    if let Broker::External { password_file: Some(file), .. } = &config.broker {
        files.push(file);
    }
    files.extend(config.backup_passphrase.as_deref());
    files
}
