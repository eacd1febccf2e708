//! `tremen confirm-card`: confirms a chip card that was just read, after a restore.

use std::process::ExitCode;

use serde_json::json;

use super::act::{Act, Told};
use super::desk::CliError;
use crate::flows::confirm_card::run as act;
use crate::store::Tx;

/// Confirms a chip card that was just read, after a restore: from then on it opens red machines again.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen confirm-card --uid 04A1B2C3D4E580 --by p-zoe --reason \"seen at the desk\"\n\n\
    After a restore nobody knows which messages of a chip card (NTAG 424) others may have recorded. Until it is \
    confirmed it counts as a mere number. Let its owner hold it to a reader while you look on, and confirm it within 2 \
    minutes."
)]
pub struct ConfirmCard {
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
pub async fn run(this: &ConfirmCard) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let card = desk.card(&this.uid)?;
    let of = desk.store.read_here(|tx: &mut Tx<'_>| tx.card(&card))?.map(|row| row.person);
    let flow = move |tx: &mut Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = act(tx, warrant, &card)?;
        Ok(Told { text: "card confirmed".to_owned(), json: json!({ "card": card }), effects })
    };
    this.act.run(&desk, of, flow).await
}
