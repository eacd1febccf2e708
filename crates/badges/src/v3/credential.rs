//! The credentials that an issuer signs: of an award, of an endorsement, of a status list.

use serde::Serialize;

use super::Document;
use super::achievement::{Achievement, LevelResult};
use crate::contexts::{CREDENTIALS_V2, OPEN_BADGES_V3};
use crate::dates;
use crate::facts::{Addresses, AwardFacts, EndorsementFacts, IssuerFacts, Recipient, StatusPlace};
use crate::identity::HashedIdentity;
use crate::status_list::StatusList;
use tremen_rules::Time;

/// The contexts of a badge, in the order that VCDM section 4.3 fixes.
const CONTEXTS: [&str; 2] = [CREDENTIALS_V2, OPEN_BADGES_V3];

/// Who issues (OB3, `Profile`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Profile {
    id: String,
    r#type: [&'static str; 1],
    name: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    endorsement: Vec<serde_json::Value>,
}

impl Profile {
    /// The profile of an issuer.
    #[must_use]
    pub fn of(issuer: &IssuerFacts) -> Self {
        Self {
            id: issuer.did.clone(),
            r#type: ["Profile"],
            name: issuer.name.clone(),
            url: issuer.url.clone(),
            email: issuer.email.clone(),
            endorsement: Vec::new(),
        }
    }
}

/// Where to ask whether a credential still stands (BSL, section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusEntry {
    id: String,
    r#type: &'static str,
    status_purpose: &'static str,
    status_list_index: String,
    status_list_credential: String,
}

impl StatusEntry {
    /// The entry at this place.
    #[must_use]
    pub fn of(place: &StatusPlace) -> Self {
        Self {
            id: format!("{}#{}", place.list, place.index),
            r#type: "BitstringStatusListEntry",
            status_purpose: "revocation",
            status_list_index: place.index.to_string(),
            status_list_credential: place.list.clone(),
        }
    }
}

/// What an issuer says of a subject, of whichever kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Credential<S> {
    #[serde(rename = "@context")]
    context: [&'static str; 2],
    id: String,
    r#type: [&'static str; 2],
    name: String,
    issuer: Profile,
    #[serde(skip_serializing_if = "Option::is_none")]
    awarded_date: Option<String>,
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    credential_subject: S,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Evidence>,
    credential_status: StatusEntry,
}

impl<S: Serialize> Document for Credential<S> {
    fn issuer(&self) -> &str {
        &self.issuer.id
    }
}

/// An award (OB3, `AchievementCredential`).
pub type AchievementCredential = Credential<AchievementSubject>;

/// Somebody's support for an award, a class or an issuer (OB3, `EndorsementCredential`).
pub type EndorsementCredential = Credential<EndorsementSubject>;

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
struct Evidence {
    id: String,
    r#type: [&'static str; 1],
    name: String,
    description: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    genre: Option<String>,
}

/// Facts that make no badge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// A hashed recipient without an identity.
    #[error("the award names no recipient: at least one hashed identity, or none at all and a `urn:uuid:`")]
    NoRecipient,
    /// An anonymous recipient that could be recognised.
    #[error("`{0}` is not a `urn:uuid:` made for one award")]
    NotAnonymous(String),
    /// A level that the reference doesn't have.
    #[error("the reference `{reference}` has no level {level}")]
    UnknownLevel {
        /// The reference.
        reference: String,
        /// The level's number.
        level: u32,
    },
    /// It would end before it begins.
    #[error("the end lies before the beginning")]
    EndsBeforeItBegins,
}

impl Credential<AchievementSubject> {
    /// The badge of an award. An anonymous one tells neither an identity nor what was shown.
    ///
    /// # Errors
    /// [`FactsError`].
    pub fn of(award: &AwardFacts, addresses: &Addresses) -> Result<Self, FactsError> {
        ends_after(award.valid_from, award.valid_until)?;
        let (id, identities) = match &award.recipient {
            Recipient::Hashed(identities) if identities.is_empty() => return Err(FactsError::NoRecipient),
            Recipient::Hashed(identities) => (None, identities.as_slice()),
            Recipient::Anonymous(urn) if urn.starts_with("urn:uuid:") => (Some(urn.clone()), &[][..]),
            Recipient::Anonymous(other) => return Err(FactsError::NotAnonymous(other.clone())),
        };
        let class = addresses.class(&award.reference.id, award.reference.version);
        let evidence = award.evidence.iter().filter(|_| id.is_none()).map(|evidence| Evidence {
            id: evidence.url.clone(),
            r#type: ["Evidence"],
            name: evidence.name.clone(),
            description: evidence.description.clone(),
            genre: evidence.genre.clone(),
        });
        let has_levels = !award.reference.levels.is_empty();
        if has_levels && !award.reference.levels.iter().any(|level| level.level == award.level) {
            let reference = award.reference.id.clone();
            return Err(FactsError::UnknownLevel { reference, level: award.level.number() });
        }
        Ok(Self {
            context: CONTEXTS,
            id: addresses.award(&award.id),
            r#type: ["VerifiableCredential", "OpenBadgeCredential"],
            name: award.name.clone(),
            issuer: Profile { endorsement: award.issuer_endorsements.clone(), ..Profile::of(&award.issuer) },
            awarded_date: Some(dates::format(award.awarded_at)),
            valid_from: dates::format(award.valid_from),
            valid_until: award.valid_until.map(dates::format),
            evidence: evidence.collect(),
            credential_subject: AchievementSubject {
                id,
                r#type: ["AchievementSubject"],
                identifier: identities.iter().map(IdentityObject::of).collect(),
                achievement: Achievement::of(&award.reference, &award.class_endorsements, addresses),
                result: has_levels.then(|| LevelResult::of(&class, award.level)).into_iter().collect(),
            },
            credential_status: StatusEntry::of(&award.status),
        })
    }
}

/// What is supported, and why (OB3, `EndorsementSubject`).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EndorsementSubject {
    id: String,
    r#type: [&'static str; 1],
    endorsement_comment: String,
}

impl Credential<EndorsementSubject> {
    /// The credential of an endorsement.
    ///
    /// # Errors
    /// [`FactsError::EndsBeforeItBegins`].
    pub fn of(endorsement: &EndorsementFacts, addresses: &Addresses) -> Result<Self, FactsError> {
        ends_after(endorsement.valid_from, endorsement.valid_until)?;
        Ok(Self {
            context: CONTEXTS,
            id: addresses.endorsement(&endorsement.id),
            r#type: ["VerifiableCredential", "EndorsementCredential"],
            name: endorsement.name.clone(),
            issuer: Profile::of(&endorsement.issuer),
            awarded_date: None,
            evidence: Vec::new(),
            valid_from: dates::format(endorsement.valid_from),
            valid_until: endorsement.valid_until.map(dates::format),
            credential_subject: EndorsementSubject {
                id: endorsement.about.clone(),
                r#type: ["EndorsementSubject"],
                endorsement_comment: endorsement.comment.clone(),
            },
            credential_status: StatusEntry::of(&endorsement.status),
        })
    }
}

/// An issuer's list of what is revoked (BSL, section 2.2).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusListCredential {
    #[serde(rename = "@context")]
    context: [&'static str; 1],
    id: String,
    r#type: [&'static str; 2],
    issuer: String,
    valid_from: String,
    credential_subject: StatusListSubject,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusListSubject {
    id: String,
    r#type: &'static str,
    status_purpose: &'static str,
    encoded_list: String,
}

impl StatusListCredential {
    /// The list at this address, of this issuer, from this instant.
    #[must_use]
    pub fn of(address: &str, issuer_did: &str, list: &StatusList, valid_from: Time) -> Self {
        Self {
            context: [CREDENTIALS_V2],
            id: address.to_owned(),
            r#type: ["VerifiableCredential", "BitstringStatusListCredential"],
            issuer: issuer_did.to_owned(),
            valid_from: dates::format(valid_from),
            credential_subject: StatusListSubject {
                id: format!("{address}#list"),
                r#type: "BitstringStatusList",
                status_purpose: "revocation",
                encoded_list: list.encode(),
            },
        }
    }
}

impl Document for StatusListCredential {
    fn issuer(&self) -> &str {
        &self.issuer
    }
}

fn ends_after(from: Time, until: Option<Time>) -> Result<(), FactsError> {
    match until {
        Some(until) if until < from => Err(FactsError::EndsBeforeItBegins),
        Some(_) | None => Ok(()),
    }
}
