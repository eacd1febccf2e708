//! `tremen unrestrict`: lifts a restriction.

use std::process::ExitCode;

use serde_json::json;

use super::act::{Act, Told};
use super::desk::{CliError, lines, wrong};
use crate::flows::end_restriction::run as lift;
use crate::store::Tx;

/// Lifts a restriction before its time.
#[derive(Debug, Clone, clap::Args)]
#[command(
    after_help = "Example: tremen unrestrict --person p-yann --scope machine:prusa-1 --reason \"plateau nettoyé\""
)]
pub struct Unrestrict {
    /// The restriction's number; else --person and --scope
    #[arg(value_name = "RESTRICTION", conflicts_with_all = ["person", "scope"])]
    restriction: Option<i64>,
    /// Whose, by the venue's own key
    #[arg(long, requires = "scope")]
    person: Option<String>,
    /// What they may not use
    #[arg(long, requires = "person")]
    scope: Option<String>,
    #[command(flatten)]
    act: Act,
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Unrestrict) -> Result<ExitCode, CliError> {
    let desk = this.act.desk()?;
    let number = match (this.restriction, &this.person, &this.scope) {
        (Some(number), _, _) => number,
        (None, Some(person), Some(scope)) => {
            let holder = desk.person(person)?.person;
            let now = desk.store.now();
            let mut held = desk.store.read_here(|tx: &mut Tx<'_>| tx.restrictions_of(&holder))?;
            held.retain(|it| {
                let goes_on = it.ended_at.is_none() && it.span.until.is_none_or(|until| now < until);
                goes_on && it.scope.to_string() == *scope
            });
            match &held[..] {
                [] => return Err(CliError::Failed(format!("`{person}` is not restricted on {scope}"))),
                [one] => one.restriction,
                many => {
                    let each = many.iter().map(|it| format!("restriction {} from {}", it.restriction, it.span.from));
                    return Err(wrong(format!(
                        "`{person}` is restricted on {scope} several times: say which\n{}",
                        lines(each)
                    )));
                }
            }
        }
        (None, _, _) => return Err(wrong("which restriction? its number, or --person and --scope")),
    };
    let found = desk.store.read_here(|tx: &mut Tx<'_>| tx.restriction(number))?;
    let about = found.map(|it| it.person);
    let flow = move |tx: &mut Tx<'_>, warrant: &crate::flows::Warrant| {
        let effects = lift(tx, warrant, number)?;
        Ok(Told { text: format!("restriction {number} lifted"), json: json!({ "restriction": number }), effects })
    };
    this.act.run(&desk, about, flow).await
}
