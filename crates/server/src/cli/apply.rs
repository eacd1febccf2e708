//! `tremen apply`: makes the network match a network file.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use super::act::{count, stopped_json, stopped_lines};
use super::desk::{CliError, Common, Desk, lines, note};
use super::file::read_file;
use crate::flows::apply_network::{Applied, Request, Side, What, run as apply};
use crate::flows::{Actor, FlowError, Warrant};

/// Makes venues, issuers, references, machines, acceptance rules and controllers match a network file.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen apply config/sample/network.toml --dry-run\n\nWithout --prune nothing ends: what the \
    file does not name stays as it is."
)]
pub struct Apply {
    /// The network file
    file: PathBuf,
    /// Only tell the differences
    #[arg(long)]
    dry_run: bool,
    /// End what the file does not name
    #[arg(long)]
    prune: bool,
    /// Where the pages changed the same since the last apply, the pages are right
    #[arg(long, conflicts_with = "mine")]
    theirs: bool,
    /// Where the pages changed the same since the last apply, the file is right
    #[arg(long)]
    mine: bool,
    /// Who does it, by their key, bound by their roles; absent: the operator of this machine
    #[arg(long, value_name = "PERSON")]
    by: Option<String>,
    /// Why; it is kept in the journal
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Apply) -> Result<ExitCode, CliError> {
    let name = this.file.display().to_string();
    let bytes = read_file(&this.file)?;
    let text = String::from_utf8(bytes).map_err(|_| CliError::Failed(format!("{name}: a network file is UTF-8")))?;
    let read = tremen_files::network_file::read(&text).map_err(|errors| {
        let faults = errors.iter().map(|error| format!("{name}:{}: {}", error.line, error.problem));
        CliError::Failed(format!("{}\n{name}: {}, so nothing was applied", lines(faults), count(errors.len(), "fault")))
    })?;
    let desk = Desk::open(&this.common)?;
    for warning in &read.warnings {
        note(&format!("warning: {name}:{}: {}", warning.line, warning.text));
    }
    let by = match &this.by {
        None => Actor::Operator,
        Some(key) => Actor::Person(desk.person(key)?.person),
    };
    let warrant = Warrant { by, why: this.reason.clone().unwrap_or_else(|| format!("applied from {name}")) };
    let side = match (this.theirs, this.mine) {
        (true, _) => Some(Side::Theirs),
        (false, true) => Some(Side::Mine),
        (false, false) => None,
    };
    let request = Request { network: read.network, prune: this.prune, side };
    let flow = move |tx: &mut crate::store::Tx<'_>| apply(tx, &warrant, &request);
    let done = if this.dry_run { desk.store.preview(flow).await } else { desk.store.write(flow).await };
    let applied = done.map_err(|error: FlowError| match error {
        FlowError::Refused(why) => CliError::Failed(format!("{name}: {why}")),
        FlowError::Forbidden { .. } | FlowError::Unknown { .. } | FlowError::Store(_) | FlowError::ClockDoubted => {
            error.into()
        }
    })?;
    tell(&desk, this, &name, &applied, &read.warnings);
    Ok(ExitCode::SUCCESS)
}

fn tell(desk: &Desk, this: &Apply, name: &str, applied: &Applied, warnings: &[tremen_files::Warning]) {
    let Applied { changes, left, revision, effects } = applied;
    if desk.json {
        let warnings: Vec<_> = warnings.iter().map(|it| json!({ "line": it.line, "text": it.text })).collect();
        desk.tell(
            "",
            &json!({ "file": name, "dry_run": this.dry_run, "changes": changes, "left": left, "warnings": warnings,
                     "revision": if this.dry_run { None } else { *revision }, "stopped": stopped_json(&effects.stopped) }),
        );
        return;
    }
    let mut text = String::new();
    for change in changes {
        text.push_str(&format!("  {change}\n"));
    }
    if !left.is_empty() {
        text.push_str(&format!(
            "left as they are, since the file does not name them (--prune ends them): {}\n",
            left.join(", ")
        ));
    }
    text.push_str(&match (revision, this.dry_run) {
        (None, _) => format!("{name}: nothing to change"),
        (Some(_), true) => format!("{name}: {}; nothing was changed (--dry-run)", count(changes.len(), "difference")),
        (Some(revision), false) => {
            format!("{name}: {} applied, revision {revision}", count(changes.len(), "difference"))
        }
    });
    text.push_str(&stopped_lines(&effects.stopped));
    let new = |change: &&crate::flows::apply_network::Change| change.kind == "controller" && change.what == What::Added;
    if let Some(first) = changes.iter().find(new).filter(|_| !this.dry_run) {
        text.push_str(&format!("\nnext: `tremen controller rotate {} --json` gives a controller its secrets; `tremen controller list` shows all", first.id));
    }
    desk.tell(&text, &json!(null));
}
