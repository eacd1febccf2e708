//! Whether a registry serves this database: it holds a lock on a file beside it, which the system drops with the process.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::Store;

/// Held by a registry as long as it serves.
#[derive(Debug)]
pub struct Serving(#[expect(dead_code, reason = "the lock lives as long as the open file")] File);

fn beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push("-served");
    name.into()
}

impl Store {
    /// Says to other processes that this database is served, until what is returned is dropped or the process ends.
    ///
    /// # Errors
    /// When the file beside the database cannot be made or locked.
    pub fn serving(&self) -> std::io::Result<Serving> {
        let file = File::create(beside(&self.shared.path))?;
        file.lock_shared()?;
        Ok(Serving(file))
    }

    /// Whether a registry serves this database, as far as can be told: in doubt it does.
    #[must_use]
    pub fn is_served(&self) -> bool {
        match File::open(beside(&self.shared.path)) {
            Ok(file) => file.try_lock().is_err(),
            Err(error) => error.kind() != std::io::ErrorKind::NotFound,
        }
    }
}
