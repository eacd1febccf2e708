//! Builds the bridge's parts from its arguments and runs it. `README.md` beside this folder is for whoever wires it.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tremen_firmware_bridge::broker::Address;
use tremen_firmware_bridge::device::Device;
use tremen_firmware_bridge::key_file::KeyFile;
use tremen_firmware_bridge::reader::{Format, Source, watch};
use tremen_firmware_bridge::relay::Relay;
use tremen_firmware_bridge::screen::Screen;
use tremen_firmware_bridge::state::StateFile;
use tremen_firmware_bridge::{Parts, run};
use tremen_wire::Intent;

/// A Tremen controller for a small board: a card reader, a relay and a broker.
///
/// It is an administrative measure on top of the machine's own safety, never a safety function in place of it.
#[derive(Debug, Parser)]
#[command(
    name = "tremen-bridge",
    version,
    after_help = "Example:\n  tremen-bridge --key ubo-laser.json --state /var/lib/tremen-bridge \\\n    \
                  --reader /dev/ttyUSB0 --format rdm6300 --relay file:/sys/class/gpio/gpio17/value"
)]
struct Args {
    /// What `tremen controller add --json` printed.
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// Where to keep what must outlive a power cut.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// Where cards come from: `-` for standard input, or a device.
    #[arg(long, default_value = "-", value_name = "PATH")]
    reader: String,
    /// How the reader spells a card: `hex`, `dec`, `rev`, `dec,rev` or `rdm6300`.
    #[arg(long, default_value = "hex", value_parser = Format::parse)]
    format: Format,
    /// What to switch: `screen`, or `file:PATH` of a file that takes 1 and 0.
    #[arg(long, default_value = "screen")]
    relay: String,
    /// The machine, where this controller serves several.
    #[arg(long)]
    machine: Option<String>,
    /// What a card is held there for: `toggle`, `use`, `end`, `supervise` or `induct`.
    #[arg(long, default_value = "toggle", value_parser = intent)]
    intent: Intent,
    /// Where the broker is, if not where the key file says.
    #[arg(long, value_name = "URL")]
    broker: Option<String>,
}

fn intent(text: &str) -> Result<Intent, String> {
    Intent::parse(text).ok_or_else(|| format!("`{text}` is not one of toggle, use, end, supervise, induct"))
}

/// Builds everything but the reader; the relay comes first.
fn prepare(args: &Args) -> Result<(KeyFile, Address, Device), String> {
    let mut relay = Relay::parse(&args.relay)?;
    relay.set(false).map_err(|error| error.to_string())?;
    let key = KeyFile::read(&args.key).map_err(|error| error.to_string())?;
    let broker = Address::parse(args.broker.as_deref().unwrap_or(&key.broker))?;
    let state = StateFile::new(&args.state, &key.controller).map_err(|error| error.to_string())?;
    let device = Device::start(&key, args.machine.clone(), args.intent, relay, state, Screen::new(io::stdout()));
    Ok((key, broker, device.map_err(|error| error.to_string())?))
}

/// Works until it is told to stop, by Ctrl-C or as services are stopped.
async fn work(args: &Args, key: KeyFile, broker: Address, device: Device) -> Result<(), String> {
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| error.to_string())?;
    let shutdown = async move {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminate.recv() => {}
        }
    };
    let (tell, cards) = mpsc::channel(16);
    let reader = tokio::spawn(watch(Source::parse(&args.reader), args.format, tell));
    let done = run(Parts { key, broker, device, cards }, shutdown).await;
    reader.abort();
    done.map_err(|error| error.to_string())
}

fn main() -> ExitCode {
    let args = Args::parse();
    tracing_subscriber::fmt().with_writer(io::stderr).with_target(false).init();
    let fail = |error: &str, code: u8| {
        tracing::error!("{error}");
        ExitCode::from(code)
    };
    let (key, broker, device) = match prepare(&args) {
        Ok(parts) => parts,
        Err(error) => return fail(&error, 2),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string(), 1),
    };
    let done = runtime.block_on(work(&args, key, broker, device));
    runtime.shutdown_background();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error, 1),
    }
}
