//! `tremen block-card`: blocks a card, as when it is lost.

use std::process::ExitCode;

use serde_json::json;

use super::act::{Act, Told};
use super::desk::CliError;
use crate::flows::block_card::run as act;
use crate::store::Tx;

/// Blocks a card, as when it is lost.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen block-card --uid 04:A1:B2:C3:D4:E5:80 --by p-anna --reason perdue")]
pub struct BlockCard {
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
pub async fn run(this: &BlockCard) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let card = desk.card(&this.uid)?;
    let of = desk.store.read_here(|tx: &mut Tx<'_>| tx.card(&card))?.map(|row| row.person);
    let flow = move |tx: &mut Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = act(tx, warrant, &card)?;
        Ok(Told { text: "card blocked".to_owned(), json: json!({ "card": card }), effects })
    };
    this.act.run(&desk, of, flow).await
}
