//! `tremen controller`: gives controllers their secrets, shows and retires them.

use std::process::ExitCode;

use serde_json::{Value as Json, json};
use tremen_rules::network::{Controller as Declared, Profile};
use tremen_rules::{ControllerId, MachineId, VenueId};

use super::act::{Act, Told};
use super::desk::{CliError, Common, Desk, read, say, wrong};
use crate::config::{Broker, Config};
use crate::flows::provision_controller::{Provisioned, Request};
use crate::flows::{
    FlowError, Warrant, network, provision_controller, replace_controller, retire_controller, rotate_controller,
};
use crate::keys::hex;
use crate::store::{StoreError, Tx};

/// Gives controllers their secrets, shows and retires them.
#[derive(Debug, Clone, clap::Args)]
pub struct Controller {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Give a controller its first secrets, shown once; with --venue, declare it first
    #[command(after_help = "Example: tremen controller add capucins-3d --json > capucins-3d.json\n         \
        tremen controller add ubo-scie --venue ubo --machine scie --profile sealed")]
    Add {
        /// Its id, also its MQTT user name and client id
        id: String,
        /// Where it hangs, for one that the network file does not declare
        #[arg(long, requires = "machine")]
        venue: Option<String>,
        /// A machine that it serves; may be given several times
        #[arg(long, requires = "venue")]
        machine: Vec<String>,
        /// How it speaks: sealed, or plain on a channel that is trusted
        #[arg(long, default_value = "sealed", requires = "venue")]
        profile: String,
        #[command(flatten)]
        act: Act,
    },
    /// Show all controllers
    #[command(after_help = "Example: tremen controller list")]
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Give a controller new secrets, shown once; the old ones end
    #[command(after_help = "Example: tremen controller rotate ubo-laser --json > ubo-laser.json")]
    Rotate {
        /// Its id
        id: String,
        #[command(flatten)]
        act: Act,
    },
    /// Put a new device in a controller's place: new secrets, nothing remembered of the old device
    #[command(after_help = "Example: tremen controller replace ubo-laser --reason \"boîtier noyé\"")]
    Replace {
        /// Its id
        id: String,
        #[command(flatten)]
        act: Act,
    },
    /// Take a controller out of service: its secrets end
    #[command(after_help = "Example: tremen controller retire ubo-laser --reason \"volé\" --preview")]
    Retire {
        /// Its id
        id: String,
        #[command(flatten)]
        act: Act,
    },
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Controller) -> Result<ExitCode, CliError> {
    match &this.what {
        What::Add { id, venue, machine, profile, act } => {
            let id = read("the controller", ControllerId::parse(id))?;
            let request = match venue {
                None => Request::Declared(id),
                Some(venue) => Request::New(declared(id, venue, machine, profile)?),
            };
            give(act, move |tx, warrant| provision_controller::run(tx, warrant, &request)).await
        }
        What::List { common } => list(&Desk::open(common)?),
        What::Rotate { id, act } => {
            let id = read("the controller", ControllerId::parse(id))?;
            give(act, move |tx, warrant| rotate_controller::run(tx, warrant, &id)).await
        }
        What::Replace { id, act } => {
            let id = read("the controller", ControllerId::parse(id))?;
            give(act, move |tx, warrant| replace_controller::run(tx, warrant, &id)).await
        }
        What::Retire { id, act } => {
            let desk = act.desk()?;
            let id = read("the controller", ControllerId::parse(id))?;
            let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
                let effects = retire_controller::run(tx, warrant, &id)?;
                Ok(Told { text: format!("controller {id} retired"), json: json!({ "controller": id }), effects })
            };
            act.run_without_reason(&desk, None, flow).await
        }
    }
}

fn declared(id: ControllerId, venue: &str, machines: &[String], profile: &str) -> Result<Declared, CliError> {
    let profile = match profile {
        "sealed" => Profile::Sealed,
        "plain" => Profile::Plain,
        other => return Err(wrong(format!("--profile: `{other}` is not a profile: sealed, plain"))),
    };
    let machine = |it: &String| read("--machine", MachineId::parse(it));
    let machines = machines.iter().map(machine).collect::<Result<_, _>>()?;
    Ok(Declared { id, venue: read("--venue", VenueId::parse(venue))?, machines, profile })
}

/// Runs a flow that gives secrets, and shows them once.
async fn give<F>(act: &Act, flow: F) -> Result<ExitCode, CliError>
where
    F: FnOnce(&mut Tx<'_>, &Warrant) -> Result<Provisioned, FlowError> + Send + 'static,
{
    let desk = act.desk()?;
    if act.is_preview() {
        let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
            let effects = flow(tx, warrant)?.effects;
            Ok(Told { text: String::new(), json: json!({}), effects })
        };
        return act.run_without_reason(&desk, None, flow).await;
    }
    let warrant = act.warrant(&desk)?;
    let given = desk.store.write(move |tx| flow(tx, &warrant)).await?;
    let broker = broker_url(&desk.config);
    let key = given.key.as_ref().map(|key| hex(key));
    if desk.json {
        say(&json!({ "controller": given.controller, "password": given.password, "key": key, "broker": broker })
            .to_string());
    } else {
        say(&format!(
            "controller  {}\npassword    {}\nkey         {}\nbroker      {broker}\n\nThis is shown once: write it into the device now.",
            given.controller,
            given.password,
            key.as_deref().unwrap_or("none, it speaks in the plain profile")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Where devices find the broker.
fn broker_url(config: &Config) -> String {
    match &config.broker {
        Broker::External { url, .. } => url.clone(),
        Broker::Embedded => {
            let (scheme, at) = match config.broker_tls {
                Some(_) => ("mqtts", config.broker_tls_address),
                None => ("mqtt", config.broker_address),
            };
            let loopback: std::net::IpAddr =
                if at.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() };
            let ip = if at.ip().is_unspecified() { loopback } else { at.ip() };
            format!("{scheme}://{}", std::net::SocketAddr::new(ip, at.port()))
        }
    }
}

fn list(desk: &Desk) -> Result<ExitCode, CliError> {
    let rows: Vec<(Declared, Option<u32>, &'static str, String)> = desk.store.read_here(|tx| {
        let network = network(tx)?;
        let mut rows = Vec::new();
        for controller in network.controllers.values() {
            let version = tx.credential_version(&controller.id)?;
            let presence = tx.presence(&controller.id)?.unwrap_or_default();
            let state = match (presence.silent_since, presence.online) {
                (Some(_), _) => "silent",
                (None, true) => "online",
                (None, false) => "offline",
            };
            let firmware = presence.firmware;
            rows.push((controller.clone(), version, state, firmware));
        }
        Ok::<_, StoreError>(rows)
    })?;
    if desk.json {
        let row = |(it, version, state, firmware): &(Declared, Option<u32>, &str, String)| {
            json!({ "controller": it.id, "venue": it.venue, "machines": it.machines, "profile": it.profile,
                    "secrets": version, "state": state, "firmware": firmware })
        };
        say(&rows.iter().map(row).collect::<Json>().to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let width = rows.iter().map(|(it, ..)| it.id.as_str().len()).max().unwrap_or(0).max("controller".len());
    let mut text = format!("{:<width$}  {:<8}  {:<8}  {:<14}  machines\n", "controller", "state", "profile", "secrets");
    for (it, version, state, _) in &rows {
        let profile = match it.profile {
            Profile::Sealed => "sealed",
            Profile::Plain => "plain",
        };
        let secrets = version.map_or_else(|| "none".to_owned(), |version| format!("version {version}"));
        let machines: Vec<&str> = it.machines.iter().map(MachineId::as_str).collect();
        text.push_str(&format!(
            "{:<width$}  {state:<8}  {profile:<8}  {secrets:<14}  {}\n",
            it.id.as_str(),
            machines.join(" ")
        ));
    }
    if rows.is_empty() {
        text = "no controller is declared: `tremen apply FILE` declares those of a network file".to_owned();
    } else if let Some((first, ..)) = rows.iter().find(|(_, version, ..)| version.is_none()) {
        text.push_str(&format!("\nnext: `tremen controller rotate {} --json` gives it its secrets", first.id));
    }
    say(&text);
    Ok(ExitCode::SUCCESS)
}
