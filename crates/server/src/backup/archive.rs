//! The archive inside the encryption: written from files, and taken apart into a folder.
//!
//! A name in an archive is a stranger's word: only those are taken that this Tremen writes, each once, in the order and
//! with the bytes that the manifest tells.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tremen_age::{AgeError, Passphrase};

use super::{BackupError, CONFIGURATION, DATABASE, FORM, Held, KEYS, MANIFEST, Manifest, at};
use crate::keys::hex;
use crate::private;

/// No manifest is longer.
const LONGEST_MANIFEST: u64 = 1 << 20;
/// No key and no configuration is longer.
const LONGEST_TEXT: u64 = 1 << 20;

/// A file on its way into an archive.
pub(super) struct Packed {
    pub held: Held,
    pub from: PathBuf,
}

impl Packed {
    pub(super) fn new(name: impl Into<String>, from: &Path) -> Result<Self, BackupError> {
        let mut hash = Hashing::new(io::sink());
        let mut file = File::open(from).map_err(at(from))?;
        let bytes = io::copy(&mut file, &mut hash).map_err(at(from))?;
        Ok(Self { held: Held { name: name.into(), bytes, sha256: hash.digest() }, from: from.to_owned() })
    }
}

/// Writes the archive.
pub(super) fn pack(to: &mut impl Write, manifest: &Manifest, files: &[Packed]) -> Result<(), BackupError> {
    let failed = |why: io::Error| BackupError::File { path: PathBuf::from(MANIFEST), why };
    let mut archive = tar::Builder::new(to);
    let text = serde_json::to_vec_pretty(manifest).map_err(|error| failed(error.into()))?;
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    archive.append(&header(manifest, MANIFEST, length).map_err(failed)?, text.as_slice()).map_err(failed)?;
    for packed in files {
        let failed = |why| BackupError::File { path: packed.from.clone(), why };
        let header = header(manifest, &packed.held.name, packed.held.bytes).map_err(failed)?;
        let file = File::open(&packed.from).map_err(failed)?;
        archive.append(&header, file).map_err(failed)?;
    }
    archive.finish().map_err(failed)
}

fn header(manifest: &Manifest, name: &str, bytes: u64) -> io::Result<tar::Header> {
    let mut header = tar::Header::new_gnu();
    header.set_path(name)?;
    header.set_size(bytes);
    header.set_mode(0o600);
    header.set_mtime(manifest.made_at.unix_seconds());
    header.set_cksum();
    Ok(header)
}

/// A backup taken apart.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub manifest: Manifest,
    pub database: PathBuf,
    /// The folder of the keys.
    pub keys: PathBuf,
    /// SHA-256 of the encrypted file.
    pub sha256: String,
}

/// Decrypts a backup and takes it apart into an empty folder.
pub(super) fn unpack(from: impl Read, passphrase: &Passphrase, folder: &Path) -> Result<Unpacked, BackupError> {
    let mut whole = Hashing::new(from);
    let mut content = Watched { from: tremen_age::decrypt(&mut whole, passphrase)?, fault: None };
    let taken = take_apart(&mut content, folder);
    // The last bytes say that nothing was cut off.
    let rest = taken.and_then(|manifest| {
        io::copy(&mut content, &mut io::sink()).map_err(at(folder))?;
        Ok(manifest)
    });
    let manifest = match (content.fault.take(), rest) {
        (Some(fault), _) => return Err(fault.into()),
        (None, rest) => rest?,
    };
    drop(content);
    if !manifest.files.iter().any(|it| it.name == DATABASE) {
        return Err(BackupError::Foreign("it has no database".to_owned()));
    }
    Ok(Unpacked { database: folder.join(DATABASE), keys: folder.join(KEYS), sha256: whole.digest(), manifest })
}

/// The configuration that a backup holds, which is among its first entries: not all of it is read.
///
/// # Errors
/// When it is no backup, or the passphrase does not open it.
pub fn configuration_in(from: impl Read, passphrase: &Passphrase) -> Result<Option<String>, BackupError> {
    let unreadable = |why: io::Error| BackupError::Foreign(why.to_string());
    let mut content = Watched { from: tremen_age::decrypt(from, passphrase)?, fault: None };
    let mut read = || {
        let mut archive = tar::Archive::new(&mut content);
        let mut entries = archive.entries().map_err(unreadable)?;
        let _manifest = entries.next().transpose().map_err(unreadable)?; // judged when the backup is taken apart
        let entry = entries.next().transpose().map_err(unreadable)?;
        let Some(entry) = entry.filter(|it| it.path_bytes().as_ref() == CONFIGURATION.as_bytes()) else {
            return Ok(None);
        };
        let mut text = String::new();
        entry.take(LONGEST_TEXT).read_to_string(&mut text).map_err(unreadable)?;
        Ok(Some(text))
    };
    let text = read();
    content.fault.map_or(text, |fault| Err(fault.into()))
}

fn take_apart(content: &mut impl Read, folder: &Path) -> Result<Manifest, BackupError> {
    let foreign = |why: String| BackupError::Foreign(why);
    let unreadable = |why: io::Error| BackupError::Foreign(why.to_string());
    let keys = folder.join(KEYS);
    std::fs::create_dir_all(&keys).map_err(at(&keys))?;
    let mut archive = tar::Archive::new(content);
    let mut entries = archive.entries().map_err(unreadable)?;
    let mut next = || {
        let entry = entries.next().transpose().map_err(unreadable)?;
        entry.ok_or_else(|| foreign("it ends before all is there that it names".to_owned()))
    };

    let mut first = next()?;
    if first.path_bytes().as_ref() != MANIFEST.as_bytes() {
        return Err(foreign(format!("it does not begin with {MANIFEST}")));
    }
    let mut text = Vec::new();
    first.by_ref().take(LONGEST_MANIFEST).read_to_end(&mut text).map_err(unreadable)?;
    let manifest = read_manifest(&text)?;
    for held in &manifest.files {
        let path = folder.join(safe_name(held)?);
        let mut entry = next()?;
        if entry.path_bytes().as_ref() != held.name.as_bytes() || !entry.header().entry_type().is_file() {
            return Err(foreign(format!("{} is not where it should be", held.name)));
        }
        let mut to = Hashing::new(private::file().create_new(true).open(&path).map_err(at(&path))?);
        let bytes = io::copy(&mut entry, &mut to).map_err(at(&path))?;
        to.inner.sync_all().map_err(at(&path))?;
        if bytes != held.bytes || to.digest() != held.sha256 {
            return Err(BackupError::Unsound(format!("{} has other bytes than were written", held.name)));
        }
    }
    Ok(manifest)
}

fn read_manifest(text: &[u8]) -> Result<Manifest, BackupError> {
    #[derive(serde::Deserialize)]
    struct Form {
        form: u32,
    }
    let broken = |error: serde_json::Error| BackupError::Foreign(format!("{MANIFEST}: {error}"));
    let Form { form } = serde_json::from_slice(text).map_err(broken)?;
    if form != FORM {
        return Err(BackupError::Foreign(format!("its form is {form}, this Tremen reads {FORM}: use the newer one")));
    }
    serde_json::from_slice(text).map_err(broken)
}

/// The name of a file that a backup may hold.
fn safe_name(held: &Held) -> Result<&str, BackupError> {
    let is_key = |name: &str| {
        name.strip_prefix(KEYS).and_then(|name| name.strip_suffix(".key")).is_some_and(|name| {
            !name.is_empty() && name.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-')
        })
    };
    match held.name.as_str() {
        DATABASE => Ok(&held.name),
        name if (name == CONFIGURATION || is_key(name)) && held.bytes <= LONGEST_TEXT => Ok(name),
        name => Err(BackupError::Foreign(format!("it holds {name}, which no backup does"))),
    }
}

/// Remembers what the encryption found wrong, which readers above may retell in their own words.
struct Watched<R> {
    from: R,
    fault: Option<AgeError>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.fault.is_some() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        self.from.read(to).map_err(|error| match error.downcast::<AgeError>() {
            Ok(fault) => {
                self.fault = Some(fault);
                io::ErrorKind::InvalidData.into()
            }
            Err(error) => error,
        })
    }
}

/// Hashes what goes through.
pub(super) struct Hashing<I> {
    pub inner: I,
    hash: Sha256,
}

impl<I> Hashing<I> {
    pub(super) fn new(inner: I) -> Self {
        Self { inner, hash: Sha256::new() }
    }

    pub(super) fn digest(&self) -> String {
        hex(&self.hash.clone().finalize())
    }
}

impl<I: Write> Write for Hashing<I> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or(bytes));
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<I: Read> Read for Hashing<I> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(to)?;
        self.hash.update(to.get(..read).unwrap_or(to));
        Ok(read)
    }
}
