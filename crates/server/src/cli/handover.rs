//! `tremen handover`: records that somebody was shown a machine.

use std::process::ExitCode;

use serde_json::json;
use tremen_rules::MachineId;

use super::act::{Act, Told};
use super::desk::{CliError, read};
use crate::flows::record_handover::{Request, run as record};

/// Records that somebody was shown this very machine.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen handover --person p-yann --machine trotec-speedy --by p-maiwenn")]
pub struct Handover {
    /// To whom, by the venue's own key
    #[arg(long)]
    person: String,
    /// Which machine
    #[arg(long)]
    machine: String,
    /// When; absent: now
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Handover) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let request = Request {
        person: desk.person(&this.person)?.person,
        machine: read("--machine", MachineId::parse(&this.machine))?,
        at: desk.begin("--at", this.at.as_ref())?,
    };
    let (about, key) = (request.person.clone(), this.person.clone());
    let flow = move |tx: &mut crate::store::Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = record(tx, warrant, &request)?;
        let machine = request.machine;
        Ok(Told {
            text: format!("handover of {machine} to `{key}` recorded"),
            json: json!({ "machine": machine }),
            effects,
        })
    };
    this.act.run_without_reason(&desk, Some(about), flow).await
}
