//! Large imports on their way: staged in slices, activated at one instant, or abandoned and cleared away.

use tremen_rules::Time;

use super::tx::{StoreError, Tx};
use crate::params;

/// An import that was begun and has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenImport {
    /// Its number.
    pub import: i64,
    /// When it last staged something.
    pub beat_at: Time,
}

impl Tx<'_> {
    /// Begins an import, and tells its number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn begin_import(&self, kind: &str, entry: i64) -> Result<i64, StoreError> {
        self.query_one(
            "INSERT INTO imports (kind, begun_at, beat_at, entry) VALUES ($1, $2, $2, $3) RETURNING import",
            params![kind, self.now(), entry],
            |row| row.get(0),
        )?
        .ok_or_else(|| StoreError::Engine("an inserted import has no number".to_owned()))
    }

    /// Imports that have not ended.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn open_imports(&self) -> Result<Vec<OpenImport>, StoreError> {
        self.query(
            "SELECT import, beat_at FROM imports WHERE activated_at IS NULL AND abandoned_at IS NULL ORDER BY import",
            params![],
            |row| Ok(OpenImport { import: row.get(0)?, beat_at: row.get(1)? }),
        )
    }

    /// Notes that an import is at work; false when it has ended.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn beat_import(&self, import: i64) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE imports SET beat_at = $1 WHERE import = $2 AND activated_at IS NULL AND abandoned_at IS NULL",
            params![self.now(), import],
        )?;
        Ok(changed == 1)
    }

    /// All that an import staged counts from now on; false when it has ended.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn activate_import(&self, import: i64) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE imports SET activated_at = $1 WHERE import = $2 AND activated_at IS NULL AND abandoned_at IS NULL",
            params![self.now(), import],
        )?;
        Ok(changed == 1)
    }

    /// What an import staged will never count; false when it has ended.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn abandon_import(&self, import: i64) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE imports SET abandoned_at = $1 WHERE import = $2 AND activated_at IS NULL AND abandoned_at IS NULL",
            params![self.now(), import],
        )?;
        Ok(changed == 1)
    }

    /// An abandoned import of which something is left.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn uncleared_import(&self) -> Result<Option<i64>, StoreError> {
        self.query_one(
            "SELECT i.import FROM imports i WHERE i.abandoned_at IS NOT NULL
                 AND EXISTS (SELECT 1 FROM awards a WHERE a.import = i.import)
             ORDER BY i.import LIMIT 1",
            params![],
            |row| row.get(0),
        )
    }

    /// Clears so many rows away of what an abandoned import staged.
    ///
    /// # Errors
    /// When the engine fails, or the import is not abandoned.
    pub fn clear_import(&self, import: i64, rows: u32) -> Result<(), StoreError> {
        let staged: Vec<(String, String)> =
            self.query("SELECT person, award FROM awards WHERE import = $1 LIMIT $2", params![import, rows], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        for (person, award) in &staged {
            self.execute("DELETE FROM suspensions WHERE award = $1", params![award])?;
            self.execute("DELETE FROM awards WHERE person = $1 AND award = $2", params![person, award])?;
        }
        Ok(())
    }
}
