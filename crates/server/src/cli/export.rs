//! `tremen export`: writes the network file as it would have to be, or a kind of CSV.

use std::process::ExitCode;

use tremen_files::nearest::did_you_mean;
use tremen_files::table::Kind;

use super::desk::{CliError, Common, Desk, say, wrong};
use crate::flows::export_records::Record;
use crate::flows::{Actor, Warrant, export_counts, export_facts, export_person, export_records, network};
use crate::store::StoreError;

/// Writes the network file, a kind of CSV that `import` reads, or what happened.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen export network > network.toml\n         tremen export decisions --since 2026-11-01 > novembre.csv\n         \
    tremen export incident 1 --out dossier-1"
)]
pub struct Export {
    /// network, people, cards, awards, memberships, restrictions, handovers, roles, machines, journal, sessions, decisions,
    /// counts, person, incident
    kind: String,
    /// Of `person` whom, by their key or random id; of `incident` which, by its number
    id: Option<String>,
    /// Of `incident`: the folder that takes its files; absent: incident-NUMBER
    #[arg(long, value_name = "DIR")]
    out: Option<std::path::PathBuf>,
    /// Of `incident`: the language of its dossier, fr or en; absent: the network's first
    #[arg(long, value_name = "LANGUAGE")]
    language: Option<String>,
    /// Of `incident`: who takes it out, by their key, bound by their roles; absent: the operator of this machine
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Only what began then or later
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    #[command(flatten)]
    common: Common,
}

impl Export {
    /// What is asked of an incident's dossier.
    fn incident(&self) -> super::export_incident::Wanted<'_> {
        super::export_incident::Wanted {
            incident: self.id.as_deref(),
            out: self.out.as_deref(),
            language: self.language.as_deref(),
            by: self.by.as_deref(),
        }
    }
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Export) -> Result<ExitCode, CliError> {
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
        ("counts", None) => desk.store.read_here(|tx| export_counts::run(tx, since))?,
        ("incident", None) => return super::export_incident::run(this.incident(), &desk).await,
        ("person", None) => return person(&desk, this.id.as_deref()),
        (other, None) => {
            let mut names = vec!["network", "journal", "sessions", "decisions", "counts", "person", "incident"];
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

/// Everything that is stored of a person, as JSON.
fn person(desk: &Desk, id: Option<&str>) -> Result<ExitCode, CliError> {
    let id = id.ok_or_else(|| wrong("whom? `tremen export person PERSON`, by their key or random id"))?;
    let person = desk.person(id)?.person;
    let warrant = Warrant { by: Actor::Operator, why: String::new() };
    let told = desk.store.read_here(|tx| export_person::run(tx, &warrant, &person))?;
    say(&format!("{told:#}"));
    Ok(ExitCode::SUCCESS)
}
