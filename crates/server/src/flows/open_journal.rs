//! Opens the journal's tree, once for each origin: the first time, and after a restore or with another key.

use base64ct::{Base64, Encoding};
use serde_json::json;
use tremen_tlog::{KeyKind, VerifierKey};

use crate::flows::{Actor, FlowError, network};
use crate::store::{StoreError, Tree, Tx};

/// Opens a tree with an origin of its own, in place of any other. Where there was one, the entry names it as it stands here:
/// origin, size, root and last checkpoint, so that nobody can continue another journal than this one unseen.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &mut Tx<'_>, by: &Actor, why: &str) -> Result<Tree, FlowError> {
    let origin = new_origin(tx)?;
    let key = VerifierKey::new(&origin, KeyKind::Log, tx.keys().network.verifying_key());
    let key = key.map_err(|error| StoreError::Unreadable(error.to_string()))?.to_string();
    let entry = match tx.newest_tree()? {
        None => {
            tx.record("journal_opened", &json!({ "origin": origin, "key": key, "by": by.to_json(), "why": why }))?
        }
        Some(before) => {
            let size = tx.tree_size(before.tree)?;
            let root = Base64::encode_string(&tx.frontier(before.tree, size)?.root());
            let checkpoint = tx.checkpoint(before.tree)?.map(|row| row.note);
            tx.record(
                "journal_continued",
                &json!({ "origin": origin, "key": key, "by": by.to_json(), "why": why,
                         "before": { "origin": before.origin, "size": size, "root": root, "checkpoint": checkpoint } }),
            )?
        }
    };
    Ok(tx.open_tree(&origin, &key, entry)?)
}

/// A name that no log had before: the network's address, and 50 random bits.
fn new_origin(tx: &mut Tx<'_>) -> Result<String, StoreError> {
    let network = network(tx)?;
    let address = network.settings.address.as_deref().unwrap_or_default();
    let host = address.split_once("://").map_or(address, |(_, rest)| rest).trim_end_matches('/');
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || "-._/:".contains(letter);
    let host = if !host.is_empty() && host.chars().all(is_name) { host } else { "tremen" };
    Ok(format!("{host}/journal/{}", crate::keys::base32(&tx.random::<6>())))
}
