//! `tremen lock`: takes a machine out of service.

use std::process::ExitCode;

use serde_json::json;
use tremen_rules::MachineId;

use super::act::{Act, Told};
use super::desk::{CliError, read, wrong};
use crate::flows::lock_machine::{Request, run as lock};

/// Takes a machine out of service.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen lock trotec-speedy --reason \"extraction en panne\" --until 2026-12-01")]
pub struct Lock {
    #[command(flatten)]
    machine: WhichMachine,
    /// Until when; absent: until it is unlocked
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Which machine: as a word of its own or behind `--machine`.
#[derive(Debug, Clone, clap::Args)]
pub struct WhichMachine {
    /// The machine
    #[arg(value_name = "MACHINE", conflicts_with = "machine")]
    id: Option<String>,
    /// The machine
    #[arg(long, value_name = "MACHINE")]
    machine: Option<String>,
}

impl WhichMachine {
    /// The machine that is meant.
    ///
    /// # Errors
    /// When none is named.
    pub(super) fn id(&self) -> Result<MachineId, CliError> {
        let id = self.id.as_ref().or(self.machine.as_ref()).ok_or_else(|| wrong("which machine? its id is needed"))?;
        read("the machine", MachineId::parse(id))
    }

    /// Whether one is named.
    pub(super) const fn is_named(&self) -> bool {
        self.id.is_some() || self.machine.is_some()
    }
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Lock) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let request = Request { machine: this.machine.id()?, until: desk.end("--until", this.until.as_ref())? };
    let flow = move |tx: &mut crate::store::Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = lock(tx, warrant, &request)?;
        let machine = request.machine;
        Ok(Told { text: format!("machine {machine} locked"), json: json!({ "machine": machine }), effects })
    };
    this.act.run(&desk, None, flow).await
}
