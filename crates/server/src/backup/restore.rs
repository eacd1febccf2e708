//! Restores a backup on a bare machine. Start at [`restore`].

use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use tremen_age::Passphrase;

use super::archive::{Unpacked, unpack};
use super::scratch::Scratch;
use super::{BackupError, Manifest, at, checks, folder_of, sync_folder};
use crate::clock::Clock;
use crate::flows::continue_after_restore::{self, Continued, Since};
use crate::keys::write_secret;
use crate::private;

/// Where a backup is restored to.
#[derive(Debug)]
pub struct Target<'a> {
    /// The database file, which is not there yet.
    pub database: &'a Path,
    /// The folder of the keys, empty or not there yet.
    pub keys: &'a Path,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup held.
    pub manifest: Manifest,
    /// What the registry did first.
    pub continued: Continued,
}

/// Restores a backup. Everything is taken apart and checked in a scratch folder, and made ready to go on, before anything
/// is put in its place. `since` says what happened to the registry since the backup.
///
/// # Errors
/// [`BackupError`]; nothing is left behind then.
pub async fn restore(
    from: impl Read,
    target: &Target<'_>,
    since: Since,
    passphrase: &Passphrase,
    clock: Arc<dyn Clock>,
    step: &mut dyn FnMut(&str),
) -> Result<Restored, BackupError> {
    is_free(target)?;
    let mut scratch = Scratch::beside(target.database)?;
    step("decrypts it");
    let unpacked = unpack(from, passphrase, &scratch.path("unpacked"))?;
    step("checks it");
    let store = checks::open(&unpacked, clock)?;

    step("makes it ready to go on");
    let request = continue_after_restore::Request {
        made_at: unpacked.manifest.made_at,
        backup_sha256: unpacked.sha256.clone(),
        since,
    };
    let continued = store.write(move |tx| continue_after_restore::run(tx, &request)).await?;
    drop(store); // closes the file: all of it is in one place now

    step("puts it in its place");
    place(&unpacked, target)?;
    scratch.keep_parents();
    Ok(Restored { manifest: unpacked.manifest, continued })
}

fn is_free(target: &Target<'_>) -> Result<(), BackupError> {
    let mut beside = target.database.as_os_str().to_owned();
    beside.push("-wal");
    for path in [target.database, Path::new(&beside)] {
        if path.exists() {
            return Err(BackupError::Taken(path.to_owned()));
        }
    }
    match std::fs::read_dir(target.keys) {
        Ok(mut files) => files.next().map_or(Ok(()), |_| Err(BackupError::Taken(target.keys.to_owned()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(at(target.keys)(error)),
    }
}

/// The keys first, then the database: without its keys it would be opened with new ones that fit nothing.
fn place(unpacked: &Unpacked, target: &Target<'_>) -> Result<(), BackupError> {
    let mut log = unpacked.database.as_os_str().to_owned();
    log.push("-wal");
    if Path::new(&log).exists() {
        return Err(BackupError::Unsound("its database could not be closed".to_owned()));
    }
    let placed = place_keys(unpacked, target)
        .and_then(|()| std::fs::rename(&unpacked.database, target.database).map_err(at(target.database)));
    if placed.is_err() {
        let _ = std::fs::remove_dir_all(target.keys); // it was empty before
        return placed;
    }
    sync_folder(folder_of(target.database))
}

fn place_keys(unpacked: &Unpacked, target: &Target<'_>) -> Result<(), BackupError> {
    private::folder(target.keys).map_err(at(target.keys))?;
    for file in std::fs::read_dir(&unpacked.keys).map_err(at(&unpacked.keys))? {
        let from = file.map_err(at(&unpacked.keys))?.path();
        let to = target.keys.join(from.file_name().unwrap_or_default());
        let text = std::fs::read_to_string(&from).map_err(at(&from))?;
        write_secret(&to, text.trim_end()).map_err(at(&to))?;
    }
    sync_folder(target.keys)
}
