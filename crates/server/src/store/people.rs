//! People and what they hold besides awards and cards: memberships, restrictions, handovers, roles.

use chrono::NaiveDate;
use tremen_rules::dossier::Role;
use tremen_rules::network::Language;
use tremen_rules::{MachineId, PersonId, Scope, Span, Time, VenueId};

use super::tx::{Row, StoreError, Tx};
use crate::params;

/// A person as the venue's desk knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// Random; what the journal and all other tables call them.
    pub person: PersonId,
    /// The venue's own key.
    pub key: String,
    /// Their name.
    pub name: String,
    /// Where to write to them.
    pub email: Option<String>,
    /// Birth date.
    pub birth_date: Option<NaiveDate>,
    /// The language that they read.
    pub language: Option<Language>,
    /// Who answers for a minor.
    pub guardian: Option<PersonId>,
    /// When the guardian consented.
    pub guardian_consent: Option<NaiveDate>,
}

/// A person to be entered or corrected.
pub type NewPerson = PersonRow;

/// A restriction and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestrictionRow {
    /// Its number.
    pub restriction: i64,
    /// Whose.
    pub person: PersonId,
    /// What they may not use.
    pub scope: Scope,
    /// When, as it was made.
    pub span: Span,
    /// When it was ended before its time.
    pub ended_at: Option<Time>,
    /// Why.
    pub why: Option<String>,
}

/// A role and its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRoleRow {
    /// Its number.
    pub held: i64,
    /// Whose.
    pub person: PersonId,
    /// Which.
    pub role: Role,
    /// Over what.
    pub scope: Scope,
    /// When, as it was given.
    pub span: Span,
    /// When it was ended before its time.
    pub ended_at: Option<Time>,
}

/// Somebody was shown a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandoverRow {
    /// Who.
    pub person: PersonId,
    /// Which machine.
    pub machine: MachineId,
    /// When.
    pub at: Time,
    /// By whom.
    pub by: Option<PersonId>,
}

/// A membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipRow {
    /// Whose.
    pub person: PersonId,
    /// Of which venue.
    pub venue: VenueId,
    /// When.
    pub span: Span,
}

const ROLE: &str = "SELECT held, person, role, scope, since, until, ended_at FROM roles";

fn read_role(row: &Row<'_, '_>) -> Result<HeldRoleRow, StoreError> {
    Ok(HeldRoleRow {
        held: row.get(0)?,
        person: row.get(1)?,
        role: role(&row.get::<String>(2)?)?,
        scope: row.get(3)?,
        span: Span::new(row.get(4)?, row.get(5)?),
        ended_at: row.get(6)?,
    })
}

pub(super) fn date(text: Option<String>) -> Result<Option<NaiveDate>, StoreError> {
    text.map(|text| text.parse::<NaiveDate>().map_err(|error| StoreError::Unreadable(format!("date {text}: {error}"))))
        .transpose()
}

pub(super) fn role(text: &str) -> Result<Role, StoreError> {
    Role::parse(text).ok_or_else(|| StoreError::Unreadable(format!("role {text}")))
}

/// The code of a language, as in the network file.
#[must_use]
pub const fn language_code(language: Language) -> &'static str {
    match language {
        Language::Fr => "fr",
        Language::En => "en",
        Language::Br => "br",
    }
}

pub(super) fn language(text: Option<String>) -> Option<Language> {
    [Language::Fr, Language::En, Language::Br].into_iter().find(|it| text.as_deref() == Some(language_code(*it)))
}

const PERSON: &str = "SELECT person, key, name, email, birth_date, language, guardian, guardian_consent FROM people";

fn read_person(row: &Row<'_, '_>) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        person: row.get(0)?,
        key: row.get(1)?,
        name: row.get(2)?,
        email: row.get(3)?,
        birth_date: date(row.get(4)?)?,
        language: language(row.get(5)?),
        guardian: row.get(6)?,
        guardian_consent: date(row.get(7)?)?,
    })
}

impl Tx<'_> {
    /// The person with this key of the venue's own.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn person_by_key(&self, key: &str) -> Result<Option<PersonRow>, StoreError> {
        self.query_one(&format!("{PERSON} WHERE key = $1"), params![key], read_person)
    }

    /// The person with this random id.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn person(&self, person: &PersonId) -> Result<Option<PersonRow>, StoreError> {
        self.query_one(&format!("{PERSON} WHERE person = $1"), params![person], read_person)
    }

    /// The people whose row meets a condition on one text, in the order of their keys.
    pub(super) fn people_where(&self, condition: &str, text: &str) -> Result<Vec<PersonRow>, StoreError> {
        self.query(&format!("{PERSON} WHERE {condition} ORDER BY key"), params![text], read_person)
    }

    /// People by key, after a key; those who were erased have none.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn people_after(&self, key: &str, limit: u32) -> Result<Vec<PersonRow>, StoreError> {
        let sql = format!(
            "{PERSON} WHERE key > $1 AND NOT EXISTS (SELECT 1 FROM erasures e WHERE e.person = people.person)
             ORDER BY key LIMIT $2"
        );
        self.query(&sql, params![key, limit], read_person)
    }

    /// Enters a person, or corrects what is known of them.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn put_person(&self, person: &NewPerson) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO people (person, key, name, email, birth_date, language, guardian, guardian_consent, since)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
             ON CONFLICT (person) DO UPDATE SET key = $2, name = $3, email = $4, birth_date = $5, language = $6,
                 guardian = $7, guardian_consent = $8",
            params![
                person.person,
                person.key,
                person.name,
                person.email,
                person.birth_date.map(|date| date.to_string()),
                person.language.map(language_code),
                person.guardian,
                person.guardian_consent.map(|date| date.to_string()),
                self.now()
            ],
        )?;
        Ok(())
    }

    /// The end of the membership that begins at this instant; outer none: there is no such membership.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn membership(
        &self,
        person: &PersonId,
        venue: &VenueId,
        since: Time,
    ) -> Result<Option<Option<Time>>, StoreError> {
        self.query_one(
            "SELECT until FROM memberships WHERE person = $1 AND venue = $2 AND since = $3",
            params![person, venue, since],
            |row| row.get(0),
        )
    }

    /// Enters a membership, or gives it another end.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn put_membership(&self, person: &PersonId, venue: &VenueId, span: Span) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO memberships (person, venue, since, until) VALUES ($1, $2, $3, $4)
             ON CONFLICT (person, venue, since) DO UPDATE SET until = $4",
            params![person, venue, span.from, span.until],
        )?;
        Ok(())
    }

    /// All memberships after a person's, in the order of people.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn memberships_of(&self, person: &PersonId) -> Result<Vec<(VenueId, Span)>, StoreError> {
        self.query(
            "SELECT venue, since, until FROM memberships WHERE person = $1 ORDER BY venue, since",
            params![person],
            |row| Ok((row.get(0)?, Span::new(row.get(1)?, row.get(2)?))),
        )
    }

    /// Enters a restriction and tells its number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_restriction(
        &self,
        person: &PersonId,
        scope: &Scope,
        span: Span,
        why: Option<&str>,
    ) -> Result<i64, StoreError> {
        self.query_one(
            "INSERT INTO restrictions (person, scope, since, until, why) VALUES ($1, $2, $3, $4, $5)
             RETURNING restriction",
            params![person, scope.to_string(), span.from, span.until, why],
            |row| row.get(0),
        )?
        .ok_or_else(|| StoreError::Engine("an inserted restriction has no number".to_owned()))
    }

    /// The restrictions of a person, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn restrictions_of(&self, person: &PersonId) -> Result<Vec<RestrictionRow>, StoreError> {
        self.query(
            "SELECT restriction, person, scope, since, until, ended_at, why FROM restrictions WHERE person = $1
             ORDER BY since, restriction",
            params![person],
            read_restriction,
        )
    }

    /// One restriction.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn restriction(&self, restriction: i64) -> Result<Option<RestrictionRow>, StoreError> {
        self.query_one(
            "SELECT restriction, person, scope, since, until, ended_at, why FROM restrictions WHERE restriction = $1",
            params![restriction],
            read_restriction,
        )
    }

    /// Ends a restriction now; false when it was ended before.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_restriction(&self, restriction: i64) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE restrictions SET ended_at = $1 WHERE restriction = $2 AND ended_at IS NULL",
            params![self.now(), restriction],
        )?;
        Ok(changed == 1)
    }

    /// Enters a handover; false when it is known already.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_handover(
        &self,
        person: &PersonId,
        machine: &MachineId,
        at: Time,
        by: Option<&PersonId>,
    ) -> Result<bool, StoreError> {
        let changed = self.execute(
            "INSERT INTO handovers (person, machine, at, by) VALUES ($1, $2, $3, $4)
             ON CONFLICT (person, machine, at) DO NOTHING",
            params![person, machine, at, by.cloned()],
        )?;
        Ok(changed == 1)
    }

    /// The handovers of a person: machine, when, by whom.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn handovers_of(&self, person: &PersonId) -> Result<Vec<(MachineId, Time, Option<PersonId>)>, StoreError> {
        self.query(
            "SELECT machine, at, by FROM handovers WHERE person = $1 ORDER BY machine, at",
            params![person],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// Gives a role and tells its number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_role(&self, person: &PersonId, role: Role, scope: &Scope, span: Span) -> Result<i64, StoreError> {
        self.query_one(
            "INSERT INTO roles (person, role, scope, since, until) VALUES ($1, $2, $3, $4, $5) RETURNING held",
            params![person, role.as_str(), scope.to_string(), span.from, span.until],
            |row| row.get(0),
        )?
        .ok_or_else(|| StoreError::Engine("an inserted role has no number".to_owned()))
    }

    /// The roles of a person, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn roles_of(&self, person: &PersonId) -> Result<Vec<HeldRoleRow>, StoreError> {
        self.query(&format!("{ROLE} WHERE person = $1 ORDER BY since, held"), params![person], read_role)
    }

    /// The roles over any of these scopes, those that ended too, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn roles_over(&self, scopes: &[Scope]) -> Result<Vec<HeldRoleRow>, StoreError> {
        let mut held = Vec::new();
        for scope in scopes {
            let sql = format!("{ROLE} WHERE scope = $1 ORDER BY since, held");
            held.extend(self.query(&sql, params![scope.to_string()], read_role)?);
        }
        Ok(held)
    }

    /// One role.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn role(&self, held: i64) -> Result<Option<HeldRoleRow>, StoreError> {
        self.query_one(&format!("{ROLE} WHERE held = $1"), params![held], read_role)
    }

    /// Roles after a number, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn roles_after(&self, held: i64, limit: u32) -> Result<Vec<HeldRoleRow>, StoreError> {
        self.query(&format!("{ROLE} WHERE held > $1 ORDER BY held LIMIT $2"), params![held, limit], read_role)
    }

    /// Restrictions after a number, the oldest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn restrictions_after(&self, restriction: i64, limit: u32) -> Result<Vec<RestrictionRow>, StoreError> {
        self.query(
            "SELECT restriction, person, scope, since, until, ended_at, why FROM restrictions WHERE restriction > $1
             ORDER BY restriction LIMIT $2",
            params![restriction, limit],
            read_restriction,
        )
    }

    /// Handovers by person, machine and instant, after one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn handovers_after(
        &self,
        after: Option<&(PersonId, MachineId, Time)>,
        limit: u32,
    ) -> Result<Vec<HandoverRow>, StoreError> {
        let (person, machine, at) = after
            .map_or(("", "", Time::from_millis(0)), |(person, machine, at)| (person.as_str(), machine.as_str(), *at));
        self.query(
            "SELECT person, machine, at, by FROM handovers WHERE (person, machine, at) > ($1, $2, $3)
             ORDER BY person, machine, at LIMIT $4",
            params![person, machine, at, limit],
            |row| Ok(HandoverRow { person: row.get(0)?, machine: row.get(1)?, at: row.get(2)?, by: row.get(3)? }),
        )
    }

    /// Memberships by person, venue and beginning, after one.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn memberships_after(
        &self,
        after: Option<&(PersonId, VenueId, Time)>,
        limit: u32,
    ) -> Result<Vec<MembershipRow>, StoreError> {
        let (person, venue, since) = after
            .map_or(("", "", Time::from_millis(0)), |(person, venue, since)| (person.as_str(), venue.as_str(), *since));
        self.query(
            "SELECT person, venue, since, until FROM memberships WHERE (person, venue, since) > ($1, $2, $3)
             ORDER BY person, venue, since LIMIT $4",
            params![person, venue, since, limit],
            |row| {
                let span = Span::new(row.get(2)?, row.get(3)?);
                Ok(MembershipRow { person: row.get(0)?, venue: row.get(1)?, span })
            },
        )
    }

    /// Ends a role now; false when it was ended before.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_role(&self, held: i64) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE roles SET ended_at = $1 WHERE held = $2 AND ended_at IS NULL",
            params![self.now(), held],
        )?;
        Ok(changed == 1)
    }
}

fn read_restriction(row: &Row<'_, '_>) -> Result<RestrictionRow, StoreError> {
    Ok(RestrictionRow {
        restriction: row.get(0)?,
        person: row.get(1)?,
        scope: row.get(2)?,
        span: Span::new(row.get(3)?, row.get(4)?),
        ended_at: row.get(5)?,
        why: row.get(6)?,
    })
}
