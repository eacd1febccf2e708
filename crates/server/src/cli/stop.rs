//! `tremen stop`: stops a running session.

use std::process::ExitCode;

use serde_json::json;
use tremen_wire::SessionId;

use super::act::{Act, Told};
use super::desk::{CliError, wrong};
use super::lock::WhichMachine;
use crate::flows::stop_session::run as stop;
use crate::store::Tx;

/// Stops the session that runs on a machine.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen stop trotec-speedy --by p-maiwenn --reason \"odeur de brûlé\"")]
pub struct Stop {
    #[command(flatten)]
    machine: WhichMachine,
    /// The session, in place of the machine
    #[arg(long, value_name = "HEX")]
    session: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Stop) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let session = match &this.session {
        Some(hex) if !this.machine.is_named() => {
            SessionId::from_hex(hex).ok_or_else(|| wrong(format!("--session: `{hex}` is not 16 hexadecimal digits")))?
        }
        Some(_) => return Err(wrong("the machine or the session, not both")),
        None => {
            let machine = this.machine.id()?;
            let open = desk.store.read_here(|tx: &mut Tx<'_>| tx.open_session_on(machine.as_str()))?;
            open.ok_or_else(|| CliError::Failed(format!("no session runs on `{machine}`")))?.session
        }
    };
    let flow = move |tx: &mut Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = stop(tx, warrant, session)?;
        Ok(Told {
            text: format!("session {session} stopped"),
            json: json!({ "session": session.to_string() }),
            effects,
        })
    };
    this.act.run(&desk, None, flow).await
}
