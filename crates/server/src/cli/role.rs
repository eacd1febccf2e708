//! `tremen role`: gives and ends roles.

use std::process::ExitCode;

use serde_json::json;
use tremen_rules::Scope;
use tremen_rules::dossier::Role as Kind;

use super::act::{Act, Told};
use super::desk::{CliError, Desk, read, wrong};
use crate::flows::{Warrant, end_role, grant_role};
use crate::store::Tx;

/// Gives and ends roles.
#[derive(Debug, Clone, clap::Args)]
pub struct Role {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum What {
    /// Give a person a role
    #[command(
        after_help = "Example: tremen role grant --person p-anna --role trainer --scope venue:ubo --by p-maiwenn \
        --reason \"formée en octobre\""
    )]
    Grant {
        #[command(flatten)]
        role: WhichRole,
        /// From when on; absent: now
        #[arg(long, value_name = "TIME")]
        from: Option<String>,
        /// Until when; absent: until it is ended
        #[arg(long, value_name = "TIME")]
        until: Option<String>,
        #[command(flatten)]
        act: Act,
    },
    /// End a person's role
    #[command(
        after_help = "Example: tremen role end --person p-anna --role trainer --scope venue:ubo --reason \"départ\""
    )]
    End {
        #[command(flatten)]
        role: WhichRole,
        #[command(flatten)]
        act: Act,
    },
}

#[derive(Debug, Clone, clap::Args)]
struct WhichRole {
    /// Whose, by the venue's own key
    #[arg(long)]
    person: String,
    /// Which: manager, trainer, referent, issuer-agent, network-admin, auditor
    #[arg(long)]
    role: String,
    /// Over what: network, venue:ID, issuer:ID, machine:ID
    #[arg(long)]
    scope: String,
}

impl WhichRole {
    fn read(&self, desk: &Desk) -> Result<end_role::Request, CliError> {
        let role = Kind::parse(&self.role).ok_or_else(|| {
            let names: Vec<&str> = Kind::ALL.into_iter().map(Kind::as_str).collect();
            wrong(format!("--role: `{}` is not a role: {}", self.role, names.join(", ")))
        })?;
        let scope = read("--scope", Scope::parse(&self.scope))?;
        Ok(end_role::Request { person: desk.person(&self.person)?.person, role, scope })
    }
}

/// Does what was asked for.
///
/// # Errors
/// [`CliError`], which says why not.
pub async fn run(this: &Role) -> Result<ExitCode, CliError> {
    match &this.what {
        What::Grant { role, from, until, act } => {
            let desk = act.desk()?;
            let end_role::Request { person, role: kind, scope } = role.read(&desk)?;
            let (from, until) = (desk.begin("--from", from.as_ref())?, desk.end("--until", until.as_ref())?);
            let request = grant_role::Request { person: person.clone(), role: kind, scope, from, until };
            let key = role.person.clone();
            let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
                let effects = grant_role::run(tx, warrant, &request)?;
                let (role, scope) = (request.role.as_str(), request.scope);
                Ok(Told {
                    text: format!("`{key}` is {role} of {scope}"),
                    json: json!({ "role": role, "scope": scope }),
                    effects,
                })
            };
            act.run(&desk, Some(person), flow).await
        }
        What::End { role, act } => {
            let desk = act.desk()?;
            let request = role.read(&desk)?;
            let (person, key) = (request.person.clone(), role.person.clone());
            let flow = move |tx: &mut Tx<'_>, warrant: &Warrant| {
                let effects = end_role::run(tx, warrant, &request)?;
                let (role, scope) = (request.role.as_str(), request.scope);
                Ok(Told {
                    text: format!("`{key}` is no longer {role} of {scope}"),
                    json: json!({ "role": role, "scope": scope }),
                    effects,
                })
            };
            act.run(&desk, Some(person), flow).await
        }
    }
}
