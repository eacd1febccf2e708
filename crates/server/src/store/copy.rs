//! Copies of the database, and whether one is sound.

use std::path::Path;

use tremen_rules::Time;

use super::tx::{StoreError, Tx};
use super::{Store, connect, make_private};
use crate::params;

impl Store {
    /// Writes the database as it is at this moment into a new file for its owner alone. Taps go on meanwhile: the copy is
    /// one long read.
    ///
    /// # Errors
    /// When the file is there already, or the engine fails.
    pub fn copy_to(&self, path: &Path) -> Result<(), StoreError> {
        let failed = |error: std::io::Error| StoreError::Engine(format!("{}: {error}", path.display()));
        make_private(path).map_err(failed)?;
        let name = path.to_str().ok_or_else(|| StoreError::Engine(format!("{} is not UTF-8", path.display())))?;
        let connection = connect(&self.shared.path)?;
        connection.execute("VACUUM INTO $1", [name])?;
        // What the engine wrote is on the disk before anybody builds on it.
        std::fs::File::open(path).and_then(|file| file.sync_all()).map_err(failed)
    }
}

impl Tx<'_> {
    /// What the engine finds wrong with the file and with rows that point to others; empty when it is sound. Reads
    /// everything.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn unsound(&self) -> Result<Vec<String>, StoreError> {
        let mut found: Vec<String> = self.query("PRAGMA integrity_check", params![], |row| row.get(0))?;
        found.retain(|it| it != "ok");
        found.extend(self.query("PRAGMA foreign_key_check", params![], |row| {
            Ok(format!("a row of {} points to none of {}", row.get::<String>(0)?, row.get::<String>(2)?))
        })?);
        Ok(found)
    }

    /// How large the database is, and how much of that is unused; bytes.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn file_size(&self) -> Result<(u64, u64), StoreError> {
        let number =
            |sql: &str| Ok::<_, StoreError>(self.query_one(sql, params![], |row| row.get::<u64>(0))?.unwrap_or(0));
        let page = number("PRAGMA page_size")?;
        Ok((page * number("PRAGMA page_count")?, page * number("PRAGMA freelist_count")?))
    }

    /// Notes that everything before an instant is in a backup.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn backed_up(&self, until: Time) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO meta (name, value) VALUES ('backed_up_until', $1) ON CONFLICT (name) DO UPDATE SET value = $1",
            params![until.millis().to_string()],
        )?;
        Ok(())
    }

    /// Up to which instant everything is in a backup; none before the first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn backed_up_until(&self) -> Result<Option<Time>, StoreError> {
        let kept = self.query_one("SELECT value FROM meta WHERE name = 'backed_up_until'", params![], |row| {
            row.get::<String>(0)
        })?;
        let millis = kept.map(|kept| kept.parse::<i64>()).transpose();
        Ok(millis.map_err(|error| StoreError::Unreadable(error.to_string()))?.map(Time::from_millis))
    }

    /// Whether the registry's keys open what the database holds: a card's number, a controller's key.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keys_fit(&self) -> Result<bool, StoreError> {
        let card = self.query_one("SELECT card FROM cards LIMIT 1", params![], |row| row.get(0))?;
        if let Some(card) = card {
            let row = self.card(&card)?;
            let uid = row.as_ref().and_then(|row| self.uid_of(row));
            let found = uid.map(|uid| self.card_by_uid(&uid)).transpose()?.flatten();
            if found.map(|found| found.card) != Some(card) {
                return Ok(false);
            }
        }
        let sealed = self.query_one(
            "SELECT controller FROM credentials WHERE sealed_key IS NOT NULL LIMIT 1",
            params![],
            |row| row.get(0),
        )?;
        Ok(sealed.is_none_or(|controller| self.credential(&controller).is_ok()))
    }
}
