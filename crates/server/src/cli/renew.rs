//! `tremen renew`: renews an award by one that supersedes it.

use std::process::ExitCode;

use tremen_rules::{AwardId, Level};

use super::act::Act;
use super::award::told;
use super::desk::{CliError, read};
use super::which_award::WhichAward;
use crate::flows::renew_award::{Request, run as renew};

/// Renews an award: a new one supersedes it.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen renew --person p-anna --reference decoupe-laser --reason \"recyclage\" --preview"
)]
pub struct Renew {
    #[command(flatten)]
    award: WhichAward,
    /// How far; absent: as far as before
    #[arg(long)]
    level: Option<u32>,
    /// Which version of the reference; absent: the current one
    #[arg(long)]
    version: Option<u32>,
    /// When; absent: now
    #[arg(long, value_name = "TIME")]
    issued_at: Option<String>,
    /// Its end; absent: from the reference's validity
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// The id of the new award; absent: a random one
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Renew) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let held = this.award.find(&desk)?;
    let request = Request {
        award: held.award.id,
        version: this.version,
        level: this.level.map(|level| read("--level", Level::try_from(level))).transpose()?,
        issued_at: desk.begin("--issued-at", this.issued_at.as_ref())?,
        valid_until: desk.end("--until", this.until.as_ref())?,
        id: this.id.as_deref().map(|id| read("--id", AwardId::parse(id))).transpose()?,
    };
    this.act.run(&desk, Some(held.person), move |tx, warrant| renew(tx, warrant, &request).map(told)).await
}
