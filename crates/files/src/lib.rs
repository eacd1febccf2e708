//! The files that people write for Tremen: text in, typed values out, and back again.
//!
//! Start reading at [`network_file::read`] (what `tremen apply` reads) or at [`table::Kind`] (what `tremen import`
//! reads). Whatever is wrong in a file is said all at once, each fault with its line and what is allowed.
//! Nothing here opens a file, reads a clock or asks a database, and no text, however broken, makes it panic.

pub mod nearest;
pub mod network_file;
pub mod person;
mod shorten;
pub mod table;
pub mod uid;
pub mod when;
mod words;

/// Something worth knowing about a file that was read all the same.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("line {line}: {text}")]
pub struct Warning {
    /// The line in the file, from 1.
    pub line: usize,
    /// What is worth knowing; names the risk or what was probably meant.
    pub text: String,
}
