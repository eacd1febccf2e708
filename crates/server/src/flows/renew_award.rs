//! Renews an award: a new award of the same person, reference and issuer supersedes it. Start at [`run`].

use tremen_rules::authority::Act;
use tremen_rules::awarding::Draft;
use tremen_rules::{AwardId, Level, Time};

use super::award_reference::{Made, free_id, story};
use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::{StoredAward, Tx};

/// Which award to renew, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which.
    pub award: AwardId,
    /// Which version of the reference; none: the current one.
    pub version: Option<u32>,
    /// How far; none: as far as the old one.
    pub level: Option<Level>,
    /// When; none: now.
    pub issued_at: Option<Time>,
    /// Its end; none: from the reference's validity.
    pub valid_until: Option<Time>,
    /// The id of the new award; none: a random one.
    pub id: Option<AwardId>,
}

/// Makes the new award.
///
/// # Errors
/// When the author may not, the old award cannot be superseded so, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Made, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let old = checks::award(tx, &request.award)?;
    let draft = Draft {
        id: free_id(tx, request.id.as_ref())?,
        person: old.person.clone(),
        reference: old.award.reference.clone(),
        version: request.version,
        level: request.level.unwrap_or(old.award.level),
        issuer: old.award.issuer.clone(),
        issued_at: request.issued_at.unwrap_or(tx.now()),
        valid_until: request.valid_until,
    };
    let act = Act::Renew {
        reference: draft.reference.clone(),
        level: draft.level,
        issuer: draft.issuer.clone(),
        person: draft.person.clone(),
    };
    checks::allowed(tx, warrant, &act, &network)?;
    let (_, award) =
        draft.renewal(&old.award, &old.person, &network).map_err(|error| FlowError::Refused(error.to_string()))?;
    let stored = StoredAward {
        person: old.person,
        award,
        given_id: request.id.is_some(),
        awarded_by: warrant.by.person().cloned(),
        supersedes: Some(old.award.id),
        why: Some(why.to_owned()),
    };
    tx.add_award(&stored)?;
    let entry = tx.record("award_renewed", &warrant.story(story(&stored)))?;
    let stopped = sessions::review_person(tx, &stored.person, entry)?;
    Ok(Made { award: stored, effects: Effects { entry, stopped } })
}

#[cfg(test)]
mod tests {
    use super::{Request, run};
    use crate::flows::rehearsal::{Stage, time};

    fn of(stage: &Stage, key: &str, reference: &str) -> Request {
        let award = stage.award(key, reference);
        Request { award, version: None, level: None, issued_at: None, valid_until: None, id: None }
    }

    #[test]
    fn a_renewal_supersedes_and_keeps_what_runs_running() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let (by, request) = (stage.by("p-maiwenn"), of(&stage, "p-anna", "decoupe-laser"));
        let old = request.award.clone();
        let made = stage.write(move |tx| run(tx, &by, &request)).unwrap();
        assert_eq!(made.effects.stopped, []);
        assert_eq!(made.award.award.valid_until, Some(time("2027-11-26T15:00:00+01:00")));
        let old = stage.read(|tx| tx.award(&old)).unwrap();
        assert_eq!(old.award.superseded_at, Some(time("2026-11-26T15:00:00+01:00")));
        assert_eq!(stage.last_entry().kind, "award_renewed");
        assert_eq!(stage.last_entry().body.unwrap()["supersedes"], old.award.id.as_str());
    }

    #[test]
    fn an_award_is_superseded_once() {
        let stage = Stage::sample();
        let (by, request) = (stage.by("p-maiwenn"), of(&stage, "p-anna", "decoupe-laser"));
        let again = (by.clone(), request.clone());
        stage.write(move |tx| run(tx, &by, &request)).unwrap();
        let refused = stage.write(move |tx| run(tx, &again.0, &again.1)).unwrap_err();
        assert!(refused.to_string().contains("already superseded"));
    }

    #[test]
    fn nobody_renews_for_themself_or_another_issuers_award() {
        let stage = Stage::sample();
        let refused = |by: &str, key: &str, reference: &str| {
            let (by, request) = (stage.by(by), of(&stage, key, reference));
            stage.write(move |tx| run(tx, &by, &request)).unwrap_err().to_string()
        };
        assert!(refused("p-maiwenn", "p-maiwenn", "decoupe-laser").contains("for themself"));
        assert!(refused("p-maiwenn", "p-anna", "accueil-securite").contains("manager of venue:ponant"));
    }
}
