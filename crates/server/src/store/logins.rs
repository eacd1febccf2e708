//! Sign-in on pages: links that are good once, and the logins that they become. Of either secret a keyed hash is kept.

use tremen_rules::{PersonId, Span, Time};

use super::people::PersonRow;
use super::tx::{Row, StoreError, Tx};
use crate::params;

/// A link to sign in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginLinkRow {
    /// Its number.
    pub link: i64,
    /// Who signs in; none for the first administrator, of whom nothing is known yet.
    pub person: Option<PersonId>,
    /// When it is good.
    pub span: Span,
    /// When it was redeemed, or another took its place.
    pub ended_at: Option<Time>,
}

/// A login: somebody's browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginRow {
    /// Its number.
    pub login: i64,
    /// Whose.
    pub person: PersonId,
    /// When, as it was made.
    pub span: Span,
    /// When it was last seen, to the hour.
    pub seen_at: Time,
    /// When it was ended before its time.
    pub ended_at: Option<Time>,
    /// Why, as a code.
    pub end_why: Option<String>,
}

const LOGIN: &str = "SELECT login, person, since, until, seen_at, ended_at, end_why FROM logins";

fn read_login(row: &Row<'_, '_>) -> Result<LoginRow, StoreError> {
    Ok(LoginRow {
        login: row.get(0)?,
        person: row.get(1)?,
        span: Span::new(row.get(2)?, row.get(3)?),
        seen_at: row.get(4)?,
        ended_at: row.get(5)?,
        end_why: row.get(6)?,
    })
}

impl Tx<'_> {
    /// The people with this e-mail address, whatever its case, in the order of their keys.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn people_by_email(&self, email: &str) -> Result<Vec<PersonRow>, StoreError> {
        self.people_where("LOWER(email) = LOWER($1)", email)
    }

    /// Enters a link and tells its number; what was open for the same person before is ended.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_login_link(&self, person: Option<&PersonId>, tag: [u8; 16], until: Time) -> Result<i64, StoreError> {
        self.end_links_of(person)?;
        self.query_one(
            "INSERT INTO login_links (person, tag, since, until) VALUES ($1, $2, $3, $4) RETURNING link",
            params![person.cloned(), tag, self.now(), until],
            |row| row.get(0),
        )?
        .ok_or_else(|| StoreError::Engine("an inserted link has no number".to_owned()))
    }

    fn end_links_of(&self, person: Option<&PersonId>) -> Result<(), StoreError> {
        match person {
            Some(person) => self.execute(
                "UPDATE login_links SET ended_at = $1 WHERE person = $2 AND ended_at IS NULL",
                params![self.now(), person],
            )?,
            None => self.execute(
                "UPDATE login_links SET ended_at = $1 WHERE person IS NULL AND ended_at IS NULL",
                params![self.now()],
            )?,
        };
        Ok(())
    }

    /// The link whose secret has this keyed hash.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn login_link_by_tag(&self, tag: [u8; 16]) -> Result<Option<LoginLinkRow>, StoreError> {
        self.query_one(
            "SELECT link, person, since, until, ended_at FROM login_links WHERE tag = $1",
            params![tag],
            |row| {
                Ok(LoginLinkRow {
                    link: row.get(0)?,
                    person: row.get(1)?,
                    span: Span::new(row.get(2)?, row.get(3)?),
                    ended_at: row.get(4)?,
                })
            },
        )
    }

    /// Ends a link; false when it was ended before.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_login_link(&self, link: i64) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE login_links SET ended_at = $1 WHERE link = $2 AND ended_at IS NULL",
            params![self.now(), link],
        )?;
        Ok(changed == 1)
    }

    /// Whether a start of the registry has offered a link before.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn has_offered_login(&self) -> Result<bool, StoreError> {
        let found = self
            .query_one("SELECT value FROM meta WHERE name = 'login_offered'", params![], |row| row.get::<String>(0))?;
        Ok(found.is_some())
    }

    /// Notes that a start of the registry offers a link.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn note_login_offered(&self) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO meta (name, value) VALUES ('login_offered', '1') ON CONFLICT (name) DO NOTHING",
            params![],
        )?;
        Ok(())
    }

    /// Enters a login and tells its number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_login(&self, person: &PersonId, tag: [u8; 16], until: Time) -> Result<i64, StoreError> {
        self.query_one(
            "INSERT INTO logins (person, tag, since, until, seen_at) VALUES ($1, $2, $3, $4, $3) RETURNING login",
            params![person, tag, self.now(), until],
            |row| row.get(0),
        )?
        .ok_or_else(|| StoreError::Engine("an inserted login has no number".to_owned()))
    }

    /// The login whose secret has this keyed hash.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn login_by_tag(&self, tag: [u8; 16]) -> Result<Option<LoginRow>, StoreError> {
        self.query_one(&format!("{LOGIN} WHERE tag = $1"), params![tag], read_login)
    }

    /// One login.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn login(&self, login: i64) -> Result<Option<LoginRow>, StoreError> {
        self.query_one(&format!("{LOGIN} WHERE login = $1"), params![login], read_login)
    }

    /// The logins of a person, the newest first.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn logins_of(&self, person: &PersonId) -> Result<Vec<LoginRow>, StoreError> {
        self.query(&format!("{LOGIN} WHERE person = $1 ORDER BY login DESC"), params![person], read_login)
    }

    /// Notes that a login is still in use.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn saw_login(&self, login: i64) -> Result<(), StoreError> {
        let sql = "UPDATE logins SET seen_at = $1 WHERE login = $2 AND ended_at IS NULL AND seen_at < $1";
        self.execute(sql, params![self.now(), login])?;
        Ok(())
    }

    /// Ends a login now; false when it was ended before.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_login(&self, login: i64, why: &str) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE logins SET ended_at = $1, end_why = $2 WHERE login = $3 AND ended_at IS NULL",
            params![self.now(), why, login],
        )?;
        Ok(changed == 1)
    }

    /// Ends all logins and links of a person.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_logins_of(&self, person: &PersonId, why: &str) -> Result<(), StoreError> {
        self.end_links_of(Some(person))?;
        self.execute(
            "UPDATE logins SET ended_at = $1, end_why = $2 WHERE person = $3 AND ended_at IS NULL",
            params![self.now(), why, person],
        )?;
        Ok(())
    }

    /// Ends all logins and links there are; tells how many logins.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_all_logins(&self, why: &str) -> Result<usize, StoreError> {
        self.execute("UPDATE login_links SET ended_at = $1 WHERE ended_at IS NULL", params![self.now()])?;
        self.execute(
            "UPDATE logins SET ended_at = $1, end_why = $2 WHERE ended_at IS NULL AND until > $1",
            params![self.now(), why],
        )
    }
}
