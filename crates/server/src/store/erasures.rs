//! The erasure of people: what goes at once, what is left, and what outlives it as a keyed hash.

use serde_json::Value as Json;
use tremen_rules::{PersonId, Scope, Span, Time};

use super::tx::{StoreError, Tx};
use crate::params;

/// An erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureRow {
    /// When it was asked for.
    pub asked_at: Time,
    /// The journal entry that tells of it.
    pub cause: i64,
    /// When nothing was left; none while something is.
    pub done_at: Option<Time>,
}

/// A restriction that outlived an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlivingRow {
    /// The number that it had.
    pub restriction: i64,
    /// To what it extends.
    pub scope: Scope,
    /// When, as it was made.
    pub span: Span,
}

impl Tx<'_> {
    /// Whether and how far a person was erased.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn erasure(&self, person: &PersonId) -> Result<Option<ErasureRow>, StoreError> {
        self.query_one("SELECT asked_at, cause, done_at FROM erasures WHERE person = $1", params![person], |row| {
            Ok(ErasureRow { asked_at: row.get(0)?, cause: row.get(1)?, done_at: row.get(2)? })
        })
    }

    /// People who are being erased and of whom something is left.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn unfinished_erasures(&self) -> Result<Vec<PersonId>, StoreError> {
        self.query("SELECT person FROM erasures WHERE done_at IS NULL ORDER BY asked_at, person", params![], |row| {
            row.get(0)
        })
    }

    /// People who did not come since an instant, are members nowhere, hold no role, obtained nothing and answer for nobody.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn inactive_people(&self, since: Time) -> Result<Vec<PersonId>, StoreError> {
        self.query(
            "SELECT p.person FROM people p
             WHERE p.since < $1 AND (p.seen_at IS NULL OR p.seen_at < $1)
                 AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.person = p.person)
                 AND NOT EXISTS (SELECT 1 FROM decisions d WHERE d.person = p.person AND d.at >= $1)
                 AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.person = p.person AND s.ended_at IS NULL)
                 AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.person = p.person
                     AND (m.until IS NULL OR m.until >= $1))
                 AND NOT EXISTS (SELECT 1 FROM roles r WHERE r.person = p.person
                     AND COALESCE(r.ended_at, r.until, 9223372036854775807) >= $1)
                 AND NOT EXISTS (SELECT 1 FROM awards a WHERE a.person = p.person AND a.issued_at >= $1)
                 AND NOT EXISTS (SELECT 1 FROM people w WHERE w.guardian = p.person)
             ORDER BY p.person",
            params![since],
            |row| row.get(0),
        )
    }

    /// Those for whom a person answers.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn wards_of(&self, guardian: &PersonId) -> Result<Vec<PersonId>, StoreError> {
        self.query("SELECT person FROM people WHERE guardian = $1 ORDER BY person", params![guardian], |row| row.get(0))
    }

    /// Begins an erasure: the key is free again, address and language go, the cards go.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn begin_erasure(&self, person: &PersonId, cause: i64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO erasures (person, asked_at, cause) VALUES ($1, $2, $3)",
            params![person, self.now(), cause],
        )?;
        self.execute(
            "UPDATE people SET key = $1, email = NULL, language = NULL, guardian = NULL, guardian_consent = NULL
             WHERE person = $2",
            params![format!("erased.{person}"), person],
        )?;
        self.execute(
            "INSERT INTO retired_cards (tag, last_counter)
             SELECT tag, last_counter FROM cards WHERE person = $1 AND last_counter IS NOT NULL
             ON CONFLICT (tag) DO UPDATE SET last_counter = excluded.last_counter",
            params![person],
        )?;
        self.execute(
            "DELETE FROM card_blocks WHERE card IN (SELECT card FROM cards WHERE person = $1)",
            params![person],
        )?;
        self.execute("DELETE FROM cards WHERE person = $1", params![person])?;
        Ok(())
    }

    /// Ends an erasure: nothing but the shell is left.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_erasure(&self, person: &PersonId) -> Result<(), StoreError> {
        self.erase_places(person)?;
        self.execute(
            "UPDATE people SET name = '', birth_date = NULL, seen_at = NULL WHERE person = $1",
            params![person],
        )?;
        self.execute("UPDATE erasures SET done_at = $1 WHERE person = $2", params![self.now(), person])?;
        Ok(())
    }

    /// Keeps a restriction under a keyed hash of whom it is about.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keep_restriction(&self, tag: [u8; 16], it: &OutlivingRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO outliving_restrictions (tag, restriction, scope, since, until) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (tag, restriction) DO NOTHING",
            params![tag, it.restriction, it.scope.to_string(), it.span.from, it.span.until],
        )?;
        Ok(())
    }

    /// The restrictions that are kept under a keyed hash and are not over.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn outliving_restrictions(&self, tag: [u8; 16]) -> Result<Vec<OutlivingRow>, StoreError> {
        self.query(
            "SELECT restriction, scope, since, until FROM outliving_restrictions
             WHERE tag = $1 AND (until IS NULL OR until > $2) ORDER BY restriction",
            params![tag, self.now()],
            |row| {
                let span = Span::new(row.get(2)?, row.get(3)?);
                Ok(OutlivingRow { restriction: row.get(0)?, scope: row.get(1)?, span })
            },
        )
    }

    /// Forgets the keyed hashes of a restriction: it has found its person again.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn drop_outliving(&self, restriction: i64) -> Result<(), StoreError> {
        self.execute("DELETE FROM outliving_restrictions WHERE restriction = $1", params![restriction])?;
        Ok(())
    }

    /// Payloads after an entry's number in which a person's random id stands: number and body.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn payloads_naming(&self, person: &PersonId, after: i64, limit: u32) -> Result<Vec<(i64, Json)>, StoreError> {
        self.query(
            "SELECT entry, body FROM payloads WHERE entry > $1 AND body LIKE $2 ORDER BY entry LIMIT $3",
            params![after, format!("%\"{person}\"%"), limit],
            |row| {
                let body: String = row.get(1)?;
                let body = serde_json::from_str(&body).map_err(|error| StoreError::Unreadable(error.to_string()))?;
                Ok((row.get(0)?, body))
            },
        )
    }
}
