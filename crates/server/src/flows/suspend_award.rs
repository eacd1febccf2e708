//! Suspends an award for a time: an act of its issuer's people. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::{AwardId, Span, Time};

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Which award, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Which.
    pub award: AwardId,
    /// From when on; none: now.
    pub from: Option<Time>,
    /// Until when; none: until it is resumed.
    pub until: Option<Time>,
}

/// Suspends the award; what runs on it alone is told to stop.
///
/// # Errors
/// When the author may not, the award cannot be suspended then, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let held = checks::award(tx, &request.award)?;
    let act = Act::Suspend { issuer: held.award.issuer.clone(), person: held.person.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    let span = Span::new(request.from.unwrap_or(tx.now()), request.until);
    let span = checks::from_now_on(tx, "a suspension", span)?;
    held.award.suspended(span).map_err(|error| FlowError::Refused(error.to_string()))?;
    let suspension = tx.add_suspension(&held.award.id, span, Some(why))?;
    let story = json!({
        "person": held.person, "award": held.award.id, "suspension": suspension, "from": span.from, "until": span.until,
    });
    let entry = tx.record("award_suspended", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &held.person, entry)? })
}

#[cfg(test)]
mod tests {
    use super::{Request, run};
    use crate::flows::rehearsal::{Stage, time};

    fn laser_of_anna(stage: &Stage) -> Request {
        Request { award: stage.award("p-anna", "decoupe-laser"), from: None, until: None }
    }

    #[test]
    fn a_suspension_stops_what_runs_on_the_award() {
        let stage = Stage::sample();
        let session = stage.session("trotec-speedy", "p-anna", None);
        let (by, request) = (stage.by("p-maiwenn"), laser_of_anna(&stage));
        let effects = stage.write(move |tx| run(tx, &by, &request)).unwrap();
        let [stopped] = &effects.stopped[..] else { panic!("{effects:?}") };
        assert_eq!((stopped.session, stopped.reason.as_str()), (session, "award_suspended"));
        let orders = stage.read(|tx| tx.orders_of_entry(effects.entry));
        assert_eq!(orders[0].stop, Some(tremen_wire::StopPolicy::Graceful { seconds: 20 }));
        assert_eq!(stage.last_entry().kind, "award_suspended");
    }

    #[test]
    fn a_coming_suspension_becomes_the_end_of_the_right() {
        let stage = Stage::sample();
        let session = stage.session("trotec-speedy", "p-anna", None);
        let from = time("2026-11-26T16:00:00+01:00");
        let (by, request) = (stage.by("p-maiwenn"), Request { from: Some(from), ..laser_of_anna(&stage) });
        assert_eq!(stage.write(move |tx| run(tx, &by, &request)).unwrap().stopped, []);
        assert_eq!(stage.read(|tx| tx.session(session)).unwrap().right_end, Some(from));
    }

    #[test]
    fn only_its_issuers_people_suspend_an_award_from_now_on_and_once() {
        let stage = Stage::sample();
        let refused = |by: &str, request: Request| {
            let by = stage.by(by);
            stage.write(move |tx| run(tx, &by, &request)).unwrap_err().to_string()
        };
        assert!(refused("p-zoe", laser_of_anna(&stage)).contains("only for manager of venue:ubo"));
        let past = Request { from: Some(time("2026-11-01")), ..laser_of_anna(&stage) };
        assert!(refused("p-maiwenn", past).contains("begins now"));
        let (by, request) = (stage.by("p-maiwenn"), laser_of_anna(&stage));
        stage.write(move |tx| run(tx, &by, &request)).unwrap();
        assert!(refused("p-maiwenn", laser_of_anna(&stage)).contains("already suspended"));
    }
}
