//! Lifts a restriction before its time. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Lifts the restriction of this number.
///
/// # Errors
/// When the author may not, it is over already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, restriction: i64) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let row = tx.restriction(restriction)?.ok_or_else(|| FlowError::unknown("restriction", restriction))?;
    let act = Act::EndRestriction { scope: row.scope.clone(), person: row.person.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    let over = row.span.until.is_some_and(|until| until <= tx.now());
    if over || !tx.end_restriction(restriction)? {
        return Err(FlowError::Refused(format!("restriction {restriction} is over already")));
    }
    let story = json!({ "person": row.person, "restriction": restriction, "scope": row.scope });
    let entry = tx.record("restriction_ended", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &row.person, entry)? })
}
