//! `tremen doctor`: looks at everything that a registry needs, and says what to do for each.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tremen_rules::network::Language;
use tremen_rules::{ControllerId, Time};

use super::backup::size;
use super::desk::{CliError, Common, Desk, configuration, say};
use crate::clock;
use crate::config::{Broker, Config};
use crate::flows::{network, verify_journal};
use crate::store::{Store, StoreError, Tx};
use crate::words::doubted_clock;

/// Below so much free space the registry may soon be unable to write, in MiB.
const LEAST_FREE_MIB: u64 = 500;

/// A disk that takes longer to write for good makes people wait at machines, in milliseconds.
const SLOW_COMMIT_MS: u128 = 50;

/// A log beside the database that is longer is not brought into it any more, in bytes.
const LONG_LOG: u64 = 256 << 20;

/// A backup that is older is soon of little use, in days.
const OLD_BACKUP_DAYS: i64 = 8;

/// A backup that is older is none, in days.
const LAST_BACKUP_DAYS: i64 = 31;

/// Looks at the configuration, database, keys, disk, clock, network, controllers, broker, backups and mail.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen doctor\n\nExit: 0 nothing is wrong, 1 something is, 2 the configuration is.")]
pub struct Doctor {
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    Good,
    Risk,
    Bad,
}

impl Health {
    const fn word(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Risk => "look",
            Self::Bad => "wrong",
        }
    }
}

struct Finding {
    what: &'static str,
    health: Health,
    text: String,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Doctor) -> Result<ExitCode, CliError> {
    let config = configuration(&this.common)?;
    let source = this.common.config.as_ref().map_or_else(|| "defaults".to_owned(), |path| path.display().to_string());
    let mut findings = vec![finding("configuration", Health::Good, source)];
    let existed = config.database.exists();
    findings.push(keys(&config.keys));
    match Desk::open(&this.common) {
        Ok(desk) => {
            let now = desk.store.now();
            findings.push(desk.store.read_here(|tx| file(tx, &config.database, existed))?);
            findings.push(clock(&desk.store));
            findings.extend(desk.store.read_here(|tx| inside(tx, now))?);
        }
        Err(error) => findings.push(finding("database", Health::Bad, error.to_string())),
    }
    findings.push(disk(&config.database));
    findings.push(speed(&config.database));
    findings.push(broker(&config).await);
    findings.push(finding("mail", Health::Good, "not configured: this Tremen sends none"));
    let worst = findings.iter().any(|it| it.health == Health::Bad);
    if this.common.json {
        let one = |it: &Finding| json!({ "what": it.what, "health": it.health.word(), "text": it.text });
        say(&findings.iter().map(one).collect::<Json>().to_string());
    } else {
        let line = |it: &Finding| format!("{:<6} {:<14} {}", it.health.word(), it.what, it.text);
        say(&findings.iter().map(line).collect::<Vec<_>>().join("\n"));
    }
    Ok(if worst { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn finding(what: &'static str, health: Health, text: impl Into<String>) -> Finding {
    Finding { what, health, text: text.into() }
}

/// Whether anybody else can read the keys.
fn keys(folder: &Path) -> Finding {
    let shown = folder.display();
    let Ok(files) = std::fs::read_dir(folder) else {
        return finding(
            "keys",
            Health::Risk,
            format!("{shown} is not there yet: the first start makes it; keep a copy of it apart"),
        );
    };
    let mut open: Vec<String> = Vec::new();
    for file in files.flatten().map(|file| file.path()) {
        if is_open_to_others(&file) {
            open.push(file.display().to_string());
        }
    }
    if open.is_empty() {
        return finding("keys", Health::Good, format!("{shown}, for the registry alone; keep a copy of it apart"));
    }
    open.sort();
    finding("keys", Health::Bad, format!("others can read {}: `chmod 600` them", open.join(", ")))
}

#[cfg(unix)]
fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|it| it.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
const fn is_open_to_others(_: &Path) -> bool {
    false
}

/// Whether the database file is whole, and how large it is.
fn file(tx: &Tx<'_>, database: &Path, existed: bool) -> Result<Finding, StoreError> {
    let path = database.display();
    if !existed {
        return Ok(finding("database", Health::Good, format!("{path}, made just now")));
    }
    if let Some(first) = tx.unsound()?.first() {
        let text = format!("{path} is damaged: {first}; stop the registry and restore a backup (`tremen restore`)");
        return Ok(finding("database", Health::Bad, text));
    }
    let (bytes, unused) = tx.file_size()?;
    let mut log = database.as_os_str().to_owned();
    log.push("-wal");
    let log = std::fs::metadata(log).map_or(0, |log| log.len());
    let text = format!(
        "{path}, whole, tables up to date; {}, of which unused {}, log {}",
        size(bytes),
        size(unused),
        size(log)
    );
    if log > LONG_LOG {
        let text = format!("{text}: the log is too long; is something reading for hours? Restart the registry");
        return Ok(finding("database", Health::Risk, text));
    }
    Ok(finding("database", Health::Good, text))
}

/// How old the last backup is.
fn backup(until: Option<Time>, now: Time) -> Finding {
    const DAY_MS: i64 = 86_400_000;
    let Some(until) = until else {
        return finding("backup", Health::Risk, "none was ever made: `tremen backup FILE`, and keep it elsewhere");
    };
    let days = now.since(until) / DAY_MS;
    let text = format!("the last one holds what happened before {until}");
    if days <= OLD_BACKUP_DAYS {
        finding("backup", Health::Good, text)
    } else if days <= LAST_BACKUP_DAYS {
        finding("backup", Health::Risk, format!("{text}: {days} days ago; `tremen backup FILE`"))
    } else {
        finding("backup", Health::Bad, format!("{text}: {days} days ago; `tremen backup FILE` now"))
    }
}

/// What is wrong with a controller: nothing, or what to do.
fn controller(
    tx: &Tx<'_>,
    id: &ControllerId,
    newest: &BTreeMap<String, Vec<u64>>,
) -> Result<Option<Finding>, StoreError> {
    if tx.credential_version(id)?.is_none() {
        let text = format!("{id} has no secrets: `tremen controller rotate {id}`");
        return Ok(Some(finding("controller", Health::Risk, text)));
    }
    if let Err(error) = tx.credential(id) {
        return Ok(Some(finding("controller", Health::Bad, error.to_string())));
    }
    let presence = tx.presence(id)?.unwrap_or_default();
    if let Some(since) = presence.silent_since {
        let text =
            format!("{id} fell silent at {since} while a machine was in use: look at the machine and its network");
        return Ok(Some(finding("controller", Health::Bad, text)));
    }
    if presence.firmware.is_empty() {
        let text = format!("{id} has never been heard: are its secrets in it, does it reach the broker?");
        return Ok(Some(finding("controller", Health::Risk, text)));
    }
    if !presence.online {
        let since = presence.online_since.map_or_else(String::new, |since| format!(" since {since}"));
        return Ok(Some(finding(
            "controller",
            Health::Risk,
            format!("{id} is offline{since}: power, network, broker?"),
        )));
    }
    let (name, version) = firmware(&presence.firmware);
    Ok(newest.get(&name).filter(|newest| **newest > version).map(|_| {
        let text = format!("{id} runs `{}`, others of its kind a newer one: update it", presence.firmware);
        finding("controller", Health::Risk, text)
    }))
}

/// The name and version of a firmware: `bridge 1.10.2` is `bridge` and 1, 10, 2.
fn firmware(said: &str) -> (String, Vec<u64>) {
    let (name, version) = said.rsplit_once(' ').unwrap_or((said, ""));
    let numbers = version.split(|letter: char| !letter.is_ascii_digit()).filter_map(|digits| digits.parse().ok());
    (name.to_owned(), numbers.collect())
}

/// Whether the system's clock is believed.
fn clock(store: &Store) -> Finding {
    let (wall, steady_ms) = store.clock().hands();
    let belief = store.belief();
    match belief.look(wall, steady_ms) {
        clock::Finding::Doubted(doubt, _) => {
            let said = doubted_clock(doubt, Language::En);
            let time = belief.time(steady_ms);
            let next = said.next.unwrap_or_default();
            let text = format!("{} It is {wall} here, {time} for the registry. {next}", said.sentence);
            finding("clock", Health::Bad, text)
        }
        clock::Finding::Agrees | clock::Finding::Correction(_) if store.clock().is_synchronised() => {
            finding("clock", Health::Good, format!("{wall}, synchronised"))
        }
        clock::Finding::Agrees | clock::Finding::Correction(_) => finding(
            "clock",
            Health::Risk,
            format!("{wall}, not known to be synchronised: let the system keep it by NTP (systemd-timesyncd, chrony)"),
        ),
    }
}

/// What the database itself tells.
fn inside(tx: &mut Tx<'_>, now: Time) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Vec::new();
    let revision = tx.network()?.revision;
    let network = network(tx)?;
    if revision == 0 {
        findings.push(finding("network", Health::Risk, "nothing is declared yet: `tremen apply FILE`"));
    } else {
        let text = format!(
            "{}, {} venues, {} machines, revision {revision}",
            network.settings.name,
            network.venues.len(),
            network.machines.len()
        );
        findings.push(finding("network", Health::Good, text));
    }
    findings.extend(network.warnings().into_iter().map(|flaw| finding("network", Health::Risk, flaw.to_string())));
    let mut newest = BTreeMap::new();
    for id in network.controllers.keys() {
        let (name, version) = firmware(&tx.presence(id)?.unwrap_or_default().firmware);
        let known = newest.entry(name).or_insert_with(|| version.clone());
        *known = version.max(std::mem::take(known));
    }
    for id in network.controllers.keys() {
        findings.extend(controller(tx, id, &newest)?);
    }
    if !tx.keys_fit()? {
        let text =
            "they do not open what the database holds: put back the folder that belongs to it, as a backup has it";
        findings.push(finding("keys", Health::Bad, text));
    }
    let report = verify_journal::run(tx, &verify_journal::Request::default(), |_| {})?;
    findings.push(match report.faults.first() {
        None => {
            let text = format!("{} entries sealed, {} not yet, each as it was written", report.sealed, report.unsealed);
            finding("journal", Health::Good, text)
        }
        Some(fault) => {
            let text = format!("{}: {}; `tremen journal verify` tells all", fault.place, fault.what);
            finding("journal", Health::Bad, text)
        }
    });
    findings.push(backup(tx.backed_up_until()?, now));
    Ok(findings)
}

/// Whether there is room left, as `df` says.
fn disk(database: &Path) -> Finding {
    let folder = database.parent().filter(|folder| folder.exists()).unwrap_or(Path::new("."));
    let said = std::process::Command::new("df").arg("-Pk").arg(folder).output();
    let free = said.ok().and_then(|said| {
        let text = String::from_utf8(said.stdout).ok()?;
        text.lines().nth(1)?.split_whitespace().nth(3)?.parse::<u64>().ok()
    });
    match free.map(|kib| kib / 1024) {
        None => finding("disk", Health::Risk, "the free space cannot be told here: look yourself"),
        Some(mib) if mib < LEAST_FREE_MIB => finding(
            "disk",
            Health::Bad,
            format!("{mib} MiB free at {}: make room, {LEAST_FREE_MIB} MiB at least", folder.display()),
        ),
        Some(mib) => finding("disk", Health::Good, format!("{mib} MiB free at {}", folder.display())),
    }
}

/// How long the disk takes to write something for good: each tap waits for that.
fn speed(database: &Path) -> Finding {
    let folder = database.parent().filter(|folder| folder.exists()).unwrap_or(Path::new("."));
    let trial = folder.join(".tremen-trial");
    let mut times: Vec<u128> = Vec::new();
    let tried = (0..5).try_for_each(|_| {
        let mut file = std::fs::File::create(&trial)?;
        let begun = std::time::Instant::now();
        file.write_all(&[0; 4096])?;
        file.sync_all()?;
        times.push(begun.elapsed().as_micros());
        Ok::<_, std::io::Error>(())
    });
    let _ = std::fs::remove_file(&trial); // where it could not be made, that is told
    if let Err(error) = tried {
        return finding("disk", Health::Bad, format!("{} cannot be written to: {error}", folder.display()));
    }
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    let text = format!("writing for good takes {}.{} ms", median / 1000, median % 1000 / 100);
    if median > SLOW_COMMIT_MS * 1000 {
        let text = format!("{text}: each tap waits for that; use a disk that is not a memory card, nor on a network");
        return finding("disk", Health::Risk, text);
    }
    finding("disk", Health::Good, text)
}

/// Whether the broker takes connections.
async fn broker(config: &Config) -> Finding {
    let (target, is_embedded) = match &config.broker {
        Broker::Embedded => (config.broker_address.to_string(), true),
        Broker::External { url, .. } => {
            let (scheme, rest) = url.split_once("://").unwrap_or(("mqtt", url.as_str()));
            let rest = rest.trim_end_matches('/');
            let port = if scheme == "mqtts" { 8883 } else { 1883 };
            let named = rest.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
            (if named { rest.to_owned() } else { format!("{rest}:{port}") }, false)
        }
    };
    let attempt = tokio::time::timeout(Duration::from_secs(3), tokio::net::TcpStream::connect(target.as_str())).await;
    match (attempt, is_embedded) {
        (Ok(Ok(_)), true) => finding("broker", Health::Good, format!("embedded, a registry runs on {target}")),
        (Ok(Ok(_)), false) => finding("broker", Health::Good, format!("{target} takes connections")),
        (_, true) => finding("broker", Health::Good, format!("embedded; no registry runs on {target} now")),
        (_, false) => finding(
            "broker",
            Health::Bad,
            format!("{target} takes no connection: is the broker running, and its name right?"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::{Health, Time, backup, firmware};

    #[test]
    fn a_backup_is_good_for_a_week_and_none_after_a_month() {
        let now = Time::from_millis(1_795_701_600_000);
        let days = |days: i64| backup(Some(now.plus_seconds(-days * 86_400)), now).health;
        assert_eq!(backup(None, now).health, Health::Risk);
        assert_eq!([days(0), days(8), days(9), days(31), days(32)], {
            [Health::Good, Health::Good, Health::Risk, Health::Risk, Health::Bad]
        });
    }

    #[test]
    fn firmware_is_compared_by_numbers() {
        assert_eq!(firmware("bridge 1.10.2"), ("bridge".to_owned(), vec![1, 10, 2]));
        assert!(firmware("bridge 1.10").1 > firmware("bridge 1.9.9").1);
        assert_eq!(firmware("homemade").1, Vec::<u64>::new());
    }
}
