//! `tremen journal cosign`: a witness, for another registry's journal.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_tlog::bundle::BundleError;
use tremen_tlog::checkpoint::cosign;
use tremen_tlog::{Checkpoint, KeyKind, Note, Offer, VerifierKey};

use super::{read_key, read_text};
use crate::cli::desk::{CliError, note, say, wrong};
use crate::clock::{Clock, SystemClock};
use crate::keys::{signing_key, write_secret};

/// Cosigns another registry's checkpoint, if its journal only grew since the one that was cosigned last.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example:\n  curl -s 'https://registry.example/journal/offer?since=0' > offer\n  tremen journal cosign offer \
    --log \"$(cat registry.vkey)\" --name tyfab.example/witness --key-file witness.key --last last.txt > cosigned.txt\n\nThe \
    checkpoint is then kept in last.txt, and next time the offer is asked for since its size (its second line).\nThe registry \
    takes cosigned.txt in by `tremen journal add-cosignature`."
)]
pub(super) struct Cosign {
    /// The offer, or - for standard input
    offer: PathBuf,
    /// The registry's key, from wherever you trust
    #[arg(long, value_name = "KEY")]
    log: String,
    /// Your name as a witness: an address without scheme, such as tyfab.example/witness
    #[arg(long)]
    name: String,
    /// The file of your key; it is made if it is not there. Use it for nothing else
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The file of the checkpoint that was cosigned last; it is made if it is not there
    #[arg(long, value_name = "FILE")]
    last: PathBuf,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) fn run(this: &Cosign) -> Result<ExitCode, CliError> {
    let log = read_key("--log", &this.log)?;
    if log.kind() != KeyKind::Log {
        return Err(wrong("--log: this is a witness's key; the registry's is needed"));
    }
    let last = match std::fs::read_to_string(&this.last) {
        Ok(text) => {
            let opened = Note::parse(&text).and_then(|note| Checkpoint::open(&note, &log));
            Some(opened.map_err(|error| wrong(format!("{}: {error}", this.last.display())))?)
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(wrong(format!("{}: {error}", this.last.display()))),
    };
    let offer = Offer::parse(&read_text(&this.offer)?);
    let offer = offer.map_err(|error| wrong(format!("{}: {error}", this.offer.display())))?;
    let checkpoint = offer.verify(&log, last.as_ref()).map_err(|error| {
        let advice = match error {
            BundleError::Proof(_) => {
                "; the registry signed this, and its journal did not only grow: keep the offer, it is evidence"
            }
            BundleError::Note(_) | BundleError::OtherOrigin(_) | BundleError::OtherBeginning { .. } => "",
        };
        CliError::Failed(format!("not cosigned: {error}{advice}"))
    })?;
    let key = signing_key(&this.key_file).map_err(|error| CliError::Failed(error.to_string()))?;
    let own = VerifierKey::new(&this.name, KeyKind::Cosigner, key.verifying_key());
    let own = own.map_err(|error| wrong(format!("--name: {error}")))?;
    let seconds = u64::try_from(SystemClock::default().wall().millis() / 1000).unwrap_or(0);
    let text = offer.checkpoint.text.clone();
    let line = cosign(&text, &this.name, &key, seconds).map_err(|error| CliError::Failed(error.to_string()))?;
    let of_the_log = offer.checkpoint.signatures.into_iter().filter(|line| line.is_of(&log)).collect();
    let mut cosigned = Note { text, signatures: of_the_log };
    // What is promised is written down first: never to sign a journal that this one is no beginning of.
    write_secret(&this.last, cosigned.to_string().trim_end())
        .map_err(|error| CliError::Failed(format!("{}: {error}; nothing was cosigned", this.last.display())))?;
    cosigned.signatures.push(line);
    if this.json {
        say(&json!({ "checkpoint": cosigned.to_string(), "key": own.to_string(), "size": checkpoint.size,
                     "origin": checkpoint.origin })
        .to_string());
    } else {
        say(&cosigned.to_string());
        note(&format!("cosigned {} leaves of {}; your key is {own}", checkpoint.size, checkpoint.origin));
    }
    Ok(ExitCode::SUCCESS)
}
