//! `tremen tap`: plays a controller once over MQTT and prints the answer.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use tremen_controller::{Remembered, Settings, TapResult};
use tremen_wire::{Intent, Outcome, Reading, Uid};

use crate::keys::from_hex;
use crate::machines::client::Address;
use crate::machines::player::{self, Happening, Player};

/// The registry answers within 2 s, and a controller repeats for 10 s.
const PATIENCE: Duration = Duration::from_secs(12);
/// The answer's exit codes; the usual 0, 1, 2 are a grant, a failure, wrong use.
const DENIED: u8 = 10;
const MORE: u8 = 11;
const NO_ANSWER: u8 = 12;

/// Holds a card to the reader of a machine, once.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen tap --machine imprimante-3d --uid 04A1B2C3D4E580 --key capucins-3d.json\n\n\
    Exit: 0 granted or done, 10 denied, 11 a second card is needed, 12 no answer. What was granted is ended again.")]
pub struct Tap {
    /// The machine
    #[arg(long)]
    machine: String,
    /// The card's number, hexadecimal in any usual spelling
    #[arg(long, value_name = "HEX")]
    uid: String,
    /// What for: use, toggle, end, supervise, induct
    #[arg(long, default_value = "use")]
    intent: String,
    /// The broker, if it is another one than the key file says
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
    /// The controller's secrets: the file that `tremen controller add --json` or `rotate --json` printed
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    #[command(flatten)]
    common: super::desk::Common,
}

/// What `tremen controller add --json` prints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    controller: String,
    password: String,
    key: Option<String>,
    broker: String,
}

/// A tap that was asked for wrongly.
#[derive(Debug, thiserror::Error)]
pub enum TapError {
    /// An argument or the key file is not as it should be: exit code 2.
    #[error("{0}")]
    Wrong(String),
}

fn wrong(text: impl Into<String>) -> TapError {
    TapError::Wrong(text.into())
}

fn read_key_file(path: &Path) -> Result<KeyFile, TapError> {
    let text = std::fs::read_to_string(path).map_err(|error| wrong(format!("{}: {error}", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        wrong(format!(
            "{}: {error}; a file with controller, password, key and broker is needed, as `tremen controller rotate ID --json` \
             prints it",
            path.display()
        ))
    })
}

/// Taps, prints the answer, and tells the exit code.
///
/// # Errors
/// [`TapError::Wrong`] for arguments that make no sense.
pub async fn run(tap: &Tap) -> Result<ExitCode, TapError> {
    let file = read_key_file(&tap.key)?;
    let id = tremen_wire::ControllerId::parse(&file.controller).map_err(|error| wrong(error.to_string()))?;
    let security = match &file.key {
        None => tremen_controller::Security::Plain,
        Some(key) => {
            let key = from_hex::<32>(key).ok_or_else(|| wrong("the key file's `key` is not 64 hexadecimal digits"))?;
            tremen_controller::Security::Sealed(tremen_wire::Key::new(key))
        }
    };
    let broker = tap.broker.as_deref().unwrap_or(&file.broker);
    let address = Address::parse(broker).map_err(wrong)?;
    let uid = tremen_files::uid::parse_uid(&tap.uid, tremen_files::uid::UidFormat::default())
        .map_err(|error| wrong(error.to_string()))?;
    let uid = Uid::new(&uid).ok_or_else(|| wrong("a card's number has 3 to 10 bytes"))?;
    let intent = Intent::parse(&tap.intent)
        .ok_or_else(|| wrong(format!("`{}` is no intent: use, toggle, end, supervise, induct", tap.intent)))?;
    let login = player::login(address, &id, &file.password);
    let settings = Settings::new(id, security, concat!("tremen-tap ", env!("CARGO_PKG_VERSION")));
    let mut player = Player::start(settings, Remembered::default(), &login);
    let linked = player.wait_for(PATIENCE, |it| (*it == Happening::Linked).then_some(())).await;
    let answer = match linked {
        Some(()) => answer(&mut player, &tap.machine, Reading::Uid(uid), intent).await,
        None => None,
    };
    let Some(answer) = answer else {
        print(
            tap,
            &json!({ "verdict": null, "reason": "registry_unreachable" }),
            &format!(
                "no answer: the registry cannot be reached through {broker} with these secrets (--broker names another)"
            ),
        );
        return Ok(ExitCode::from(NO_ANSWER));
    };
    let [first, second] = &answer.lcd;
    let display = format!("\n|{first:<20}|\n|{second:<20}|");
    let (exit, told, line) = match &answer.outcome {
        Outcome::Grant { session, lease_s, until_s, .. } => (
            ExitCode::SUCCESS,
            json!({ "verdict": "grant", "session": session.to_string(), "lease": lease_s, "until": until_s, "lcd": answer.lcd }),
            format!("grant  session {session}, lease {lease_s} s"),
        ),
        Outcome::Done { session } => (
            ExitCode::SUCCESS,
            json!({ "verdict": "done", "session": session.map(|it| it.to_string()), "lcd": answer.lcd }),
            "done".to_owned(),
        ),
        Outcome::Deny { reason, reasons } if reason == "registry_unreachable" => (
            ExitCode::from(NO_ANSWER),
            json!({ "verdict": "deny", "reason": reason, "reasons": reasons, "lcd": answer.lcd }),
            "deny   registry_unreachable".to_owned(),
        ),
        Outcome::Deny { reason, reasons } => (
            ExitCode::from(DENIED),
            json!({ "verdict": "deny", "reason": reason, "reasons": reasons, "lcd": answer.lcd }),
            format!("deny   {}", reasons.join(", ")),
        ),
        Outcome::More { reason, reasons } => (
            ExitCode::from(MORE),
            json!({ "verdict": "more", "reason": reason, "reasons": reasons, "lcd": answer.lcd }),
            format!("more   {}", reasons.join(", ")),
        ),
    };
    print(tap, &told, &(line + &display));
    if matches!(answer.outcome, Outcome::Grant { .. }) {
        // Nobody stands at this machine: the session is ended rather than left to fall silent.
        self::answer(&mut player, &tap.machine, Reading::Uid(uid), Intent::End).await;
    }
    player.cut().await;
    Ok(exit)
}

async fn answer(player: &mut Player, machine: &str, reading: Reading, intent: Intent) -> Option<tremen_wire::Answer> {
    player.tap(machine, reading, intent);
    let result = player
        .wait_for(PATIENCE, |it| if let Happening::Tapped { result, .. } = it { Some(result.clone()) } else { None })
        .await?;
    match result {
        TapResult::Answered { answer, .. } => Some(answer),
        TapResult::OpenedByList | TapResult::EndedByList | TapResult::Unreachable | TapResult::Waiting => None,
    }
}

#[expect(clippy::print_stdout, reason = "a command's result goes to standard output")]
fn print(tap: &Tap, told: &serde_json::Value, line: &str) {
    if tap.common.json {
        println!("{told}");
    } else {
        println!("{line}");
    }
}
