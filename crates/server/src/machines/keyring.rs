//! The secrets of controllers in memory, so that a forged message costs the database nothing.
//!
//! What is kept here opens messages; whether it is still in force is checked again in the transaction that acts on them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tremen_rules::ControllerId;
use tremen_rules::network::Profile;
use tremen_wire::{Key, Protection};

use crate::flows::FlowError;
use crate::flows::link_controller::Sender;
use crate::store::{Store, Touched};

/// So many names are remembered at most, known ones and unknown ones.
const NAMES: usize = 8192;
/// A controller's secrets are not read again for a bad seal before they are so old.
const FRESH: Duration = Duration::from_secs(1);

/// What one controller proves itself with.
#[derive(Debug)]
pub struct Known {
    /// Who it is, how it speaks, and the version of these secrets.
    pub sender: Sender,
    /// Its name on the wire.
    pub wire_id: tremen_wire::ControllerId,
    read_at: Instant,
    key: Option<Key>,
    password: [u8; 16],
}

impl Known {
    /// Whether it was read so short a while ago that reading it again would tell nothing new.
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.read_at.elapsed() < FRESH
    }

    /// What protects messages from and to it.
    #[must_use]
    pub const fn protection(&self) -> Protection<'_> {
        match &self.key {
            Some(key) => Protection::Sealed(key),
            None => Protection::Plain,
        }
    }
}

/// The secrets of controllers.
#[derive(Debug)]
pub struct Keyring {
    store: Store,
    known: Mutex<BTreeMap<String, Option<Arc<Known>>>>,
}

impl Keyring {
    /// An empty keyring over a store.
    #[must_use]
    pub const fn new(store: Store) -> Self {
        Self { store, known: Mutex::new(BTreeMap::new()) }
    }

    /// The secrets of a controller, from memory if they are there; none when it is unknown or out of service.
    #[must_use]
    pub fn get(&self, controller: &str) -> Option<Arc<Known>> {
        let known = self.lock().get(controller).cloned();
        known.unwrap_or_else(|| self.read_again(controller))
    }

    /// The secrets of a controller as the database has them now.
    #[must_use]
    pub fn read_again(&self, controller: &str) -> Option<Arc<Known>> {
        let read = self.read(controller);
        let mut all = self.lock();
        let known = match read {
            Ok(known) => known,
            Err(error) => {
                // Not being able to read is no knowledge: what was known stays, and is asked for again next time.
                tracing::error!(controller.id = controller, %error, "a controller's secrets cannot be read");
                return all.get(controller).cloned().flatten();
            }
        };
        if all.len() >= NAMES {
            all.clear(); // somebody makes names up
        }
        all.insert(controller.to_owned(), known.clone());
        known
    }

    fn read(&self, controller: &str) -> Result<Option<Arc<Known>>, FlowError> {
        let (Ok(id), Ok(wire_id)) = (ControllerId::parse(controller), tremen_wire::ControllerId::parse(controller))
        else {
            return Ok(None);
        };
        self.store.read_here(|tx| {
            let network = crate::flows::network(tx)?;
            let Some(profile) = network.controllers.get(&id).map(|declared| declared.profile) else { return Ok(None) };
            let Some(credential) = tx.credential(&id)? else { return Ok(None) };
            let key = match profile {
                Profile::Plain => None,
                Profile::Sealed => match credential.key {
                    Some(key) => Some(Key::new(key)),
                    None => return Ok(None), // declared sealed since it was provisioned: it needs a rotation
                },
            };
            let sender = Sender { controller: id, profile, version: credential.version };
            Ok(Some(Arc::new(Known { sender, wire_id, read_at: Instant::now(), key, password: credential.password })))
        })
    }

    /// The version of the secrets that a password opens; none when it opens nothing.
    #[must_use]
    pub fn login(&self, controller: &str, password: &[u8]) -> Option<u32> {
        let tag = self.store.keys().tag("password", password);
        let opens = |known: &Known| known.password == tag; // keyed hashes: equality tells nothing of the password
        if let Some(known) = self.get(controller).filter(|known| opens(known)) {
            return Some(known.sender.version);
        }
        self.read_again(controller).filter(|known| opens(known)).map(|known| known.sender.version)
    }

    /// The version of a controller's secrets in force; none when it is unknown or out of service.
    #[must_use]
    pub fn version(&self, controller: &str) -> Option<u32> {
        self.get(controller).map(|known| known.sender.version)
    }

    /// Hears of what committed changes touch.
    pub(super) fn touched(&self) -> tokio::sync::broadcast::Receiver<Touched> {
        self.store.touched()
    }

    /// Forgets one controller's secrets.
    pub fn forget(&self, controller: &str) {
        self.lock().remove(controller);
    }

    /// Forgets all secrets.
    pub fn forget_all(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Option<Arc<Known>>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
