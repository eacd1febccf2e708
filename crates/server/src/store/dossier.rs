//! Reads the facts that a decision rests on: one query for a person, whatever there is to know of them.

use tremen_rules::dossier::{Handover, HeldRole, Membership};
use tremen_rules::{Award, PersonFacts, PersonId, Restriction, Span, Time};

use super::awards::{counts, ended, level};
use super::people::{date, role};
use super::tx::{StoreError, Tx};
use crate::params;

/// One round trip: each branch is an index look-up, the first column says which.
const FACTS: &str = concat!(
    "
    SELECT 1, birth_date, NULL, NULL, 0, 0, 0, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), CAST(NULL AS BIGINT)
        FROM people WHERE person = $1
    UNION ALL SELECT 2, venue, NULL, NULL, 0, 0, since, until, NULL, NULL FROM memberships WHERE person = $1
    UNION ALL SELECT 3, scope, NULL, NULL, 0, 0, since, until, ended_at, NULL FROM restrictions WHERE person = $1
    UNION ALL SELECT 4, award, reference, issuer, version, level, issued_at, valid_until, superseded_at, revoked_at
        FROM awards WHERE person = $1 AND ",
    counts!("awards"),
    "
    UNION ALL SELECT 5, a.award, NULL, NULL, 0, 0, s.since, s.until, s.ended_at, NULL
        FROM awards a JOIN suspensions s ON s.award = a.award WHERE a.person = $1 AND ",
    counts!("a"),
    "
    UNION ALL SELECT 6, machine, NULL, NULL, 0, 0, at, NULL, NULL, NULL FROM handovers WHERE person = $1
    UNION ALL SELECT 7, role, scope, NULL, 0, 0, since, until, ended_at, NULL FROM roles WHERE person = $1"
);

impl Tx<'_> {
    /// All that is known about a person that can matter to a decision.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn person_facts(&self, person: &PersonId) -> Result<PersonFacts, StoreError> {
        let mut facts = PersonFacts::nothing_about(person.clone());
        let mut suspensions: Vec<(String, Span)> = Vec::new();
        self.query(FACTS, params![person], |row| {
            let span = || Ok::<_, StoreError>(Span::new(row.get(6)?, ended(row.get(7)?, row.get(8)?)));
            match row.get::<i64>(0)? {
                1 => facts.birth_date = date(row.get(1)?)?,
                2 => facts.memberships.push(Membership { venue: row.get(1)?, span: span()? }),
                3 => facts.restrictions.push(Restriction { scope: row.get(1)?, span: span()? }),
                4 => facts.awards.push(Award {
                    id: row.get(1)?,
                    reference: row.get(2)?,
                    issuer: row.get(3)?,
                    version: row.get(4)?,
                    level: level(row.get(5)?)?,
                    issued_at: row.get(6)?,
                    valid_until: row.get(7)?,
                    superseded_at: row.get(8)?,
                    revoked_at: row.get(9)?,
                    suspensions: Vec::new(),
                }),
                5 => suspensions.push((row.get(1)?, span()?)),
                6 => facts.handovers.push(Handover { machine: row.get(1)?, at: row.get::<Time>(6)? }),
                _ => facts.roles.push(HeldRole {
                    role: role(&row.get::<String>(1)?)?,
                    scope: row.get(2)?,
                    span: span()?,
                }),
            }
            Ok(())
        })?;
        for (award, span) in suspensions {
            if let Some(award) = facts.awards.iter_mut().find(|known| known.id.as_str() == award) {
                award.suspensions.push(span);
            }
        }
        Ok(facts)
    }
}
