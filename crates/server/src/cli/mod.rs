//! The commands: one file each. Start at [`run`].

pub mod demo;
pub mod serve;
pub mod tap;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;

/// Tremen, the machine-access skill registry of a network of fablabs.
#[derive(Debug, Parser)]
#[command(name = "tremen", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// A whole network in one go: registry, broker, pages, simulated controllers and a short story
    #[command(after_help = "Example: tremen demo")]
    Demo(demo::Demo),
    /// Play a controller once over MQTT and print the answer
    Tap(tap::Tap),
}

/// Reads the arguments, does what they say, and tells the exit code: 0 done, 1 failed, 2 wrong use.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    match arguments.command {
        Command::Demo(demo) => match runtime.block_on(demo::run(&demo)) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&format!("{error:#}"), 1),
        },
        Command::Tap(tap) => runtime.block_on(tap::run(&tap)).unwrap_or_else(|error| fail(&error, 2)),
    }
}

fn fail(why: &dyn std::fmt::Display, code: u8) -> ExitCode {
    // Where standard error is gone too, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "tremen: {why}");
    ExitCode::from(code)
}
