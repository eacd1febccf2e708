//! Notes that a backup was made and found sound. Start at [`run`].

use serde_json::json;
use tremen_rules::Time;

use super::{FlowError, Warrant};
use crate::store::Tx;

/// The backup, after it was read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What happened before this instant is in it.
    pub made_at: Time,
    /// How many bytes the encrypted file has.
    pub bytes: u64,
    /// SHA-256 of them, hexadecimal: whoever has a file can tell whether it is this one.
    pub sha256: String,
}

/// Records the backup and tells the journal's entry. Where it lies is nobody's business.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &Tx<'_>, warrant: &Warrant, request: &Request) -> Result<i64, FlowError> {
    let Request { made_at, bytes, sha256 } = request;
    tx.backed_up(*made_at)?;
    let story = json!({ "holds_before": made_at, "bytes": bytes, "sha256": sha256 });
    Ok(tx.record("backup_made", &warrant.story(story))?)
}
