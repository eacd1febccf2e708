//! Whether what was taken apart is a registry that would run: the same for a new backup and for one to be restored.

use std::sync::Arc;

use super::archive::Unpacked;
use super::{BackupError, Manifest};
use crate::clock::Clock;
use crate::flows::verify_journal;
use crate::keys::Keys;
use crate::store::{Store, system_random};

/// Opens the database with its keys and reads all of it: the file is sound, each journal entry is the one that was
/// written, and the keys open what they should.
pub(super) fn open(unpacked: &Unpacked, clock: Arc<dyn Clock>) -> Result<Store, BackupError> {
    let Unpacked { database, keys, manifest: Manifest { .. }, .. } = unpacked;
    let keys = Keys::read(keys)?;
    let store = Store::open(database, Arc::new(keys), clock, system_random())?;
    let unsound = |why: String| Err(BackupError::Unsound(why));
    store.read_here(|tx| {
        if let Some(first) = tx.unsound()?.first() {
            return unsound(format!("the database: {first}"));
        }
        let report = verify_journal::run(tx, &verify_journal::Request::default(), |_| {})?;
        if let Some(fault) = report.faults.first() {
            return unsound(format!("the journal: {}: {}", fault.place, fault.what));
        }
        if !tx.keys_fit()? {
            return unsound("the keys do not open what the database holds".to_owned());
        }
        Ok(())
    })?;
    Ok(store)
}
