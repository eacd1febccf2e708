//! Tells whose login a cookie is and what that person is now. Start at [`run`], which writes nothing; [`note_seen`] keeps a
//! login alive that is used.

use tremen_rules::{PersonFacts, Span, Time};

use super::{Actor, Warrant};
use crate::keys::Keys;
use crate::store::{LoginRow, PersonRow, StoreError, Tx};

/// A login ends so long after it was made.
pub const LOGIN_MS: i64 = 30 * DAY_MS;
/// A login ends when it was not seen for so long.
pub const IDLE_MS: i64 = 7 * DAY_MS;
const DAY_MS: i64 = 86_400_000;
/// What a login was seen at is kept to the hour, so that pages are read without a write.
const SEEN_EACH_MS: i64 = 3_600_000;

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq)]
pub struct Visitor {
    /// Their login.
    pub login: LoginRow,
    /// Who they are.
    pub row: PersonRow,
    /// The facts of this instant, which each act is asked of.
    pub facts: PersonFacts,
}

impl Visitor {
    /// Whether it is time to note that the login was seen.
    #[must_use]
    pub fn is_to_be_noted(&self, now: Time) -> bool {
        now.since(self.login.seen_at) >= SEEN_EACH_MS
    }

    /// A warrant of theirs, for an act that tells its reason by itself.
    #[must_use]
    pub fn warrant(&self, why: &str) -> Warrant {
        let by = Actor::Login { login: self.login.login, person: self.row.person.clone() };
        Warrant { by, why: why.to_owned() }
    }
}

/// The keyed hash of a login's secret, by which it is looked up.
pub(super) fn secret_tag(keys: &Keys, secret: &str) -> [u8; 16] {
    keys.tag("login", secret.as_bytes())
}

/// When a login is in fact good.
#[must_use]
pub fn good(login: &LoginRow) -> Span {
    let ends = [login.span.until, Some(login.seen_at.plus_millis(IDLE_MS)), login.ended_at];
    Span::new(login.span.from, ends.into_iter().flatten().min())
}

/// Who has this secret in their cookie; none when it is nobody's, or over, or its person was erased.
///
/// # Errors
/// When the store fails.
pub fn run(tx: &Tx<'_>, secret: &str) -> Result<Option<Visitor>, StoreError> {
    let Some(login) = tx.login_by_tag(secret_tag(tx.keys(), secret))? else { return Ok(None) };
    if !good(&login).covers(tx.now()) || tx.erasure(&login.person)?.is_some() {
        return Ok(None);
    }
    let Some(row) = tx.person(&login.person)? else { return Ok(None) };
    let facts = tx.person_facts(&login.person)?;
    Ok(Some(Visitor { login, row, facts }))
}

/// Notes that a login was seen, and that its person came. No history, so no entry.
///
/// # Errors
/// When the store fails.
pub fn note_seen(tx: &Tx<'_>, visitor: &Visitor) -> Result<(), StoreError> {
    tx.saw_login(visitor.login.login)?;
    tx.saw_person(&visitor.row.person, tx.now())
}
