//! Awards a reference at a level to a person, in the name of an issuer. Start at [`run`].

use serde_json::{Value as Json, json};
use tremen_rules::authority::Act;
use tremen_rules::awarding::Draft;
use tremen_rules::{AwardId, IssuerId, Level, PersonId, ReferenceId, Time};

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::{StoredAward, Tx};

/// What to award to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// To whom.
    pub person: PersonId,
    /// What.
    pub reference: ReferenceId,
    /// Which version; none: the current one.
    pub version: Option<u32>,
    /// How far.
    pub level: Level,
    /// In whose name.
    pub issuer: IssuerId,
    /// When; none: now.
    pub issued_at: Option<Time>,
    /// Its end; none: from the reference's validity.
    pub valid_until: Option<Time>,
    /// Its id; none: a random one.
    pub award: Option<AwardId>,
}

/// An award that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The award.
    pub award: StoredAward,
    /// What it did beside.
    pub effects: Effects,
}

/// Makes the award.
///
/// # Errors
/// When the author may not, the award makes no sense, its id is taken, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Made, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    checks::person(tx, &request.person)?;
    let draft = Draft {
        id: free_id(tx, request.award.as_ref())?,
        person: request.person.clone(),
        reference: request.reference.clone(),
        version: request.version,
        level: request.level,
        issuer: request.issuer.clone(),
        issued_at: request.issued_at.unwrap_or(tx.now()),
        valid_until: request.valid_until,
    };
    let award = draft.award(&network).map_err(|error| FlowError::Refused(error.to_string()))?;
    let Request { person, reference, level, issuer, .. } = request.clone();
    checks::allowed(tx, warrant, &Act::Award { reference, level, issuer, person }, &network)?;
    if request.award.is_none()
        && let Some(same) = tx.award_like(&request.person, &award)?
    {
        return Err(FlowError::Refused(format!("this award was made already: it is `{}`", same.award.id)));
    }
    let stored = StoredAward {
        person: request.person.clone(),
        award,
        given_id: request.award.is_some(),
        awarded_by: warrant.by.person().cloned(),
        supersedes: None,
        why: Some(why.to_owned()),
    };
    tx.add_award(&stored)?;
    let entry = tx.record("award_made", &warrant.story(story(&stored)))?;
    let stopped = sessions::review_person(tx, &request.person, entry)?;
    Ok(Made { award: stored, effects: Effects { entry, stopped } })
}

/// The id that was asked for, if nobody has it; else a random one.
pub(super) fn free_id(tx: &Tx<'_>, asked: Option<&AwardId>) -> Result<AwardId, FlowError> {
    match asked {
        Some(id) if tx.award(id)?.is_some() => {
            Err(FlowError::Refused(format!("award `{id}` exists already: an id names one award for ever")))
        }
        Some(id) => Ok(id.clone()),
        None => AwardId::try_from(tx.random_id()).map_err(|error| FlowError::Refused(error.to_string())),
    }
}

/// An award as the journal tells it.
pub(super) fn story(stored: &StoredAward) -> Json {
    let award = &stored.award;
    json!({
        "person": stored.person, "award": award.id, "given_id": stored.given_id, "reference": award.reference, "version": award.version,
        "level": award.level, "issuer": award.issuer, "issued_at": award.issued_at, "valid_until": award.valid_until,
        "awarded_by": stored.awarded_by, "supersedes": stored.supersedes,
    })
}

#[cfg(test)]
mod tests {
    use tremen_rules::{Level, MachineId};

    use super::{Request, run};
    use crate::flows::rehearsal::{Stage, id, operator, time};
    use crate::flows::usable_machines;

    fn laser(stage: &Stage, person: &str, level: Level) -> Request {
        Request {
            person: stage.person(person),
            reference: id("decoupe-laser"),
            version: None,
            level,
            issuer: id("ubo-open-factory"),
            issued_at: None,
            valid_until: None,
            award: None,
        }
    }

    #[test]
    fn a_trainer_awards_what_she_holds_at_level_3_and_its_end_is_fixed() {
        let stage = Stage::sample();
        let (by, request) = (stage.by("p-maiwenn"), laser(&stage, "p-yann", Level::Autonomous));
        let made = stage.write(move |tx| run(tx, &by, &request)).unwrap();
        let person = stage.person("p-yann");
        assert_eq!(made.award.award.valid_until, Some(time("2027-11-26T15:00:00+01:00")));
        assert_eq!(made.award.award.version, 2);
        assert_eq!(made.award.awarded_by, Some(stage.person("p-maiwenn")));
        assert_eq!(stage.read(|tx| tx.award(&made.award.award.id)).unwrap(), made.award);
        let entry = stage.last_entry();
        assert_eq!((entry.entry, entry.kind.as_str()), (made.effects.entry, "award_made"));
        let body = entry.body.unwrap();
        assert_eq!(body["person"], person.as_str());
        assert_eq!(body["why"], "a good reason");
        assert!(!body.to_string().contains("yann"), "the journal holds random ids: {body}");
    }

    #[test]
    fn nobody_awards_for_themself_without_a_reason_or_a_role() {
        let stage = Stage::sample();
        let refused = |by: &str, person: &str, why: &str| {
            let (mut by, request) = (stage.by(by), laser(&stage, person, Level::Autonomous));
            why.clone_into(&mut by.why);
            stage.write(move |tx| run(tx, &by, &request)).unwrap_err().to_string()
        };
        assert!(refused("p-maiwenn", "p-maiwenn", "why not").contains("nobody awards for themself"));
        assert!(refused("p-maiwenn", "p-yann", "  ").contains("a reason is needed"));
        assert!(refused("p-zoe", "p-yann", "why not").contains("manager of venue:ubo"));
        let entries = stage.entries();
        assert_eq!(entries, stage.entries());
    }

    #[test]
    fn what_the_network_does_not_know_is_not_awarded_and_an_id_is_given_once() {
        let stage = Stage::sample();
        let request = laser(&stage, "p-yann", Level::Autonomous);
        let with = |change: &dyn Fn(&mut Request)| {
            let mut request = request.clone();
            change(&mut request);
            stage.write(move |tx| run(tx, &operator(), &request)).map(|_| ()).map_err(|error| error.to_string())
        };
        assert!(
            with(&|it| it.version = Some(3))
                .unwrap_err()
                .contains("version 3 of `decoupe-laser` does not exist: 1 to 2")
        );
        assert!(with(&|it| it.issuer = id("nobody")).unwrap_err().contains("`nobody`"));
        assert!(with(&|it| it.person = id("nobody")).unwrap_err().contains("person `nobody` does not exist"));
        assert_eq!(with(&|it| it.award = Some(id("a-1"))), Ok(()));
        assert!(with(&|it| it.award = Some(id("a-1"))).unwrap_err().contains("`a-1` exists already"));
        assert_eq!(with(&|_| {}), Ok(()));
        assert!(with(&|_| {}).unwrap_err().contains("made already"));
    }

    #[test]
    fn two_persons_are_needed_where_the_network_says_so() {
        let stage = Stage::sample();
        stage.change(|tx| {
            let mut network = crate::flows::rehearsal::sample_network();
            network.settings.four_eyes = vec![tremen_rules::network::FourEyes::Red];
            tx.declare(&network, 1, "page").unwrap();
        });
        let (by, request) = (stage.by("p-maiwenn"), laser(&stage, "p-yann", Level::Autonomous));
        let refused = stage.write(move |tx| run(tx, &by, &request)).unwrap_err();
        assert!(refused.to_string().contains("second person's confirmation"));
    }

    #[test]
    fn an_award_opens_the_machine_that_asks_for_it() {
        let stage = Stage::sample();
        let zoe = stage.person("p-zoe");
        let request = Request {
            reference: id("impression-3d"),
            issuer: id("maison-du-libre"),
            ..laser(&stage, "p-zoe", Level::Discovery)
        };
        let usable = stage.change(move |tx| {
            run(tx, &operator(), &request).unwrap();
            tx.put_membership(&zoe, &id("tyfab"), tremen_rules::Span::since(tx.now())).unwrap();
            usable_machines(tx, &zoe).unwrap()
        });
        assert!(usable.contains(&id::<MachineId>("prusa-1")), "{usable:?}");
    }
}
