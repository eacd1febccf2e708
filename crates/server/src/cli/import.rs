//! `tremen import`: reads CSV files, all rows or none.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;
use tremen_files::Warning;
use tremen_files::nearest::did_you_mean;
use tremen_files::table::{self, AwardRow, Kind, RowError, Table};

use super::act::{count, stopped_json, stopped_lines};
use super::desk::{CliError, Common, Desk, lines, note, wrong};
use super::file::read_file;
use crate::flows::import::{ImportError, Imported};
use crate::flows::{self, Actor, Warrant};
use crate::store::Tx;

/// So many rows take long enough for somebody to wonder.
const MANY: usize = 2_000;

/// Imports a CSV file: all of its rows or none.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen import awards config/sample/awards.csv --dry-run\n\nKinds, in an order that works: \
    machines, people, roles, memberships, cards, awards, handovers, restrictions."
)]
pub struct Import {
    /// What it is about: people, cards, awards, memberships, restrictions, handovers, roles, machines
    kind: String,
    /// The file, or - for standard input
    file: PathBuf,
    /// Only tell what it would do
    #[arg(long)]
    dry_run: bool,
    /// Who does it, by their key, bound by their roles; absent: the operator of this machine
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Why; it is kept in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// The kind of file of this name.
///
/// # Errors
/// [`CliError::Wrong`] with all kinds.
pub(super) fn kind(name: &str) -> Result<Kind, CliError> {
    Kind::parse(name).ok_or_else(|| {
        let names = Kind::ALL.map(Kind::as_str);
        wrong(format!("`{name}` is not a kind of file: {}{}", names.join(", "), did_you_mean(name, names)))
    })
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Import) -> Result<ExitCode, CliError> {
    let kind = kind(&this.kind)?;
    let name = this.file.display().to_string();
    let bytes = read_file(&this.file)?;
    let desk = Desk::open(&this.common)?;
    let zone = desk.zone()?;
    let by = match &this.by {
        None => Actor::Operator,
        Some(key) => Actor::Person(desk.person(key)?.person),
    };
    let warrant = Warrant { by, why: this.reason.clone().unwrap_or_else(|| format!("imported from {name}")) };
    let work = Work { desk: &desk, dry_run: this.dry_run };
    macro_rules! import {
        ($read:ident, $flow:ident) => {
            work.done(table::$read(&bytes, zone), move |tx, table| flows::$flow::run(tx, &warrant, &table.rows)).await
        };
    }
    let done = match kind {
        Kind::People => import!(read_people, import_people),
        Kind::Cards => import!(read_cards, import_cards),
        Kind::Awards if !this.dry_run => work.awards(table::read_awards(&bytes, zone), warrant).await,
        Kind::Awards => import!(read_awards, import_awards),
        Kind::Memberships => import!(read_memberships, import_memberships),
        Kind::Restrictions => import!(read_restrictions, import_restrictions),
        Kind::Handovers => import!(read_handovers, import_handovers),
        Kind::Roles => import!(read_roles, import_roles),
        Kind::Machines => import!(read_machines, import_machines),
    };
    match done {
        Ok((imported, warnings)) => {
            tell(&desk, this, kind, &name, &imported, &warnings);
            Ok(ExitCode::SUCCESS)
        }
        Err(ImportError::Rows(rows)) => Err(refused(&name, &rows)),
        Err(ImportError::Flow(error)) => Err(CliError::Failed(format!("{name}: {error}"))),
    }
}

fn refused(name: &str, rows: &[RowError]) -> CliError {
    let faults = rows.iter().map(|row| match row.column {
        Some(column) => format!("{name}:{}: `{column}`: {}", row.line, row.problem),
        None => format!("{name}:{}: {}", row.line, row.problem),
    });
    CliError::Failed(format!("{}\n{name}: {}, so no row was imported", lines(faults), count(rows.len(), "fault")))
}

struct Work<'d> {
    desk: &'d Desk,
    dry_run: bool,
}

impl Work<'_> {
    async fn done<R: Send + 'static>(
        &self,
        read: Result<Table<R>, Vec<RowError>>,
        flow: impl FnOnce(&mut Tx<'_>, &Table<R>) -> Result<Imported, ImportError> + Send + 'static,
    ) -> Result<(Imported, Vec<Warning>), ImportError> {
        let table = read.map_err(ImportError::Rows)?;
        let warnings = table.warnings.clone();
        let spinner = spinner(table.rows.len());
        let job = move |tx: &mut Tx<'_>| flow(tx, &table);
        let done = if self.dry_run { self.desk.store.preview(job).await } else { self.desk.store.write(job).await };
        if let Some(spinner) = spinner {
            spinner.finish_and_clear();
        }
        done.map(|imported| (imported, warnings))
    }

    /// Awards come in large files, and beside a registry that must answer taps meanwhile.
    async fn awards(
        &self,
        read: Result<Table<AwardRow>, Vec<RowError>>,
        warrant: Warrant,
    ) -> Result<(Imported, Vec<Warning>), ImportError> {
        let Table { rows, warnings, .. } = read.map_err(ImportError::Rows)?;
        let spinner = spinner(rows.len());
        let done = flows::import_in_slices::run(&self.desk.store, warrant, rows).await;
        if let Some(spinner) = spinner {
            spinner.finish_and_clear();
        }
        done.map(|imported| (imported, warnings))
    }
}

/// Shows a person at a terminal that many rows take a while.
fn spinner(rows: usize) -> Option<indicatif::ProgressBar> {
    (rows >= MANY && std::io::stderr().is_terminal()).then(|| {
        let spinner = indicatif::ProgressBar::new_spinner().with_message(format!("{rows} rows"));
        spinner.enable_steady_tick(std::time::Duration::from_millis(120));
        spinner
    })
}

fn tell(desk: &Desk, this: &Import, kind: Kind, name: &str, imported: &Imported, warnings: &[Warning]) {
    let Imported { added, changed, unchanged, effects } = imported;
    for warning in warnings {
        note(&format!("warning: {name}:{}: {}", warning.line, warning.text));
    }
    let dry = if this.dry_run { "; nothing was changed (--dry-run)" } else { "" };
    let text = format!(
        "{name}: {kind}: {added} added, {changed} changed, {unchanged} unchanged{dry}{}",
        stopped_lines(&effects.stopped)
    );
    let warnings: Vec<_> = warnings.iter().map(|it| json!({ "line": it.line, "text": it.text })).collect();
    let json = json!({
        "kind": kind.as_str(), "file": name, "dry_run": this.dry_run, "added": added, "changed": changed,
        "unchanged": unchanged, "warnings": warnings, "stopped": stopped_json(&effects.stopped),
    });
    desk.tell(&text, &json);
}
