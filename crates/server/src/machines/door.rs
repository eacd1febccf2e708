//! The embedded broker's door: takes connections in, within limits, and hands each to `mqtt5` as it is. Start at [`open`].
//!
//! A connection costs next to nothing until it has shown the beginning of a login, and has little time for it. What it is
//! has no copy here: the socket is looked at without reading from it, and then belongs to the broker.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mqtt5::broker::BrokerConfig;
use mqtt5::broker::auth::{AuthProvider, AuthResult};
use mqtt5::broker::client_handler::ClientHandler;
use mqtt5::broker::resource_monitor::ResourceMonitor;
use mqtt5::broker::router::MessageRouter;
use mqtt5::broker::storage::DynamicStorage;
use mqtt5::broker::sys_topics::BrokerStats;
use mqtt5::broker::tls_acceptor::TlsStreamWrapper;
use mqtt5::broker::transport::BrokerTransport;
use mqtt5::packet::connect::ConnectPacket;
use mqtt5::protocol::v5::reason_codes::ReasonCode;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, broadcast};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

use super::access::Doorkeeper;
use crate::limits::{Place, Places, Refusal, refuse};
use crate::store::Store;

/// The longest login, in bytes: name, password and last will fit many times.
const LONGEST_LOGIN: usize = 4096;
/// Where a login came in pieces, the next one is looked for after this time.
const PIECES: Duration = Duration::from_millis(10);
/// Where no connection can be taken, as when the process has as many files as it may, it is tried again after this time.
const RECOVERY: Duration = Duration::from_millis(100);
/// Connections that the broker does not close within this time at the end are cut.
const FAREWELL: Duration = Duration::from_secs(5);

/// What lies behind the door.
pub(super) struct Hall {
    pub config: Arc<BrokerConfig>,
    pub router: Arc<MessageRouter>,
    pub doorkeeper: Arc<Doorkeeper>,
    pub storage: Arc<DynamicStorage>,
    pub stats: Arc<BrokerStats>,
    pub monitor: Arc<ResourceMonitor>,
    pub places: Arc<Places>,
    /// How long a login may take.
    pub login: Duration,
    pub store: Store,
    pub shutdown: broadcast::Sender<()>,
}

/// Takes connections in until the hall shuts down; with a certificate, over TLS.
pub(super) async fn open(hall: Arc<Hall>, listener: TcpListener, acceptor: Option<TlsAcceptor>) {
    let mut shutdown = hall.shutdown.subscribe();
    let mut visits = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_ended) = visits.join_next() => continue,
            _ = shutdown.recv() => break,
        };
        match accepted {
            Ok((stream, address)) => match hall.places.enter(Some(address.ip())) {
                Ok(place) => drop(visits.spawn(visit(hall.clone(), stream, address, acceptor.clone(), place))),
                // Before the login MQTT has no words for a refusal: the connection is closed.
                Err(full) => refuse(hall.store.metrics(), full.at(Refusal::MqttFull, Refusal::MqttAddress)),
            },
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                sleep(RECOVERY).await;
            }
        }
    }
    drop(listener);
    let all = async { while visits.join_next().await.is_some() {} };
    if timeout(FAREWELL, all).await.is_err() {
        tracing::warn!("connections to the embedded broker had to be cut");
    }
}

/// One connection, from its first byte to its end.
async fn visit(hall: Arc<Hall>, stream: TcpStream, address: SocketAddr, acceptor: Option<TlsAcceptor>, place: Place) {
    let deadline = Instant::now() + hall.login;
    let displaced = place.displaced();
    let visitor = Arc::new(Visitor::new(hall.doorkeeper.clone(), place));
    let mut shutdown = hall.shutdown.subscribe();
    let late = async {
        tokio::select! {
            () = sleep_until(deadline) => Refusal::MqttLate,
            () = displaced => Refusal::MqttDisplaced,
        }
    };
    let mut late = pin!(late);
    let transport = tokio::select! {
        transport = knock(stream, acceptor) => transport,
        why = &mut late => return refuse(hall.store.metrics(), why),
        _ = shutdown.recv() => return,
    };
    let Some(transport) = transport else { return refuse(hall.store.metrics(), Refusal::MqttGarbage) };
    let handler = ClientHandler::new(
        transport,
        address,
        hall.config.clone(),
        hall.router.clone(),
        visitor.clone(),
        Some(hall.storage.clone()),
        hall.stats.clone(),
        hall.monitor.clone(),
        hall.shutdown.subscribe(),
    );
    let mut served = Box::pin(handler.run());
    let ended = tokio::select! {
        ended = &mut served => Some(ended),
        () = visitor.settled.notified() => None,
        why = &mut late => {
            // The login may have been good in this very moment: then the broker knows the client, and must see its end.
            if !visitor.has_settled() {
                return refuse(hall.store.metrics(), why);
            }
            None
        }
    };
    let ended = match ended {
        Some(ended) => ended,
        None => served.await,
    };
    if let Err(error) = ended
        && !error.is_normal_disconnect()
        && !visitor.was_refused()
    {
        tracing::debug!(%error, "a connection to the broker ended");
        refuse(hall.store.metrics(), Refusal::MqttGarbage);
    }
}

/// The connection as the broker takes it, once it has shown the beginning of a login; none if it shows anything else.
async fn knock(stream: TcpStream, acceptor: Option<TlsAcceptor>) -> Option<BrokerTransport> {
    stream.set_nodelay(true).ok()?;
    if let Some(acceptor) = acceptor {
        let stream = acceptor.accept(stream).await.ok()?;
        return Some(BrokerTransport::tls(TlsStreamWrapper::new(stream)));
    }
    let mut beginning = [0; 11];
    loop {
        let read = stream.peek(&mut beginning).await.ok().filter(|read| *read > 0)?;
        match is_login(beginning.get(..read)?) {
            Some(true) => return Some(BrokerTransport::tcp(stream)),
            Some(false) => return None,
            None => sleep(PIECES).await,
        }
    }
}

/// Whether bytes begin as a login does: the packet's type, a length that a login may have, and the protocol's name (MQTT 5,
/// section 3.1); none where they are too few to tell.
fn is_login(bytes: &[u8]) -> Option<bool> {
    let (first, mut rest) = bytes.split_first()?;
    if *first != 0x10 {
        return Some(false);
    }
    let mut length = 0;
    for place in 0..4 {
        let (digit, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(digit & 0x7f) << (7 * place);
        if digit & 0x80 == 0 {
            let name = b"\0\x04MQTT";
            let shown = rest.len().min(name.len());
            if length > LONGEST_LOGIN || rest.get(..shown) != name.get(..shown) {
                return Some(false);
            }
            return (shown == name.len()).then_some(true);
        }
    }
    Some(false)
}

/// The doorkeeper for one connection: notes how its login went.
struct Visitor {
    doorkeeper: Arc<Doorkeeper>,
    state: Mutex<State>,
    settled: Notify,
}

struct State {
    place: Place,
    has_settled: bool,
    was_refused: bool,
}

impl Visitor {
    fn new(doorkeeper: Arc<Doorkeeper>, place: Place) -> Self {
        let state = State { place, has_settled: false, was_refused: false };
        Self { doorkeeper, state: Mutex::new(state), settled: Notify::new() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_settled(&self) -> bool {
        self.state().has_settled
    }

    fn was_refused(&self) -> bool {
        self.state().was_refused
    }

    fn log_in(&self, connect: &ConnectPacket) -> AuthResult {
        let account = self.doorkeeper.admit(connect);
        let mut state = self.state();
        let result = match account {
            Some(account) if state.place.settle() => {
                state.has_settled = true;
                self.settled.notify_one();
                return AuthResult::success_with_user(account);
            }
            Some(_) => AuthResult::fail(ReasonCode::ServerBusy), // it had to give way just now
            None => AuthResult::fail(ReasonCode::BadUsernameOrPassword),
        };
        state.was_refused = true;
        result
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

impl AuthProvider for Visitor {
    fn authenticate<'a>(
        &'a self,
        connect: &'a ConnectPacket,
        _client_addr: SocketAddr,
    ) -> Answer<'a, mqtt5::error::Result<AuthResult>> {
        Box::pin(std::future::ready(Ok(self.log_in(connect))))
    }

    fn authorize_publish<'a>(&'a self, _client_id: &str, user_id: Option<&'a str>, topic: &'a str) -> Answer<'a, bool> {
        Box::pin(std::future::ready(self.doorkeeper.allows(user_id, topic, "/up/")))
    }

    fn authorize_subscribe<'a>(
        &'a self,
        _client_id: &str,
        user_id: Option<&'a str>,
        topic_filter: &'a str,
    ) -> Answer<'a, bool> {
        Box::pin(std::future::ready(self.doorkeeper.allows(user_id, topic_filter, "/down/")))
    }
}

#[cfg(test)]
mod tests {
    use super::is_login;

    #[test]
    fn a_login_is_known_by_its_beginning_and_nothing_else_is_one() {
        let login = b"\x10\x20\0\x04MQTT\x05";
        assert_eq!(is_login(login), Some(true));
        assert_eq!(is_login(b"\x10\x80\x20\0\x04MQTT\x04"), Some(true), "4,096 bytes");
        for few in 0..8 {
            assert_eq!(is_login(&login[..few]), None, "{few} bytes");
        }
        for other in [
            &b"GET / HTTP/1.1"[..],
            b"\x16\x03\x01\x02\0",     // a hello of TLS
            b"\x30\x05\0\x01a",        // a message before the login
            b"\x10\xff\xff\xff\x7f",   // 256 MiB
            b"\x10\xff\xff\xff\xff",   // a length that never ends
            b"\x10\x81\x20\0\x04MQTT", // 4,097 bytes
            b"\x10\x20\0\x06MQIsdp",   // version 3.1
            b"\x10\x20HTTP",
        ] {
            assert_eq!(is_login(other), Some(false), "{other:?}");
        }
    }
}
