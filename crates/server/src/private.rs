//! Files and folders for their owner alone: keys, the database, backups, what names people.

use std::fs::{DirBuilder, OpenOptions};
use std::path::Path;

/// Options that write a file which, where it is made anew, only its owner can read.
#[must_use]
pub fn file() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Makes a folder, and those above it, for their owner alone; one that is there stays as it is.
///
/// # Errors
/// When the file system refuses.
pub fn folder(path: &Path) -> std::io::Result<()> {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(path)
}
