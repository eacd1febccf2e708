//! The embedded broker: `mqtt5` with our own accounts, limits and access rules.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mqtt5::broker::config::{StorageBackend, StorageConfig, TlsConfig};
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::{BrokerConfig, MqttBroker};
use tokio::sync::broadcast;

use super::access::{Doorkeeper, Secret};
use super::client::{Client, Connection, connect_inside};
use super::keyring::Keyring;
use super::next;
use crate::store::Touched;

/// Largest packet, in bytes: a signed list of 256 KiB fits.
const LARGEST_PACKET: usize = 300 * 1024;

/// How the embedded broker is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddedSettings {
    /// Where it listens; port 0 chooses a free one.
    pub address: SocketAddr,
    /// Where and how it listens with TLS besides.
    pub tls: Option<Tls>,
    /// How many connections it keeps at most.
    pub max_clients: usize,
}

/// A listener with TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its certificate chain (PEM).
    pub cert_file: PathBuf,
    /// Its private key (PEM).
    pub key_file: PathBuf,
}

/// A broker that could not start.
#[derive(Debug, thiserror::Error)]
#[error("the embedded broker cannot listen on {address}: {why}")]
pub struct BrokerError {
    address: SocketAddr,
    why: String,
}

/// The running broker.
pub struct Embedded {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens with TLS.
    pub tls_address: Option<SocketAddr>,
    router: Arc<MessageRouter>,
    shutdown: mqtt5::broker::server::BrokerShutdownHandle,
    task: tokio::task::JoinHandle<()>,
    shutting_out: tokio::task::JoinHandle<()>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Embedded {
    /// Starts the broker; returns once it accepts connections.
    ///
    /// # Errors
    /// [`BrokerError`] when an address is taken or a certificate cannot be read.
    pub async fn start(
        settings: &EmbeddedSettings,
        keyring: Arc<Keyring>,
        registry_password: Secret,
    ) -> Result<Self, BrokerError> {
        let failed = |why: &dyn std::fmt::Display| BrokerError { address: settings.address, why: why.to_string() };
        let mut config = BrokerConfig {
            bind_addresses: vec![settings.address],
            max_clients: settings.max_clients,
            max_packet_size: LARGEST_PACKET,
            session_expiry_interval: Duration::ZERO,
            server_keep_alive: Some(Duration::from_secs(30)),
            max_subscriptions_per_client: 16,
            sys_topics_enabled: false,
            storage_config: StorageConfig {
                backend: StorageBackend::Memory,
                enable_persistence: true, // retained messages need a place; sessions are clean
                max_queued_messages_per_client: 256,
                max_queued_bytes_per_client: 1 << 20,
                ..StorageConfig::default()
            },
            ..BrokerConfig::default()
        };
        if let Some(tls) = &settings.tls {
            config = config.with_tls(
                TlsConfig::new(tls.cert_file.clone(), tls.key_file.clone()).with_bind_addresses(vec![tls.address]),
            );
        }
        let touched = keyring.touched();
        let doorkeeper = Arc::new(Doorkeeper::new(keyring, registry_password));
        let broker = MqttBroker::with_config(config).await.map_err(|error| failed(&error))?;
        let mut broker = broker.with_auth_provider(doorkeeper.clone());
        let router = broker.router();
        let address = broker.local_addr().unwrap_or(settings.address);
        let tls_address = broker.tls_local_addr();
        let shutdown = broker.shutdown_handle();
        let mut ready = broker.ready_receiver();
        let task = tokio::spawn(async move {
            if let Err(error) = broker.run().await {
                tracing::error!(%error, "the embedded broker ended");
            }
        });
        ready.wait_for(|ready| *ready).await.map_err(|_| failed(&"it ended at once"))?;
        let shutting_out = tokio::spawn(shut_out(touched, doorkeeper, router.clone()));
        Ok(Self { address, tls_address, router, shutdown, task, shutting_out })
    }

    /// Prepares a line in memory for this process, which needs no account.
    #[must_use]
    pub fn connect(&self, client_id: &str, filters: Vec<String>) -> (Client, Connection) {
        connect_inside(self.router.clone(), client_id, filters)
    }

    /// Stops the broker; returns once its connections are closed.
    pub async fn stop(self) {
        self.shutting_out.abort();
        self.shutdown.shutdown();
        if self.task.await.is_err() {
            tracing::warn!("the embedded broker did not end by itself");
        }
    }
}

/// Closes connections that secrets opened which are not in force any more: the broker asks for permission to listen only
/// when somebody subscribes.
async fn shut_out(mut touched: broadcast::Receiver<Touched>, doorkeeper: Arc<Doorkeeper>, router: Arc<MessageRouter>) {
    loop {
        let stale = match next(&mut touched).await {
            Some(Touched::Credentials(controller)) => doorkeeper.stale(Some(controller.as_str())),
            Some(Touched::Network | Touched::Everything) => doorkeeper.stale(None),
            Some(Touched::Machine(_) | Touched::Answer(_) | Touched::Orders(_) | Touched::Sessions) => continue,
            None => return,
        };
        for user in stale {
            tracing::info!(controller.id = user, "its secrets are not in force any more; its connection is closed");
            router.disconnect_client(&user).await;
        }
    }
}
