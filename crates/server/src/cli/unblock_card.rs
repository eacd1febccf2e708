//! `tremen unblock-card`: unblocks a card, as when it was found.

use std::process::ExitCode;

use serde_json::json;

use super::act::{Act, Told};
use super::desk::CliError;
use crate::flows::unblock_card::run as act;
use crate::store::Tx;

/// Unblocks a card, as when it was found.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen unblock-card --uid 04A1B2C3D4E580 --by p-zoe --reason retrouvée")]
pub struct UnblockCard {
    /// The card's number, hexadecimal in any usual spelling
    #[arg(long, value_name = "HEX")]
    uid: String,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &UnblockCard) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let card = desk.card(&this.uid)?;
    let of = desk.store.read_here(|tx: &mut Tx<'_>| tx.card(&card))?.map(|row| row.person);
    let flow = move |tx: &mut Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = act(tx, warrant, &card)?;
        Ok(Told { text: "card unblocked".to_owned(), json: json!({ "card": card }), effects })
    };
    this.act.run(&desk, of, flow).await
}
