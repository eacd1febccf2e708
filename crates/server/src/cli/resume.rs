//! `tremen resume`: ends the suspension of an award.

use std::process::ExitCode;

use serde_json::json;

use super::act::{Act, Told};
use super::desk::CliError;
use super::which_award::WhichAward;
use crate::flows::resume_award::run as act;

/// Ends the suspension of an award.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen resume --person p-anna --reference decoupe-laser --by p-maiwenn --reason \"revue faite\""
)]
pub struct Resume {
    #[command(flatten)]
    award: WhichAward,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Resume) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let held = this.award.find(&desk)?;
    let award = held.award.id;
    let flow = move |tx: &mut crate::store::Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = act(tx, warrant, &award)?;
        Ok(Told { text: format!("award {award} resumed"), json: json!({ "award": award }), effects })
    };
    this.act.run(&desk, Some(held.person), flow).await
}
