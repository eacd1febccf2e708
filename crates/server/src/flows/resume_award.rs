//! Ends the suspension of an award: an act of its issuer's people. Start at [`run`].

use serde_json::json;
use tremen_rules::AwardId;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Ends the suspensions of an award, and those that were to come.
///
/// # Errors
/// When the author may not, the award is not suspended or revoked, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, award: &AwardId) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let held = checks::award(tx, award)?;
    let act = Act::Resume { issuer: held.award.issuer.clone(), person: held.person.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    held.award.resumed(tx.now()).map_err(|error| FlowError::Refused(error.to_string()))?;
    let ended = tx.end_suspensions(&held.award.id)?;
    let story = json!({ "person": held.person, "award": held.award.id, "suspensions": ended });
    let entry = tx.record("award_resumed", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &held.person, entry)? })
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::flows::rehearsal::Stage;
    use crate::flows::{suspend_award, usable_machines};

    #[test]
    fn a_resumed_award_counts_again() {
        let stage = Stage::sample();
        let (by, award, anna) = (stage.by("p-maiwenn"), stage.award("p-anna", "decoupe-laser"), stage.person("p-anna"));
        let usable = stage.change(move |tx| {
            let before = usable_machines(tx, &anna).unwrap();
            let request = suspend_award::Request { award: award.clone(), from: None, until: None };
            suspend_award::run(tx, &by, &request).unwrap();
            let meanwhile = usable_machines(tx, &anna).unwrap();
            run(tx, &by, &award).unwrap();
            (before, meanwhile, usable_machines(tx, &anna).unwrap())
        });
        assert!(usable.1.len() < usable.0.len());
        assert_eq!(usable.0, usable.2);
        assert_eq!(stage.last_entry().kind, "award_resumed");
    }

    #[test]
    fn an_award_that_is_not_suspended_is_not_resumed() {
        let stage = Stage::sample();
        let (by, award) = (stage.by("p-maiwenn"), stage.award("p-anna", "decoupe-laser"));
        assert!(stage.write(move |tx| run(tx, &by, &award)).unwrap_err().to_string().contains("is not suspended"));
    }
}
