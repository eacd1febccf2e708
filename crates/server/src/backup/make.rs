//! Makes a backup while the registry runs. Start at [`make`].

use std::fs::File;
use std::io::{BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use tremen_age::{AgeError, Cost, Passphrase};

use super::archive::{Hashing, Packed, pack, unpack};
use super::scratch::Scratch;
use super::{BackupError, CONFIGURATION, DATABASE, FORM, KEYS, Manifest, at, checks, folder_of, sync_folder};
use crate::flows::network;
use crate::private;
use crate::store::{Store, StoreError, system_random};

/// What is backed up.
#[derive(Debug)]
pub struct Source<'a> {
    /// The open database.
    pub store: &'a Store,
    /// Its file.
    pub database: &'a Path,
    /// The folder of the keys.
    pub keys: &'a Path,
    /// The configuration file, if there is one.
    pub configuration: Option<&'a Path>,
}

/// A backup that was made, read back and found sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it holds.
    pub manifest: Manifest,
    /// How many bytes the encrypted file has.
    pub bytes: u64,
    /// SHA-256 of them, hexadecimal.
    pub sha256: String,
}

/// Writes a backup, reads it back as a restore would, and only then gives it its name. `step` hears what is being done.
///
/// # Errors
/// [`BackupError`]; nothing is left behind then, and a file of that name stays as it was.
pub fn make(
    source: &Source<'_>,
    to: &Path,
    replace: bool,
    passphrase: &Passphrase,
    cost: Cost,
    step: &mut dyn FnMut(&str),
) -> Result<Made, BackupError> {
    if !replace && to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    let scratch = Scratch::beside(source.database)?;
    let mut draft = Draft::new(to);
    let (manifest, written) = write(source, &scratch, &mut draft, passphrase, cost, step)?;

    step("reads it back");
    let file = BufReader::with_capacity(1 << 20, File::open(&draft.path).map_err(at(&draft.path))?);
    let folder = scratch.path("read-back");
    let unpacked = unpack(file, passphrase, &folder)?;
    if unpacked.sha256 != written || unpacked.manifest != manifest {
        return Err(BackupError::Unsound("the disk gives back other bytes than were written".to_owned()));
    }
    step("checks it");
    drop(checks::open(&unpacked, source.store.clock().clone())?);

    let bytes = std::fs::metadata(&draft.path).map_err(at(&draft.path))?.len();
    if !replace && to.exists() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    draft.publish(to)?;
    Ok(Made { manifest, bytes, sha256: written })
}

fn write(
    source: &Source<'_>,
    scratch: &Scratch,
    draft: &mut Draft,
    passphrase: &Passphrase,
    cost: Cost,
    step: &mut dyn FnMut(&str),
) -> Result<(Manifest, String), BackupError> {
    step("copies the database");
    // Before the copy begins: what it may or may not hold counts as missing.
    let made_at = source.store.now();
    let copy = scratch.path(DATABASE);
    source.store.copy_to(&copy)?;
    let name = source.store.read_here(|tx| Ok::<_, StoreError>(network(tx)?.settings.name.clone()))?;

    // The small ones first: what a restore wants to know early, it finds without reading everything.
    let mut files = Vec::new();
    if let Some(configuration) = source.configuration {
        files.push(Packed::new(CONFIGURATION, configuration)?);
    }
    for key in keys_in(source.keys)? {
        let name = format!("{KEYS}{}", key.file_name().unwrap_or_default().to_string_lossy());
        files.push(Packed::new(name, &key)?);
    }
    files.push(Packed::new(DATABASE, &copy)?);
    let held = files.iter().map(|it| it.held.clone()).collect();
    let tremen = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { form: FORM, tremen, network: name, made_at, files: held };

    step("encrypts it");
    let random = system_random();
    let file = BufWriter::with_capacity(1 << 20, draft.create()?);
    let mut encrypting = tremen_age::encrypt(Hashing::new(file), passphrase, cost, &mut |bytes| random(bytes))?;
    pack(&mut encrypting, &manifest, &files)?;
    let failed = |error: std::io::Error| BackupError::Age(AgeError::Io(error));
    let mut hashing = encrypting.finish().map_err(failed)?;
    hashing.inner.flush().map_err(failed)?;
    hashing.inner.get_ref().sync_all().map_err(failed)?;
    std::fs::remove_file(&copy).map_err(at(&copy))?; // its room is for the copy that is read back
    Ok((manifest, hashing.digest()))
}

fn keys_in(folder: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let files = std::fs::read_dir(folder).map_err(at(folder))?;
    let mut keys: Vec<_> = files.flatten().map(|file| file.path()).collect();
    keys.retain(|path| path.extension().is_some_and(|end| end == "key") && path.is_file());
    keys.sort();
    Ok(keys)
}

/// The backup before it has its name; gone when dropped.
struct Draft {
    path: PathBuf,
    exists: bool,
}

impl Draft {
    fn new(to: &Path) -> Self {
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        Self { path: to.with_file_name(name), exists: false }
    }

    fn create(&mut self) -> Result<File, BackupError> {
        let file = private::file().create(true).truncate(true).open(&self.path).map_err(at(&self.path))?;
        self.exists = true;
        Ok(file)
    }

    fn publish(&mut self, to: &Path) -> Result<(), BackupError> {
        std::fs::rename(&self.path, to).map_err(at(to))?;
        self.exists = false;
        sync_folder(folder_of(to))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if self.exists {
            let _ = std::fs::remove_file(&self.path); // it is not a backup, and its name says so
        }
    }
}
