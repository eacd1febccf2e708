//! The folder in which a backup is put together and taken apart: beside the database, for its owner alone, gone afterwards.
//!
//! What lies there is not encrypted. That is why it is beside the database, which is not either, and never beside the
//! backup, which may be on somebody's memory stick.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{BackupError, at, folder_of};
use crate::private;

/// The folder; gone when dropped.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: PathBuf,
    /// Folders above it that were not there before, the innermost first.
    made: Vec<PathBuf>,
    lock: File,
}

impl Scratch {
    /// Makes the folder. One that a killed process left behind is emptied.
    pub(super) fn beside(database: &Path) -> Result<Self, BackupError> {
        let name = database.file_name().unwrap_or_default().to_string_lossy();
        let folder = folder_of(database).join(format!(".{name}.backup"));
        let made = folder_of(&folder).ancestors().take_while(|it| !it.as_os_str().is_empty() && !it.exists());
        let made = made.map(Path::to_owned).collect();
        private::folder(&folder).map_err(at(&folder))?;
        let lock = File::open(&folder).map_err(at(&folder))?;
        lock.try_lock().map_err(|_| BackupError::Busy(folder.clone()))?;
        let scratch = Self { folder, made, lock };
        for left in std::fs::read_dir(&scratch.folder).map_err(at(&scratch.folder))?.flatten() {
            let path = left.path();
            if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }
                .map_err(at(&path))?;
        }
        Ok(scratch)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Lets the folders above stay: something was put there.
    pub(super) fn keep_parents(&mut self) {
        self.made.clear();
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::warn!(%error, folder = %self.folder.display(), "a folder of a backup could not be removed");
        }
        let _ = self.lock.unlock(); // closing it does the same
        for folder in &self.made {
            let _ = std::fs::remove_dir(folder); // somebody may have put something there meanwhile
        }
    }
}
