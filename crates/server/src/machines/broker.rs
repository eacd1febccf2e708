//! The embedded broker: `mqtt5` with our own accounts, limits and access rules.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use mqtt5::broker::BrokerConfig;
use mqtt5::broker::resource_monitor::{ResourceLimits, ResourceMonitor};
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::storage::{DynamicStorage, MemoryBackend, QueueLimits, StorageBackend as _};
use mqtt5::broker::sys_topics::BrokerStats;
use mqtt5::broker::tls_acceptor::TlsAcceptorConfig;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio_rustls::TlsAcceptor;

use super::access::{Doorkeeper, Secret};
use super::client::{Client, Connection, connect_inside};
use super::door::{self, Hall};
use super::keyring::Keyring;
use super::next;
use crate::limits::{MqttLimits, Places};
use crate::listening::{CannotListen, listen};
use crate::store::{Store, Touched};

/// What sessions and retained messages left behind is looked for so often.
const SWEEP: Duration = Duration::from_secs(600);

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

/// A broker that cannot listen.
#[derive(Debug, thiserror::Error)]
pub enum BrokerError {
    /// An address cannot be had.
    #[error(transparent)]
    Listen(#[from] CannotListen),
    /// Its certificate or key cannot be used.
    #[error("the embedded broker's TLS: {} with {}: {why}", cert_file.display(), key_file.display())]
    Certificate {
        /// The certificate's file.
        cert_file: PathBuf,
        /// The key's file.
        key_file: PathBuf,
        /// Why.
        why: mqtt5::MqttError,
    },
}

/// The broker's listeners, before anybody is let in by them.
pub struct Listeners {
    plain: (TcpListener, SocketAddr),
    tls: Option<(TcpListener, SocketAddr, TlsAcceptor)>,
    max_clients: usize,
}

impl std::fmt::Debug for Listeners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listeners").field("plain", &self.plain).finish_non_exhaustive()
    }
}

impl Listeners {
    /// Listens.
    ///
    /// # Errors
    /// [`BrokerError`] when an address is taken or a certificate cannot be read.
    pub async fn open(settings: &EmbeddedSettings) -> Result<Self, BrokerError> {
        // Port 0 is another one once it is chosen.
        let told = |listener: TcpListener, asked| {
            let address = listener.local_addr().unwrap_or(asked);
            (listener, address)
        };
        let plain = listen("the embedded broker", "broker.embedded.address", settings.address).await?;
        let tls = match &settings.tls {
            Some(tls) => {
                let acceptor = acceptor(tls).await.map_err(|why| BrokerError::Certificate {
                    cert_file: tls.cert_file.clone(),
                    key_file: tls.key_file.clone(),
                    why,
                })?;
                let listener =
                    listen("the embedded broker with TLS", "broker.embedded.tls.address", tls.address).await?;
                let (listener, address) = told(listener, tls.address);
                Some((listener, address, acceptor))
            }
            None => None,
        };
        Ok(Self { plain: told(plain, settings.address), tls, max_clients: settings.max_clients })
    }
}

async fn acceptor(tls: &Tls) -> Result<TlsAcceptor, mqtt5::MqttError> {
    let certificate = TlsAcceptorConfig::load_cert_chain_from_file(&tls.cert_file).await?;
    let key = TlsAcceptorConfig::load_private_key_from_file(&tls.key_file).await?;
    TlsAcceptorConfig::new(certificate, key).build_acceptor()
}

/// The running broker.
pub struct Embedded {
    /// Where it listens.
    pub address: SocketAddr,
    /// Where it listens with TLS.
    pub tls_address: Option<SocketAddr>,
    router: Arc<MessageRouter>,
    shutdown: broadcast::Sender<()>,
    doors: Vec<tokio::task::JoinHandle<()>>,
    aside: tokio::task::JoinSet<()>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Embedded").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Embedded {
    /// Starts the broker on its listeners.
    #[must_use]
    pub fn start(
        listeners: Listeners,
        keyring: Arc<Keyring>,
        registry_password: Secret,
        limits: &MqttLimits,
        store: &Store,
    ) -> Self {
        let Listeners { plain: (plain, address), tls, max_clients } = listeners;
        let tls_address = tls.as_ref().map(|(_, address, _)| *address);
        let queues = QueueLimits { max_messages: 256, max_bytes: 1 << 20 };
        let config = BrokerConfig {
            max_packet_size: usize::try_from(limits.packet_bytes).unwrap_or(usize::MAX),
            session_expiry_interval: Duration::ZERO,
            server_keep_alive: Some(Duration::from_secs(30)),
            max_subscriptions_per_client: 16,
            ..BrokerConfig::default()
        };
        // Retained messages need a place; sessions are clean.
        let storage = Arc::new(DynamicStorage::Memory(MemoryBackend::with_queue_limits(queues)));
        let router = Arc::new(MessageRouter::with_storage(storage.clone()).with_fallback_queue_limits(queues));
        let touched = keyring.touched();
        let doorkeeper = Arc::new(Doorkeeper::new(keyring, registry_password, store.clone()));
        let (shutdown, _) = broadcast::channel(1);
        let hall = Arc::new(Hall {
            config: Arc::new(config),
            router: router.clone(),
            doorkeeper: doorkeeper.clone(),
            storage: storage.clone(),
            stats: Arc::new(BrokerStats::new()),
            monitor: Arc::new(ResourceMonitor::new(unmeasured())),
            places: Places::new(limits.places(u32::try_from(max_clients).unwrap_or(u32::MAX))),
            login: Duration::from_secs(limits.login_seconds.into()),
            store: store.clone(),
            shutdown: shutdown.clone(),
        });
        let open = |(listener, acceptor)| tokio::spawn(door::open(hall.clone(), listener, acceptor));
        let tls = tls.map(|(listener, _, acceptor)| (listener, Some(acceptor)));
        let doors = std::iter::once((plain, None)).chain(tls).map(open).collect();
        let mut aside = tokio::task::JoinSet::new();
        aside.spawn(shut_out(touched, doorkeeper, router.clone()));
        aside.spawn(sweep(router.clone(), storage));
        Self { address, tls_address, router, shutdown, doors, aside }
    }

    /// Prepares a line in memory for this process, which needs no account.
    #[must_use]
    pub fn connect(&self, client_id: &str, filters: Vec<String>) -> (Client, Connection) {
        connect_inside(self.router.clone(), client_id, filters)
    }

    /// Stops the broker; returns once its connections are closed.
    pub async fn stop(mut self) {
        self.aside.shutdown().await;
        let _nobody_connected = self.shutdown.send(());
        for door in self.doors {
            if door.await.is_err() {
                tracing::warn!("the embedded broker did not end by itself");
            }
        }
    }
}

/// The broker's own limits are not asked: `door.rs` and the inbox have ours.
fn unmeasured() -> ResourceLimits {
    ResourceLimits { max_message_rate_per_client: 0, max_bandwidth_per_client: 0, ..ResourceLimits::default() }
}

/// Clears away what sessions and messages that are over left behind.
async fn sweep(router: Arc<MessageRouter>, storage: Arc<DynamicStorage>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        if let Err(error) = storage.cleanup_expired().await {
            tracing::warn!(%error, "the embedded broker could not clear away what is over");
        }
        router.sweep_sessions().await;
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
