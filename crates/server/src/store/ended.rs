//! Facts that ended: found once their time is over, and forgotten. What may go is for the flows to say.

use tremen_rules::{PersonId, Span, Time};

use super::held::{Said, held_table, name_of_row};
use super::tx::{StoreError, Tx};
use crate::params;

/// A kind of fact that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    /// A restriction.
    Restriction,
    /// A suspension of an award.
    Suspension,
    /// A token of scripts.
    Token,
    /// A login on pages.
    Login,
    /// A link to sign in with.
    LoginLink,
    /// A role.
    Role,
    /// A card's block.
    Block,
    /// A membership.
    Membership,
    /// A lock: the row stays, the reason goes.
    Lock,
    /// An incident that holds nothing any more: number, machine and time stay, the story goes.
    Incident,
    /// A restriction that had outlived an erasure.
    Outliving,
}

/// A fact that ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndedFact {
    /// Of which kind.
    pub kind: Ended,
    /// Its number; of a membership, when it began.
    pub number: i64,
    /// Whose.
    pub person: Option<PersonId>,
    /// Of a lock the machine, of a membership the venue, else empty.
    pub place: String,
    /// When it was so.
    pub span: Span,
}

impl EndedFact {
    /// The row in a table that is held to the journal, by the name that an entry gives it; none of other tables.
    #[must_use]
    pub fn held_name(&self) -> Option<[u8; 16]> {
        let table = held_table(match self.kind {
            Ended::Restriction => "restrictions",
            Ended::Suspension => "suspensions",
            Ended::Token => "tokens",
            Ended::Role => "roles",
            Ended::Block => "card_blocks",
            Ended::Membership => "memberships",
            Ended::Lock => "machine_locks",
            Ended::Login | Ended::LoginLink | Ended::Incident | Ended::Outliving => return None,
        })?;
        let number = Said::Int(self.number);
        Some(match (&self.person, self.kind) {
            (Some(person), Ended::Membership) => name_of_row(
                table,
                &[Said::Text(person.as_str().into()), Said::Text(self.place.as_str().into()), number],
            ),
            _ => name_of_row(table, &[number]),
        })
    }
}

impl Tx<'_> {
    /// Facts that ended before an instant, logins and their links before another, in a fixed order; incidents and what
    /// outlived an erasure, which have an end of their own, are told from that end on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn ended_facts(&self, before: Time, logins_before: Time) -> Result<Vec<EndedFact>, StoreError> {
        let questions = [
            (
                Ended::Restriction,
                "SELECT restriction, person, '', since, COALESCE(ended_at, until) FROM restrictions
                 WHERE COALESCE(ended_at, until) < $1 ORDER BY restriction",
                before,
            ),
            (
                Ended::Suspension,
                "SELECT s.suspension, a.person, '', s.since, COALESCE(s.ended_at, s.until)
                 FROM suspensions s JOIN awards a ON a.award = s.award
                 WHERE COALESCE(s.ended_at, s.until) < $1 ORDER BY s.suspension",
                before,
            ),
            (
                Ended::Token,
                "SELECT token, person, '', since, COALESCE(ended_at, until) FROM tokens
                 WHERE COALESCE(ended_at, until) < $1 ORDER BY token",
                before,
            ),
            (
                Ended::Login,
                "SELECT login, person, '', since, COALESCE(ended_at, until) FROM logins
                 WHERE COALESCE(ended_at, until) < $1 ORDER BY login",
                logins_before,
            ),
            (
                Ended::LoginLink,
                "SELECT link, person, '', since, COALESCE(ended_at, until) FROM login_links
                 WHERE COALESCE(ended_at, until) < $1 ORDER BY link",
                logins_before,
            ),
            (
                Ended::Role,
                "SELECT held, person, '', since, COALESCE(ended_at, until) FROM roles
                 WHERE COALESCE(ended_at, until) < $1 ORDER BY held",
                before,
            ),
            (
                Ended::Block,
                "SELECT b.block, c.person, '', b.since, b.ended_at FROM card_blocks b JOIN cards c ON c.card = b.card
                 WHERE b.ended_at < $1 ORDER BY b.block",
                before,
            ),
            (
                Ended::Membership,
                "SELECT since, person, venue, since, until FROM memberships WHERE until < $1 ORDER BY person, venue, since",
                before,
            ),
            (
                Ended::Lock,
                "SELECT lock, NULL, machine, since, COALESCE(ended_at, until) FROM machine_locks
                 WHERE COALESCE(ended_at, until) < $1 AND why <> '' ORDER BY lock",
                before,
            ),
            (
                Ended::Incident,
                "SELECT incident, NULL, machine, since, until FROM incidents
                 WHERE keep_until <= $1 AND why <> '' ORDER BY incident",
                self.now(),
            ),
            (
                Ended::Outliving,
                "SELECT DISTINCT restriction, NULL, '', since, until FROM outliving_restrictions
                 WHERE until <= $1 ORDER BY restriction",
                self.now(),
            ),
        ];
        let mut facts = Vec::new();
        for (kind, sql, instant) in questions {
            facts.extend(self.query(sql, params![instant], |row| {
                let span = Span::new(row.get(3)?, row.get(4)?);
                Ok(EndedFact { kind, number: row.get(0)?, person: row.get(1)?, place: row.get(2)?, span })
            })?);
        }
        Ok(facts)
    }

    /// Forgets a fact that ended.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn forget_ended(&self, fact: &EndedFact) -> Result<(), StoreError> {
        let number = fact.number;
        let one = |sql: &str| self.execute(sql, params![number]);
        match fact.kind {
            Ended::Restriction => one("DELETE FROM restrictions WHERE restriction = $1")?,
            Ended::Suspension => one("DELETE FROM suspensions WHERE suspension = $1")?,
            Ended::Token => {
                one("DELETE FROM replies WHERE token = $1")?;
                one("DELETE FROM token_roles WHERE token = $1")?;
                one("DELETE FROM tokens WHERE token = $1")?
            }
            Ended::Login => one("DELETE FROM logins WHERE login = $1")?,
            Ended::LoginLink => one("DELETE FROM login_links WHERE link = $1")?,
            Ended::Role => {
                one("DELETE FROM token_roles WHERE held = $1")?; // such a token ended with the role
                one("DELETE FROM roles WHERE held = $1")?
            }
            Ended::Block => one("DELETE FROM card_blocks WHERE block = $1")?,
            Ended::Membership => self.execute(
                "DELETE FROM memberships WHERE person = $1 AND venue = $2 AND since = $3",
                params![fact.person.clone(), fact.place, number],
            )?,
            Ended::Lock => one("UPDATE machine_locks SET why = '' WHERE lock = $1")?,
            Ended::Incident => {
                one("DELETE FROM incident_notes WHERE incident = $1")?;
                one("DELETE FROM incident_people WHERE incident = $1")?;
                one("UPDATE incidents SET why = '', outcome = NULL WHERE incident = $1")?
            }
            Ended::Outliving => one("DELETE FROM outliving_restrictions WHERE restriction = $1")?,
        };
        Ok(())
    }
}
