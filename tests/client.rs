//! A script's HTTP client, over a bare socket: one request for each connection, and a listener of events. Start at
//! [`Client`]; [`served`] is a world with pages and API.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value as Json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tremen_rules::PersonId;
use tremen_server::flows::make_token;
use tremen_server::flows::token_scope::TokenScope;
use tremen_server::serve::{Doors, Parts, start};

use crate::world::{PATIENCE, World, embedded, open_store, operator};

/// The sample network with pages and API on a free port; nobody known.
pub async fn served() -> World {
    World::behind(Doors::default(), |_| {}).await
}

/// Stops the registry and starts it again on the same database, with pages and API on another port.
pub async fn restarted(world: World) -> World {
    let World { folder, clock, store, running } = world;
    running.stop().await;
    drop(store);
    let store = open_store(&folder, clock.clone());
    let web = Some("127.0.0.1:0".parse().unwrap());
    let running = start(Parts { store: store.clone(), broker: embedded(), web }).await.unwrap();
    World { folder, clock, store, running }
}

/// A token of somebody's with every scope.
pub async fn token(world: &World, person: &PersonId) -> String {
    token_for(world, person, &TokenScope::ALL).await
}

/// A token of somebody's.
pub async fn token_for(world: &World, person: &PersonId, scopes: &[TokenScope]) -> String {
    let (name, scopes) = ("a story".to_owned(), scopes.iter().copied().collect());
    let request = make_token::Request { name, person: person.clone(), scopes, until: None };
    world.change(move |tx| make_token::run(tx, &operator(), &request)).await.secret
}

/// A script.
#[derive(Debug, Clone)]
pub struct Client {
    address: SocketAddr,
    headers: Vec<(String, String)>,
}

/// What it was answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}\n{}", self.head, self.body))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The answer's JSON, where all went well.
    pub fn done(self) -> Json {
        assert!((200..300).contains(&self.status), "{} {}", self.status, self.body);
        self.json()
    }

    /// The problem's JSON, of this status and kind.
    pub fn problem(self, status: u16, kind: &str) -> Json {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        let problem = self.json();
        assert_eq!(problem["type"], format!("/api/v1/problems/{kind}"), "{problem}");
        assert_eq!(problem["status"], status);
        problem
    }
}

impl Client {
    /// A script without a token.
    pub fn stranger(world: &World) -> Self {
        Self { address: world.running.web_address.unwrap(), headers: Vec::new() }
    }

    /// A script with a token.
    pub fn with(world: &World, token: &str) -> Self {
        Self::stranger(world).saying("Authorization", &format!("Bearer {token}"))
    }

    /// A script of somebody's with every scope.
    pub async fn of(world: &World, person: &PersonId) -> Self {
        Self::with(world, &token(world, person).await)
    }

    /// A page, as a browser asks for it.
    pub async fn page(&self, path: &str) -> Answer {
        self.exchange("GET", path, "").await
    }

    /// Sends a form as a browser does.
    pub async fn form(&self, path: &str, fields: &str) -> Answer {
        let form = self.saying("Content-Type", "application/x-www-form-urlencoded");
        form.exchange("POST", path, fields).await
    }

    async fn exchange(&self, method: &str, path: &str, body: &str) -> Answer {
        let host = self.address.to_string();
        let mut stream = self.saying("Host", &host).write(method, path, body, "close").await;
        let mut bytes = Vec::new();
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head: head.to_owned(), body: body.to_owned() }
    }

    async fn write(&self, method: &str, path: &str, body: &str, connection: &str) -> TcpStream {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: {connection}\r\n");
        self.headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        request.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The same with one header more.
    pub fn saying(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: &Json) -> Answer {
        self.saying("Content-Type", "application/json").ask("POST", path, Some(&body.to_string())).await
    }

    /// Any request; a path that begins with `/` stands below the API's root, unless it names it.
    pub async fn ask(&self, method: &str, path: &str, body: Option<&str>) -> Answer {
        self.exchange(method, &below_the_root(path), body.unwrap_or_default()).await
    }

    /// Listens to events.
    pub async fn listen(&self, path: &str) -> Events {
        let stream = self.saying("Host", "tremen").write("GET", &below_the_root(path), "", "keep-alive").await;
        let mut events = Events { stream, raw: Vec::new(), text: String::new(), is_over: false };
        let head = events.head().await;
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        assert!(head.to_lowercase().contains("content-type: text/event-stream"), "{head}");
        events
    }
}

/// The whole path of an endpoint, which may be named below the API's root.
fn below_the_root(path: &str) -> String {
    if path.starts_with("/api") { path.to_owned() } else { format!("/api/v1{path}") }
}

/// A stream of events.
pub struct Events {
    stream: TcpStream,
    raw: Vec<u8>,
    text: String,
    is_over: bool,
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub id: Option<i64>,
    pub kind: String,
    pub data: Json,
}

impl Events {
    async fn head(&mut self) -> String {
        loop {
            if let Some(end) = self.raw.windows(4).position(|it| it == b"\r\n\r\n") {
                let rest = self.raw.split_off(end + 4);
                let head = std::mem::replace(&mut self.raw, rest);
                return String::from_utf8(head).unwrap();
            }
            self.more().await;
        }
    }

    async fn more(&mut self) {
        let mut bytes = [0; 4096];
        let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await.unwrap().unwrap();
        self.is_over |= read == 0;
        self.raw.extend_from_slice(&bytes[..read]);
    }

    /// Takes whole chunks (RFC 9112, section 7.1) out of what came.
    fn unchunk(&mut self) {
        while let Some(line) = self.raw.windows(2).position(|it| it == b"\r\n") {
            let length = usize::from_str_radix(std::str::from_utf8(&self.raw[..line]).unwrap(), 16).unwrap();
            if self.raw.len() < line + 2 + length + 2 {
                return;
            }
            self.is_over |= length == 0;
            self.text.push_str(std::str::from_utf8(&self.raw[line + 2..line + 2 + length]).unwrap());
            self.raw.drain(..line + 2 + length + 2);
        }
    }

    /// The next event; none once the stream is over.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            self.unchunk();
            while let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
                if let Some(kind) = field("event") {
                    let data = serde_json::from_str(field("data").unwrap()).unwrap();
                    return Some(Event { id: field("id").map(|id| id.parse().unwrap()), kind: kind.to_owned(), data });
                }
            }
            if self.is_over {
                return None;
            }
            self.more().await;
        }
    }

    /// Nothing comes within a short while.
    pub async fn is_silent(&mut self) {
        let heard = tokio::time::timeout(Duration::from_millis(300), self.next()).await;
        assert!(heard.is_err(), "{heard:?}");
    }
}
