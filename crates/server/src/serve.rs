//! The registry as one value: started from its parts, stopped when asked. `serve`, `demo` and the tests start the same.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_rustls::rustls::ServerConfig;

use crate::limits::Limits;
use crate::listening::{CannotListen, listen};
use crate::machines::{self, Address, Embedded, EmbeddedSettings, Keyring, Listeners, Login, Machines, Secret};
use crate::sealer;
use crate::store::{Store, system_random};
use crate::web::certificate::{BadCertificate, CertificateFiles};
use crate::web::{self, Live, Readiness, WebDoor, WebState};

/// What the registry is made of.
#[derive(Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The broker.
    pub broker: Broker,
    /// Where pages are served; none for no pages. Port 0 chooses a free one.
    pub web: Option<SocketAddr>,
}

/// Which broker.
#[derive(Debug, Clone)]
pub enum Broker {
    /// One of its own.
    Embedded(EmbeddedSettings),
    /// Another one.
    External {
        /// Where.
        address: Address,
        /// User name and password, where it asks for them.
        credentials: Option<(String, Secret)>,
    },
}

/// The running registry.
#[derive(Debug)]
pub struct Running {
    /// The database.
    pub store: Store,
    /// Where controllers find the broker.
    pub broker: Address,
    /// Where the embedded broker listens, if there is one.
    pub broker_address: Option<SocketAddr>,
    /// Where the embedded broker listens with TLS, if it does.
    pub broker_tls_address: Option<SocketAddr>,
    /// Where pages are served.
    pub web_address: Option<SocketAddr>,
    /// Where the metrics are served, if they have a listener of their own.
    pub metrics_address: Option<SocketAddr>,
    /// The secrets of controllers.
    pub keyring: Arc<Keyring>,
    registry_password: Option<Secret>,
    background: tokio::task::JoinSet<()>,
    machines: Machines,
    pages: Option<Pages>,
    embedded: Option<Embedded>,
    sealing: Sealing,
}

#[derive(Debug)]
struct Sealing {
    shutdown: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Pages {
    live: Live,
    shutdown: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

/// Why the registry could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The pages or the metrics cannot listen.
    #[error(transparent)]
    Listen(#[from] CannotListen),
    /// The pages' certificate cannot be used.
    #[error(transparent)]
    Certificate(#[from] BadCertificate),
    /// The embedded broker cannot listen.
    #[error(transparent)]
    Broker(#[from] machines::broker::BrokerError),
}

/// What else is opened, and how wide.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Doors {
    /// Where the metrics are served, alone; none: beside the pages.
    pub metrics: Option<SocketAddr>,
    /// How much anybody may take at them.
    pub limits: Limits,
    /// How people reach the pages from outside, without a slash at its end.
    pub public_url: Option<String>,
    /// Whose word is believed about where a request comes from.
    pub proxies: Vec<IpAddr>,
    /// With which certificate the pages are served; none: over plain http.
    pub certificate: Option<CertificateFiles>,
}

/// Starts the registry with its doors as they are without configuration.
///
/// # Errors
/// As [`start_with`].
pub async fn start(parts: Parts) -> Result<Running, StartError> {
    start_with(parts, Doors::default()).await
}

/// Starts the registry; returns once it hears controllers, or after a broker that is elsewhere was given some time.
///
/// # Errors
/// When the embedded broker or the pages cannot listen.
pub async fn start_with(parts: Parts, doors: Doors) -> Result<Running, StartError> {
    let opened = Opened::at(parts.broker, parts.web, &doors).await?;
    Ok(opened.serve(parts.store, &doors).await)
}

/// The listeners, before anybody is let in by them: what somebody else may have taken is taken first, so that nothing was
/// begun where that fails.
#[derive(Debug)]
pub struct Opened {
    web: Option<TcpListener>,
    tls: Option<Arc<ServerConfig>>,
    metrics: Option<TcpListener>,
    broker: OpenedBroker,
}

#[derive(Debug)]
enum OpenedBroker {
    Embedded(Listeners),
    External { address: Address, credentials: Option<(String, Secret)> },
}

impl Opened {
    /// Listens: the broker that is its own, the pages, and the metrics where they stand alone. A certificate is read first.
    ///
    /// # Errors
    /// When one of them cannot.
    pub async fn at(broker: Broker, web: Option<SocketAddr>, doors: &Doors) -> Result<Self, StartError> {
        let tls = doors.certificate.as_ref().map(CertificateFiles::read).transpose()?;
        let web = match web {
            Some(address) => Some(listen("the pages", "web.address", address).await?),
            None => None,
        };
        let metrics = match doors.metrics {
            Some(address) => Some(listen("the metrics", "metrics.address", address).await?),
            None => None,
        };
        let broker = match broker {
            Broker::Embedded(settings) => OpenedBroker::Embedded(Listeners::open(&settings).await?),
            Broker::External { address, credentials } => OpenedBroker::External { address, credentials },
        };
        Ok(Self { web, tls, metrics, broker })
    }

    /// Starts the registry; returns once it hears controllers, or after a broker that is elsewhere was given some time.
    pub async fn serve(self, store: Store, doors: &Doors) -> Running {
        let limits = &doors.limits;
        let keyring = Arc::new(Keyring::new(store.clone()));
        // A clock that was set while the registry was down is doubted before the first tap.
        if let Err(error) = crate::timekeeping::look(&store, true).await {
            tracing::error!(%error, "the clock could not be looked at; tries again");
        }
        let mut background = tokio::task::JoinSet::new();
        background.spawn(crate::timekeeping::run(store.clone()));
        let mut run_id = [0; 5];
        system_random()(&mut run_id);
        let client_id = format!("tremen-registry-{}", crate::keys::base32(&run_id));
        let (embedded, address, registry_password, line) = match self.broker {
            OpenedBroker::Embedded(listeners) => {
                let mut password = [0; 20];
                system_random()(&mut password);
                let password = Secret(crate::keys::base32(&password));
                let embedded = Embedded::start(listeners, keyring.clone(), password.clone(), &limits.mqtt, &store);
                let host = match embedded.address.ip() {
                    ip if !ip.is_unspecified() => ip.to_string(),
                    IpAddr::V4(_) => "127.0.0.1".to_owned(),
                    IpAddr::V6(_) => "::1".to_owned(),
                };
                let address = Address { host, port: embedded.address.port() };
                let line = embedded.connect(&client_id, machines::filters());
                (Some(embedded), address, Some(password), line)
            }
            OpenedBroker::External { address, credentials } => {
                let password = credentials.as_ref().map(|(_, password)| password.clone());
                let filters = machines::filters();
                let login = Login { address: address.clone(), client_id, credentials, filters, last_will: None };
                (None, address, password, machines::connect(&login))
            }
        };
        let machines = machines::run(&store, &keyring, line, &limits.controller);
        let mut connected = machines.connected.clone();
        let heard = connected.wait_for(|connected| *connected);
        if tokio::time::timeout(std::time::Duration::from_secs(5), heard).await.is_err() {
            tracing::warn!(
                host = address.host,
                port = address.port,
                "the broker does not answer; the registry goes on trying"
            );
        }
        let beside = self.metrics.is_none();
        let web_door = WebDoor::new(&store, limits.web, doors.proxies.clone());
        let pages = self.web.map(|listener| {
            open_pages(
                &store,
                (listener, self.tls.clone()),
                connected.clone(),
                beside,
                web_door.clone(),
                doors.public_url.clone(),
            )
        });
        let metrics_address = self.metrics.as_ref().and_then(|listener| listener.local_addr().ok());
        if let Some(listener) = self.metrics {
            let router = web::metrics::router(store.clone());
            background.spawn(async move {
                web::serve(listener, None, router, web_door, std::future::pending()).await;
            });
        }
        let (web_address, pages) = pages.unzip();
        let (shutdown, asked) = tokio::sync::oneshot::channel();
        let sealing = Sealing { shutdown, task: tokio::spawn(sealer::run(store.clone(), asked)) };
        let broker_address = embedded.as_ref().map(|embedded| embedded.address);
        let broker_tls_address = embedded.as_ref().and_then(|embedded| embedded.tls_address);
        Running {
            store,
            broker: address,
            broker_address,
            broker_tls_address,
            web_address: web_address.flatten(),
            metrics_address,
            keyring,
            registry_password,
            background,
            machines,
            pages,
            embedded,
            sealing,
        }
    }
}

fn open_pages(
    store: &Store,
    (listener, tls): (TcpListener, Option<Arc<ServerConfig>>),
    connected: tokio::sync::watch::Receiver<bool>,
    with_metrics: bool,
    door: Arc<WebDoor>,
    public_url: Option<String>,
) -> (Option<SocketAddr>, Pages) {
    let address = listener.local_addr().ok();
    let live = Live::start(store);
    let readiness = Readiness::default().with("broker", connected, "the broker does not answer");
    let is_secure = tls.is_some() || public_url.as_deref().is_some_and(|url| url.starts_with("https://"));
    let router = web::router(WebState {
        store: store.clone(),
        live: live.clone(),
        readiness,
        door: door.clone(),
        public_url,
        is_secure,
    });
    let router = if with_metrics { router.merge(web::metrics::router(store.clone())) } else { router };
    let (shutdown, asked) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(web::serve(listener, tls, router, door, async move {
        let _ = asked.await; // told, or dropped: both mean the end
    }));
    (address, Pages { live, shutdown, task })
}

impl Running {
    /// Becomes true once the registry hears controllers, false while it does not.
    #[must_use]
    pub fn connected(&self) -> tokio::sync::watch::Receiver<bool> {
        self.machines.connected.clone()
    }

    /// The password of the registry's own account, for whoever else of this process speaks to the broker.
    #[must_use]
    pub fn registry_password(&self) -> Option<Secret> {
        self.registry_password.clone()
    }

    /// Stops everything; what was committed stays.
    pub async fn stop(mut self) {
        self.background.shutdown().await;
        if let Some(pages) = self.pages {
            pages.live.close();
            drop(pages.shutdown);
            if pages.task.await.is_err() {
                tracing::warn!("the pages did not end by themselves");
            }
        }
        self.machines.stop().await;
        drop(self.sealing.shutdown);
        if self.sealing.task.await.is_err() {
            tracing::warn!("the sealing of the journal did not end by itself");
        }
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}
