//! What the controller remembers over a power cut, as a small JSON file. Start at [`StateFile::store`].
//!
//! The old file is replaced whole or not at all: a power cut at any instant leaves one of the two.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tremen_controller::{OfflineUse, Remembered};
use tremen_wire::{ControllerId, EntryTag};

/// Why what is remembered could not be read or stored.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The folder or the file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file holds something else.
    #[error(
        "{path}: {problem}; without this file the controller stays safe against all but an old unlock that is played \
         to it again, so it can be deleted"
    )]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}

/// The file of one controller.
#[derive(Debug)]
pub struct StateFile {
    folder: PathBuf,
    path: PathBuf,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    last_order: u64,
    lock_orders: BTreeMap<String, u64>,
    locked: BTreeSet<String>,
    list_version: u64,
    offline_uses: Vec<WrittenUse>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenUse {
    machine: String,
    entry: String,
    at_s: u64,
    used_s: u64,
}

impl StateFile {
    /// The file of a controller in a folder, which is made if it is not there.
    ///
    /// # Errors
    /// [`StateError::File`] when the folder cannot be made.
    pub fn new(folder: &Path, controller: &ControllerId) -> Result<Self, StateError> {
        std::fs::create_dir_all(folder).map_err(|source| StateError::File { path: folder.to_owned(), source })?;
        Ok(Self { folder: folder.to_owned(), path: folder.join(format!("{controller}.json")) })
    }

    /// Reads what was remembered; nothing, if there is no file yet.
    ///
    /// # Errors
    /// [`StateError`] when the file cannot be read or holds something else.
    pub fn load(&self) -> Result<Remembered, StateError> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Remembered::default()),
            Err(source) => return Err(StateError::File { path: self.path.clone(), source }),
        };
        let wrong = |problem: String| StateError::Format { path: self.path.clone(), problem };
        let written: Written = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let uses = written.offline_uses.into_iter().map(|used| {
            let entry =
                EntryTag::from_hex(&used.entry).ok_or_else(|| wrong("an `entry` is 16 hex digits".to_owned()))?;
            Ok(OfflineUse { machine: used.machine, entry, at_s: used.at_s, used_s: used.used_s })
        });
        Ok(Remembered {
            offline_uses: uses.collect::<Result<_, StateError>>()?,
            last_order: written.last_order,
            lock_orders: written.lock_orders,
            locked: written.locked,
            list_version: written.list_version,
        })
    }

    /// Stores what is to be remembered; returns once it is on the disk.
    ///
    /// # Errors
    /// [`StateError::File`] when it cannot be written; what was stored before is still there.
    pub fn store(&self, remembered: &Remembered) -> Result<(), StateError> {
        let uses = remembered.offline_uses.iter().map(|used| WrittenUse {
            machine: used.machine.clone(),
            entry: used.entry.to_string(),
            at_s: used.at_s,
            used_s: used.used_s,
        });
        let written = Written {
            last_order: remembered.last_order,
            lock_orders: remembered.lock_orders.clone(),
            locked: remembered.locked.clone(),
            list_version: remembered.list_version,
            offline_uses: uses.collect(),
        };
        let replace = || -> io::Result<()> {
            let new = self.path.with_extension("json.new");
            let mut file = File::create(&new)?;
            file.write_all(serde_json::to_string_pretty(&written)?.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&new, &self.path)?;
            File::open(&self.folder)?.sync_all() // the name is on the disk too
        };
        replace().map_err(|source| StateError::File { path: self.path.clone(), source })
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A folder that goes away with its test.
    pub(crate) struct Folder(pub(crate) PathBuf);

    impl Folder {
        pub(crate) fn new(name: &str) -> Self {
            Self(tempfile::Builder::new().prefix(&format!("tremen-bridge-{name}-")).tempdir().unwrap().keep())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0); // left behind for the system to clear where that fails
        }
    }

    fn file(folder: &Folder) -> StateFile {
        StateFile::new(&folder.0.join("state"), &ControllerId::parse("ubo-laser").unwrap()).unwrap()
    }

    fn something() -> Remembered {
        Remembered {
            last_order: 42,
            lock_orders: BTreeMap::from([("trotec-speedy".to_owned(), 41)]),
            locked: BTreeSet::from(["trotec-speedy".to_owned()]),
            list_version: 7,
            offline_uses: vec![OfflineUse {
                machine: "trotec-speedy".to_owned(),
                entry: EntryTag([0xab; 8]),
                at_s: 1_795_424_400,
                used_s: 0,
            }],
        }
    }

    #[test]
    fn what_is_stored_is_read_back_and_nothing_is_remembered_before() {
        let folder = Folder::new("state-round");
        assert_eq!(file(&folder).load().unwrap(), Remembered::default());
        file(&folder).store(&something()).unwrap();
        file(&folder).store(&something()).unwrap();
        assert_eq!(file(&folder).load().unwrap(), something());
    }

    #[test]
    fn a_power_cut_while_writing_leaves_what_was_there() {
        let folder = Folder::new("state-cut");
        let file = file(&folder);
        file.store(&something()).unwrap();
        std::fs::write(folder.0.join("state/ubo-laser.json.new"), "{\"last_or").unwrap();
        assert_eq!(file.load().unwrap(), something());
    }

    #[test]
    fn a_broken_file_is_named_with_what_it_costs_to_delete_it() {
        let folder = Folder::new("state-broken");
        let file = file(&folder);
        std::fs::write(folder.0.join("state/ubo-laser.json"), "{}").unwrap();
        let said = file.load().unwrap_err().to_string();
        assert!(said.contains("ubo-laser.json") && said.contains("can be deleted"), "{said}");
    }
}
