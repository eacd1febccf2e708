//! Enters in the journal that an incident's dossier was taken out, by whom, and the digest of what it said. Start at
//! [`run`]. A dossier is personal data that leaves the registry; and its digest there proves later that it is unchanged.

use serde_json::json;
use sha2::{Digest, Sha256};
use tremen_rules::authority::Act;

use super::{FlowError, Warrant, checks, network};
use crate::keys::hex;
use crate::store::Tx;

/// What was taken out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Of which incident.
    pub incident: i64,
    /// How many files.
    pub files: usize,
    /// SHA-256 of the list of their digests, in hexadecimal.
    pub sums: String,
}

/// Enters it and tells the journal entry.
///
/// # Errors
/// When the author may not, there is no such incident, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<i64, FlowError> {
    let network = network(tx)?;
    let Request { incident, files, sums } = request;
    let row = tx.incident(*incident)?.ok_or_else(|| FlowError::unknown("incident", incident))?;
    checks::allowed(tx, warrant, &Act::RecordIncident { machine: row.machine.clone() }, &network)?;
    let story = json!({ "incident": incident, "machine": row.machine, "files": files, "sha256sums": sums });
    Ok(tx.record("incident_exported", &warrant.story(story))?)
}

/// The digest of the list of digests.
#[must_use]
pub fn digest_of(sums: &str) -> String {
    hex(&Sha256::digest(sums.as_bytes()))
}
