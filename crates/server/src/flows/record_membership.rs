//! Records that a person is a member of a venue, or gives a membership another end. Start at [`run`].

use serde_json::json;
use tremen_rules::authority::Act;
use tremen_rules::{PersonId, Scope, Span, Time, VenueId};

use super::{Effects, FlowError, Warrant, checks, network, sessions};
use crate::store::Tx;

/// Who is a member where, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Who.
    pub person: PersonId,
    /// Where.
    pub venue: VenueId,
    /// From when on; none: now. Person, venue and beginning say which membership it is.
    pub from: Option<Time>,
    /// Its end; none: without end.
    pub until: Option<Time>,
}

/// Records the membership; what runs on it alone is told to stop where its end is over.
///
/// # Errors
/// When the author may not, it would end before it begins, it is known as it is, or the store fails.
pub fn run(tx: &mut Tx<'_>, warrant: &Warrant, request: &Request) -> Result<Effects, FlowError> {
    checks::reason(warrant)?;
    let network = network(tx)?;
    let Request { person, venue, .. } = request;
    checks::person(tx, person)?;
    checks::scope_exists(&network, &Scope::Venue(venue.clone()))?;
    checks::allowed(tx, warrant, &Act::Membership { venue: venue.clone() }, &network)?;
    let span = Span::new(request.from.unwrap_or(tx.now()), request.until);
    if span.is_empty() {
        let (from, until) = (checks::print(span.from), checks::print(span.end()));
        return Err(FlowError::Refused(format!(
            "a membership would end at {until}, not after its beginning at {from}"
        )));
    }
    let before = tx.membership(person, venue, span.from)?;
    if before == Some(span.until) {
        return Err(FlowError::Refused("this membership is recorded already".to_owned()));
    }
    tx.put_membership(person, venue, span)?;
    let story = json!({ "person": person, "venue": venue, "from": span.from, "until": span.until, "before": before });
    let entry = tx.record("membership_recorded", &warrant.story(story))?;
    Ok(Effects { entry, stopped: sessions::review_person(tx, person, entry)? })
}

#[cfg(test)]
mod tests {
    use super::{Request, run};
    use crate::flows::rehearsal::{NOW, Stage, id, time};

    #[test]
    fn a_venues_manager_records_a_membership_and_its_end_and_no_other_does() {
        let stage = Stage::sample();
        let yann = stage.person("p-yann");
        let record = |by: &str, until: Option<&str>| {
            let (by, person) = (stage.by(by), yann.clone());
            let request = Request { person, venue: id("ubo"), from: Some(time(NOW)), until: until.map(time) };
            stage.write(move |tx| run(tx, &by, &request)).map_err(|error| error.to_string())
        };
        assert!(record("p-zoe", None).unwrap_err().contains("manager of venue:ubo"));
        assert!(record("p-maiwenn", Some(NOW)).unwrap_err().contains("not after its beginning"));
        record("p-maiwenn", None).unwrap();
        assert!(record("p-maiwenn", None).unwrap_err().contains("recorded already"));
        record("p-maiwenn", Some("2027-01-01")).unwrap();
        assert_eq!(stage.last_entry().kind, "membership_recorded");
        let held = stage.read(|tx| tx.memberships_of(&yann));
        let here: Vec<_> = held.into_iter().filter(|(venue, _)| venue.as_str() == "ubo").collect();
        assert_eq!(here.len(), 1);
        assert!(here[0].1.until.is_some());
    }
}
