//! A backup: one file with the database, the keys and the configuration, encrypted to a passphrase. Start at [`make`] and
//! [`restore`].
//!
//! Inside the age encryption is a tar archive, uncompressed, so that `age -d FILE | tar x` opens a backup without Tremen. Its
//! first entry is the [`Manifest`], which names all others. Nothing is held in memory whole.
//!
//! What is written is read back the way a restore reads it, before it gets its name. What is restored is checked in a
//! scratch folder, before anything is put in its place.

mod archive;
mod checks;
mod make;
mod restore;
mod scratch;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tremen_age::AgeError;
use tremen_rules::Time;

pub use archive::configuration_in;
pub use make::{Made, Source, make};
pub use restore::{Restored, Target, restore};

use crate::flows::FlowError;
use crate::keys::KeysError;
use crate::store::StoreError;

/// The archive's first entry.
const MANIFEST: &str = "tremen-backup.json";
/// The database in the archive.
const DATABASE: &str = "tremen.db";
/// The configuration file in the archive.
const CONFIGURATION: &str = "tremen.toml";
/// The folder of the keys in the archive.
const KEYS: &str = "keys/";
/// The form that this Tremen writes; an older one reads no newer form.
const FORM: u32 = 1;

/// What a backup holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// How the archive is laid out.
    pub form: u32,
    /// The Tremen that wrote it.
    pub tremen: String,
    /// The network's name.
    pub network: String,
    /// What happened before this instant is in it; UTC, milliseconds since 1970.
    pub made_at: Time,
    /// All other entries, in their order.
    pub files: Vec<Held>,
}

/// One file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its name in the archive.
    pub name: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// SHA-256 of them, hexadecimal.
    pub sha256: String,
}

/// Why a backup was not made or not restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// A file or folder cannot be read or written.
    #[error("{path}: {why}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        why: std::io::Error,
    },
    /// Another backup or restore is under way.
    #[error("another backup or restore works in {0}; wait for its end")]
    Busy(PathBuf),
    /// The file is there already.
    #[error("{0} is there already: choose another name, or `--force` to replace it")]
    Exists(PathBuf),
    /// The place where it would be restored is taken.
    #[error("{0} is there already: a restore overwrites nothing; move it away, or restore elsewhere")]
    Taken(PathBuf),
    /// The encryption does not open.
    #[error(transparent)]
    Age(#[from] AgeError),
    /// The archive is none of Tremen's.
    #[error("this is no backup that this Tremen can read: {0}")]
    Foreign(String),
    /// What it holds is not sound.
    #[error("what the backup holds is not sound: {0}")]
    Unsound(String),
    /// A key is missing or none.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What a restored registry does first was not done.
    #[error(transparent)]
    Flow(#[from] FlowError),
}

/// Names the file of a failure.
fn at(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> BackupError {
    let path = path.to_owned();
    move |why| BackupError::File { path, why }
}

/// Brings what was done in a folder to the disk: names too can be lost with the power.
fn sync_folder(folder: &std::path::Path) -> Result<(), BackupError> {
    std::fs::File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))
}

/// The folder that a path is in.
fn folder_of(path: &std::path::Path) -> &std::path::Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(std::path::Path::new("."))
}
