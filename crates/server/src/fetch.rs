//! Fetches documents of strangers: `https` only, public addresses only, and little of everything.
//!
//! Start at [`Fetcher::get`]. Which names may be asked at all, [`tremen_badges::verify::fetchable`] says. What a name resolves to
//! is checked here, and the connection goes to the very address that was checked: a name that answers differently the
//! second time gains nothing. Never used on the way to a decision about a machine.

use std::convert::Infallible;
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

const ACCEPTED: &str =
    "application/vc+ld+json, application/did+json, application/ld+json, application/json, text/plain;q=0.5";

/// Fetches documents.
#[derive(Clone)]
pub struct Fetcher {
    tls: TlsConnector,
}

impl std::fmt::Debug for Fetcher {
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
    /// A fetcher that believes the certificate authorities of the Mozilla root programme.
    ///
    /// # Errors
    /// When the cryptography at hand knows no version of TLS.
    pub fn new() -> Result<Self, String> {
        let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
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
        tokio::time::timeout(PATIENCE, follow).await.unwrap_or_else(|_| later("it takes longer than 5 s"))
    }

    async fn step(&self, url: &str) -> Result<Step, String> {
        let (host, path) = parts(url).ok_or("not an address")?;
        let found = tokio::net::lookup_host((host, 443)).await.map_err(|error| error.to_string())?;
        let tcp = TcpStream::connect(checked(found.collect())?.as_slice()).await.map_err(|error| error.to_string())?;
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(name, tcp).await.map_err(|error| error.to_string())?;
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
fn checked(found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, String> {
    match found.iter().find(|address| !is_public(address.ip())) {
        Some(inside) => Err(format!("its name leads to {}, which is no public address", inside.ip())),
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
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[test]
    fn an_address_inside_is_never_connected_to_however_its_name_sounds() {
        for inside in [
            "127.0.0.1",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "fc00::1",
            "fd12::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "2001:db8::1",
            "2001::1",
            "2002:7f00:1::",
            "3fff::1",
        ] {
            assert!(!is_public(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2001:4860:4860::8888", "2a01:e0a::1"] {
            assert!(is_public(outside.parse().unwrap()), "{outside}");
        }
    }

    #[test]
    fn a_name_with_one_address_inside_is_refused_whole() {
        let at = |ip: &str| SocketAddr::new(ip.parse().unwrap(), 443);
        let refused = checked(vec![at("8.8.8.8"), at("127.0.0.1")]).unwrap_err();
        assert_eq!(refused, "its name leads to 127.0.0.1, which is no public address");
        assert_eq!(checked(vec![at("8.8.8.8")]).unwrap(), [at("8.8.8.8")]);
        assert!(checked(Vec::new()).is_err());
    }

    /// Lets a server answer these bytes to whatever it is asked, and tells what it was asked.
    async fn told(response: &[u8]) -> (Result<Step, String>, String) {
        let (ours, mut theirs) = tokio::io::duplex(1 << 22);
        let response = response.to_vec();
        let server = tokio::spawn(async move {
            let mut asked = Vec::new();
            while !asked.ends_with(b"\r\n\r\n") {
                asked.push(theirs.read_u8().await.unwrap());
            }
            let _ = theirs.write_all(&response).await; // the client may hang up early
            String::from_utf8(asked).unwrap()
        });
        (exchange(ours, "tremen.example", "/a?b").await, server.await.unwrap())
    }

    #[tokio::test]
    async fn a_document_is_asked_for_by_its_path_and_host() {
        let (step, asked) = told(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        assert_eq!(step, Ok(Step::Done(Answer::Document(b"{}".to_vec()))));
        assert!(asked.starts_with("GET /a?b HTTP/1.1\r\n") && asked.contains("host: tremen.example\r\n"), "{asked}");
        let gone = told(b"HTTP/1.1 410 Gone\r\ncontent-length: 1\r\n\r\nx").await.0;
        assert_eq!(gone, Ok(Step::Done(Answer::Gone(b"x".to_vec()))));
        let absent = told(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").await.0;
        assert_eq!(absent, Ok(Step::Done(Answer::NotFound)));
        let fault = told(b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\n\r\n").await.0;
        assert_eq!(fault, Ok(Step::Done(Answer::Unreachable("status 503".to_owned()))));
    }

    #[tokio::test]
    async fn a_redirect_is_told_and_not_followed_into_the_dark() {
        let near = told(b"HTTP/1.1 302 Found\r\nlocation: /c\r\ncontent-length: 0\r\n\r\n").await.0;
        assert_eq!(near, Ok(Step::Redirect("https://tremen.example/c".to_owned())));
        let inside =
            told(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n").await.0;
        // What the next round says to it:
        assert_eq!(inside, Ok(Step::Redirect("http://169.254.169.254/".to_owned())));
        assert_eq!(fetchable("http://169.254.169.254/"), None);
        assert!(told(b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n").await.0.is_err());
    }

    #[tokio::test]
    async fn an_answer_too_long_cut_compressed_or_no_answer_is_not_believed() {
        let long = [b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec(), vec![b' '; MAX_FETCHED + 1]].concat();
        assert!(told(&long).await.0.unwrap_err().contains("1 MiB"));
        assert!(told(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}").await.0.is_err());
        assert!(told(b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 0\r\n\r\n").await.0.is_err());
        assert!(told(b"SSH-2.0-OpenSSH\r\n").await.0.is_err());
        let headers = [b"HTTP/1.1 200 OK\r\nx: ".to_vec(), vec![b'a'; 1 << 20], b"\r\n\r\n".to_vec()].concat();
        assert!(told(&headers).await.0.is_err());
    }
}
