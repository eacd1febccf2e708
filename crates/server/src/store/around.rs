//! What stood in the registry around a time: read for an incident's dossier, nothing decided.

use tremen_rules::network::Reference;
use tremen_rules::{MachineId, ReferenceId, Span, Time};

use super::awards::ended;
use super::decisions::{DECISION, DecisionRecord, read_decision};
use super::orders::{ORDER, OrderRow, read_order};
use super::sessions::{SESSION, SessionRow, read_session};
use super::tx::{StoreError, Tx};
use crate::params;

/// A revision of the network's declarations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevisionRow {
    /// Its number.
    pub revision: u64,
    /// From when on it was in force.
    pub at: Time,
    /// The journal entry that tells of it.
    pub entry: i64,
    /// `file` or `page`.
    pub source: String,
}

/// A lock of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockRow {
    /// When it was in force.
    pub span: Span,
    /// Why.
    pub why: String,
}

/// An entry of the journal with all that its digest is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalLine {
    /// Its number.
    pub entry: i64,
    /// When.
    pub at: Time,
    /// What happened.
    pub kind: String,
    /// SHA-256 of salt and payload.
    pub digest: [u8; 32],
    /// The salt; none once erased.
    pub salt: Option<Vec<u8>>,
    /// The payload, byte for byte; none once erased.
    pub body: Option<String>,
}

impl Tx<'_> {
    /// The revisions that were in force at some time of a span, the oldest first.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn revisions_in_force(&self, span: Span) -> Result<Vec<RevisionRow>, StoreError> {
        self.query(
            "SELECT revision, at, entry, source FROM revisions
             WHERE at < $2 AND revision >= COALESCE((SELECT MAX(revision) FROM revisions WHERE at <= $1), 1)
             ORDER BY revision",
            params![span.from, span.end()],
            |row| Ok(RevisionRow { revision: row.get(0)?, at: row.get(1)?, entry: row.get(2)?, source: row.get(3)? }),
        )
    }

    /// A reference as it was declared in a version, in its last wording; none where this registry never knew that version.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn reference_version(&self, reference: &ReferenceId, version: u32) -> Result<Option<Reference>, StoreError> {
        let specs: Vec<String> = self.query(
            "SELECT spec FROM declarations WHERE kind = 'reference' AND id = $1 ORDER BY since_revision DESC",
            params![reference],
            |row| row.get(0),
        )?;
        for spec in specs {
            let known: Reference = serde_json::from_str(&spec)
                .map_err(|error| StoreError::Unreadable(format!("reference {spec}: {error}")))?;
            if known.version == version {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// The decisions on a machine in a span, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn decisions_on(&self, machine: &MachineId, span: Span) -> Result<Vec<DecisionRecord>, StoreError> {
        self.query(
            &format!("{DECISION} WHERE machine = $1 AND at >= $2 AND at < $3 ORDER BY at, decision"),
            params![machine, span.from, span.end()],
            read_decision,
        )
    }

    /// The sessions on a machine that lasted into a span, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn sessions_on(&self, machine: &MachineId, span: Span) -> Result<Vec<SessionRow>, StoreError> {
        self.query(
            &format!(
                "{SESSION} WHERE machine = $1 AND opened_at < $3 AND (ended_at IS NULL OR ended_at >= $2)
                 ORDER BY opened_at, session"
            ),
            params![machine, span.from, span.end()],
            read_session,
        )
    }

    /// The orders about a machine in a span, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn orders_about(&self, machine: &MachineId, span: Span) -> Result<Vec<OrderRow>, StoreError> {
        self.query(
            &format!("{ORDER} WHERE machine = $1 AND at >= $2 AND at < $3 ORDER BY at, controller, number"),
            params![machine, span.from, span.end()],
            read_order,
        )
    }

    /// The locks of a machine that were in force at some time of a span, the oldest first.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn locks_on(&self, machine: &MachineId, span: Span) -> Result<Vec<LockRow>, StoreError> {
        self.query(
            "SELECT since, until, ended_at, why FROM machine_locks
             WHERE machine = $1 AND since < $3 AND COALESCE(ended_at, until, 9223372036854775807) > $2 ORDER BY since",
            params![machine, span.from, span.end()],
            |row| {
                let span = Span::new(row.get(0)?, ended(row.get(1)?, row.get(2)?));
                Ok(LockRow { span, why: row.get(3)? })
            },
        )
    }

    /// Entries after a number whose instant lies in a span, the oldest first, with all that their digests are made of.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn journal_lines(&self, after: i64, span: Span, limit: u32) -> Result<Vec<JournalLine>, StoreError> {
        self.query(
            "SELECT e.entry, e.at, e.kind, e.digest, p.salt, p.body FROM entries e
             LEFT JOIN payloads p ON p.entry = e.entry
             WHERE e.entry > $1 AND e.at >= $2 AND e.at < $3 ORDER BY e.entry LIMIT $4",
            params![after, span.from, span.end(), limit],
            |row| {
                Ok(JournalLine {
                    entry: row.get(0)?,
                    at: row.get(1)?,
                    kind: row.get(2)?,
                    digest: row.get(3)?,
                    salt: row.get(4)?,
                    body: row.get(5)?,
                })
            },
        )
    }
}
