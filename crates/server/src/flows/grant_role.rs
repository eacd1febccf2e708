//! Gives a person a role over a venue, an issuer, a machine or the network, for a time. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::dossier::Role;
use tremen_rules::{PersonId, Scope, Span, Time};

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Who gets which role over what, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who.
    pub person: PersonId,
    /// Which.
    pub role: Role,
    /// Over what.
    pub scope: Scope,
    /// From when on; none: now.
    pub from: Option<Time>,
    /// Until when; none: until it is ended.
    pub until: Option<Time>,
}

/// Gives the role.
///
/// # Errors
/// When the author may not, the role is not held over such a thing or held already, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let Request { person, role, scope, .. } = request.clone();
    checks::person(tx, &person)?;
    checks::scope_exists(&network, &scope)?;
    let act = Act::GrantRole { role, scope: scope.clone(), person: person.clone() };
    checks::allowed(tx, warrant, &act, &network)?;
    let span = checks::from_now_on(tx, "a role", Span::new(request.from.unwrap_or(tx.now()), request.until))?;
    let held = tx.roles_of(&person)?.into_iter().find(|held| {
        let goes_on = held.ended_at.is_none() && held.span.until.is_none_or(|until| span.from < until);
        held.role == role && held.scope == scope && goes_on
    });
    if let Some(held) = held {
        let until =
            held.span.until.map_or_else(|| "without end".to_owned(), |until| format!("until {}", checks::print(until)));
        return Err(FlowError::Refused(format!("the person is {} of {scope} already, {until}", role.as_str())));
    }
    let number = tx.add_role(&person, role, &scope, span)?;
    let story = json!({
        "person": person, "held": number, "role": role, "scope": scope, "from": span.from, "until": span.until,
    });
    let entry = tx.record("role_granted", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, &person, entry)? })
}

#[cfg(test)]
mod tests {
    use tremen_rules::Scope;
    use tremen_rules::dossier::Role;

    use super::{Request, run};
    use crate::flows::rehearsal::{Stage, operator};
    use crate::flows::{end_role, sessions};

    fn role(stage: &Stage, key: &str, role: Role, scope: &str) -> Request {
        Request { person: stage.person(key), role, scope: Scope::parse(scope).unwrap(), from: None, until: None }
    }

    #[test]
    fn a_manager_gives_and_ends_the_role_of_trainer() {
        let stage = Stage::sample();
        let (by, request) = (stage.by("p-maiwenn"), role(&stage, "p-anna", Role::Trainer, "venue:ubo"));
        stage.write(move |tx| run(tx, &by, &request)).unwrap();
        assert_eq!(stage.last_entry().kind, "role_granted");
        let ended = || end_role::Request {
            person: stage.person("p-anna"),
            role: Role::Trainer,
            scope: Scope::parse("venue:ubo").unwrap(),
        };
        let (by, request) = (stage.by("p-maiwenn"), ended());
        stage.write(move |tx| end_role::run(tx, &by, &request)).unwrap();
        assert_eq!(stage.last_entry().kind, "role_ended");
        let (by, request) = (stage.by("p-maiwenn"), ended());
        let refused = stage.write(move |tx| end_role::run(tx, &by, &request)).unwrap_err();
        assert!(refused.to_string().contains("is not trainer of venue:ubo"));
    }

    #[test]
    fn a_role_fits_its_scope_and_is_given_once_by_who_may() {
        let stage = Stage::sample();
        let refused = |by: &str, request: Request| {
            let by = if by.is_empty() { operator() } else { stage.by(by) };
            stage.write(move |tx| run(tx, &by, &request)).unwrap_err().to_string()
        };
        let manager = role(&stage, "p-anna", Role::Manager, "venue:ubo");
        assert!(refused("p-maiwenn", manager).contains("network-admin of network"));
        let nonsense = role(&stage, "p-anna", Role::Manager, "machine:prusa-1");
        assert!(refused("", nonsense).contains("the role `manager` is held over a venue only"));
        let agent = role(&stage, "p-anna", Role::IssuerAgent, "issuer:ubo-open-factory");
        assert!(refused("", agent).contains("its managers award for it"));
        assert!(refused("", role(&stage, "p-maiwenn", Role::Trainer, "venue:ubo")).contains("already, without end"));
        assert!(refused("", role(&stage, "p-anna", Role::Trainer, "venue:ub")).contains("venue `ub` does not exist"));
    }

    #[test]
    fn closing_time_binds_whoever_loses_the_role_that_lifted_it() {
        let stage = Stage::sample();
        let request = role(&stage, "p-anna", Role::Manager, "venue:ubo");
        stage.write(move |tx| run(tx, &operator(), &request)).unwrap();
        let session = stage.session("trotec-speedy", "p-anna", None);
        stage.change(|tx| sessions::review_all(tx, 1).unwrap());
        let before = stage.read(|tx| tx.session(session)).unwrap().right_end;
        let scope = Scope::parse("venue:ubo").unwrap();
        let request = end_role::Request { person: stage.person("p-anna"), role: Role::Manager, scope };
        stage.write(move |tx| end_role::run(tx, &operator(), &request)).unwrap();
        let after = stage.read(|tx| tx.session(session)).unwrap().right_end;
        assert_eq!(after, Some(crate::flows::rehearsal::time("2026-11-26T18:00:00+01:00")));
        assert_ne!(before, after);
    }
}
