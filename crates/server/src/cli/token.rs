//! `tremen token`: makes, lists and revokes the tokens with which scripts use the API.

use std::process::ExitCode;

use serde_json::{Value as Json, json};
use tremen_files::when::print_time;

use super::act::{Act, Told};
use super::desk::{CliError, Common, Desk, note, read, wrong};
use crate::flows::token_scope::TokenScope;
use crate::flows::{Warrant, end_token, make_token};
use crate::store::{StoreError, TokenRow, Tx};

/// Makes, lists and revokes tokens.
#[derive(Debug, Clone, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Example: tremen token \"nightly export\" --for p-maiwenn --scope read --scope journal --until 2027-06-30\n\n\
        Scopes: read, journal, awards, restrictions, machines, people, roles, controllers. A token has its person's rights \
        at most, and ends with the first of the roles that the person held when it was made."
)]
pub struct Token {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    make: Make,
}

#[derive(Debug, Clone, clap::Args)]
struct Make {
    /// What the token is for
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Whose rights it has, by the venue's own key
    #[arg(long = "for", value_name = "PERSON")]
    person: Option<String>,
    /// What it may be used for; several times for several
    #[arg(long = "scope", value_name = "SCOPE")]
    scopes: Vec<String>,
    /// Its end, within a year; absent: in 90 days
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    #[command(flatten)]
    act: Act,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Show the tokens, never their secrets
    #[command(after_help = "Example: tremen token list --for p-maiwenn")]
    List {
        /// Only those of this person, by the venue's own key
        #[arg(long = "for", value_name = "PERSON")]
        person: Option<String>,
        #[command(flatten)]
        common: Common,
    },
    /// End a token: its next call is refused
    #[command(after_help = "Example: tremen token revoke 3 --reason \"the script is gone\"")]
    Revoke {
        /// Its number, as `tremen token list` shows it
        #[arg(value_name = "NUMBER")]
        token: i64,
        #[command(flatten)]
        act: Act,
    },
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Token) -> Result<ExitCode, CliError> {
    match &this.what {
        None => make(&this.make).await,
        Some(What::List { person, common }) => list(&Desk::open(common)?, person.as_deref()),
        Some(What::Revoke { token, act }) => {
            let (desk, token) = (act.desk()?, *token);
            let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
                let effects = end_token::run(tx, warrant, token)?;
                Ok(Told { text: format!("token {token} revoked"), json: json!({ "token": token }), effects })
            };
            act.run(&desk, None, flow).await
        }
    }
}

async fn make(this: &Make) -> Result<ExitCode, CliError> {
    let needed = |what: &Option<String>, argument: &str| {
        what.clone().ok_or_else(|| {
            wrong(format!("{argument} is needed, as in `tremen token \"nightly export\" --for p-maiwenn --scope read`"))
        })
    };
    let (name, person) = (needed(&this.name, "NAME")?, needed(&this.person, "`--for PERSON`")?);
    let scopes = this.scopes.iter().map(|scope| read("--scope", TokenScope::parse(scope))).collect::<Result<_, _>>()?;
    let desk = this.act.desk()?;
    let (person, until) = (desk.person(&person)?.person, desk.end("--until", this.until.as_ref())?);
    let request = make_token::Request { name, person, scopes, until };
    let told_once = !desk.json && !this.act.is_preview();
    let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
        let made = make_token::run(tx, warrant, &request)?;
        Ok(Told {
            text: format!("{}\ntoken {} is good until {}", made.secret, made.token, print_time(made.until)),
            json: json!({ "token": made.token, "secret": made.secret, "until": print_time(made.until),
                          "scopes": request.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>() }),
            effects: made.effects,
        })
    };
    let done = this.act.run_without_reason(&desk, None, flow).await?;
    if told_once {
        note("the token is shown this once; keep it as you keep a password");
    }
    Ok(done)
}

fn list(desk: &Desk, person: Option<&str>) -> Result<ExitCode, CliError> {
    let person = person.map(|key| desk.person(key)).transpose()?.map(|row| row.person);
    let (rows, keys, now) = desk.store.read_here(|tx| {
        let rows = tx.tokens_after(0, person.as_ref(), u32::MAX)?;
        let key =
            |row: &TokenRow| Ok(tx.person(&row.person)?.map_or_else(|| row.person.to_string(), |person| person.key));
        let keys = rows.iter().map(key).collect::<Result<Vec<_>, StoreError>>()?;
        Ok::<_, StoreError>((rows, keys, tx.now()))
    })?;
    let rows: Vec<(TokenRow, String)> = rows.into_iter().zip(keys).collect();
    let line = |(row, key): &(TokenRow, String)| {
        let state = match (&row.end_why, row.effective().covers(now)) {
            (Some(why), _) => format!("ended: {why}"),
            (None, true) => format!("until {}", print_time(row.span.end())),
            (None, false) => format!("over since {}", print_time(row.span.end())),
        };
        format!("{:>4}  {key}  {}  [{}]  {state}", row.token, row.name, row.scopes)
    };
    let json: Json = rows
        .iter()
        .map(|(row, key)| {
            json!({ "token": row.token, "name": row.name, "person": key, "scopes": row.scopes.split(' ').collect::<Vec<_>>(),
                    "from": print_time(row.span.from), "until": print_time(row.span.end()),
                    "ended_at": row.ended_at.map(print_time), "why": row.end_why })
        })
        .collect();
    let text = rows.iter().map(line).collect::<Vec<_>>().join("\n");
    desk.tell(if text.is_empty() { "no tokens" } else { &text }, &json);
    Ok(ExitCode::SUCCESS)
}
