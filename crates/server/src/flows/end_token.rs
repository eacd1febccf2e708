//! Ends a token: by hand, or with a role that it rests on. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, checks, network};
use crate::store::Tx;

/// Ends the token of this number; its next call is refused.
///
/// # Errors
/// When the author may not, it is over already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, token: i64) -> Result<Effects, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let row = tx.token(token)?.ok_or_else(|| FlowError::unknown("token", token))?;
    checks::allowed(tx, warrant, &Act::EndToken { of: row.person.clone() }, &network)?;
    if !row.effective().covers(tx.now()) || !tx.end_token(token, why)? {
        return Err(FlowError::Refused(format!("token {token} is over already")));
    }
    let entry = tx.record("token_ended", &warrant.story(json!({ "person": row.person, "token": token })))?;
    Ok(Effects { entry, stopped: Vec::new() })
}

/// Ends the tokens that rest on a role which was just ended, each with an entry of its own; tells their numbers.
pub(super) fn with_role(tx: &mut Tx<'_>, warrant: &Warrant, held: i64) -> Result<Vec<i64>, FlowError> {
    let mut ended = Vec::new();
    for row in tx.tokens_resting_on(held)? {
        if tx.end_token(row.token, "a role that it rests on was ended")? {
            let story = json!({ "person": row.person, "token": row.token, "role_ended": held });
            tx.record("token_ended", &warrant.story(story))?;
            ended.push(row.token);
        }
    }
    Ok(ended)
}
