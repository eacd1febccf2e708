//! Fetches documents of strangers: `https` only, public addresses only, and little of everything.
//!
//! Start at [`Fetcher::get`]. Which names may be asked at all, [`tremen_badges::verify::fetchable`] says. What a name resolves to
//! is checked here, and the connection goes to the very address that was checked: a name that answers differently the
//! second time gains nothing. Never used on the way to a decision about a machine. [`Net`] is what tests put a town of their own in place of.

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONTENT_ENCODING, HOST, LOCATION, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};
use tremen_badges::json::MAX_FETCHED;
use tremen_badges::verify::{Answer, fetchable};

/// How long one address may take, redirects included.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many redirects are followed.
const MAX_REDIRECTS: usize = 3;

/// Credentials and lists as documents and as tokens, issuers' documents, and what older servers call all of these.
const ACCEPTED: &str = "application/vc+jwt, application/vc, application/vc+ld+json, application/did+json, \
    application/ld+json, application/json, application/jwt, text/plain;q=0.5";

/// Where names lead and connections go.
pub trait Net: Clone + Send + Sync + 'static {
    /// A connection, before TLS.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// The addresses that a name leads to.
    fn resolve(&self, host: &str) -> impl Future<Output = io::Result<Vec<IpAddr>>> + Send;

    /// A connection to the first of these addresses that takes one, at the port of `https`.
    fn connect(&self, addresses: &[IpAddr]) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// The Internet, as this computer sees it.
#[derive(Debug, Clone, Copy)]
pub struct Internet;

impl Net for Internet {
    type Stream = TcpStream;

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(tokio::net::lookup_host((host, 443)).await?.map(|found| found.ip()).collect())
    }

    async fn connect(&self, addresses: &[IpAddr]) -> io::Result<TcpStream> {
        let addresses: Vec<SocketAddr> = addresses.iter().map(|address| SocketAddr::new(*address, 443)).collect();
        TcpStream::connect(addresses.as_slice()).await
    }
}

/// Fetches documents.
#[derive(Clone)]
pub struct Fetcher<N = Internet> {
    tls: TlsConnector,
    net: N,
    patience: Duration,
}

impl<N> std::fmt::Debug for Fetcher<N> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fetcher")
    }
}

/// What one exchange came to.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Done(Answer),
    Redirect(String),
}

impl Fetcher {
    /// A fetcher over the Internet that believes the certificate authorities of the Mozilla root programme.
    ///
    /// # Errors
    /// When the cryptography at hand knows no version of TLS.
    pub fn new() -> Result<Self, String> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        Self::over(Internet, roots, PATIENCE)
    }
}

impl<N: Net> Fetcher<N> {
    /// A fetcher over any net that believes these authorities and spends at most this long on an address.
    fn over(net: N, roots: RootCertStore, patience: Duration) -> Result<Self, String> {
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), net, patience })
    }

    /// What an address answers, within 5 s, 1 MiB and 3 redirects.
    pub async fn get(&self, address: &str) -> Answer {
        let later = |why: &str| Answer::Unreachable(why.to_owned());
        let follow = async {
            let mut address = address.to_owned();
            for _hop in 0..=MAX_REDIRECTS {
                let Some(url) = fetchable(&address) else {
                    return later("it leads to an address that is never asked");
                };
                match self.step(&url).await {
                    Ok(Step::Done(answer)) => return answer,
                    Ok(Step::Redirect(location)) => address = location,
                    Err(why) => return Answer::Unreachable(why),
                }
            }
            later("it redirects too often")
        };
        let too_long = |_| Answer::Unreachable(format!("it takes longer than {} s", self.patience.as_secs_f32()));
        tokio::time::timeout(self.patience, follow).await.unwrap_or_else(too_long)
    }

    async fn step(&self, url: &str) -> Result<Step, String> {
        let (host, path) = parts(url).ok_or("not an address")?;
        let found = self.net.resolve(host).await.map_err(|error| error.to_string())?;
        let stream = self.net.connect(&checked(found)?).await.map_err(|error| error.to_string())?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, stream).await.map_err(|error| error.to_string())?;
        exchange(stream, host, path).await
    }
}

/// The host and the rest of an `https` address.
fn parts(url: &str) -> Option<(&str, &str)> {
    let rest = url.strip_prefix("https://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    rest.split_at_checked(end)
}

/// The addresses to connect to. A name with one address inside is refused whole: nobody needs one, and somebody may try.
fn checked(found: Vec<IpAddr>) -> Result<Vec<IpAddr>, String> {
    match found.iter().find(|address| !is_public(**address)) {
        Some(inside) => Err(format!("its name leads to {inside}, which is no public address")),
        None if found.is_empty() => Err("its name leads nowhere".to_owned()),
        None => Ok(found),
    }
}

/// True for addresses of the public Internet (IANA's special-purpose registries say which are not).
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let is_special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !is_special
}

/// Global unicast alone, without the blocks that carry an IPv4 address or are for documentation.
fn is_public_v6(v6: Ipv6Addr) -> bool {
    let [a, b, ..] = v6.segments();
    let is_global = a & 0xe000 == 0x2000;
    let is_special = matches!((a, b), (0x2001, 0..=0x01ff | 0x0db8) | (0x2002, _) | (0x3fff, 0..=0x0fff));
    is_global && !is_special
}

/// One request and its answer over a connection.
async fn exchange<S>(stream: S, host: &str, path: &str) -> Result<Step, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let told = |error: hyper::Error| error.to_string();
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(64 * 1024).handshake(TokioIo::new(stream)).await.map_err(told)?;
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let request = Request::get(path)
        .header(HOST, host)
        .header(ACCEPT, ACCEPTED)
        .header(USER_AGENT, "tremen")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    // The connection does its work only while somebody drives it. Where it ends early, the reading says what that spoilt.
    let drive = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    let read = async {
        let response = sender.send_request(request).await.map_err(told)?;
        let status = response.status();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let (location, coding) = (header(LOCATION), header(CONTENT_ENCODING));
        if coding.is_some_and(|coding| coding != "identity") {
            return Err("it answers in a coding that was not asked for".to_owned());
        }
        if status.is_redirection() {
            let location = location.ok_or("it redirects to nowhere")?;
            return Ok(Step::Redirect(if location.starts_with('/') && !location.starts_with("//") {
                format!("https://{host}{location}")
            } else {
                location
            }));
        }
        let body = Limited::new(response.into_body(), MAX_FETCHED).collect().await;
        let body = body.map_err(|error| format!("its answer is cut or longer than 1 MiB ({error})"))?;
        Ok(Step::Done(answer(status, body.to_bytes().to_vec())))
    };
    tokio::select! {
        read = read => read,
        never = drive => match never {},
    }
}

fn answer(status: StatusCode, body: Vec<u8>) -> Answer {
    match status.as_u16() {
        200 => Answer::Document(body),
        410 => Answer::Gone(body),
        // Too early, too many, or a fault of the server's: another day it may be there.
        408 | 425 | 429 | 500.. => Answer::Unreachable(format!("status {}", status.as_u16())),
        _other => Answer::NotFound,
    }
}

#[cfg(test)]
mod tests;
