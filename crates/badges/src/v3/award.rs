//! The badge of an award: who achieved what, at which level, shown by what.

use serde::Serialize;

use super::achievement::{Achievement, LevelResult};
use super::credential::{Credential, FactsError, Frame, Profile};
use crate::dates;
use crate::facts::{Addresses, AwardFacts, EvidenceFacts, Recipient};
use crate::identity::HashedIdentity;

/// An award (OB3, `AchievementCredential`).
pub type AchievementCredential = Credential<AchievementSubject>;

/// Who achieved what (OB3, `AchievementSubject`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AchievementSubject {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    r#type: [&'static str; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    identifier: Vec<IdentityObject>,
    achievement: Achievement,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    result: Vec<LevelResult>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct IdentityObject {
    r#type: &'static str,
    hashed: bool,
    identity_hash: String,
    identity_type: &'static str,
    salt: String,
}

impl IdentityObject {
    fn of(identity: &HashedIdentity) -> Self {
        Self {
            r#type: "IdentityObject",
            hashed: true,
            identity_hash: identity.hash().to_owned(),
            identity_type: identity.kind().v3(),
            salt: identity.salt().to_owned(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Evidence {
    id: String,
    r#type: [&'static str; 1],
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    genre: Option<String>,
}

impl Evidence {
    fn of(evidence: &EvidenceFacts) -> Self {
        Self {
            id: evidence.url.clone(),
            r#type: ["Evidence"],
            name: evidence.name.clone(),
            description: evidence.description.clone(),
            genre: evidence.genre.clone(),
        }
    }
}

impl Credential<AchievementSubject> {
    /// The badge of an award. An anonymous one tells neither an identity nor what was shown.
    ///
    /// # Errors
    /// [`FactsError`].
    pub fn of(award: &AwardFacts, addresses: &Addresses) -> Result<Self, FactsError> {
        let (id, identities) = match &award.recipient {
            Recipient::Hashed(identities) if identities.is_empty() => return Err(FactsError::NoRecipient),
            Recipient::Hashed(identities) => (None, identities.as_slice()),
            Recipient::Anonymous(urn) if urn.starts_with("urn:uuid:") => (Some(urn.clone()), &[][..]),
            Recipient::Anonymous(other) => return Err(FactsError::NotAnonymous(other.clone())),
        };
        let class = addresses.class(&award.reference.id, award.reference.version);
        let evidence = award.evidence.iter().filter(|_| id.is_none()).map(Evidence::of).collect();
        let has_levels = !award.reference.levels.is_empty();
        if has_levels && !award.reference.levels.iter().any(|level| level.level == award.level) {
            let reference = award.reference.id.clone();
            return Err(FactsError::UnknownLevel { reference, level: award.level.number() });
        }
        let subject = AchievementSubject {
            id,
            r#type: ["AchievementSubject"],
            identifier: identities.iter().map(IdentityObject::of).collect(),
            achievement: Achievement::of(&award.reference, &award.class_endorsements, addresses),
            result: has_levels.then(|| LevelResult::of(&class, award.level)).into_iter().collect(),
        };
        let mut issuer = Profile::of(&award.issuer);
        issuer.endorsement = award.issuer_endorsements.clone();
        let frame = Frame {
            kind: "OpenBadgeCredential",
            id: addresses.award(&award.id),
            name: &award.name,
            issuer,
            from: award.valid_from,
            until: award.valid_until,
            status: &award.status,
        };
        let mut credential = frame.around(subject)?;
        credential.awarded_date = Some(dates::format(award.awarded_at));
        credential.evidence = evidence;
        Ok(credential)
    }
}
