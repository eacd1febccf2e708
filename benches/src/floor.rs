//! The floors: a bare echo on the same broker, and the commit of one row on the same disk.

use tokio::sync::mpsc;
use tremen_server::machines::client::Client;
use tremen_server::machines::{REGISTRY_USER, Secret};
use tremen_server::serve::Running;

use crate::device::{Message, PASSWORD, connect};

const UP: &str = "tremen/1/c/bench-echo/up/echo";
const DOWN: &str = "tremen/1/c/bench-echo/down/echo";
/// About as long as a sealed ask or answer, in bytes.
const LENGTH: usize = 120;

/// A client that sends back what it hears, and one that asks it: over TCP, QoS 1, TCP_NODELAY.
#[derive(Debug)]
pub struct Echo {
    responder: Client,
    asker: Client,
    heard: mpsc::UnboundedReceiver<Message>,
}

impl Echo {
    /// Connects both.
    pub async fn start(running: &Running) -> Self {
        let password = running.registry_password().unwrap();
        let (responder, mut asked) = connect(&running.broker, REGISTRY_USER, password, UP.to_owned()).await;
        let answering = responder.clone();
        tokio::spawn(async move {
            while let Some((_, bytes)) = asked.recv().await {
                answering.publish(DOWN, bytes, false);
            }
        });
        let secret = Secret(PASSWORD.to_owned());
        let (asker, heard) = connect(&running.broker, "bench-echo", secret, DOWN.to_owned()).await;
        Self { responder, asker, heard }
    }

    fn ask(&self) {
        self.asker.publish(UP, vec![0x5a; LENGTH], false);
    }

    /// One there and back.
    pub async fn once(&mut self) {
        self.ask();
        self.heard.recv().await.unwrap();
    }

    /// One bare message, one way.
    pub async fn one_way(&mut self) {
        self.responder.publish(DOWN, vec![0x5a; LENGTH], false);
        self.heard.recv().await.unwrap();
    }

    /// So many there and back, with at most `depth` under way at a time.
    pub async fn many(&mut self, depth: u32, count: u32) {
        (0..depth).for_each(|_| self.ask());
        for done in 0..count {
            self.heard.recv().await.unwrap();
            if done + depth < count {
                self.ask();
            }
        }
    }
}

/// One-row transactions, durable, on the disk that the registry uses.
#[derive(Debug)]
pub struct Disk(rusqlite::Connection);

impl Disk {
    /// A database of its own in a folder.
    #[must_use]
    pub fn open(folder: &std::path::Path) -> Self {
        let connection = rusqlite::Connection::open(folder.join("floor.db")).unwrap();
        connection.pragma_update(None, "journal_mode", "WAL").unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.execute_batch("CREATE TABLE t (i INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT").unwrap();
        Self(connection)
    }

    /// Commits one row of 200 bytes.
    pub fn commit(&mut self) {
        self.0.prepare_cached("INSERT INTO t (b) VALUES (?1)").unwrap().execute([[0x5a_u8; 200]]).unwrap();
    }
}
