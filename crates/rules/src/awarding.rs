//! What becomes of an award: made, renewed, suspended, resumed, revoked. Pure: facts in, facts out.
//!
//! Start at [`Draft::award`]. Nothing is edited away: a change adds an instant to the award, and never takes one back. Who may
//! make a change is for [`authority`](crate::authority).

use crate::dossier::{Award, Level};
use crate::ids::{AwardId, IssuerId, PersonId, ReferenceId};
use crate::months;
use crate::network::Network;
use crate::time::{Span, Time};

/// Why an award cannot be made or changed so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwardError {
    /// The reference is not in the network file.
    #[error("no reference has the id `{0}`")]
    UnknownReference(ReferenceId),
    /// The issuer is not in the network file.
    #[error("no issuer has the id `{0}`")]
    UnknownIssuer(IssuerId),
    /// The version never existed.
    #[error("version {version} of `{reference}` does not exist: 1 to {current}")]
    UnknownVersion {
        /// Of which reference.
        reference: ReferenceId,
        /// Which version was asked for.
        version: u32,
        /// The newest that exists.
        current: u32,
    },
    /// It would end before it begins.
    #[error("the award would end at {until}, not after it is issued, at {issued_at}")]
    EndsTooSoon {
        /// When it would be issued.
        issued_at: Time,
        /// When it would end.
        until: Time,
    },
    /// A successor is of the same person, reference and issuer.
    #[error("award `{0}` can only be superseded by one of the same person, reference and issuer")]
    NotTheSame(AwardId),
    /// A successor is issued no earlier than what it supersedes.
    #[error("award `{award}` was issued at {issued_at}: a later award can supersede it, not an earlier one")]
    IssuedLater {
        /// Which award.
        award: AwardId,
        /// When it was issued.
        issued_at: Time,
    },
    /// It has a successor already.
    #[error("award `{0}` is already superseded: renew its successor")]
    AlreadySuperseded(AwardId),
    /// It is revoked, for good.
    #[error("award `{0}` is already revoked")]
    AlreadyRevoked(AwardId),
    /// A suspension would end before it begins.
    #[error("the suspension of award `{0}` would end before it begins: its end comes after its beginning")]
    EmptySuspension(AwardId),
    /// It is suspended already at that time.
    #[error("award `{0}` is already suspended then: resume it first")]
    AlreadySuspended(AwardId),
    /// It is not suspended.
    #[error("award `{0}` is not suspended")]
    NotSuspended(AwardId),
}

/// An award that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its id.
    pub id: AwardId,
    /// To whom.
    pub person: PersonId,
    /// Which reference.
    pub reference: ReferenceId,
    /// Which version; none: the current one.
    pub version: Option<u32>,
    /// At which level.
    pub level: Level,
    /// By whom.
    pub issuer: IssuerId,
    /// When.
    pub issued_at: Time,
    /// Its end, where one is given; none: from the reference's validity, now and once for all.
    pub valid_until: Option<Time>,
}

impl Draft {
    /// Makes the award. Its end is fixed here: a later change of the reference changes no award.
    ///
    /// # Errors
    /// [`AwardError`] where the reference, the version or the issuer does not exist, or the award would be over before it
    /// begins.
    pub fn award(&self, network: &Network) -> Result<Award, AwardError> {
        let unknown = || AwardError::UnknownReference(self.reference.clone());
        let reference = network.references.get(&self.reference).ok_or_else(unknown)?;
        if !network.issuers.contains_key(&self.issuer) {
            return Err(AwardError::UnknownIssuer(self.issuer.clone()));
        }
        let (version, current) = (self.version.unwrap_or(reference.version), reference.version);
        if !(1..=current).contains(&version) {
            return Err(AwardError::UnknownVersion { reference: self.reference.clone(), version, current });
        }
        let from_validity = || months::valid_until(self.issued_at, reference.valid_months, network.settings.time_zone);
        let valid_until = self.valid_until.or_else(from_validity);
        if let Some(until) = valid_until.filter(|until| *until <= self.issued_at) {
            return Err(AwardError::EndsTooSoon { issued_at: self.issued_at, until });
        }
        Ok(Award {
            id: self.id.clone(),
            reference: self.reference.clone(),
            version,
            level: self.level,
            issuer: self.issuer.clone(),
            issued_at: self.issued_at,
            valid_until,
            superseded_at: None,
            revoked_at: None,
            suspensions: Vec::new(),
        })
    }

    /// Makes the award as the successor of one that `holder` holds, and returns it after the superseded one.
    ///
    /// # Errors
    /// As [`Draft::award`]; and where the old award is not of the same person, reference and issuer, was issued later, or
    /// is superseded already. A revoked award may be superseded: that lifts nothing, since the successor is an award of
    /// its own.
    pub fn renewal(&self, old: &Award, holder: &PersonId, network: &Network) -> Result<(Award, Award), AwardError> {
        if *holder != self.person || old.reference != self.reference || old.issuer != self.issuer || old.id == self.id {
            return Err(AwardError::NotTheSame(old.id.clone()));
        }
        if old.superseded_at.is_some() {
            return Err(AwardError::AlreadySuperseded(old.id.clone()));
        }
        if old.issued_at > self.issued_at {
            return Err(AwardError::IssuedLater { award: old.id.clone(), issued_at: old.issued_at });
        }
        let successor = self.award(network)?;
        let superseded = Award { superseded_at: Some(successor.issued_at), ..old.clone() };
        Ok((superseded, successor))
    }
}

impl Award {
    /// Revokes the award from `at` on, for good; one that is issued later, from its issue on.
    ///
    /// # Errors
    /// [`AwardError::AlreadyRevoked`].
    pub fn revoked(&self, at: Time) -> Result<Self, AwardError> {
        if self.revoked_at.is_some() {
            return Err(AwardError::AlreadyRevoked(self.id.clone()));
        }
        Ok(Self { revoked_at: Some(at.max(self.issued_at)), ..self.clone() })
    }

    /// Suspends the award for a time.
    ///
    /// # Errors
    /// [`AwardError::AlreadyRevoked`], [`AwardError::EmptySuspension`], or [`AwardError::AlreadySuspended`] where it would
    /// overlap another suspension.
    pub fn suspended(&self, span: Span) -> Result<Self, AwardError> {
        if self.revoked_at.is_some() {
            return Err(AwardError::AlreadyRevoked(self.id.clone()));
        }
        if span.is_empty() {
            return Err(AwardError::EmptySuspension(self.id.clone()));
        }
        let overlaps = |other: &Span| !other.is_empty() && other.from < span.end() && span.from < other.end();
        if self.suspensions.iter().any(overlaps) {
            return Err(AwardError::AlreadySuspended(self.id.clone()));
        }
        let mut suspended = self.clone();
        suspended.suspensions.push(span);
        Ok(suspended)
    }

    /// Ends the suspension that covers `at`.
    ///
    /// # Errors
    /// [`AwardError::NotSuspended`], [`AwardError::AlreadyRevoked`].
    pub fn resumed(&self, at: Time) -> Result<Self, AwardError> {
        if self.revoked_at.is_some() {
            return Err(AwardError::AlreadyRevoked(self.id.clone()));
        }
        let mut resumed = self.clone();
        let covering: Vec<_> = resumed.suspensions.iter_mut().filter(|span| span.covers(at)).collect();
        if covering.is_empty() {
            return Err(AwardError::NotSuspended(self.id.clone()));
        }
        for span in covering {
            span.until = Some(at);
        }
        Ok(resumed)
    }
}
