//! A disk that is full, read-only, broken, slow, or that loses what it was told to keep, under the real program. Each tap
//! is answered in time, no grant leaves that is not durable, the log says what to do, and all goes on by itself.
//!
//! The disk's faults are made by `shim/disk.c` and are switched by a file.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use tremen_controller::{Remembered, TapResult};
use tremen_server::machines::player::{Happening, Player};
use tremen_wire::{Answer, Intent};

use crate::process::{Place, Served, enter_person, provision};
use crate::raw::{denied, granted, uid};
use crate::world::{Folder, PATIENCE, ask_for_nothing, settings};

const PRINTER: &str = "imprimante-3d";
const ANNA: [u8; 4] = [4, 1, 2, 3];
/// Two seconds are promised; the rest is for a busy machine.
const IN_TIME: Duration = Duration::from_millis(2_900);

/// The registry on a disk that can be made to fail, and a controller.
pub struct Workshop {
    pub place: Place,
    pub served: Served,
    player: Player,
}

/// The library that makes the disk fail.
pub fn shim() -> PathBuf {
    static BUILT: OnceLock<(Folder, PathBuf)> = OnceLock::new();
    let (_, shim) = BUILT.get_or_init(|| {
        let folder = Folder::new();
        let shim = folder.0.join("disk.so");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/shim/disk.c");
        let mut cc = std::process::Command::new("cc");
        let built = cc.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).args([source, "-ldl"]).status();
        assert!(built.unwrap().success());
        (folder, shim)
    });
    shim.clone()
}

impl Workshop {
    pub async fn open() -> Self {
        let enter = |tx: &mut tremen_server::store::Tx<'_>| {
            enter_person(tx, "anna", &ANNA)?;
            provision(tx, "capucins-3d", false)
        };
        let (place, ()) = Place::prepared(ask_for_nothing, enter).await;
        let served = place.start(Self::registry(&place)).await;
        let login = place.login("capucins-3d", served.broker);
        let mut player = Player::start(settings("capucins-3d", false), Remembered::default(), &login);
        player.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await.unwrap();
        Self { place, served, player }
    }

    fn registry(place: &Place) -> tokio::process::Command {
        let mut registry = place.registry(&[]);
        registry.env("LD_PRELOAD", shim()).env("FAULTS", place.folder.0.join("faults"));
        registry
    }

    pub fn disk_is(&self, fault: &str) {
        let (now, new) = (self.place.folder.0.join("faults"), self.place.folder.0.join("faults.new"));
        std::fs::write(&new, fault).unwrap();
        std::fs::rename(new, now).unwrap(); // at one instant
    }

    async fn tap(&mut self, intent: Intent) -> Answer {
        let begun = Instant::now();
        self.player.tap(PRINTER, uid(&ANNA), intent);
        let answer = |it: &Happening| match it {
            Happening::Tapped { result: TapResult::Answered { answer, .. }, .. } => Some(answer.clone()),
            _ => None,
        };
        let answer = self.player.wait_for(IN_TIME, answer).await;
        answer.unwrap_or_else(|| panic!("no answer within {:?}\n{}", begun.elapsed(), self.place.log()))
    }

    pub async fn is_unreachable(&mut self) {
        assert_eq!(denied(&self.tap(Intent::Use).await), ["registry_unreachable"], "{}", self.place.log());
    }

    /// Waits until the registry says of itself that it is ready, without anybody's help.
    pub async fn is_well(&mut self) {
        let begun = Instant::now();
        while self.served.get("/readyz").await.0 != 200 {
            assert!(begun.elapsed() < PATIENCE, "{}", self.place.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// The machine is free, and Anna's card opens and leaves it.
    pub async fn goes_on(&mut self) {
        granted(&self.tap(Intent::Use).await);
        crate::raw::done(&self.tap(Intent::End).await).unwrap();
    }

    /// Nothing is half done: what lies on the disk is whole, and the journal knows as many grants as were heard.
    async fn ends(self, grants: std::ops::RangeInclusive<i64>) {
        drop(self.player);
        self.served.kill().await;
        let (_folder, database) = self.place.copy();
        let whole: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(whole, "ok");
        let count = |what: &str| database.query_row(what, [], |row| row.get::<_, i64>(0)).unwrap();
        let kept = count("SELECT COUNT(*) FROM decisions WHERE verdict = 'grant'");
        assert!(grants.contains(&kept), "{kept} grants in place of {grants:?}");
        assert_eq!(count("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL"), 0);
    }
}

/// The disk fails, and is well again some time later.
async fn it_is_said_so_and_goes_on(fault: &str, system: &str) {
    let mut workshop = Workshop::open().await;
    workshop.goes_on().await;
    workshop.disk_is(fault);
    workshop.is_unreachable().await;
    workshop.is_unreachable().await;
    let (status, ready) = workshop.served.get("/readyz").await;
    assert_eq!(status, 503);
    assert!(ready.contains("the database cannot be written or read"), "{ready}");
    assert_eq!(workshop.served.get("/healthz").await.0, 200);
    let log = workshop.place.log();
    for told in ["nothing of this is kept", system, "Make room on the disk or mend it", "goes on by itself"] {
        assert!(log.contains(told), "{told}\n{log}");
    }
    assert_eq!(log.matches("nothing of this is kept").count(), 1, "told once, not with each tap\n{log}");
    workshop.disk_is("");
    workshop.is_well().await;
    assert!(workshop.place.log().contains("the disk takes what is written again"));
    workshop.goes_on().await;
    workshop.ends(2..=2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_every_tap_is_answered_in_time_and_none_is_granted() {
    it_is_said_so_and_goes_on("full", "No space left on device").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_read_only_disk_every_tap_is_answered_in_time_and_none_is_granted() {
    it_is_said_so_and_goes_on("readonly", "Read-only file system").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_broken_disk_every_tap_is_answered_in_time_and_none_is_granted() {
    it_is_said_so_and_goes_on("broken", "Input/output error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_sync_made_durable_is_not_granted() {
    it_is_said_so_and_goes_on("unsynced", "Input/output error").await;
}

/// After a failed sync the system shows a reader what its disk may not hold. What the next process finds so is harmless,
/// and is made durable before anybody is answered from it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_is_killed_after_a_failed_sync_starts_on_what_is_durable() {
    let mut workshop = Workshop::open().await;
    workshop.goes_on().await;
    workshop.disk_is("unsynced");
    workshop.is_unreachable().await;
    let Workshop { place, served, player } = workshop;
    drop(player);
    served.kill().await;
    // While no sync succeeds it does not start, and says why.
    let output = tokio::time::timeout(PATIENCE, Workshop::registry(&place).stderr(Stdio::piped()).output()).await;
    let output = output.unwrap().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("the database cannot be written or read"), "{told}");
    std::fs::write(place.folder.0.join("faults"), "").unwrap();
    let served = place.start(Workshop::registry(&place)).await;
    let log = std::fs::metadata(place.folder.0.join("tremen.db-wal")).map_or(0, |it| it.len());
    let (_folder, database) = place.copy();
    let open: i64 =
        database.query_row("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL", [], |row| row.get(0)).unwrap();
    assert!(open <= 1, "at most the tap that was told registry_unreachable");
    assert!(log < 100_000, "what was found is in the database file now, not in a log of {log} bytes");
    served.kill().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_slow_disk_taps_are_decided_and_on_one_that_stalls_they_are_refused_in_time() {
    let mut workshop = Workshop::open().await;
    workshop.disk_is("slow 300");
    workshop.goes_on().await;
    workshop.disk_is("slow 5000");
    workshop.is_unreachable().await;
    workshop.is_unreachable().await;
    workshop.disk_is("");
    workshop.is_well().await;
    workshop.goes_on().await;
    // Of the two that were refused, those that were decided after all, too late, are in the journal; their session was closed.
    workshop.ends(2..=4).await;
}

/// The order of system calls is the proof that a card's holder hears of nothing that a loss of power would undo.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_is_written_to_the_socket_after_the_sync_of_its_commit_has_returned() {
    let probe = std::process::Command::new("strace").args(["-f", "-o", "/dev/null", "true"]).status();
    let needs = "this story needs strace (the package `strace`) and a system that lets one process trace another";
    assert!(probe.is_ok_and(|status| status.success()), "{needs}");
    let enter = |tx: &mut tremen_server::store::Tx<'_>| {
        enter_person(tx, "anna", &ANNA)?;
        provision(tx, "capucins-3d", false)
    };
    let (place, ()) = Place::prepared(ask_for_nothing, enter).await;
    let trace = place.folder.0.join("trace").display().to_string();
    let calls = "trace=fdatasync,fsync,pwrite64,write,sendto,writev,sendmsg";
    // With -D the registry is the process that the story started, and strace the one beside it.
    let by = ["strace", "-D", "-f", "-tt", "-y", "-s", "256", "-e", calls, "-o", &trace];
    let served = place.start(place.registry(&by)).await;
    let login = place.login("capucins-3d", served.broker);
    let mut player = Player::start(settings("capucins-3d", false), Remembered::default(), &login);
    player.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await.unwrap();
    player.tap(PRINTER, uid(&ANNA), Intent::Use);
    granted(&crate::world::answered(&mut player).await);
    let lines = std::fs::read_to_string(&trace).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let answer = lines.iter().position(|line| line.contains("down/answer")).expect("the answer");
    let before = &lines[..answer];
    let written = before.iter().rposition(|line| line.contains("pwrite64(") && line.contains("tremen.db-wal"));
    let written = written.expect("the commit is written to the log");
    // A call during which another thread speaks is told in two lines; it has returned with the second.
    let process = |line: &str| line.split(' ').next().unwrap().to_owned();
    let synced = (written..answer).find(|&at| {
        let line = lines[at];
        let is_sync = |line: &str| line.contains("sync(") && line.contains("tremen.db-wal");
        let resumed = line.contains("sync resumed>") && line.ends_with("= 0") && {
            let begun = lines[written..at].iter().rfind(|it| process(it) == process(line));
            begun.is_some_and(|begun| is_sync(begun))
        };
        (is_sync(line) && line.ends_with("= 0")) || resumed
    });
    let told = lines[written..=answer].join("\n");
    assert!(synced.is_some(), "no sync returned between the commit and its answer:\n{told}");
    eprintln!("{told}");
    served.kill().await;
}
