//! In what state an award is at an instant: one answer for the API and for its owner's page.

use tremen_rules::{Award, Time};

/// The state of an award: the first that holds, in the order in which a decision tests them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwardState {
    /// It was made for a time that has not begun.
    ToCome,
    /// Another has taken its place.
    Superseded,
    /// It was taken back, for good.
    Revoked,
    /// It is suspended for a time.
    Suspended,
    /// Its time is over.
    Expired,
    /// It stands.
    Standing,
}

impl AwardState {
    /// The state of an award at an instant.
    #[must_use]
    pub fn of(award: &Award, now: Time) -> Self {
        let since = |at: Option<Time>| at.is_some_and(|at| at <= now);
        if award.issued_at > now {
            Self::ToCome
        } else if since(award.superseded_at) {
            Self::Superseded
        } else if since(award.revoked_at) {
            Self::Revoked
        } else if award.suspensions.iter().any(|span| span.covers(now)) {
            Self::Suspended
        } else if since(award.valid_until) {
            Self::Expired
        } else {
            Self::Standing
        }
    }

    /// The word for it in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToCome => "to_come",
            Self::Superseded => "superseded",
            Self::Revoked => "revoked",
            Self::Suspended => "suspended",
            Self::Expired => "expired",
            Self::Standing => "standing",
        }
    }
}
