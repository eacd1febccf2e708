//! `tremen journal verify`.

use std::path::PathBuf;
use std::process::ExitCode;

use base64ct::{Base64, Encoding};
use serde_json::{Value as Json, json};

use super::{read_key, read_note};
use crate::cli::act::count;
use crate::cli::desk::{CliError, Common, Desk};
use crate::flows::verify_journal::{self, Report, Request, VerifiedTree};
use crate::store::StoreError;

/// Computes the whole journal anew and names every row that is not as it was written.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen journal verify --checkpoint kept-in-september.txt\n\nExit code: 0 the journal is whole, 1 \
    it is not. Whoever can write to the database can write all of it but signatures:\nkeep a checkpoint elsewhere (`tremen \
    journal checkpoint`), or hold the journal to one that somebody cosigned."
)]
pub(super) struct Verify {
    /// A signed checkpoint that somebody kept
    #[arg(long, value_name = "FILE")]
    checkpoint: Option<PathBuf>,
    /// The key that the checkpoints must be signed with; absent: the one that the journal itself names
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub(super) fn run(this: &Verify) -> Result<ExitCode, CliError> {
    let checkpoint = this.checkpoint.as_deref().map(read_note).transpose()?;
    let key = this.key.as_deref().map(|key| read_key("--key", key)).transpose()?;
    let is_held = checkpoint.is_some();
    let desk = Desk::open_to_look(&this.common)?;
    let request = Request { checkpoint, key };
    let report = desk.store.read_here(|tx| {
        let entries = tx.last_entry()?.map_or(0, |last| u64::try_from(last.entry).unwrap_or(0));
        // On a terminal alone; elsewhere it draws nothing.
        let bar = indicatif::ProgressBar::new(entries).with_message("verifies");
        let report = verify_journal::run(tx, &request, |done| bar.set_position(done));
        bar.finish_and_clear();
        report.map_err(|error: StoreError| error)
    })?;
    desk.tell(&text(&report, is_held), &json(&report));
    let is_whole = report.faults.is_empty();
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn text(report: &Report, is_held: bool) -> String {
    let Report { trees, sealed, unsealed, erased, decisions, rows, checkpoint, faults, more_faults } = report;
    let mut text = if faults.is_empty() {
        "the journal is whole".to_owned()
    } else {
        let all = u64::try_from(faults.len()).unwrap_or(u64::MAX).saturating_add(*more_faults);
        format!("THE JOURNAL IS NOT WHOLE: {}", count(usize::try_from(all).unwrap_or(usize::MAX), "fault"))
    };
    text.push_str(&format!(
        ": {sealed} entries sealed, {unsealed} not sealed yet, {erased} payloads erased, {decisions} decisions and {rows} \
         facts held to their entries"
    ));
    for VerifiedTree { origin, size, root, signed, cosigned } in trees {
        let signed = signed.map_or_else(|| "not signed".to_owned(), |signed| format!("signed at {signed}"));
        text.push_str(&format!("\n  {origin}  {size} leaves, root {}, {signed}", Base64::encode_string(root)));
        cosigned.iter().for_each(|(size, key)| text.push_str(&format!("\n    cosigned at {size}: {key}")));
    }
    for fault in faults {
        text.push_str(&format!("\n  FAULT  {}: {}", fault.place, fault.what));
    }
    if *more_faults > 0 {
        text.push_str(&format!("\n  and {more_faults} more"));
    }
    match checkpoint {
        Some(size) => text.push_str(&format!("\nheld to the checkpoint given, of {size} leaves")),
        None if is_held => {}
        None => text.push_str(
            "\nheld to the database's own checkpoints only: keep one elsewhere (`tremen journal checkpoint > FILE`)",
        ),
    }
    text
}

fn json(report: &Report) -> Json {
    let tree = |it: &VerifiedTree| {
        let cosigned: Vec<Json> = it.cosigned.iter().map(|(size, key)| json!({ "size": size, "key": key })).collect();
        json!({ "origin": it.origin, "size": it.size, "root": Base64::encode_string(&it.root), "signed": it.signed,
                "cosigned": cosigned })
    };
    let trees: Vec<Json> = report.trees.iter().map(tree).collect();
    let faults: Vec<Json> = report.faults.iter().map(|it| json!({ "place": it.place, "what": it.what })).collect();
    json!({ "whole": report.faults.is_empty(), "trees": trees, "sealed": report.sealed, "unsealed": report.unsealed,
            "erased": report.erased, "decisions": report.decisions, "rows": report.rows, "checkpoint": report.checkpoint, "faults": faults,
            "more_faults": report.more_faults })
}
