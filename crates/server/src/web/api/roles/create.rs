//! `POST /api/v1/roles`: the flow `grant_role`.

use serde::Deserialize;
use tremen_rules::Scope;
use tremen_rules::dossier::Role;
use utoipa::ToSchema;

use super::super::call::Caller;
use super::super::problem::Problem;
use super::super::write::Done;
use crate::flows::grant_role;
use crate::store::Tx;

/// A role to be given.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewRole {
    /// Who gets it, by the venue's own key or their id.
    #[schema(min_length = 1)]
    person: String,
    /// manager, trainer, referent, issuer-agent, network-admin, auditor.
    role: String,
    /// Over what: `network`, `venue:ID`, `issuer:ID`, `machine:ID`.
    #[schema(value_type = String, format = "scope")]
    scope: Scope,
    /// From when on; absent: now.
    #[schema(format = "instant")]
    from: Option<String>,
    /// Until when; absent: until it is ended.
    #[schema(format = "instant")]
    until: Option<String>,
    /// Why; it is kept in the journal.
    #[schema(min_length = 1, max_length = 1000)]
    reason: String,
}

/// Gives a role.
pub(super) fn run(tx: &mut Tx<'_>, caller: &Caller<'_>, body: NewRole) -> Result<Done, Problem> {
    let role = Role::parse(&body.role).ok_or_else(|| {
        let names = Role::ALL.map(Role::as_str);
        let meant = tremen_files::nearest::did_you_mean(&body.role, names);
        Problem::in_body("/role", format!("`{}` is not one of {}{meant}", body.role, names.join(", ")))
    })?;
    let request = grant_role::Request {
        person: caller.named(tx, "/person", &body.person)?.person,
        role,
        scope: body.scope,
        from: caller.begin("/from", body.from.as_deref())?,
        until: caller.end("/until", body.until.as_deref())?,
    };
    Ok(Done::changed(grant_role::run(tx, &caller.warrant(body.reason), &request)?))
}
