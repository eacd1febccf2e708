//! `tremen unlock`: puts a machine back into service.

use std::process::ExitCode;

use serde_json::json;

use super::act::{Act, Told};
use super::desk::CliError;
use super::lock::WhichMachine;
use crate::flows::unlock_machine::run as unlock;

/// Puts a machine back into service.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen unlock trotec-speedy --reason \"extraction réparée\"")]
pub struct Unlock {
    #[command(flatten)]
    machine: WhichMachine,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Unlock) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let machine = this.machine.id()?;
    let flow = move |tx: &mut crate::store::Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = unlock(tx, warrant, &machine)?;
        Ok(Told { text: format!("machine {machine} unlocked"), json: json!({ "machine": machine }), effects })
    };
    this.act.run(&desk, None, flow).await
}
