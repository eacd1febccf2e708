//! A real Mosquitto as the broker, with the configuration that we ship; it can be killed, and comes back where it was.

use std::process::{Output, Stdio};

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tremen_server::machines::{Address, Secret};
use tremen_server::serve::Broker;

use crate::process::tied;
use crate::world::{Folder, PASSWORD, PATIENCE};

/// The registry's account.
pub const REGISTRY: &str = "tremen.registry";
/// The account of those who look at machines alone.
pub const PUBLIC: &str = "tremen.public";

const INSTALL: &str = "this story needs Mosquitto: install the packages `mosquitto` and `mosquitto-clients`";

/// A program of Mosquitto's, wherever Debian puts it.
pub fn program(name: &str) -> Command {
    let sbin = std::path::Path::new("/usr/sbin").join(name);
    let mut command = if sbin.exists() { tied(sbin) } else { tied(name) };
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs a program to its end.
pub async fn run(mut command: Command) -> Output {
    let output = tokio::time::timeout(PATIENCE, command.output()).await.unwrap();
    output.unwrap_or_else(|error| panic!("{INSTALL} ({error})"))
}

/// A Mosquitto on a port of its own.
pub struct Mosquitto {
    pub address: Address,
    process: Child,
    folder: Folder,
}

impl Mosquitto {
    /// Starts it on a free port.
    pub async fn start() -> Self {
        let folder = Folder::new();
        let at = |name: &str| folder.0.join(name).display().to_string();
        let passwords = at("tremen.passwd");
        std::fs::write(&passwords, "").unwrap();
        for user in [REGISTRY, PUBLIC, "ubo-laser", "capucins-3d", "ponant-laser"] {
            let mut command = program("mosquitto_passwd");
            command.args(["-b", &passwords, user, PASSWORD]);
            let output = run(command).await;
            assert!(output.status.success(), "{INSTALL}: {output:?}");
        }
        std::fs::write(at("acl"), include_str!("../config/mosquitto/acl")).unwrap();
        for _ in 0..10 {
            let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let shipped = include_str!("../config/mosquitto/mosquitto.conf");
            let here = [
                ("listener 1883", format!("listener {port} 127.0.0.1")),
                ("password_file /etc/mosquitto/tremen.passwd", format!("password_file {passwords}")),
                ("acl_file /etc/mosquitto/acl", format!("acl_file {}", at("acl"))),
            ];
            let config: String = shipped
                .lines()
                .map(|line| {
                    here.iter().find(|(ours, _)| *ours == line).map_or(line, |(_, theirs)| theirs).to_owned() + "\n"
                })
                .collect();
            assert!(here.iter().all(|(_, theirs)| config.contains(theirs)), "{config}");
            // Started by root it would become another user, who cannot read the story's folder.
            std::fs::write(at("mosquitto.conf"), config + "user root\nlog_dest stderr\n").unwrap();
            if let Some(process) = Self::runs(&folder).await {
                return Self { address: Address { host: "127.0.0.1".to_owned(), port }, process, folder };
            }
        }
        panic!("no port was free for Mosquitto, ten times");
    }

    /// Waits until it says that it runs; none when it ends instead, as when its port was taken meanwhile.
    async fn runs(folder: &Folder) -> Option<Child> {
        let mut command = program("mosquitto");
        let mut process = command.arg("-c").arg(folder.0.join("mosquitto.conf")).spawn().unwrap();
        let mut lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let told = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if line.ends_with(" running") {
                    return true;
                }
            }
            false
        };
        let told = tokio::time::timeout(PATIENCE, told).await.unwrap();
        // It goes on to write; what nobody reads must not stop it.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        told.then_some(process)
    }

    /// Ends it with SIGKILL. Who asks at its port then is taken by what is returned.
    pub async fn kill(&mut self) -> tokio::net::TcpListener {
        self.process.kill().await.unwrap();
        tokio::net::TcpListener::bind((self.address.host.as_str(), self.address.port)).await.unwrap()
    }

    /// Starts it again, on the same port.
    pub async fn again(&mut self, port: tokio::net::TcpListener) {
        drop(port);
        self.process = Self::runs(&self.folder).await.unwrap_or_else(|| panic!("its port was free, and still is"));
    }

    /// Has it stand still, its connections open, or go on.
    pub async fn is_frozen(&self, frozen: bool) {
        let signal = if frozen { "-STOP" } else { "-CONT" };
        let process = self.process.id().unwrap().to_string();
        assert!(Command::new("kill").args([signal, &process]).status().await.unwrap().success());
    }

    /// How a registry is told to use it.
    pub fn broker(&self) -> Broker {
        let credentials = Some((REGISTRY.to_owned(), Secret(PASSWORD.to_owned())));
        Broker::External { address: self.address.clone(), credentials }
    }
}
