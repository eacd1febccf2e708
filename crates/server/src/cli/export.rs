//! `tremen export`: writes the network file as it would have to be, or a kind of CSV.

use std::process::ExitCode;

use tremen_files::nearest::did_you_mean;
use tremen_files::table::Kind;

use super::desk::{CliError, Common, Desk, say, wrong};
use crate::flows::export_records::Record;
use crate::flows::{export_facts, export_records, network};
use crate::store::StoreError;

/// Writes the network file, a kind of CSV that `import` reads, or what happened.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen export network > network.toml\n         tremen export decisions --since 2026-11-01 > novembre.csv"
)]
pub struct Export {
    /// network, people, cards, awards, memberships, restrictions, handovers, roles, machines, journal, sessions, decisions
    kind: String,
    /// Only what began then or later
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub fn run(this: &Export) -> Result<ExitCode, CliError> {
    let desk = Desk::open(&this.common)?;
    let since = desk.begin("--since", this.since.as_ref())?;
    let text = match (this.kind.as_str(), Kind::parse(&this.kind)) {
        (_, Some(kind)) => desk.store.read_here(|tx| export_facts::run(tx, kind, since))?,
        ("network", None) if since.is_some() => {
            return Err(wrong("`--since` is not for the network: it is exported as it is now"));
        }
        ("network", None) if desk.json => {
            desk.store.read_here(|tx| Ok::<_, StoreError>(serde_json::json!(&*network(tx)?).to_string()))?
        }
        ("network", None) => {
            desk.store.read_here(|tx| Ok::<_, StoreError>(tremen_files::network_file::write(&*network(tx)?)))?
        }
        ("journal", None) => desk.store.read_here(|tx| export_records::run(tx, Record::Journal, since))?,
        ("sessions", None) => desk.store.read_here(|tx| export_records::run(tx, Record::Sessions, since))?,
        ("decisions", None) => desk.store.read_here(|tx| export_records::run(tx, Record::Decisions, since))?,
        (other, None) => {
            let mut names = vec!["network", "journal", "sessions", "decisions"];
            names.extend(Kind::ALL.map(Kind::as_str));
            return Err(wrong(format!(
                "`{other}` cannot be exported: {}{}",
                names.join(", "),
                did_you_mean(other, names.iter().copied())
            )));
        }
    };
    if desk.json && this.kind != "network" {
        say(&serde_json::json!({ "kind": this.kind, "csv": text }).to_string())
    } else {
        say(&text)
    }
    Ok(ExitCode::SUCCESS)
}
