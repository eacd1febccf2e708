//! Tokens of scripts, what they rest on, and what requests were answered that may be repeated.

use tremen_rules::{PersonId, Span, Time};

use super::awards::ended;
use super::tx::{Row, StoreError, Tx};
use crate::params;

/// A token, without its secret: of that a keyed hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenRow {
    /// Its number.
    pub token: i64,
    /// What it is for, in its maker's words.
    pub name: String,
    /// Whose rights it has.
    pub person: PersonId,
    /// What it may be used for, with a space between.
    pub scopes: String,
    /// When, as it was made.
    pub span: Span,
    /// When it was ended before its time.
    pub ended_at: Option<Time>,
    /// Why.
    pub end_why: Option<String>,
}

impl TokenRow {
    /// When it is in fact good.
    #[must_use]
    pub fn effective(&self) -> Span {
        Span::new(self.span.from, ended(self.span.until, self.ended_at))
    }
}

/// A token to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken<'a> {
    /// What it is for.
    pub name: &'a str,
    /// Whose rights it has.
    pub person: &'a PersonId,
    /// The keyed hash of its secret.
    pub tag: [u8; 16],
    /// What it may be used for, with a space between.
    pub scopes: &'a str,
    /// Its end.
    pub until: Time,
    /// The numbers of the roles that it rests on.
    pub rests_on: &'a [i64],
}

/// What a request was answered, kept for a repeat of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptReply {
    /// SHA-256 of the request.
    pub digest: [u8; 32],
    /// The answer.
    pub answer: Vec<u8>,
}

const TOKEN: &str = "SELECT t.token, t.name, t.person, t.scopes, t.since, t.until, t.ended_at, t.end_why FROM tokens t";

fn read_token(row: &Row<'_, '_>) -> Result<TokenRow, StoreError> {
    Ok(TokenRow {
        token: row.get(0)?,
        name: row.get(1)?,
        person: row.get(2)?,
        scopes: row.get(3)?,
        span: Span::new(row.get(4)?, row.get(5)?),
        ended_at: row.get(6)?,
        end_why: row.get(7)?,
    })
}

impl Tx<'_> {
    /// Enters a token and tells its number.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_token(&self, new: &NewToken<'_>) -> Result<i64, StoreError> {
        let token = self
            .query_one(
                "INSERT INTO tokens (name, person, tag, scopes, since, until) VALUES ($1, $2, $3, $4, $5, $6)
                 RETURNING token",
                params![new.name, new.person, new.tag, new.scopes, self.now(), new.until],
                |row| row.get(0),
            )?
            .ok_or_else(|| StoreError::Engine("an inserted token has no number".to_owned()))?;
        for held in new.rests_on {
            self.execute("INSERT INTO token_roles (token, held) VALUES ($1, $2)", params![token, *held])?;
        }
        Ok(token)
    }

    /// The token whose secret has this keyed hash.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn token_by_tag(&self, tag: [u8; 16]) -> Result<Option<TokenRow>, StoreError> {
        self.query_one(&format!("{TOKEN} WHERE t.tag = $1"), params![tag], read_token)
    }

    /// One token.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn token(&self, token: i64) -> Result<Option<TokenRow>, StoreError> {
        self.query_one(&format!("{TOKEN} WHERE t.token = $1"), params![token], read_token)
    }

    /// Tokens after a number, the oldest first; of one person where one is named.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn tokens_after(&self, token: i64, person: Option<&PersonId>, limit: u32) -> Result<Vec<TokenRow>, StoreError> {
        match person {
            None => self.query(
                &format!("{TOKEN} WHERE t.token > $1 ORDER BY t.token LIMIT $2"),
                params![token, limit],
                read_token,
            ),
            Some(person) => self.query(
                &format!("{TOKEN} WHERE t.person = $1 AND t.token > $2 ORDER BY t.token LIMIT $3"),
                params![person, token, limit],
                read_token,
            ),
        }
    }

    /// The numbers of the roles that a token rests on.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn roles_under_token(&self, token: i64) -> Result<Vec<i64>, StoreError> {
        self.query("SELECT held FROM token_roles WHERE token = $1 ORDER BY held", params![token], |row| row.get(0))
    }

    /// The tokens that rest on a role and were not ended yet.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn tokens_resting_on(&self, held: i64) -> Result<Vec<TokenRow>, StoreError> {
        self.query(
            &format!(
                "{TOKEN} JOIN token_roles r ON r.token = t.token
                 WHERE r.held = $1 AND t.ended_at IS NULL AND t.until > $2 ORDER BY t.token"
            ),
            params![held, self.now()],
            read_token,
        )
    }

    /// Ends a token now; false when it was ended before.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_token(&self, token: i64, why: &str) -> Result<bool, StoreError> {
        let changed = self.execute(
            "UPDATE tokens SET ended_at = $1, end_why = $2 WHERE token = $3 AND ended_at IS NULL",
            params![self.now(), why, token],
        )?;
        Ok(changed == 1)
    }

    /// What a token's request with this key was answered since an instant.
    ///
    /// # Errors
    /// When the engine fails, or the answer cannot be opened with the registry's keys.
    pub fn reply(&self, token: i64, key: &str, since: Time) -> Result<Option<KeptReply>, StoreError> {
        let found = self.query_one(
            "SELECT digest, sealed FROM replies WHERE token = $1 AND key = $2 AND at > $3",
            params![token, key, since],
            |row| Ok((row.get::<[u8; 32]>(0)?, row.get::<Vec<u8>>(1)?)),
        )?;
        let Some((digest, sealed)) = found else { return Ok(None) };
        let answer = self
            .keys()
            .unseal(&reply_owner(token, key), &sealed)
            .ok_or_else(|| StoreError::Unreadable("an answer that was kept for a repeat".to_owned()))?;
        Ok(Some(KeptReply { digest, answer }))
    }

    /// Keeps what a request was answered, and lets go of what was kept until an instant.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn keep_reply(
        &self,
        token: i64,
        key: &str,
        digest: [u8; 32],
        answer: &[u8],
        over_since: Time,
    ) -> Result<(), StoreError> {
        self.execute("DELETE FROM replies WHERE at <= $1", params![over_since])?;
        let sealed = self.keys().seal(&reply_owner(token, key), answer, self.random());
        self.execute(
            "INSERT INTO replies (token, key, digest, at, sealed) VALUES ($1, $2, $3, $4, $5)",
            params![token, key, digest, self.now(), sealed],
        )?;
        Ok(())
    }
}

fn reply_owner(token: i64, key: &str) -> String {
    format!("reply {token} {key}")
}
