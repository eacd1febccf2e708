//! Where the logs go: standard error, for people on a terminal, one JSON object a line elsewhere.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

use super::desk::{CliError, wrong};
use crate::config::{Config, LogFormat};

/// Starts the logs as configured; `form` is what the command line says.
///
/// # Errors
/// [`CliError::Wrong`] when the level is none.
pub(super) fn start(config: &Config, form: Option<&str>) -> Result<(), CliError> {
    let form = match form {
        None => config.log_format,
        Some("json") => LogFormat::Json,
        Some("human") => LogFormat::Human,
        Some(other) => return Err(wrong(format!("--log: `{other}` is not a form of logs: human, json"))),
    };
    let filter = EnvFilter::try_new(&config.log_level).map_err(|error| {
        wrong(format!(
            "log.level: {error}; \"error\", \"warn\", \"info\", \"debug\", \"trace\" or directives are allowed"
        ))
    })?;
    let terminal = std::io::stderr().is_terminal();
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(terminal);
    let started = match (form, terminal) {
        (LogFormat::Json, _) | (LogFormat::Auto, false) => logs.json().try_init(),
        (LogFormat::Human, _) | (LogFormat::Auto, true) => logs.try_init(),
    };
    // Somebody else's logs run already, as in a test: they will do.
    let _ = started;
    Ok(())
}
