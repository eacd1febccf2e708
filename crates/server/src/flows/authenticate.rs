//! Tells whose token a secret is and what it may be used for now. Start at [`run`]. Writes nothing.

use std::collections::BTreeSet;

use tremen_rules::PersonFacts;

use super::make_token::{secret_tag, stands};
use super::token_scope::TokenScope;
use crate::store::{StoreError, Tx};

/// Somebody who came with a good token.
#[derive(Debug, Clone, PartialEq)]
pub struct Bearer {
    /// The token's number.
    pub token: i64,
    /// Whose rights it has: the facts of this instant, which each act is asked of.
    pub facts: PersonFacts,
    /// What it may be used for.
    pub scopes: BTreeSet<TokenScope>,
}

/// The bearer of a secret; none when it is nobody's, or over, or a role that it rests on is.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &Tx<'_>, secret: &str) -> Result<Option<Bearer>, StoreError> {
    let Some(token) = tx.token_by_tag(secret_tag(tx.keys(), secret))? else { return Ok(None) };
    if !token.effective().covers(tx.now()) {
        return Ok(None);
    }
    let rests_on = tx.roles_under_token(token.token)?;
    if !rests_on.is_empty() {
        // INVARIANT (no token outlives a role that it rests on): also where the role ended by its date.
        let roles = tx.roles_of(&token.person)?;
        let standing = |held: &i64| roles.iter().any(|role| role.held == *held && stands(role, tx.now()));
        if !rests_on.iter().all(standing) {
            return Ok(None);
        }
    }
    let facts = tx.person_facts(&token.person)?;
    Ok(Some(Bearer { token: token.token, facts, scopes: TokenScope::read_list(&token.scopes) }))
}

#[cfg(test)]
mod tests {
    use super::run;
    use crate::flows::make_token::{self, Request};
    use crate::flows::rehearsal::{NOW, Stage, id, operator, time};
    use crate::flows::token_scope::TokenScope;
    use crate::flows::{end_role, end_token};
    use tremen_rules::Scope;
    use tremen_rules::dossier::Role;

    fn request(stage: &Stage, person: &str, until: Option<&str>) -> Request {
        let scopes = [TokenScope::Read, TokenScope::Awards].into();
        Request { name: "a script".to_owned(), person: stage.person(person), scopes, until: until.map(time) }
    }

    fn make(stage: &Stage, person: &str) -> make_token::Made {
        let request = request(stage, person, None);
        stage.write(move |tx| make_token::run(tx, &operator(), &request)).unwrap()
    }

    fn is_good(stage: &Stage, secret: &str) -> bool {
        stage.read(|tx| run(tx, secret)).is_some()
    }

    #[test]
    fn a_token_is_its_persons_until_its_end_and_kept_as_a_hash() {
        let stage = Stage::sample();
        let made = make(&stage, "p-maiwenn");
        let bearer = stage.read(|tx| run(tx, &made.secret)).unwrap();
        assert_eq!(bearer.facts.person, stage.person("p-maiwenn"));
        assert_eq!(bearer.scopes, [TokenScope::Read, TokenScope::Awards].into());
        assert!(!is_good(&stage, "tremen_nobodys"));
        let body = stage.last_entry().body.unwrap().to_string();
        assert!(!body.contains(&made.secret) && body.contains("read awards"), "{body}");
        stage.clock.set(made.until.plus_millis(-1));
        assert!(is_good(&stage, &made.secret));
        stage.clock.set(made.until);
        assert!(!is_good(&stage, &made.secret));
    }

    #[test]
    fn a_token_ends_with_the_first_of_the_roles_that_it_rests_on() {
        let stage = Stage::sample();
        let (manager, member) = (make(&stage, "p-maiwenn"), make(&stage, "p-anna"));
        let request = end_role::Request {
            person: stage.person("p-maiwenn"),
            role: Role::Trainer,
            scope: Scope::Venue(id("ubo")),
        };
        stage.write(move |tx| end_role::run(tx, &operator(), &request)).unwrap();
        assert!(!is_good(&stage, &manager.secret));
        assert!(is_good(&stage, &member.secret));
        let kinds: Vec<String> = stage
            .read(|tx| tx.entries_after(manager.effects.entry, time(NOW), 10))
            .into_iter()
            .map(|entry| entry.kind)
            .collect();
        assert_eq!(kinds, ["token_made", "token_ended", "role_ended"]);
        let row = stage.read(|tx| tx.token(manager.token)).unwrap();
        assert_eq!(row.end_why.as_deref(), Some("a role that it rests on was ended"));
        assert_eq!(make(&stage, "p-maiwenn").effects.stopped, [], "a new one rests on what is left");
    }

    #[test]
    fn a_token_ends_with_a_role_that_ends_by_its_date() {
        let stage = Stage::sample();
        let person = stage.person("p-anna");
        let until = time("2026-11-26T16:00:00+01:00");
        stage.change(move |tx| {
            let span = tremen_rules::Span::new(tx.now(), Some(until));
            tx.add_role(&person, Role::Trainer, &Scope::Venue(id("ubo")), span).unwrap();
        });
        let made = make(&stage, "p-anna");
        stage.clock.set(until.plus_millis(-1));
        assert!(is_good(&stage, &made.secret));
        stage.clock.set(until);
        assert!(!is_good(&stage, &made.secret));
    }

    #[test]
    fn a_token_is_ended_by_its_person_or_an_administrator_and_made_by_nobody_else() {
        let stage = Stage::sample();
        let made = make(&stage, "p-maiwenn");
        let (by, admin) = (stage.by("p-anna"), stage.by("p-zoe"));
        let token = made.token;
        let refused = stage.write(move |tx| end_token::run(tx, &by, token)).unwrap_err();
        assert!(refused.to_string().contains("network-admin"), "{refused}");
        stage.write(move |tx| end_token::run(tx, &admin, token)).unwrap();
        assert!(!is_good(&stage, &made.secret));
        let (admin, for_another) = (stage.by("p-zoe"), request(&stage, "p-maiwenn", None));
        let refused = stage.write(move |tx| make_token::run(tx, &admin, &for_another)).unwrap_err();
        assert!(refused.to_string().contains("only for the person themself"), "{refused}");
    }

    #[test]
    fn a_token_has_a_name_a_scope_and_an_end_within_a_year() {
        let stage = Stage::sample();
        let refused = |change: &dyn Fn(&mut Request)| {
            let mut request = request(&stage, "p-anna", None);
            change(&mut request);
            stage.write(move |tx| make_token::run(tx, &operator(), &request)).unwrap_err().to_string()
        };
        assert!(refused(&|it| it.name = " ".to_owned()).contains("says what it is for"));
        assert!(refused(&|it| it.scopes.clear()).contains("read, journal, awards"));
        assert!(refused(&|it| it.until = Some(time(NOW))).contains("within 366 days"));
        assert!(refused(&|it| it.until = Some(time("2027-11-28"))).contains("within 366 days"));
    }
}
