//! `tremen award`: awards a reference at a level to a person.

use std::process::ExitCode;

use serde_json::json;
use tremen_rules::{AwardId, IssuerId, Level, ReferenceId};

use super::act::{Act, Told};
use super::desk::{CliError, read};
use crate::flows::award_reference::{Made, Request, run as make};

/// Awards a reference at a level to a person.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen award --person p-yann --reference decoupe-laser --level 2 --issuer ubo-open-factory \
    --by p-maiwenn --reason \"atelier du 3 novembre\""
)]
pub struct Award {
    /// To whom, by the venue's own key
    #[arg(long)]
    person: String,
    /// What
    #[arg(long)]
    reference: String,
    /// How far: 1 discovery, 2 autonomous, 3 trainer
    #[arg(long)]
    level: u32,
    /// In whose name
    #[arg(long)]
    issuer: String,
    /// Which version of the reference; absent: the current one
    #[arg(long)]
    version: Option<u32>,
    /// When; absent: now
    #[arg(long, value_name = "TIME")]
    issued_at: Option<String>,
    /// Its end; absent: from the reference's validity
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Its id; absent: a random one
    #[arg(long)]
    id: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Award) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let request = Request {
        person: desk.person(&this.person)?.person,
        reference: read("--reference", ReferenceId::parse(&this.reference))?,
        version: this.version,
        level: read("--level", Level::try_from(this.level))?,
        issuer: read("--issuer", IssuerId::parse(&this.issuer))?,
        issued_at: desk.begin("--issued-at", this.issued_at.as_ref())?,
        valid_until: desk.end("--until", this.until.as_ref())?,
        award: this.id.as_deref().map(|id| read("--id", AwardId::parse(id))).transpose()?,
    };
    let about = request.person.clone();
    this.act.run(&desk, Some(about), move |tx, warrant| make(tx, warrant, &request).map(told)).await
}

/// What a new award is told as.
pub(super) fn told(made: Made) -> Told {
    let award = &made.award.award;
    let until = award.valid_until.map(tremen_files::when::print_time);
    let shown = until.clone().map_or_else(|| "without end".to_owned(), |until| format!("until {until}"));
    Told {
        text: format!(
            "award {} made: {} version {} at level {}, {shown}",
            award.id,
            award.reference,
            award.version,
            award.level.number()
        ),
        json: json!({ "award": award.id, "version": award.version, "level": award.level, "valid_until": until,
                      "supersedes": made.award.supersedes }),
        effects: made.effects,
    }
}
