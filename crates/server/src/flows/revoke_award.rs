//! Revokes an award, for good: an act of its issuer's people. Start at [`run`].

use serde_json::json;
use tremen_rules::AwardId;
use tremen_rules::authority::Act;

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Revokes an award; what runs on it alone is told to stop in the same transaction.
///
/// # Errors
/// When the author may not, the award is revoked already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, award: &AwardId) -> Result<Effects, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let held = checks::award(tx, award)?;
    let act = Act::Revoke { issuer: held.award.issuer.clone(), person: held.person.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    let revoked = held.award.revoked(tx.now()).map_err(|error| FlowError::Refused(error.to_string()))?;
    let at = revoked.revoked_at.unwrap_or(tx.now());
    tx.revoke_award(&held.award.id, at, Some(why))?;
    let story = json!({ "person": held.person, "award": held.award.id, "issuer": held.award.issuer, "at": at });
    let entry = tx.record("award_revoked", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &held.person, entry)? })
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::flows::rehearsal::Stage;
    use crate::flows::{Effects, preview};

    #[test]
    fn a_revocation_stops_what_runs_in_the_same_transaction_and_says_why() {
        let stage = Stage::sample();
        let session = stage.session("trotec-speedy", "p-anna", None);
        let (by, award) = (stage.by("p-maiwenn"), stage.award("p-anna", "decoupe-laser"));
        let id = award.clone();
        let effects: Effects = stage.write(move |tx| run(tx, &by, &award)).unwrap();
        assert_eq!(effects.stopped.iter().map(|it| it.session).collect::<Vec<_>>(), [session]);
        let row = stage.read(|tx| tx.session(session)).unwrap();
        assert_eq!(row.stop_why.as_deref(), Some("award_revoked"));
        assert_eq!(row.stop_order, Some(effects.stopped[0].order));
        let award = stage.read(|tx| tx.award(&id)).unwrap();
        assert_eq!(award.why.as_deref(), Some("a good reason"));
        let entry = stage.last_entry();
        assert_eq!((entry.entry, entry.kind.as_str()), (effects.entry, "award_revoked"));
    }

    #[test]
    fn an_award_is_revoked_once_and_by_its_issuers_people() {
        let stage = Stage::sample();
        let refused = |by: &str| {
            let (by, award) = (stage.by(by), stage.award("p-anna", "decoupe-laser"));
            stage.write(move |tx| run(tx, &by, &award)).unwrap_err().to_string()
        };
        assert!(refused("p-zoe").contains("`p-zoe` may not do this: only for manager of venue:ubo"));
        let (by, award) = (stage.by("p-maiwenn"), stage.award("p-anna", "decoupe-laser"));
        stage.write(move |tx| run(tx, &by, &award)).unwrap();
        assert!(refused("p-maiwenn").contains("already revoked"));
    }

    #[test]
    fn a_preview_counts_what_it_would_do_and_does_nothing() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let (by, award, entries) = (stage.by("p-maiwenn"), stage.award("p-anna", "decoupe-laser"), stage.entries());
        let anna = stage.person("p-anna");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let preview = runtime.block_on(preview(&stage.store, anna, move |tx| run(tx, &by, &award))).unwrap();
        assert_eq!(
            preview.closed.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["laser-ponant", "trotec-speedy"]
        );
        assert_eq!((preview.venues.len(), preview.stopped.len(), stage.entries()), (2, 1, entries));
    }
}
