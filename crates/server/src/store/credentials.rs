//! Secrets of controllers, and what is known of their presence.

use tremen_rules::{ControllerId, Time};

use super::tx::{StoreError, Touched, Tx};
use crate::params;

/// No controller has seen so many orders. One that claims more, perhaps in a thief's hands, must not use up the numbers:
/// without a number no stop could be ordered.
const MOST_ORDERS: u64 = 1 << 48;

/// What a controller proves itself with.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Counts up from 1 with each rotation.
    pub version: u32,
    /// The key of its seals; none in the plain profile.
    pub key: Option<[u8; 32]>,
    /// The keyed hash of its password.
    pub password: [u8; 16],
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credential").field("version", &self.version).finish_non_exhaustive()
    }
}

/// What is known of a controller's presence.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PresenceRow {
    /// Name and version, as it says them.
    pub firmware: String,
    /// Whether its connection stands.
    pub online: bool,
    /// Since when it stands, or is gone.
    pub online_since: Option<Time>,
    /// Since when it is silent about a session.
    pub silent_since: Option<Time>,
}

impl Tx<'_> {
    /// What a controller proves itself with now; none when it was never provisioned or is retired.
    ///
    /// # Errors
    /// When the engine fails, or the key folder is not the one that the database was written with.
    pub fn credential(&self, controller: &ControllerId) -> Result<Option<Credential>, StoreError> {
        let found = self.query_one(
            "SELECT version, sealed_key, password FROM credentials WHERE controller = $1 AND ended_at IS NULL
             ORDER BY version DESC LIMIT 1",
            params![controller],
            |row| Ok((row.get::<u32>(0)?, row.get::<Option<Vec<u8>>>(1)?, row.get::<[u8; 16]>(2)?)),
        )?;
        let Some((version, sealed, password)) = found else { return Ok(None) };
        let key = sealed
            .map(|sealed| {
                self.keys().unseal(controller.as_str(), &sealed).and_then(|key| key.try_into().ok()).ok_or_else(|| {
                    StoreError::Unreadable(format!(
                        "the key of controller `{controller}` does not open with this key folder; restore the folder, \
                         or rotate the controller"
                    ))
                })
            })
            .transpose()?;
        Ok(Some(Credential { version, key, password }))
    }

    /// The version of a controller's secrets in force.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn credential_version(&self, controller: &ControllerId) -> Result<Option<u32>, StoreError> {
        self.query_one(
            "SELECT version FROM credentials WHERE controller = $1 AND ended_at IS NULL ORDER BY version DESC LIMIT 1",
            params![controller],
            |row| row.get(0),
        )
    }

    /// Gives a controller new secrets; the old ones end.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn put_credential(
        &mut self,
        controller: &ControllerId,
        key: Option<&[u8; 32]>,
        password: &[u8; 16],
    ) -> Result<u32, StoreError> {
        self.end_credentials(controller)?;
        let last: u32 = self
            .query_one(
                "SELECT COALESCE(MAX(version), 0) FROM credentials WHERE controller = $1",
                params![controller],
                |row| row.get(0),
            )?
            .unwrap_or(0);
        let sealed = key.map(|key| self.keys().seal(controller.as_str(), key, self.random()));
        self.execute(
            "INSERT INTO credentials (controller, version, sealed_key, password, since) VALUES ($1, $2, $3, $4, $5)",
            params![controller, last + 1, sealed, password, self.now()],
        )?;
        Ok(last + 1)
    }

    /// Ends a controller's secrets; tells whether it had any.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_credentials(&mut self, controller: &ControllerId) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE credentials SET ended_at = $1 WHERE controller = $2 AND ended_at IS NULL",
            params![self.now(), controller],
        )?;
        if changed > 0 {
            self.saw_connection(controller, false)?; // the broker closes what these secrets opened
        }
        self.touch(Touched::Credentials(controller.clone()));
        Ok(changed > 0)
    }

    /// Notes what a controller said of itself in its hello.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn saw_hello(
        &self,
        controller: &ControllerId,
        firmware: &str,
        capabilities: &[&str],
        last_order: u64,
    ) -> Result<(), StoreError> {
        let capabilities = serde_json::json!(capabilities).to_string();
        let last_order = last_order.min(MOST_ORDERS);
        self.execute(
            "INSERT INTO presence (controller, firmware, capabilities, last_order) VALUES ($1, $2, $3, $4)
             ON CONFLICT (controller) DO UPDATE SET firmware = $2, capabilities = $3,
                 last_order = CASE WHEN presence.last_order > $4 THEN presence.last_order ELSE $4 END",
            params![controller, firmware, capabilities, last_order],
        )?;
        Ok(())
    }

    /// Notes that a controller's connection came or went.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn saw_connection(&self, controller: &ControllerId, online: bool) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO presence (controller, online, online_since) VALUES ($1, $2, $3)
             ON CONFLICT (controller) DO UPDATE SET online = $2, online_since = $3",
            params![controller, online, self.now()],
        )?;
        Ok(())
    }

    /// Notes that a session's lease ran out without a word from its controller.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn fell_silent(&self, controller: &ControllerId) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO presence (controller, silent_since) VALUES ($1, $2)
             ON CONFLICT (controller) DO UPDATE SET silent_since = COALESCE(presence.silent_since, $2)",
            params![controller, self.now()],
        )?;
        Ok(())
    }

    /// Notes that a controller speaks; tells whether it had been silent.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn speaks(&self, controller: &ControllerId) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE presence SET silent_since = NULL WHERE controller = $1 AND silent_since IS NOT NULL",
            params![controller],
        )?;
        Ok(changed == 1)
    }

    /// Whether a controller can do this, by its last hello.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn has_capability(&self, controller: &ControllerId, capability: &str) -> Result<bool, StoreError> {
        let said =
            self.query_one("SELECT capabilities FROM presence WHERE controller = $1", params![controller], |row| {
                row.get::<String>(0)
            })?;
        Ok(said.is_some_and(|said| said.contains(&format!("\"{capability}\""))))
    }

    /// What is known of a controller's presence.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn presence(&self, controller: &ControllerId) -> Result<Option<PresenceRow>, StoreError> {
        self.query_one(
            "SELECT firmware, online, online_since, silent_since FROM presence WHERE controller = $1",
            params![controller],
            |row| {
                Ok(PresenceRow {
                    firmware: row.get(0)?,
                    online: row.get(1)?,
                    online_since: row.get(2)?,
                    silent_since: row.get(3)?,
                })
            },
        )
    }

    /// Lets the numbers of a controller's orders go on above `floor`, and takes it for gone until it is heard of again.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn order_above(&self, controller: &ControllerId, floor: u64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO presence (controller, last_order) VALUES ($1, $2)
             ON CONFLICT (controller) DO UPDATE SET online = 0, online_since = NULL,
                 last_order = CASE WHEN presence.last_order > $2 THEN presence.last_order ELSE $2 END",
            params![controller, floor.min(MOST_ORDERS)],
        )?;
        Ok(())
    }

    /// The next order number for a controller: above all that it has seen.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn next_order_number(&self, controller: &ControllerId) -> Result<u64, StoreError> {
        self.query_one(
            "INSERT INTO presence (controller, last_order) VALUES ($1, 1)
             ON CONFLICT (controller) DO UPDATE SET last_order = presence.last_order + 1 RETURNING last_order",
            params![controller],
            |row| row.get(0),
        )?
        .ok_or_else(|| StoreError::Engine("an order has no number".to_owned()))
    }
}
