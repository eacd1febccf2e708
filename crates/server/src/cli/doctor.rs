//! `tremen doctor`: looks at everything that a registry needs, and says what to do for each.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tremen_rules::network::Language;

use super::desk::{CliError, Common, Desk, configuration, say};
use crate::clock;
use crate::config::{Broker, Config};
use crate::flows::network;
use crate::store::{Store, StoreError, Tx};
use crate::words::doubted_clock;

/// Below so much free space the registry may soon be unable to write, in MiB.
const LEAST_FREE_MIB: u64 = 500;

/// Looks at the configuration, database, keys, disk, clock, network, controllers and broker.
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
            let path = config.database.display();
            let text = if existed { format!("{path}, tables up to date") } else { format!("{path}, made just now") };
            findings.push(finding("database", Health::Good, text));
            findings.push(clock(&desk.store));
            findings.extend(desk.store.read_here(inside)?);
        }
        Err(error) => findings.push(finding("database", Health::Bad, error.to_string())),
    }
    findings.push(disk(&config.database));
    findings.push(broker(&config).await);
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
fn inside(tx: &mut Tx<'_>) -> Result<Vec<Finding>, StoreError> {
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
    for controller in network.controllers.values() {
        if tx.credential_version(&controller.id)?.is_none() {
            let text = format!("{0} has no secrets: `tremen controller rotate {0}`", controller.id);
            findings.push(finding("controller", Health::Risk, text));
        } else if let Err(error) = tx.credential(&controller.id) {
            findings.push(finding("controller", Health::Bad, error.to_string()));
        }
    }
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
