//! What the commands share: the configuration, the open store, how they print and how they fail. Start at [`Desk::open`].

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::Value as Json;
use tremen_files::when::{parse_begin, parse_end};
use tremen_rules::{CardId, Time};

use crate::clock::SystemClock;
use crate::config::{Config, ConfigError};
use crate::flows::import::ImportError;
use crate::flows::{FlowError, network, person_named};
use crate::keys::Keys;
use crate::store::{PersonRow, Store, StoreError, Tx, system_random};

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub struct Common {
    /// The configuration file
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    pub json: bool,
}

/// Why a command did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// It was asked for wrongly, or the configuration is wrong: exit code 2.
    #[error("{0}")]
    Wrong(String),
    /// It was refused or failed: exit code 1.
    #[error("{0}")]
    Failed(String),
}

impl CliError {
    /// The exit code: 1 failed, 2 wrong use.
    #[must_use]
    pub const fn code(&self) -> u8 {
        match self {
            Self::Wrong(_) => 2,
            Self::Failed(_) => 1,
        }
    }
}

impl From<FlowError> for CliError {
    fn from(error: FlowError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<StoreError> for CliError {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<ImportError> for CliError {
    fn from(error: ImportError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Several faults, each a line.
pub(super) fn lines(faults: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    faults.into_iter().map(|fault| fault.to_string()).collect::<Vec<_>>().join("\n")
}

/// An argument that makes no sense.
pub(super) fn wrong(why: impl std::fmt::Display) -> CliError {
    CliError::Wrong(why.to_string())
}

/// Prints to standard output.
pub(super) fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    // Whoever read it may have gone, as `head` does.
    let _ = writeln!(out, "{}", text.trim_end_matches('\n')).and_then(|()| out.flush());
}

/// Prints what is worth knowing besides to standard error.
pub(super) fn note(text: &str) {
    let _ = writeln!(std::io::stderr(), "tremen: {text}"); // as above
}

/// An open store, beside a running registry or not.
#[derive(Debug)]
pub struct Desk {
    /// What is configured.
    pub config: Config,
    /// The database.
    pub store: Store,
    /// Whether to print JSON.
    pub json: bool,
}

/// Reads the configuration that a command was given.
///
/// # Errors
/// [`CliError::Wrong`] with every fault and its line.
pub fn configuration(common: &Common) -> Result<Config, CliError> {
    Config::load(common.config.as_deref(), std::env::vars()).map_err(|errors: Vec<ConfigError>| wrong(lines(errors)))
}

impl Desk {
    /// Opens the configured store.
    ///
    /// # Errors
    /// When the configuration is wrong, or the store cannot be opened.
    pub fn open(common: &Common) -> Result<Self, CliError> {
        let config = configuration(common)?;
        let keys = Keys::open(&config.keys).map_err(|error| CliError::Failed(error.to_string()))?;
        let clock = SystemClock::ahead(config.ahead_seconds.saturating_mul(1000));
        let store = Store::open(&config.database, Arc::new(keys), Arc::new(clock), system_random())?;
        Ok(Self { config, store, json: common.json })
    }

    /// Opens the configured store to look only: it must be there, and needs no keys, so that a copy of the database alone will do.
    ///
    /// # Errors
    /// When the configuration is wrong, or there is no such store.
    pub fn open_to_look(common: &Common) -> Result<Self, CliError> {
        let config = configuration(common)?;
        if !config.database.exists() {
            let name = config.database.display();
            return Err(wrong(format!(
                "database.url: there is no database {name}; name one, or start a registry first"
            )));
        }
        if config.keys.is_dir() {
            return Self::open(common);
        }
        // Nothing that is only looked at is sealed or signed.
        let keys = Keys::from_seed(0);
        let clock = SystemClock::ahead(config.ahead_seconds.saturating_mul(1000));
        let store = Store::open(&config.database, Arc::new(keys), Arc::new(clock), system_random())?;
        Ok(Self { config, store, json: common.json })
    }

    /// Prints the JSON where it was asked for, else the text.
    pub fn tell(&self, text: &str, json: &Json) {
        if self.json { say(&json.to_string()) } else { say(text) }
    }

    /// The network's time zone, in which bare dates are read.
    ///
    /// # Errors
    /// When the store fails.
    pub fn zone(&self) -> Result<Tz, CliError> {
        Ok(self.store.read_here(|tx| Ok::<_, StoreError>(network(tx)?.settings.time_zone))?)
    }

    /// An instant at which something begins, as an argument says it.
    ///
    /// # Errors
    /// [`CliError::Wrong`], which says what is allowed.
    pub fn begin(&self, argument: &str, text: Option<&String>) -> Result<Option<Time>, CliError> {
        let zone = self.zone()?;
        text.map(|text| parse_begin(text, zone)).transpose().map_err(|error| wrong(format!("{argument}: {error}")))
    }

    /// An instant at which something ends, as an argument says it.
    ///
    /// # Errors
    /// [`CliError::Wrong`], which says what is allowed.
    pub fn end(&self, argument: &str, text: Option<&String>) -> Result<Option<Time>, CliError> {
        let zone = self.zone()?;
        text.map(|text| parse_end(text, zone)).transpose().map_err(|error| wrong(format!("{argument}: {error}")))
    }

    /// The person whom an argument names.
    ///
    /// # Errors
    /// When there is nobody of that key.
    pub fn person(&self, name: &str) -> Result<PersonRow, CliError> {
        Ok(self.store.read_here(|tx| person_named(tx, name))?)
    }

    /// The card whose number an argument says, in any usual spelling.
    ///
    /// # Errors
    /// When it is no number, or nobody's.
    pub fn card(&self, uid: &str) -> Result<CardId, CliError> {
        let uid = read_uid(uid)?;
        let card = self.store.read_here(|tx: &mut Tx<'_>| tx.card_by_uid(&uid))?;
        card.map(|card| card.card).ok_or_else(|| CliError::Failed("this card is nobody's".to_owned()))
    }
}

/// A card's number in any usual spelling.
///
/// # Errors
/// [`CliError::Wrong`], which says what is allowed.
pub(super) fn read_uid(text: &str) -> Result<Vec<u8>, CliError> {
    tremen_files::uid::parse_uid(text, tremen_files::uid::UidFormat::default()).map_err(wrong)
}

/// An id or another typed value, as an argument says it.
///
/// # Errors
/// [`CliError::Wrong`], which says what is allowed.
pub(super) fn read<T, E: std::fmt::Display>(argument: &str, parsed: Result<T, E>) -> Result<T, CliError> {
    parsed.map_err(|error| wrong(format!("{argument}: {error}")))
}

/// Tells how a command went: its exit code, and on standard error why not.
#[must_use]
pub fn exit(outcome: Result<ExitCode, CliError>) -> ExitCode {
    outcome.unwrap_or_else(|error| {
        for line in error.to_string().lines() {
            note(line);
        }
        ExitCode::from(error.code())
    })
}
