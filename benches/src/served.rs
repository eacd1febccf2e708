//! `tremen serve` as a process of its own, so that its start and its memory can be seen from outside.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tremen_server::machines::client::Address;

use crate::town::Town;

/// A running `tremen serve`. It is killed when this goes.
#[derive(Debug)]
pub struct Served {
    child: Child,
    /// When the process was started.
    pub began: Instant,
    /// From then until it said that it serves.
    pub took: Duration,
    /// Where its broker listens.
    pub broker: Address,
}

impl Served {
    /// Starts the release build of the program over a town's folder and waits until it says that it serves.
    #[must_use]
    pub fn start(town: &Town) -> Self {
        let program = program();
        assert!(program.exists(), "build {} first: cargo build --release", program.display());
        let began = Instant::now();
        let mut child = Command::new(&program)
            .args(["serve", "--log", "json"])
            .env("TREMEN_DATABASE__URL", format!("sqlite:{}", town.database().display()))
            .env("TREMEN_KEYS__FOLDER", town.folder.join("keys"))
            .env("TREMEN_BROKER__EMBEDDED__ADDRESS", "127.0.0.1:0")
            .env("TREMEN_WEB__ADDRESS", "127.0.0.1:0")
            .env("TREMEN_LOG__LEVEL", "warn")
            // A benchmark asks as no controller may.
            .env("TREMEN_LIMITS__CONTROLLER__ASKS", "1000000")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = std::io::BufReader::new(child.stdout.take().unwrap());
        let said = std::io::BufRead::lines(out).map(Result::unwrap).find(|line| line.contains("mqtt://")).unwrap();
        let took = began.elapsed();
        let url = said.split_whitespace().find(|word| word.starts_with("mqtt://")).unwrap();
        Self { child, began, took, broker: Address::parse(url).unwrap() }
    }

    /// Its resident memory, in KiB.
    #[must_use]
    pub fn resident_kib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended by itself
        self.child.wait().unwrap();
    }
}

fn program() -> PathBuf {
    let bench = std::env::current_exe().unwrap();
    bench.ancestors().nth(2).unwrap().join("tremen")
}

/// Takes a file out of the system's cache.
pub fn forget_in_cache(file: &Path) {
    let of = format!("of={}", file.display());
    let done = Command::new("dd").args([&of, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
