//! Restricts a person: for a time they may not use a machine, a venue, a reference or anything. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::{PersonId, Scope, Span, Time};

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Whom to restrict, to what it extends, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Whom.
    pub person: PersonId,
    /// What they may not use.
    pub scope: Scope,
    /// From when on; none: now.
    pub from: Option<Time>,
    /// Until when; none: until it is lifted.
    pub until: Option<Time>,
}

/// A restriction that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restricted {
    /// Its number, by which it is lifted.
    pub restriction: i64,
    /// What it did beside.
    pub effects: Effects,
}

/// Restricts the person; what they run there is told to stop.
///
/// # Errors
/// When the author may not, what it extends to does not exist, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Restricted, FlowError> {
    let why = checks::reason(warrant)?;
    let network = network(tx)?;
    let Request { person, scope, .. } = request;
    checks::person(tx, person)?;
    checks::scope_exists(&network, scope)?;
    checks::allowed(tx, warrant, &Act::Restrict { scope: scope.clone(), person: person.clone() }, &network)?;
    let span = Span::new(request.from.unwrap_or(tx.now()), request.until);
    let span = checks::from_now_on(tx, "a restriction", span)?;
    let restriction = tx.add_restriction(person, scope, span, Some(why))?;
    let story = json!({
        "person": person, "restriction": restriction, "scope": scope, "from": span.from, "until": span.until,
    });
    let entry = tx.record("person_restricted", &warrant.story(story))?;
    let stopped = sessions::review_person(tx, person, entry)?;
    Ok(Restricted { restriction, effects: Effects { entry, stopped } })
}

#[cfg(test)]
mod tests {
    use tremen_rules::Scope;

    use super::{Request, run};
    use crate::flows::end_restriction;
    use crate::flows::rehearsal::{Stage, id, time};

    fn anna(stage: &Stage, scope: &str) -> Request {
        Request { person: stage.person("p-anna"), scope: Scope::parse(scope).unwrap(), from: None, until: None }
    }

    #[test]
    fn a_restriction_at_home_stops_what_runs_there_until_it_is_lifted() {
        let stage = Stage::sample();
        stage.session("trotec-speedy", "p-anna", None);
        let (by, request) = (stage.by("p-maiwenn"), anna(&stage, "venue:ubo"));
        let made = stage.write(move |tx| run(tx, &by, &request)).unwrap();
        assert_eq!(made.effects.stopped[0].reason, "person_suspended_here");
        assert_eq!(stage.last_entry().body.unwrap()["scope"], "venue:ubo");
        let (by, number) = (stage.by("p-maiwenn"), made.restriction);
        stage.write(move |tx| end_restriction::run(tx, &by, number)).unwrap();
        assert_eq!(stage.last_entry().kind, "restriction_ended");
        let (by, number) = (stage.by("p-maiwenn"), made.restriction);
        let refused = stage.write(move |tx| end_restriction::run(tx, &by, number)).unwrap_err();
        assert!(refused.to_string().contains("is over already"));
    }

    #[test]
    fn another_venues_manager_the_past_and_unknown_places_are_refused() {
        let stage = Stage::sample();
        let refused = |request: Request| {
            let by = stage.by("p-maiwenn");
            stage.write(move |tx| run(tx, &by, &request)).unwrap_err().to_string()
        };
        assert!(refused(anna(&stage, "venue:ponant")).contains("manager of venue:ponant"));
        assert!(refused(anna(&stage, "venue:ubbo")).contains("venue `ubbo` does not exist; did you mean `ubo`?"));
        assert!(
            refused(Request { until: Some(time("2026-11-01")), ..anna(&stage, "venue:ubo") }).contains("would end")
        );
        assert!(refused(Request { person: id("nobody"), ..anna(&stage, "venue:ubo") }).contains("`nobody`"));
    }
}
