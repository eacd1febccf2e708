//! `roles`: who is what to a venue, an issuer, a machine or the network.

use chrono_tz::Tz;
use tremen_rules::dossier::Role;
use tremen_rules::{Scope, Time};

use super::{Column, Kind, RowError, Table, needed, optional, read, time_or_empty, write};
use crate::shorten::shortened;
use crate::words::one_of;

pub(super) const COLUMNS: [Column; 5] =
    [needed("person"), needed("role"), needed("scope"), optional("from"), optional("until")];

/// A role that a person holds for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    /// Who, by the venue's key.
    pub person: String,
    /// Which role.
    pub role: Role,
    /// Over what; of a kind that fits the role.
    pub scope: Scope,
    /// When it begins; none: when it is imported.
    pub from: Option<Time>,
    /// When it ends; none: without end.
    pub until: Option<Time>,
}

/// Reads a file of roles.
///
/// # Errors
/// Every [`RowError`] of the file, by line.
pub fn read_roles(bytes: &[u8], zone: Tz) -> Result<Table<RoleRow>, Vec<RowError>> {
    read(
        Kind::Roles,
        bytes,
        zone,
        |cells| {
            let person = cells.person();
            let words = Role::ALL.map(|role| (role.as_str(), role));
            let role = cells.needed("role", |text| one_of(text, "a role", &words));
            let scope = cells.needed("scope", |text| match role {
                Some(role) => scope_of(role, text),
                None => Scope::parse(text).map_err(|_| not_a_scope(text)),
            });
            let from = cells.begin("from");
            let until = cells.end("until");
            cells.ends_after(("until", until), ("from", from));
            Some(RoleRow { person: person?, role: role?, scope: scope?, from, until })
        },
        |_| None,
    )
}

/// Writes a file of roles.
#[must_use]
pub fn write_roles<'r>(rows: impl IntoIterator<Item = &'r RoleRow>) -> String {
    write::write(
        Kind::Roles,
        rows.into_iter().map(|row| {
            [
                row.person.clone(),
                row.role.as_str().to_owned(),
                row.scope.to_string(),
                time_or_empty(row.from),
                time_or_empty(row.until),
            ]
        }),
    )
}

fn scope_of(role: Role, text: &str) -> Result<Scope, String> {
    let scope = Scope::parse(text).ok();
    let (fits, allowed): (fn(&Scope) -> bool, _) = match role {
        Role::Trainer | Role::Manager => (|scope| matches!(scope, Scope::Venue(_)), "`venue:ID`"),
        Role::Referent => (|scope| matches!(scope, Scope::Machine(_)), "`machine:ID`"),
        Role::IssuerAgent => (|scope| matches!(scope, Scope::Issuer(_)), "`issuer:ID`"),
        Role::NetworkAdmin => (|scope| *scope == Scope::Network, "`network`"),
        Role::Auditor => (|scope| matches!(scope, Scope::Network | Scope::Venue(_)), "`network` or `venue:ID`"),
    };
    scope
        .filter(fits)
        .ok_or_else(|| format!("`{}` is not what the role `{}` can be over: {allowed}", shortened(text), role.as_str()))
}

fn not_a_scope(text: &str) -> String {
    format!("`{}` is not a scope: `network`, `venue:ID`, `issuer:ID` or `machine:ID`", shortened(text))
}
