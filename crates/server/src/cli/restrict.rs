//! `tremen restrict`: restricts a person for a time.

use std::process::ExitCode;

use serde_json::json;
use tremen_rules::Scope;

use super::act::{Act, Told};
use super::desk::{CliError, read};
use crate::flows::restrict_person::{Request, run as restrict};

/// Restricts a person: for a time they may not use a machine, a venue, a reference or anything.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Example: tremen restrict --person p-yann --scope machine:prusa-1 --until 2026-12-08 \
    --reason \"plateau laissé encrassé\"")]
pub struct Restrict {
    /// Whom, by the venue's own key
    #[arg(long)]
    person: String,
    /// What they may not use: network, venue:ID, machine:ID, reference:ID
    #[arg(long)]
    scope: String,
    /// From when on; absent: now
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Until when; absent: until it is lifted
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Restrict) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let request = Request {
        person: desk.person(&this.person)?.person,
        scope: read("--scope", Scope::parse(&this.scope))?,
        from: desk.begin("--from", this.from.as_ref())?,
        until: desk.end("--until", this.until.as_ref())?,
    };
    let (about, key) = (request.person.clone(), this.person.clone());
    let flow = move |tx: &mut crate::store::Tx<'_>, warrant: &crate::flows::Warrant| {
        let made = restrict(tx, warrant, &request)?;
        let number = made.restriction;
        Ok(Told {
            text: format!(
                "`{key}` restricted on {}: restriction {number}, lifted by `tremen unrestrict {number}`",
                request.scope
            ),
            json: json!({ "restriction": number, "scope": request.scope }),
            effects: made.effects,
        })
    };
    this.act.run(&desk, Some(about), flow).await
}
