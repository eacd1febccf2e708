//! The disk in doubt: what the writer does between a write that failed and the next one that is durable.
//!
//! While the disk is in doubt each transaction writes a row of its own, so that no empty commit passes for a good one,
//! and so that what a failed commit left in the log is written over. Why the process goes on and does not end is in
//! `docs/decisions/0011-after-a-failed-sync.md`.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::StoreError;

/// How often the log is told that it still fails.
const QUIET: Duration = Duration::from_secs(60);
/// A disk that has taken nothing for so long is asked again by the next transaction, whatever that writes.
const PROVEN: Duration = Duration::from_secs(60);

/// What is known of the disk.
#[derive(Debug)]
pub(super) struct Disk {
    /// When something was last made durable.
    proven: Instant,
    /// Since when it fails, and when the log was last told.
    failing: Option<(Instant, Instant)>,
}

impl Disk {
    pub(super) fn new() -> Self {
        Self { proven: Instant::now(), failing: None }
    }

    /// Whether the last write failed.
    pub(super) fn fails(&self) -> bool {
        self.failing.is_some()
    }

    /// Whether a transaction must write a row of its own before its commit says anything about the disk.
    pub(super) fn is_in_doubt(&self) -> bool {
        self.fails() || self.proven.elapsed() >= PROVEN
    }

    /// A transaction that wrote is durable.
    pub(super) fn took(&mut self) {
        self.proven = Instant::now();
        if let Some((since, _)) = self.failing.take() {
            tracing::info!(after_s = since.elapsed().as_secs(), "the disk takes what is written again; all goes on");
        }
    }

    /// A transaction failed.
    pub(super) fn failed(&mut self, error: &StoreError, database: &Path) {
        let now = Instant::now();
        let (since, told) = self.failing.map_or((now, None), |(since, told)| (since, Some(told)));
        let speaks = told.is_none_or(|told| now.duration_since(told) >= QUIET);
        self.failing = Some((since, if speaks { now } else { told.unwrap_or(now) }));
        if speaks {
            tracing::error!(
                %error,
                system = says(database),
                database = %database.display(),
                "the database cannot be written, and nothing of this is kept: taps are answered registry_unreachable. \
                 Make room on the disk or mend it; the registry tries each second and goes on by itself"
            );
        }
    }
}

/// What the system itself says when a little is written beside the database: the engine's own words name no cause.
fn says(database: &Path) -> String {
    let beside = database.with_extension("db-probe");
    let tried = std::fs::File::create(&beside).and_then(|mut file| {
        file.write_all(&[0; 4096])?;
        file.sync_data()
    });
    let _ = std::fs::remove_file(&beside); // where nothing can be written, nothing is left behind either
    tried.map_or_else(|error| error.to_string(), |()| "a small file beside it can be written".to_owned())
}
