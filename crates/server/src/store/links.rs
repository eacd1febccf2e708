//! Links with controllers: which counter values of which link were seen. The rules are those of the wire.
//!
//! A link that is over leaves its challenge alone behind, which may never name another one.

use tremen_rules::{ControllerId, Time};
use tremen_wire::{Challenge, Link, SessionId, Window};

use super::tx::{Row, StoreError, Tx, Value};
use crate::params;

/// Where a link stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkState {
    /// Welcomed, not taken up yet.
    Pending,
    /// The one in use.
    Current,
}

/// A link and its window.
#[derive(Debug, Clone)]
pub struct LinkRow {
    /// Its name.
    pub link: Link,
    /// Counts up per controller: newer is higher.
    pub number: i64,
    /// Where it stands.
    pub state: LinkState,
    /// Sessions that were running when the controller said hello.
    pub running: Vec<SessionId>,
    /// Counter values seen.
    pub window: Window,
    /// By how many milliseconds the registry's time was set since its welcome.
    pub stepped_ms: i64,
}

/// A counter of the wire as the database keeps it: all 64 bits, so that the greatest counters too are told apart.
pub(super) const fn to_bits(n: u64) -> i64 {
    i64::from_ne_bytes(n.to_ne_bytes())
}

/// The counter that [`to_bits`] made a number of.
pub(super) const fn from_bits(kept: i64) -> u64 {
    u64::from_ne_bytes(kept.to_ne_bytes())
}

const LINK: &str = "SELECT link, number, state, hello, highest_n, seen, stepped_ms FROM links";

fn read_link(row: &Row<'_, '_>) -> Result<LinkRow, StoreError> {
    let state: String = row.get(2)?;
    let running: Vec<String> = serde_json::from_str(&row.get::<String>(3)?)
        .map_err(|error| StoreError::Unreadable(format!("running sessions: {error}")))?;
    let (highest, seen): (i64, i64) = (row.get(4)?, row.get(5)?);
    Ok(LinkRow {
        link: Link(row.get(0)?),
        number: row.get(1)?,
        state: match state.as_str() {
            "current" => LinkState::Current,
            _ => LinkState::Pending,
        },
        running: running.iter().filter_map(|session| SessionId::from_hex(session)).collect(),
        window: Window::from_parts(from_bits(highest), from_bits(seen)),
        stepped_ms: row.get(6)?,
    })
}

impl Tx<'_> {
    /// The link that a challenge named, if it is not over.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn link_of_challenge(
        &self,
        controller: &ControllerId,
        challenge: Challenge,
    ) -> Result<Option<LinkRow>, StoreError> {
        self.query_one(
            &format!("{LINK} WHERE controller = $1 AND challenge = $2"),
            params![controller, challenge.0],
            read_link,
        )
    }

    /// Whether a challenge named a link that is over.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn is_spent(&self, controller: &ControllerId, challenge: Challenge) -> Result<bool, StoreError> {
        let found = self.query_one(
            "SELECT 1 FROM spent_challenges WHERE controller = $1 AND challenge = $2",
            params![controller, challenge.0],
            |row| row.get::<i64>(0),
        )?;
        Ok(found.is_some())
    }

    /// The link of this name, if it is not over.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn link(&self, controller: &ControllerId, link: Link) -> Result<Option<LinkRow>, StoreError> {
        self.query_one(&format!("{LINK} WHERE controller = $1 AND link = $2"), params![controller, link.0], read_link)
    }

    /// The link in use.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn current_link(&self, controller: &ControllerId) -> Result<Option<Link>, StoreError> {
        self.query_one(
            "SELECT link FROM links WHERE controller = $1 AND state = 'current'",
            params![controller],
            |row| row.get(0).map(Link),
        )
    }

    /// Makes a pending link; of the pending ones the newest `kept` stay.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn add_link(
        &self,
        controller: &ControllerId,
        link: Link,
        challenge: Challenge,
        running: &[SessionId],
        kept: i64,
    ) -> Result<(), StoreError> {
        let number: i64 = self
            .query_one(
                "SELECT COALESCE(MAX(number), 0) + 1 FROM links WHERE controller = $1",
                params![controller],
                |row| row.get(0),
            )?
            .unwrap_or(1);
        let hello = serde_json::json!(running.iter().map(ToString::to_string).collect::<Vec<_>>()).to_string();
        self.execute(
            "INSERT INTO links (controller, link, challenge, number, state, at, hello)
             VALUES ($1, $2, $3, $4, 'pending', $5, $6)",
            params![controller, link.0, challenge.0, number, self.now(), hello],
        )?;
        self.end_links_where(
            "controller = $1 AND state = 'pending' AND number < (
                 SELECT MIN(number) FROM (SELECT number FROM links WHERE controller = $1 AND state = 'pending'
                                          ORDER BY number DESC LIMIT $2) AS newest)",
            params![controller, kept],
        )
    }

    /// Makes a pending link the one in use; the former and all older pending ones are gone, newer ones stay.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn take_up_link(&self, controller: &ControllerId, number: i64) -> Result<(), StoreError> {
        self.end_links_where(
            "controller = $1 AND (state = 'current' OR (state = 'pending' AND number < $2))",
            params![controller, number],
        )?;
        self.execute(
            "UPDATE links SET state = 'current' WHERE controller = $1 AND number = $2",
            params![controller, number],
        )?;
        Ok(())
    }

    /// Ends all links of a controller, as when its secrets change.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_links(&self, controller: &ControllerId) -> Result<(), StoreError> {
        self.end_links_where("controller = $1", params![controller])
    }

    /// Ends the links of all controllers: what they said to a registry that this one does not remember is not said to it.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn end_all_links(&self) -> Result<(), StoreError> {
        self.end_links_where("TRUE", params![])
    }

    /// Ends links: of each, what must never come again stays.
    fn end_links_where(&self, condition: &str, parameters: &[Value<'_>]) -> Result<(), StoreError> {
        self.execute(
            &format!(
                "INSERT INTO spent_challenges (controller, challenge, at)
                 SELECT controller, challenge, at FROM links WHERE {condition}"
            ),
            parameters,
        )?;
        self.execute(&format!("DELETE FROM links WHERE {condition}"), parameters)?;
        Ok(())
    }

    /// Forgets the challenges of links that are over, at most `most` at a time, and tells how many: those of welcomes before
    /// an instant, or all.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn forget_challenges(
        &self,
        controller: &ControllerId,
        before: Option<Time>,
        most: u32,
    ) -> Result<usize, StoreError> {
        self.execute(
            "DELETE FROM spent_challenges WHERE controller = $1 AND challenge IN (
                 SELECT challenge FROM spent_challenges WHERE controller = $1 AND at < $2 LIMIT $3)",
            params![controller, before.unwrap_or(Time::from_millis(i64::MAX)), most],
        )
    }

    /// Controllers that have challenges of links that are over, in the order of their names.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn with_spent_challenges(&self) -> Result<Vec<ControllerId>, StoreError> {
        self.query("SELECT DISTINCT controller FROM spent_challenges ORDER BY controller", params![], |row| row.get(0))
    }

    /// Notes which counter values of a link were seen.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn mark_link(&self, controller: &ControllerId, row: &LinkRow) -> Result<(), StoreError> {
        self.execute(
            "UPDATE links SET highest_n = $1, seen = $2 WHERE controller = $3 AND link = $4",
            params![to_bits(row.window.highest()), to_bits(row.window.bitmap()), controller, row.link.0],
        )?;
        Ok(())
    }
}
