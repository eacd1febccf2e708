//! What is fetched, and everything that is not: single exchanges over a pipe, then whole fetches over TLS in a town of our own.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

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
    let at = |ip: &str| -> IpAddr { ip.parse().unwrap() };
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
    let inside = told(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n").await.0;
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

/// A certificate of the tests, by the name of its file.
fn certificate(name: &str) -> CertificateDer<'static> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/fetch/certificates/");
    CertificateDer::from_pem_file(format!("{folder}{name}")).unwrap()
}

/// TLS as a server with this certificate speaks it.
fn acceptor(name: &str) -> TlsAcceptor {
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("certificates/server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate(name)], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate("authority.pem")).unwrap();
    roots
}

/// Reads a request up to its end; its host and path.
async fn request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        asked.push(stream.read_u8().await.ok()?);
    }
    let asked = String::from_utf8(asked).unwrap();
    let path = asked.split(' ').nth(1).unwrap();
    let host = asked.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    Some(format!("{host}{path}"))
}

/// Names, and servers behind them that are reached without a network. What is not written down is never answered.
#[derive(Clone)]
struct Town {
    names: BTreeMap<&'static str, &'static [&'static str]>,
    /// The whole answer to each host and path.
    pages: BTreeMap<&'static str, Vec<u8>>,
    certificate: &'static str,
    /// How long each answer takes.
    delay: Duration,
    /// Whether a connection ends with its answer.
    hangs_up: bool,
    /// What came, in order: names, connections, requests.
    seen: Arc<Mutex<Vec<String>>>,
}

impl Town {
    fn with(pages: &[(&'static str, Vec<u8>)]) -> Self {
        let names: [(&str, &[&str]); 4] = [
            ("fab.example", &["8.8.8.8", "2a01:e0a::1"]),
            ("far.example", &["8.8.4.4"]),
            ("inside.example", &["10.0.0.7"]),
            ("unlisted.example", &["8.8.8.8"]),
        ];
        Self {
            names: names.into(),
            pages: pages.iter().cloned().collect(),
            certificate: "server.pem",
            delay: Duration::ZERO,
            hangs_up: true,
            seen: Arc::default(),
        }
    }

    fn note(&self, what: String) {
        self.seen.lock().unwrap().push(what);
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    async fn get(&self, address: &str) -> Answer {
        Fetcher::over(self.clone(), roots(), PATIENCE).unwrap().get(address).await
    }

    /// The same with so little patience that a test can wait for its end.
    async fn hurried(&self, address: &str) -> Answer {
        Fetcher::over(self.clone(), roots(), Duration::from_millis(80)).unwrap().get(address).await
    }

    async fn serve(self, stream: DuplexStream) {
        let Ok(mut stream) = acceptor(self.certificate).accept(stream).await else { return };
        let Some(asked) = request(&mut stream).await else { return };
        self.note(format!("asks {asked}"));
        tokio::time::sleep(self.delay).await;
        match self.pages.get(asked.as_str()) {
            Some(answer) => {
                let _ = stream.write_all(answer).await; // the client may hang up early
                if !self.hangs_up {
                    return std::future::pending().await;
                }
                let _ = stream.shutdown().await;
            }
            None => std::future::pending().await,
        }
    }
}

impl Net for Town {
    type Stream = DuplexStream;

    async fn resolve(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        self.note(format!("resolves {host}"));
        match self.names.get(host) {
            Some(addresses) => Ok(addresses.iter().map(|address| address.parse().unwrap()).collect()),
            None => std::future::pending().await,
        }
    }

    async fn connect(&self, addresses: &[IpAddr]) -> io::Result<DuplexStream> {
        self.note(format!("connects to {addresses:?}"));
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        tokio::spawn(self.clone().serve(theirs));
        Ok(ours)
    }
}

fn ok(body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn to(location: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n").into_bytes()
}

#[track_caller]
fn unreachable(answer: &Answer, why: &str) {
    let Answer::Unreachable(told) = answer else { panic!("{answer:?}") };
    assert!(told.contains(why), "{told}");
}

#[tokio::test]
async fn a_document_comes_over_tls_from_the_very_addresses_that_were_checked() {
    let town = Town::with(&[("fab.example/badges/1", ok(b"{}"))]);
    assert_eq!(town.get("https://fab.example/badges/1").await, Answer::Document(b"{}".to_vec()));
    let seen = ["resolves fab.example", "connects to [8.8.8.8, 2a01:e0a::1]", "asks fab.example/badges/1"];
    assert_eq!(town.seen(), seen);
}

/// A net where every name leads outside and every connection ends at a listener of this computer.
#[derive(Clone)]
struct Loopback(SocketAddr);

impl Net for Loopback {
    type Stream = TcpStream;

    async fn resolve(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        Ok(vec![IpAddr::V4(Ipv4Addr::new(8, 8, 8, 8))])
    }

    async fn connect(&self, _addresses: &[IpAddr]) -> io::Result<TcpStream> {
        TcpStream::connect(self.0).await
    }
}

#[tokio::test]
async fn a_document_comes_over_tls_through_a_socket() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fetcher = Fetcher::over(Loopback(listener.local_addr().unwrap()), roots(), PATIENCE).unwrap();
    let serve = async {
        let mut stream = acceptor("server.pem").accept(listener.accept().await.unwrap().0).await.unwrap();
        assert_eq!(request(&mut stream).await.unwrap(), "fab.example/list");
        stream.write_all(&ok(b"eyJ")).await.unwrap();
        stream.shutdown().await.unwrap();
    };
    let (answer, ()) = tokio::join!(fetcher.get("https://fab.example/list"), serve);
    assert_eq!(answer, Answer::Document(b"eyJ".to_vec()));
}

#[tokio::test]
async fn a_server_that_cannot_show_who_it_is_is_not_asked() {
    let page = [("fab.example/1", ok(b"{}")), ("unlisted.example/1", ok(b"{}"))];
    for (address, certificate, why) in [
        ("https://fab.example/1", "over.pem", "Expired"),
        ("https://fab.example/1", "nobodys.pem", "UnknownIssuer"),
        ("https://unlisted.example/1", "server.pem", "not valid for"),
    ] {
        let town = Town { certificate, ..Town::with(&page) };
        let answer = town.get(address).await;
        let told = format!("{answer:?}").to_lowercase();
        assert!(
            told.contains(&why.to_lowercase()) && matches!(answer, Answer::Unreachable(_)),
            "{certificate}: {told}"
        );
        assert!(!town.seen().iter().any(|seen| seen.starts_with("asks")), "{certificate}: {:?}", town.seen());
    }
    // Nor are the authorities of a test believed by the fetcher of the product.
    let town = Town::with(&page);
    let mozillas = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let answer = Fetcher::over(town, mozillas, PATIENCE).unwrap().get("https://fab.example/1").await;
    unreachable(&answer, "UnknownIssuer");
}

#[tokio::test]
async fn three_redirects_are_followed_and_no_fourth() {
    let town = Town::with(&[
        ("fab.example/0", to("/1")),
        ("fab.example/1", to("http://far.example/2")),
        ("far.example/2", to("https://fab.example/3")),
        ("fab.example/3", ok(b"{}")),
        ("fab.example/again", to("/0")),
        ("fab.example/round", to("/round")),
    ]);
    assert_eq!(town.get("https://fab.example/0").await, Answer::Document(b"{}".to_vec()));
    let asked: Vec<String> = town.seen().into_iter().filter(|seen| seen.starts_with("asks")).collect();
    assert_eq!(asked, ["asks fab.example/0", "asks fab.example/1", "asks far.example/2", "asks fab.example/3"]);
    unreachable(&town.get("https://fab.example/again").await, "redirects too often");
    unreachable(&town.get("https://fab.example/round").await, "redirects too often");
}

#[tokio::test]
async fn a_redirect_to_an_address_inside_is_not_followed() {
    for (location, why) in [
        ("https://inside.example/admin", "10.0.0.7, which is no public address"),
        ("https://10.0.0.7/admin", "never asked"),
        ("http://169.254.169.254/latest/meta-data", "never asked"),
        ("https://localhost/", "never asked"),
        ("https://far.example:8443/", "never asked"),
        ("https://fab.example@inside.example/", "never asked"),
        ("https://fab.example/../admin", "never asked"),
        ("//inside.example/", "never asked"),
        ("file:///etc/passwd", "never asked"),
        ("", "never asked"),
    ] {
        let town = Town::with(&[("fab.example/0", to(location)), ("inside.example/admin", ok(b"secret"))]);
        unreachable(&town.get("https://fab.example/0").await, why);
        let connections = town.seen().into_iter().filter(|seen| seen.starts_with("connects")).count();
        assert_eq!(connections, 1, "{location}: {:?}", town.seen());
    }
    let straight = Town::with(&[("inside.example/admin", ok(b"secret"))]);
    unreachable(&straight.get("https://inside.example/admin").await, "no public address");
    assert_eq!(straight.seen(), ["resolves inside.example"]);
}

#[tokio::test]
async fn an_answer_of_a_mebibyte_is_read_and_one_byte_more_is_not() {
    let unending = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b' '; 2 * MAX_FETCHED]].concat();
    let town = Town::with(&[
        ("fab.example/all", ok(&vec![b' '; MAX_FETCHED])),
        ("fab.example/more", ok(&vec![b' '; MAX_FETCHED + 1])),
        ("fab.example/unending", unending),
    ]);
    assert_eq!(town.get("https://fab.example/all").await, Answer::Document(vec![b' '; MAX_FETCHED]));
    unreachable(&town.get("https://fab.example/more").await, "1 MiB");
    unreachable(&town.get("https://fab.example/unending").await, "1 MiB");
}

#[tokio::test]
async fn whoever_is_silent_is_given_up_at_every_stage() {
    assert_eq!(Fetcher::new().unwrap().patience, Duration::from_secs(5));
    let town = Town::with(&[("fab.example/nowhere", to("https://nobody.example/"))]);
    // No name, no answer at all, and after a redirect no name.
    for address in ["https://nobody.example/", "https://fab.example/silent", "https://fab.example/nowhere"] {
        unreachable(&town.hurried(address).await, "takes longer than 0.08 s");
    }
    // Half an answer, and the connection stays open.
    let half = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_vec();
    let town = Town { hangs_up: false, ..Town::with(&[("fab.example/half", half)]) };
    unreachable(&town.hurried("https://fab.example/half").await, "takes longer than 0.08 s");
}

#[tokio::test]
async fn redirects_share_the_time_of_their_address() {
    let page = [
        ("fab.example/0", to("/1")),
        ("fab.example/1", to("/2")),
        ("fab.example/2", to("/3")),
        ("fab.example/3", ok(b"")),
    ];
    // Each takes less than the patience for all of them, and together they take more.
    let town = Town { delay: Duration::from_millis(30), ..Town::with(&page) };
    unreachable(&town.hurried("https://fab.example/0").await, "takes longer");
}
