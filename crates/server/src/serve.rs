//! The registry as one value: started from its parts, stopped when asked. `serve`, `demo` and the tests start the same.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use crate::machines::{self, Address, Embedded, EmbeddedSettings, Keyring, Login, Machines, Secret};
use crate::store::{Store, system_random};
use crate::web::{self, Live, Readiness, WebState};

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
    /// The secrets of controllers.
    pub keyring: Arc<Keyring>,
    registry_password: Option<Secret>,
    machines: Machines,
    pages: Option<Pages>,
    embedded: Option<Embedded>,
}

#[derive(Debug)]
struct Pages {
    live: Live,
    shutdown: tokio::sync::oneshot::Sender<()>,
    task: tokio::task::JoinHandle<std::io::Result<()>>,
}

/// Why the registry could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The embedded broker cannot listen.
    #[error(transparent)]
    Broker(#[from] machines::broker::BrokerError),
    /// The pages cannot be served there.
    #[error("the pages cannot be served on {address}: {why}")]
    Web {
        /// Where.
        address: SocketAddr,
        /// Why.
        why: std::io::Error,
    },
}

/// Starts the registry; returns once it hears controllers, or after a broker that is elsewhere was given some time.
///
/// # Errors
/// When the embedded broker or the pages cannot listen.
pub async fn start(parts: Parts) -> Result<Running, StartError> {
    let Parts { store, broker, web } = parts;
    let keyring = Arc::new(Keyring::new(store.clone()));
    // First what can be taken by somebody else, so that nothing runs yet when it is.
    let listener = match web {
        Some(address) => {
            Some(tokio::net::TcpListener::bind(address).await.map_err(|why| StartError::Web { address, why })?)
        }
        None => None,
    };
    let mut run_id = [0; 5];
    system_random()(&mut run_id);
    let client_id = format!("tremen-registry-{}", crate::keys::base32(&run_id));
    let (embedded, address, registry_password, line) = match broker {
        Broker::Embedded(settings) => {
            let mut password = [0; 20];
            system_random()(&mut password);
            let password = Secret(crate::keys::base32(&password));
            let embedded = Embedded::start(&settings, keyring.clone(), password.clone()).await?;
            let host = match embedded.address.ip() {
                ip if !ip.is_unspecified() => ip.to_string(),
                IpAddr::V4(_) => "127.0.0.1".to_owned(),
                IpAddr::V6(_) => "::1".to_owned(),
            };
            let address = Address { host, port: embedded.address.port() };
            let line = embedded.connect(&client_id, machines::filters());
            (Some(embedded), address, Some(password), line)
        }
        Broker::External { address, credentials } => {
            let password = credentials.as_ref().map(|(_, password)| password.clone());
            let filters = machines::filters();
            let login = Login { address: address.clone(), client_id, credentials, filters, last_will: None };
            (None, address, password, machines::connect(&login))
        }
    };
    let machines = machines::run(&store, &keyring, line);
    let mut connected = machines.connected.clone();
    let heard = connected.wait_for(|connected| *connected);
    if tokio::time::timeout(std::time::Duration::from_secs(5), heard).await.is_err() {
        tracing::warn!(
            host = address.host,
            port = address.port,
            "the broker does not answer; the registry goes on trying"
        );
    }
    let pages = listener.map(|listener| open_pages(&store, listener, connected.clone()));
    let (web_address, pages) = pages.unzip();
    let broker_address = embedded.as_ref().map(|embedded| embedded.address);
    let broker_tls_address = embedded.as_ref().and_then(|embedded| embedded.tls_address);
    Ok(Running {
        store,
        broker: address,
        broker_address,
        broker_tls_address,
        web_address: web_address.flatten(),
        keyring,
        registry_password,
        machines,
        pages,
        embedded,
    })
}

fn open_pages(
    store: &Store,
    listener: tokio::net::TcpListener,
    connected: tokio::sync::watch::Receiver<bool>,
) -> (Option<SocketAddr>, Pages) {
    let address = listener.local_addr().ok();
    let live = Live::start(store);
    let readiness = Readiness::default().with("broker", connected, "the broker does not answer");
    let router = web::router(WebState { store: store.clone(), live: live.clone(), readiness });
    let (shutdown, asked) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(web::serve(listener, router, async move {
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
    pub async fn stop(self) {
        if let Some(pages) = self.pages {
            pages.live.close();
            drop(pages.shutdown);
            if !matches!(pages.task.await, Ok(Ok(()))) {
                tracing::warn!("the pages did not end by themselves");
            }
        }
        self.machines.stop().await;
        if let Some(embedded) = self.embedded {
            embedded.stop().await;
        }
    }
}
