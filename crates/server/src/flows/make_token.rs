//! Makes a token: a secret with which a script does what its person may do, within scopes and for a time. Start at
//! [`run`]. The secret is told once, here; the store keeps a keyed hash of it.
//!
//! A token rests on the roles that its person holds when it is made, and ends with the first of them. What it may do is
//! asked anew at each call, of the roles that its person holds then.

use std::collections::BTreeSet;

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::{PersonId, Time};

use super::token_scope::TokenScope;
use super::{Effects, FlowError, Warrant, checks, network};
use crate::keys::{Keys, base32};
use crate::store::{HeldRoleRow, NewToken, Said, Tx};

/// The end of a token where none is asked for.
const USUAL_DAYS: i64 = 90;
/// No token lives longer.
const LONGEST_DAYS: i64 = 366;
/// The longest name, in characters.
const LONGEST_NAME: usize = 80;
/// Tells people, and programs that look for leaked secrets, what it is.
const PREFIX: &str = "tremen_";
const DAY_MS: i64 = 86_400_000;

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What it is for, in its maker's words.
    pub name: String,
    /// Whose rights it has.
    pub person: PersonId,
    /// What it may be used for; never empty.
    pub scopes: BTreeSet<TokenScope>,
    /// Its end; none: in 90 days.
    pub until: Option<Time>,
}

/// A token that was made.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// Its number, by which it is ended.
    pub token: i64,
    /// What a script sends. Told once.
    pub secret: String,
    /// Its end.
    pub until: Time,
    /// What it did beside.
    pub effects: Effects,
}

impl std::fmt::Debug for Made {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Made").field("token", &self.token).finish_non_exhaustive()
    }
}

/// The keyed hash of a token's secret, by which it is looked up.
#[must_use]
pub fn secret_tag(keys: &Keys, secret: &str) -> [u8; 16] {
    keys.tag("token", secret.as_bytes())
}

/// Whether a role stands now.
pub(super) fn stands(role: &HeldRoleRow, now: Time) -> bool {
    role.ended_at.is_none() && role.span.covers(now)
}

/// Makes the token.
///
/// # Errors
/// When the author may not, it would have no name, no scope or a senseless end, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Made, FlowError> {
    let network = network(tx)?;
    let Request { person, scopes, .. } = request;
    let name = request.name.trim();
    checks::person(tx, person)?;
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let problem = format!("a token's name says what it is for, in 1 to {LONGEST_NAME} characters");
        return Err(FlowError::Refused(problem));
    }
    if scopes.is_empty() {
        let names = TokenScope::ALL.map(TokenScope::as_str).join(", ");
        return Err(FlowError::Refused(format!("a token needs a scope: {names}")));
    }
    checks::allowed(tx, warrant, &Act::MakeToken { of: person.clone() }, &network)?;
    let now = tx.now();
    let until = request.until.unwrap_or(now.plus_millis(USUAL_DAYS * DAY_MS));
    if until <= now || until > now.plus_millis(LONGEST_DAYS * DAY_MS) {
        let problem = format!("a token ends within {LONGEST_DAYS} days and after now, not at {}", checks::print(until));
        return Err(FlowError::Refused(problem));
    }
    let roles = tx.roles_of(person)?;
    let rests_on: Vec<i64> = roles.iter().filter(|role| stands(role, now)).map(|role| role.held).collect();
    let secret = format!("{PREFIX}{}", base32(&tx.random::<20>())); // 160 bits
    let (tag, scopes) = (secret_tag(tx.keys(), &secret), TokenScope::list(scopes));
    let token = tx.add_token(&NewToken { name, person, tag, scopes: &scopes, until, rests_on: &rests_on })?;
    let story = json!({ "person": person, "token": token, "tag": Said::digest(&tag), "scopes": scopes, "until": until,
                        "roles": rests_on });
    let entry = tx.record("token_made", &warrant.story(story))?;
    Ok(Made { token, secret, until, effects: Effects { entry, stopped: Vec::new() } })
}
