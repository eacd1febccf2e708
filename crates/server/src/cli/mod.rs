//! The commands: one file each. Start at [`run`], then [`desk`], which they share.

mod act;
pub mod apply;
pub mod award;
pub mod backup;
pub mod badge;
pub mod block_card;
pub mod clock;
pub mod confirm_card;
pub mod controller;
pub mod demo;
pub mod desk;
pub mod doctor;
pub mod erase_person;
pub mod explain;
pub mod export;
mod export_incident;
mod file;
pub mod handover;
pub mod import;
pub mod incident;
pub mod journal;
pub mod lock;
pub mod login_link;
mod logs;
mod passphrase;
pub mod renew;
pub mod restore;
pub mod restrict;
pub mod resume;
pub mod retention;
pub mod revoke;
pub mod role;
pub mod serve;
pub mod stop;
pub mod suspend;
pub mod tap;
pub mod token;
pub mod unblock_card;
pub mod unlock;
pub mod unrestrict;
mod which_award;

use std::ffi::OsString;
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
    /// Run the registry until it is told to stop
    #[command(after_help = "Example: tremen serve --config tremen.toml\n\nWithout a file: data in ./data, pages on \
        127.0.0.1:8080, the broker on 127.0.0.1:1883.")]
    Serve {
        /// The configuration file
        #[arg(long, value_name = "FILE")]
        config: Option<std::path::PathBuf>,
        /// The form of the logs: human or json
        #[arg(long, value_name = "FORM")]
        log: Option<String>,
    },
    /// Play a controller once over MQTT and print the answer
    Tap(tap::Tap),
    /// Make the network match a network file
    Apply(apply::Apply),
    /// Read a CSV file, all rows or none
    Import(import::Import),
    /// Write the network file, a CSV file, or what happened
    Export(export::Export),
    /// Say what would be decided and why, or what a decision rested on
    Explain(explain::Explain),
    /// Award a reference at a level to a person
    Award(award::Award),
    /// Renew an award by one that supersedes it
    Renew(renew::Renew),
    /// Suspend an award for a time
    Suspend(suspend::Suspend),
    /// End the suspension of an award
    Resume(resume::Resume),
    /// Revoke an award, for good
    Revoke(revoke::Revoke),
    /// Restrict a person for a time
    Restrict(restrict::Restrict),
    /// Lift a restriction
    Unrestrict(unrestrict::Unrestrict),
    /// Take a machine out of service
    Lock(lock::Lock),
    /// Put a machine back into service
    Unlock(unlock::Unlock),
    /// Open, note, close and show incidents
    Incident(incident::Incident),
    /// Stop the session that runs on a machine
    Stop(stop::Stop),
    /// Make a link with which somebody signs in, once
    LoginLink(login_link::LoginLink),
    /// Block a card
    BlockCard(block_card::BlockCard),
    /// Unblock a card
    UnblockCard(unblock_card::UnblockCard),
    /// Confirm a chip card that was just read, after a restore
    ConfirmCard(confirm_card::ConfirmCard),
    /// Record that somebody was shown a machine
    Handover(handover::Handover),
    /// Give and end roles
    Role(role::Role),
    /// Erase a person
    ErasePerson(erase_person::ErasePerson),
    /// Let go what is kept long enough
    Retention(retention::Retention),
    /// Make, list and revoke the tokens of scripts
    Token(token::Token),
    /// Give controllers their secrets, show and retire them
    Controller(controller::Controller),
    /// Write database, keys and configuration into one encrypted file, while the registry runs
    Backup(backup::Backup),
    /// Make a registry from a backup, on a machine that has none
    Restore(restore::Restore),
    /// Verify, prove, export, sign and cosign the journal
    Journal(journal::Journal),
    /// Verify a badge, take it out of its picture, put it into one
    Badge(badge::Badge),
    /// Show the registry's time beside the system's, or believe the system's after a step
    #[command(after_help = "Example: tremen clock")]
    Clock(clock::ClockCommand),
    /// Look at everything that a registry needs
    Doctor(doctor::Doctor),
}

/// Reads the arguments, does what they say, and tells the exit code: 0 done, 1 failed, 2 wrong use.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse_from(options_after_command(std::env::args_os().collect()));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error, 1),
    };
    runtime.block_on(async {
        match arguments.command {
            Command::Demo(it) => match demo::run(&it).await {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => fail(&format!("{error:#}"), 1),
            },
            Command::Serve { config, log } => desk::exit(serve(config, log.as_deref()).await),
            Command::Tap(it) => tap::run(&it).await.unwrap_or_else(|error| fail(&error, 2)),
            Command::Apply(it) => desk::exit(apply::run(&it).await),
            Command::Import(it) => desk::exit(import::run(&it).await),
            Command::Export(it) => desk::exit(export::run(&it).await),
            Command::Explain(it) => desk::exit(explain::run(&it)),
            Command::Award(it) => desk::exit(award::run(&it).await),
            Command::Renew(it) => desk::exit(renew::run(&it).await),
            Command::Suspend(it) => desk::exit(suspend::run(&it).await),
            Command::Resume(it) => desk::exit(resume::run(&it).await),
            Command::Revoke(it) => desk::exit(revoke::run(&it).await),
            Command::Restrict(it) => desk::exit(restrict::run(&it).await),
            Command::Unrestrict(it) => desk::exit(unrestrict::run(&it).await),
            Command::Lock(it) => desk::exit(lock::run(&it).await),
            Command::Unlock(it) => desk::exit(unlock::run(&it).await),
            Command::Incident(it) => desk::exit(incident::run(&it).await),
            Command::Stop(it) => desk::exit(stop::run(&it).await),
            Command::LoginLink(it) => desk::exit(login_link::run(&it).await),
            Command::BlockCard(it) => desk::exit(block_card::run(&it).await),
            Command::UnblockCard(it) => desk::exit(unblock_card::run(&it).await),
            Command::Handover(it) => desk::exit(handover::run(&it).await),
            Command::Role(it) => desk::exit(role::run(&it).await),
            Command::ErasePerson(it) => desk::exit(erase_person::run(&it).await),
            Command::Retention(it) => desk::exit(retention::run(&it).await),
            Command::Token(it) => desk::exit(token::run(&it).await),
            Command::Controller(it) => desk::exit(controller::run(&it).await),
            Command::ConfirmCard(it) => desk::exit(confirm_card::run(&it).await),
            Command::Backup(it) => desk::exit(backup::run(&it).await),
            Command::Restore(it) => desk::exit(restore::run(&it).await),
            Command::Journal(it) => desk::exit(journal::run(&it).await),
            Command::Badge(it) => desk::exit(badge::run(&it).await),
            Command::Clock(it) => desk::exit(clock::run(&it).await),
            Command::Doctor(it) => desk::exit(doctor::run(&it).await),
        }
    })
}

/// Lets `--config FILE` and the other options that every command takes stand before the command too.
fn options_after_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let mut early = Vec::new();
    while arguments.len() > 2 {
        let first = arguments.get(1).and_then(|it| it.to_str()).unwrap_or("");
        let taken = match first {
            "--config" | "--log" => 2,
            "--json" => 1,
            _ if first.starts_with("--config=") || first.starts_with("--log=") => 1,
            _ => break,
        };
        early.extend(arguments.drain(1..=taken.min(arguments.len() - 1)));
    }
    // Right behind the command, which has two words for some, so that what it takes at its end is left alone.
    let word = |at: usize| arguments.get(at).and_then(|it| it.to_str()).unwrap_or_default();
    let two_words = match word(1) {
        "badge" | "controller" | "incident" | "journal" | "role" => true,
        "token" => matches!(word(2), "list" | "revoke"),
        "clock" => word(2) == "accept",
        _ => false,
    };
    let command = if two_words { 3 } else { 2 }.min(arguments.len());
    arguments.splice(command..command, early);
    arguments
}

async fn serve(config: Option<std::path::PathBuf>, log: Option<&str>) -> Result<ExitCode, desk::CliError> {
    let config = desk::configuration(&desk::Common { config, json: false })?;
    logs::start(&config, log)?;
    serve::run(&config).await.map_err(|error| desk::CliError::Failed(format!("{error:#}")))?;
    Ok(ExitCode::SUCCESS)
}

fn fail(why: &dyn std::fmt::Display, code: u8) -> ExitCode {
    // Where standard error is gone too, the exit code still tells.
    let _ = writeln!(std::io::stderr(), "tremen: {why}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::{Arguments, options_after_command};

    fn moved(line: &str) -> String {
        let arguments = line.split(' ').map(Into::into).collect();
        options_after_command(arguments).join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn options_of_every_command_may_stand_before_it() {
        assert_eq!(moved("tremen --config a.toml doctor"), "tremen doctor --config a.toml");
        assert_eq!(moved("tremen --json --config=a doctor"), "tremen doctor --json --config=a");
        assert_eq!(moved("tremen apply --config a.toml n.toml"), "tremen apply --config a.toml n.toml");
        assert_eq!(moved("tremen --config a controller add x"), "tremen controller add --config a x");
        assert_eq!(moved("tremen --config a clock accept"), "tremen clock accept --config a");
        assert_eq!(moved("tremen --config a clock"), "tremen clock --config a");
        assert_eq!(moved("tremen --json token a --for b"), "tremen token --json a --for b");
        assert_eq!(moved("tremen --json token revoke 3"), "tremen token revoke --json 3");
        assert_eq!(moved("tremen --version"), "tremen --version");
        assert_eq!(moved("tremen --config"), "tremen --config");
    }

    #[test]
    fn the_commands_are_well_formed() {
        <Arguments as clap::CommandFactory>::command().debug_assert();
    }
}
