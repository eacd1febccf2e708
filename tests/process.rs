//! The program as a process of its own, in a folder of its own: what can be killed, starved and looked at from outside.
//!
//! Start at [`Place::prepared`], then [`Place::serve`].

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tremen_rules::{ControllerId, Network};
use tremen_server::clock::SystemClock;
use tremen_server::flows::{FlowError, attach_card};
use tremen_server::machines::{Address, Login, player};
use tremen_server::store::Tx;

use crate::world::{Folder, KEY, PASSWORD, PATIENCE, declare, id, named, open_store, operator};

/// A folder with a database and its keys, and how the program is told to use them.
pub struct Place {
    pub folder: Folder,
    pub settings: Vec<(&'static str, String)>,
}

/// A running `tremen serve`.
pub struct Served {
    pub child: Child,
    pub web: SocketAddr,
    pub broker: SocketAddr,
    /// From the start of the process until it said that it serves.
    pub took: Duration,
    /// The link that a first start offers.
    pub first_link: Option<String>,
}

impl Place {
    /// The sample network, adjusted, and what a job enters; the wall clock's time.
    pub async fn prepared<T: Send + 'static>(
        adjust: impl FnOnce(&mut Network),
        enter: impl FnOnce(&mut Tx<'_>) -> Result<T, FlowError> + Send + 'static,
    ) -> (Self, T) {
        let folder = Folder::new();
        let store = open_store(&folder, Arc::new(SystemClock::default()));
        declare(&store, adjust).await;
        let entered = store.write(enter).await.unwrap();
        drop(store);
        let settings = vec![
            ("TREMEN_DATABASE__URL", format!("sqlite:{}", folder.0.join("tremen.db").display())),
            ("TREMEN_KEYS__FOLDER", folder.0.join("keys").display().to_string()),
            ("TREMEN_BROKER__EMBEDDED__ADDRESS", "127.0.0.1:0".to_owned()),
            ("TREMEN_WEB__ADDRESS", "127.0.0.1:0".to_owned()),
            ("TREMEN_LOG__FORMAT", "json".to_owned()),
            // Its controllers say more in a moment than a real one does in minutes; what is told those is in other stories.
            ("TREMEN_LIMITS__CONTROLLER__ASKS", "1000000".to_owned()),
            ("TREMEN_LIMITS__CONTROLLER__REPORTS", "1000000".to_owned()),
            ("TREMEN_LIMITS__CONTROLLER__HELLOS", "1000000".to_owned()),
        ];
        (Self { folder, settings }, entered)
    }

    pub fn database(&self) -> PathBuf {
        self.folder.0.join("tremen.db")
    }

    /// What the served processes logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.0.join("serve.log")).unwrap_or_default()
    }

    fn fitted(&self, mut command: Command) -> Command {
        command.envs(self.settings.iter().map(|(name, value)| (name, value))).current_dir(&self.folder.0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// One of the program's commands.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.command_by(&[], arguments)
    }

    /// One of the program's commands, started by programs that become it: the process that is spawned is the program
    /// itself, so that whoever kills it kills no go-between.
    fn command_by(&self, by: &[&str], arguments: &[&str]) -> Command {
        let program = env!("CARGO_BIN_EXE_tremen-of-the-stories");
        let mut words = by.iter().chain([&program]).chain(arguments);
        let mut command = tied(words.next().unwrap());
        command.args(words);
        self.fitted(command)
    }

    /// The registry, not started yet, by programs that become it where some are given.
    pub fn registry(&self, by: &[&str]) -> Command {
        self.logged(self.command_by(by, &["serve"]))
    }

    fn logged(&self, mut command: Command) -> Command {
        let log = std::fs::File::options().create(true).append(true).open(self.folder.0.join("serve.log")).unwrap();
        command.stderr(log);
        command
    }

    /// Starts the registry; returns once it serves.
    pub async fn serve(&self) -> Served {
        self.start(self.registry(&[])).await
    }

    /// Starts a registry; returns once it serves.
    pub async fn start(&self, mut registry: Command) -> Served {
        let begun = Instant::now();
        let mut child = registry.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut first_link = None;
        let told = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                let link = line.split(' ').find(|word| word.contains("/connexion/"));
                first_link = link.map(str::to_owned).or(first_link.take());
                if let Some(where_to) = line.strip_prefix("tremen serves: pages on http://") {
                    let (web, broker) = where_to.split_once("/, broker at mqtt://").unwrap();
                    return (web.parse().unwrap(), broker.parse().unwrap());
                }
            }
            panic!("it ended at once:\n{}", self.log())
        };
        let (web, broker) = tokio::time::timeout(PATIENCE, told).await.unwrap();
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} }); // so that it may go on talking
        Served { child, web, broker, took: begun.elapsed(), first_link }
    }

    /// How a controller logs in that was entered with [`provision`].
    pub fn login(&self, name: &str, broker: SocketAddr) -> Login {
        let address = Address { host: broker.ip().to_string(), port: broker.port() };
        player::login(address, &tremen_wire::ControllerId::parse(name).unwrap(), PASSWORD)
    }

    /// Looks at a copy of the database, as it lies on the disk while no process has it open: the log beside it is read
    /// by the copy's own recovery, and what the next process finds is left as it is.
    pub fn copy(&self) -> (Folder, rusqlite::Connection) {
        let folder = Folder::new();
        for name in ["tremen.db", "tremen.db-wal"] {
            let from = self.folder.0.join(name);
            if from.exists() {
                std::fs::copy(from, folder.0.join(name)).unwrap();
            }
        }
        let connection = rusqlite::Connection::open(folder.0.join("tremen.db")).unwrap();
        (folder, connection)
    }
}

impl Served {
    /// Ends the process as a loss of power would, as far as it can tell.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Asks the process to end, as a system that goes down does, and waits until it has.
    pub async fn ends(&mut self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        let status = tokio::time::timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap();
        assert!(status.success(), "{status:?}");
    }

    /// A page's status and body.
    pub async fn get(&self, path: &str) -> (u16, String) {
        let asked = async {
            let mut stream = tokio::net::TcpStream::connect(self.web).await.unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nhost: tremen.test\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = tokio::time::timeout(PATIENCE, asked).await.unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
    }
}

/// Enters a person with a card and no more; the key is also the person's id.
pub fn enter_person(tx: &mut Tx<'_>, key: &str, uid: &[u8]) -> Result<(), FlowError> {
    let person = id(key);
    tx.put_person(&named(&person, key))?;
    let card = attach_card::Request { person, ntag424: false, uid: uid.to_vec(), label: None };
    attach_card::run(tx, &operator(), &card).map(drop)
}

/// Gives a controller the secrets that every controller of a story has.
pub fn provision(tx: &mut Tx<'_>, name: &str, sealed: bool) -> Result<(), FlowError> {
    let controller: ControllerId = id(name);
    let tag = tx.keys().tag("password", PASSWORD.as_bytes());
    tx.put_credential(&controller, sealed.then_some(&KEY), &tag)?;
    Ok(())
}

/// A program that ends with the story, whatever ends that, even a SIGKILL.
pub fn tied(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = if has("setpriv") {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.kill_on_drop(true);
    command
}

/// Whether a program is there.
fn has(program: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|it| Path::new(&it).join(program).exists()))
}
