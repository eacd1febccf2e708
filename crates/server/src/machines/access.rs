//! Who may do what on the embedded broker: accounts from the controllers table, topics as the wire's page says.
//!
//! A controller publishes under its own `up/#` and subscribes under its own `down/#`, nothing else.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use mqtt5::packet::connect::ConnectPacket;

use super::keyring::Keyring;
use crate::limits::{Refusal, refuse};
use crate::store::Store;

/// The registry's own account: no controller can have this name.
pub const REGISTRY_USER: &str = "tremen.registry";

/// A password of this run alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// The embedded broker's doorkeeper.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    keyring: Arc<Keyring>,
    registry_password: Secret,
    store: Store,
    /// The version of the secrets that last opened a connection, by user name.
    admitted: Mutex<BTreeMap<String, u32>>,
}

/// An account as the broker remembers it: the user name and the version of the secrets that opened the connection, so
/// that a rotation shuts out connections that the old secrets opened.
fn account(user: &str, version: u32) -> String {
    format!("{user}#{version}")
}

impl Doorkeeper {
    pub(super) fn new(keyring: Arc<Keyring>, registry_password: Secret, store: Store) -> Self {
        Self { keyring, registry_password, store, admitted: Mutex::default() }
    }

    /// Controllers whose connection was opened with secrets that are not in force any more, each told once; of one
    /// controller, or of all.
    pub(super) fn stale(&self, only: Option<&str>) -> Vec<String> {
        let mut admitted = self.admitted.lock().unwrap_or_else(PoisonError::into_inner);
        let is_stale = |user: &String, version: &u32| {
            only.is_none_or(|only| only == user)
                && self.keyring.read_again(user).is_none_or(|known| known.sender.version != *version)
        };
        admitted.extract_if(.., |user, version| is_stale(user, version)).map(|(user, _)| user).collect()
    }

    /// The account that a login opens; none, and it is counted, when it opens none.
    pub(super) fn admit(&self, connect: &ConnectPacket) -> Option<String> {
        let account = self.account_of(connect);
        if account.is_none() {
            refuse(self.store.metrics(), Refusal::MqttLogin);
        }
        account
    }

    fn account_of(&self, connect: &ConnectPacket) -> Option<String> {
        let user = connect.username.as_deref()?;
        let password = connect.password.as_deref()?;
        if user == REGISTRY_USER {
            return (password == self.registry_password.0.as_bytes()).then(|| user.to_owned());
        }
        // Whoever could take another's client id would throw that controller off the broker.
        if connect.client_id != user {
            tracing::debug!(controller.id = user, "a controller's client id is not its user name; it is refused");
            return None;
        }
        let version = self.keyring.login(user, password)?;
        self.admitted.lock().unwrap_or_else(PoisonError::into_inner).insert(user.to_owned(), version);
        Some(account(user, version))
    }

    /// Whether an account may use a topic in this direction.
    pub(super) fn allows(&self, account_id: Option<&str>, topic: &str, direction: &str) -> bool {
        match account_id {
            Some(REGISTRY_USER) => true,
            Some(id) => {
                let Some((user, version)) = id.rsplit_once('#') else { return false };
                let own = topic.strip_prefix("tremen/1/c/").and_then(|rest| rest.strip_prefix(user));
                own.is_some_and(|rest| rest.starts_with(direction))
                    && self.keyring.version(user).is_some_and(|current| version.parse() == Ok(current))
            }
            None => false,
        }
    }
}
