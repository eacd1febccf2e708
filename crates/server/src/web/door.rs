//! The web door: takes connections in, within limits, and gives each to the router. Start at [`serve`].
//!
//! A connection that has not been answered yet is a newcomer and gives way where newcomers have no room (`limits/places.rs`):
//! who only holds places loses their own. What is turned away is told so where HTTP has a word for it, and counted.

use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::http::{Extensions, HeaderMap, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::limits::{Allowances, Place, PlaceRules, Places, Refusal, WebLimits, origin, refuse};
use crate::metrics::Metrics;
use crate::store::Store;

/// A connection on which nothing moves for so long is closed. Live pages hear the hour more often.
const STILL: Duration = Duration::from_secs(60);
/// How long answers under way may take once the server shuts down.
const FAREWELL: Duration = Duration::from_secs(3);
/// Where no connection can be taken, as when the process has as many files as it may, it is tried again after this time.
const RECOVERY: Duration = Duration::from_millis(100);
/// All that a connection hears for which there is no place.
const NO_PLACE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";

/// How much anybody may take at the web door, and what is taken.
#[derive(Debug)]
pub struct WebDoor {
    limits: WebLimits,
    proxies: Vec<IpAddr>,
    places: Arc<Places>,
    seats: Arc<Places>,
    requests: Allowances<IpAddr>,
    store: Store,
}

/// Where a request comes from, as far as the door can tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// That of a request; where it came by no door, one that stands for all such.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Self {
        extensions.get().copied().unwrap_or(Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED)))
    }
}

impl WebDoor {
    /// Nothing is taken yet. What a trusted proxy says of where a request comes from is believed.
    #[must_use]
    pub fn new(store: &Store, limits: WebLimits, proxies: Vec<IpAddr>) -> Arc<Self> {
        let seats = PlaceRules {
            all: limits.streams,
            per_address: limits.streams_per_address,
            newcomers: limits.streams,
            newcomers_per_address: limits.streams_per_address,
        };
        Arc::new(Self {
            limits,
            proxies,
            places: Places::new(limits.places()),
            seats: Places::new(seats),
            requests: Allowances::new(limits.requests),
            store: store.clone(),
        })
    }

    /// Takes one request from an address's allowance; else tells after how many seconds the next one is answered.
    ///
    /// # Errors
    /// The seconds to wait.
    pub(super) fn request(&self, from: ClientAddress) -> Result<(), u64> {
        self.requests.take(origin(from.0), std::time::Instant::now()).map_err(|wait| {
            refuse(self.metrics(), Refusal::WebRequests);
            wait.as_secs() + 1
        })
    }

    /// A seat for a listener to events, given back when it is dropped.
    pub(super) fn seat(&self, from: ClientAddress) -> Option<Place> {
        // Who listens gives way to nobody: a seat is settled from the beginning.
        let seat = self.seats.enter(Some(from.0)).ok().and_then(|mut seat| seat.settle().then_some(seat));
        if seat.is_none() {
            refuse(self.metrics(), Refusal::WebStreams);
        }
        seat
    }

    /// How long the head of a request may take, and a handshake.
    fn head_time(&self) -> Duration {
        Duration::from_secs(self.limits.header_seconds.into())
    }

    /// How long a request that carries something may take.
    pub(super) fn patience(&self) -> Duration {
        Duration::from_secs(self.limits.body_seconds.into())
    }

    /// Counts a request that took longer.
    pub(super) fn gave_up(&self) {
        refuse(self.metrics(), Refusal::WebBodyLate);
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.places.taken()
    }

    fn metrics(&self) -> &Metrics {
        self.store.metrics()
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.proxies.contains(&address.to_canonical())
    }

    /// Who sent a request: the peer, or whom a trusted proxy names last that is no trusted proxy itself.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> ClientAddress {
        let lines = headers.get_all("x-forwarded-for").into_iter().rev();
        let named = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.rsplit(','));
        let mut client = peer;
        for name in named {
            if !self.trusts(client) {
                break;
            }
            match name.trim().parse() {
                Ok(address) => client = address,
                Err(_) => break,
            }
        }
        ClientAddress(client)
    }
}

/// Serves until `shutdown` is done, then lets answers under way finish for 3 s. Close [`Live`](super::Live) first: an
/// open page is an answer under way.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    door: Arc<WebDoor>,
    shutdown: impl Future<Output = ()> + Send + 'static,
) {
    let tls = tls.map(TlsAcceptor::from);
    let ending = watch::Sender::new(false);
    let mut shutdown = pin!(shutdown);
    let mut visits = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_ended) = visits.join_next() => continue,
            () = &mut shutdown => break,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = peer.ip();
                // A proxy speaks for many: its connections are counted in all, not as one address's.
                match door.places.enter(Some(peer).filter(|peer| !door.trusts(*peer))) {
                    Ok(place) => {
                        let (door, router, ending) = (door.clone(), router.clone(), ending.subscribe());
                        let visit = Visit { door, peer, router, place, ending };
                        drop(visits.spawn(visit.begin(stream, tls.clone())));
                    }
                    Err(full) => {
                        let _unheard = stream.try_write(NO_PLACE);
                        refuse(door.metrics(), full.at(Refusal::WebFull, Refusal::WebAddress));
                    }
                }
            }
            Err(error) => {
                tracing::debug!(%error, "a connection could not be taken");
                sleep(RECOVERY).await;
            }
        }
    }
    drop(listener);
    ending.send_replace(true);
    let all = async { while visits.join_next().await.is_some() {} };
    if timeout(FAREWELL, all).await.is_err() {
        tracing::debug!("answers under way had to be cut");
    }
}

/// One connection, from its first byte to its end.
struct Visit {
    door: Arc<WebDoor>,
    peer: IpAddr,
    router: Router,
    place: Place,
    ending: watch::Receiver<bool>,
}

impl Visit {
    async fn begin(self, stream: TcpStream, tls: Option<TlsAcceptor>) {
        let _unimportant = stream.set_nodelay(true); // a fragment is small, and wanted now
        let mut displaced = Box::pin(self.place.displaced());
        let stream = Watched::new(stream);
        let Some(tls) = tls else { return self.converse(stream, displaced).await };
        let accepted = tokio::select! {
            accepted = timeout(self.door.head_time(), tls.accept(stream)) => accepted,
            () = &mut displaced => return refuse(self.door.metrics(), Refusal::WebDisplaced),
        };
        match accepted {
            Ok(Ok(stream)) => self.converse(stream, displaced).await,
            Ok(Err(_)) => refuse(self.door.metrics(), Refusal::WebGarbage),
            Err(_late) => refuse(self.door.metrics(), Refusal::WebLate),
        }
    }

    async fn converse(
        self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        mut displaced: Pin<Box<impl Future<Output = ()>>>,
    ) {
        let Self { door, peer, router, place, mut ending } = self;
        let newcomer = Mutex::new(Some(place));
        // Taken once it was answered; it stays the connection's own until its end.
        let settled: Mutex<Option<Place>> = Mutex::new(None);
        let router = TowerToHyperService::new(router);
        let service = service_fn(|mut request: Request<Incoming>| {
            let client = door.client(peer, request.headers());
            request.extensions_mut().insert(client);
            let answer = router.call(request);
            let (newcomer, settled) = (&newcomer, &settled);
            async move {
                let answer = answer.await;
                if let Some(mut place) = lock(newcomer).take()
                    && place.settle()
                {
                    lock(settled).replace(place);
                }
                answer
            }
        });
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(door.head_time())
            .max_buf_size(usize::try_from(door.limits.header_bytes).unwrap_or(usize::MAX));
        let mut connection = pin!(http.serve_connection(TokioIo::new(stream), service));
        let ended = loop {
            tokio::select! {
                ended = connection.as_mut() => break ended,
                () = &mut displaced => return refuse(door.metrics(), Refusal::WebDisplaced),
                Ok(()) = ending.changed() => connection.as_mut().graceful_shutdown(),
            }
        };
        if let Err(error) = ended
            && lock(&settled).is_none()
        {
            tracing::debug!(%error, "a connection to the pages ended");
            refuse(door.metrics(), if error.is_timeout() { Refusal::WebLate } else { Refusal::WebGarbage });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A connection that ends when nothing moves on it.
struct Watched {
    stream: TcpStream,
    still: Pin<Box<Sleep>>,
}

impl Watched {
    fn new(stream: TcpStream) -> Self {
        Self { stream, still: Box::pin(sleep(STILL)) }
    }

    /// Passes an outcome on; what moved puts the end off, what did not is measured.
    fn watched<T>(&mut self, outcome: Poll<io::Result<T>>, context: &mut Context<'_>) -> Poll<io::Result<T>> {
        if outcome.is_ready() {
            self.still.as_mut().reset(Instant::now() + STILL);
            return outcome;
        }
        match self.still.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watched(outcome, context)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watched(outcome, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watched(outcome, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderMap;

    use super::{ClientAddress, WebDoor};
    use crate::flows::rehearsal::Stage;
    use crate::limits::WebLimits;

    #[test]
    fn a_proxy_is_believed_only_where_it_is_trusted_and_only_its_own_word() {
        let stage = Stage::sample();
        let proxies = ["127.0.0.1", "10.0.0.9"].map(|it| it.parse().unwrap());
        let door = WebDoor::new(&stage.store, WebLimits::default(), proxies.to_vec());
        let client = |peer: &str, lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let ClientAddress(address) = door.client(peer.parse().unwrap(), &headers);
            address.to_string()
        };
        assert_eq!(client("192.0.2.7", &["198.51.100.1"]), "192.0.2.7", "a stranger's word counts for nothing");
        assert_eq!(client("127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("::ffff:127.0.0.1", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["203.0.113.5, 198.51.100.1"]), "198.51.100.1", "what came before is hearsay");
        assert_eq!(client("127.0.0.1", &["203.0.113.5", "198.51.100.1, 10.0.0.9"]), "198.51.100.1");
        assert_eq!(client("127.0.0.1", &["nonsense"]), "127.0.0.1");
        assert_eq!(client("127.0.0.1", &[]), "127.0.0.1");
    }
}
