//! The journal's rows: one entry for each event and decision, written in its transaction.
//!
//! The payload is salted and kept apart, so that it can be erased while its digest stays.

use serde::Serialize;
use serde_json::Value as Json;
use tremen_rules::Time;
use tremen_tlog::entry::payload_digest;

use super::tx::{StoreError, Tx};
use crate::params;

/// One entry with its payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number; grows in no order that means anything between nodes.
    pub entry: i64,
    /// When.
    pub at: Time,
    /// What happened, in the past tense: `award_revoked`.
    pub kind: String,
    /// Who, what, why; none once erased.
    pub body: Option<Json>,
}

/// An entry as it was written, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryText {
    /// When, in milliseconds since 1970-01-01T00:00:00Z.
    pub at: i64,
    /// What happened.
    pub kind: String,
    /// Digest of its salted payload.
    pub digest: [u8; 32],
    /// Salt and JSON text; none once erased.
    pub payload: Option<([u8; 16], String)>,
}

impl Tx<'_> {
    /// Writes an entry and tells its number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn record(&self, kind: &str, body: &impl Serialize) -> Result<i64, StoreError> {
        let salt = self.random::<16>();
        let body = serde_json::to_string(body).map_err(|error| StoreError::Unreadable(error.to_string()))?;
        let digest = payload_digest(&salt, &body);
        let entry = self.insert_numbered(
            "INSERT INTO entries (at, kind, digest) VALUES ($1, $2, $3)",
            params![self.now(), kind, digest],
        )?;
        self.execute("INSERT INTO payloads (entry, salt, body) VALUES ($1, $2, $3)", params![entry, salt, body])?;
        Ok(entry)
    }

    /// One entry.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn entry(&self, entry: i64) -> Result<Option<Entry>, StoreError> {
        self.query_one(
            "SELECT e.entry, e.at, e.kind, p.body FROM entries e LEFT JOIN payloads p ON p.entry = e.entry
             WHERE e.entry = $1",
            params![entry],
            read_entry,
        )
    }

    /// One entry, byte for byte.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn entry_text(&self, entry: i64) -> Result<Option<EntryText>, StoreError> {
        self.query_one(
            "SELECT e.at, e.kind, e.digest, p.salt, p.body FROM entries e LEFT JOIN payloads p ON p.entry = e.entry
             WHERE e.entry = $1",
            params![entry],
            |row| {
                let payload = row.get::<Option<[u8; 16]>>(3)?.zip(row.get::<Option<String>>(4)?);
                Ok(EntryText { at: row.get(0)?, kind: row.get(1)?, digest: row.get(2)?, payload })
            },
        )
    }

    /// The newest entry; none before anything happened.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn last_entry(&self) -> Result<Option<Entry>, StoreError> {
        self.query_one(
            "SELECT e.entry, e.at, e.kind, p.body FROM entries e LEFT JOIN payloads p ON p.entry = e.entry
             ORDER BY e.entry DESC LIMIT 1",
            params![],
            read_entry,
        )
    }

    /// Entries after a number, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn entries_after(&self, entry: i64, since: Time, limit: u32) -> Result<Vec<Entry>, StoreError> {
        self.query(
            "SELECT e.entry, e.at, e.kind, p.body FROM entries e LEFT JOIN payloads p ON p.entry = e.entry
             WHERE e.entry > $1 AND e.at >= $2 ORDER BY e.entry LIMIT $3",
            params![entry, since, limit],
            read_entry,
        )
    }
}

fn read_entry(row: &super::Row<'_, '_>) -> Result<Entry, StoreError> {
    let body: Option<String> = row.get(3)?;
    let body = body.map(|text| serde_json::from_str(&text)).transpose();
    Ok(Entry {
        entry: row.get(0)?,
        at: row.get(1)?,
        kind: row.get(2)?,
        body: body.map_err(|error| StoreError::Unreadable(error.to_string()))?,
    })
}
