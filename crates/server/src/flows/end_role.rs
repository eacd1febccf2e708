//! Ends a role. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::dossier::Role;
use tremen_rules::{PersonId, Scope};

use super::{Effects, FlowError, Warrant, checks, end_token, network, sessions};
use crate::store::Tx;

/// Whose role over what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whose.
    pub person: PersonId,
    /// Which.
    pub role: Role,
    /// Over what.
    pub scope: Scope,
}

/// Ends the role now, also where it was still to begin, and with it the tokens that rest on it.
///
/// # Errors
/// When the author may not, the person does not hold it, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let Request { person, role, scope } = request.clone();
    let act = Act::EndRole { role, scope: scope.clone(), person: person.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    let now = tx.now();
    let mut ended = Vec::new();
    for held in tx.roles_of(&person)? {
        let same = held.role == role && held.scope == scope;
        if same && held.span.until.is_none_or(|until| now < until) && tx.end_role(held.held)? {
            ended.push(held.held);
        }
    }
    if ended.is_empty() {
        return Err(FlowError::Refused(format!("the person is not {} of {scope}", role.as_str())));
    }
    let mut tokens = Vec::new();
    for held in &ended {
        tokens.extend(end_token::with_role(tx, warrant, *held)?);
    }
    let story = json!({ "person": person, "held": ended, "role": role, "scope": scope, "tokens": tokens });
    let entry = tx.record("role_ended", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &person, entry)? })
}
