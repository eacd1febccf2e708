//! Files that commands read: by path, or `-` for standard input, of a bounded size.

use std::io::Read as _;
use std::path::Path;

use super::desk::{CliError, wrong};

/// The largest file that is read, in bytes: a CSV of some million rows.
const LARGEST: u64 = 512 * 1024 * 1024;

/// Reads a file whole.
///
/// # Errors
/// [`CliError::Wrong`] when it cannot be read or is too large.
pub(super) fn read_file(path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |error: std::io::Error| wrong(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    if path.as_os_str() == "-" {
        std::io::stdin().lock().take(LARGEST + 1).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        std::fs::File::open(path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes)).map_err(failed)?;
    }
    if u64::try_from(bytes.len()).is_ok_and(|length| length > LARGEST) {
        return Err(wrong(format!("{}: larger than {} MiB; import it in parts", path.display(), LARGEST >> 20)));
    }
    Ok(bytes)
}
