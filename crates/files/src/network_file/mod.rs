//! The network file: TOML in, a checked [`Network`] out, and back again.
//!
//! Start at [`read()`] and [`write()`]. The document is walked by hand, so that every fault of a file is said at once, with
//! its line and what is allowed; nothing that the file says is passed over in silence.

mod acceptance;
mod controller;
mod entries;
mod fields;
mod issuer;
mod machine;
mod reference;
mod settings;
mod sink;
mod venue;
mod write;

use toml::de::DeTable;
use tremen_rules::Network;

use self::entries::{Entries, TABLES};
use self::sink::Sink;
pub use self::write::write;
use crate::Warning;

/// A network file that was read without a fault.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// What it declares.
    pub network: Network,
    /// What is applied although it is a risk, by line.
    pub warnings: Vec<Warning>,
}

/// A fault of a network file, with what is allowed instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct FileError {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what is allowed.
    pub problem: String,
}

/// Reads a network file.
///
/// # Errors
/// Every [`FileError`] of the file, by line; if it is not TOML, the first place where it is not.
pub fn read(text: &str) -> Result<Read, Vec<FileError>> {
    let mut sink = Sink::new(text);
    let root = match DeTable::parse(text) {
        Ok(root) => root.into_inner(),
        Err(error) => {
            let at = error.span().map_or(text.len(), |span| span.start);
            sink.error(at, syntax_problem(text, &error));
            return Err(sink.into_errors());
        }
    };
    sink.unknown_tables(&root, &TABLES);
    let mut entries = Entries::new(&root);
    let settings = settings::read(&mut entries, &mut sink);
    let zone = settings.time_zone;
    let network = Network {
        settings,
        issuers: issuer::read(&mut entries, &mut sink),
        venues: venue::read(&mut entries, &mut sink, zone),
        references: reference::read(&mut entries, &mut sink),
        machines: machine::read(&mut entries, &mut sink),
        acceptances: acceptance::read(&mut entries, &mut sink),
        controllers: controller::read(&mut entries, &mut sink),
    };
    entries.check_mentions(&mut sink);
    for flaw in network.check() {
        entries.flaw(&flaw, &mut sink);
    }
    if sink.has_errors() {
        return Err(sink.into_errors());
    }
    for flaw in network.warnings() {
        entries.warning(&flaw, &mut sink);
    }
    Ok(Read { network, warnings: sink.into_warnings() })
}

fn syntax_problem(text: &str, error: &toml::de::Error) -> String {
    if error.message() == "duplicate key" {
        let name = error.span().and_then(|span| text.get(span)).unwrap_or_default();
        return format!("`{}` stands twice in the same table; leave one of them", crate::shorten::shortened(name));
    }
    format!("this is not TOML: {}", error.message())
}
