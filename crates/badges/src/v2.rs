//! Open Badges 2.0 documents, hosted, made from the same facts as the 3.0 ones.
//!
//! Start at [`Assertion::of`]. They carry no signature: what their address answers is what counts, and 410 with
//! [`Revoked`] when the award was revoked. 2.0 wants the class under its issuer's origin, so each venue serves its copy.

use serde::Serialize;

use crate::contexts::OPEN_BADGES_V2;
use crate::dates;
use crate::facts::{Addresses, AwardFacts, EndorsementFacts, IssuerFacts, Recipient, ReferenceFacts};
use crate::identity::sha256_identity;

/// The media type of 2.0 documents.
pub const MEDIA_TYPE: &str = "application/ld+json";

/// An award (OB2, `Assertion`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Assertion {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    id: String,
    recipient: Identity,
    badge: String,
    issued_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    verification: Hosted,
    image: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<Evidence>,
    #[serde(skip_serializing_if = "Option::is_none")]
    narrative: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Identity {
    r#type: &'static str,
    hashed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    salt: Option<String>,
    identity: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Hosted {
    r#type: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Evidence {
    id: String,
    name: String,
    narrative: String,
}

impl Assertion {
    /// The hosted assertion of an award. 2.0 has one recipient: the first identity; an anonymous one is the hashed `urn:uuid:`.
    #[must_use]
    pub fn of(award: &AwardFacts, addresses: &Addresses) -> Self {
        let id = addresses.v2(&addresses.award(&award.id));
        let hashed =
            |urn: &str| Identity { r#type: "id", hashed: true, salt: None, identity: sha256_identity(urn, "") };
        let (recipient, named) = match &award.recipient {
            Recipient::Hashed(identities) => match identities.first() {
                Some(first) => (
                    Identity {
                        r#type: first.kind().v2(),
                        hashed: true,
                        salt: Some(first.salt().to_owned()),
                        identity: first.hash().to_owned(),
                    },
                    true,
                ),
                None => (hashed(&id), false),
            },
            Recipient::Anonymous(urn) => (hashed(urn), false),
        };
        let level = award.reference.levels.iter().find(|level| level.level == award.level);
        let evidence = award.evidence.iter().filter(|_| named).map(|evidence| Evidence {
            id: evidence.url.clone(),
            name: evidence.name.clone(),
            narrative: evidence.description.clone(),
        });
        Self {
            context: OPEN_BADGES_V2,
            r#type: "Assertion",
            recipient,
            badge: addresses.v2(&addresses.class(&award.reference.id, award.reference.version)),
            issued_on: dates::format(award.awarded_at),
            expires: award.valid_until.map(dates::format),
            verification: Hosted { r#type: "hosted" },
            image: format!("{id}/image.png"),
            evidence: evidence.collect(),
            // 2.0 has no levels: the text tells it.
            narrative: level.map(|level| format!("Niveau {} — {}", level.level.number(), level.name)),
            id,
        }
    }
}

/// A version of a reference (OB2, `BadgeClass`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BadgeClass {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    id: String,
    name: String,
    description: String,
    image: Image,
    criteria: Criteria,
    issuer: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(rename = "@language")]
    language: String,
    version: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Image {
    id: String,
    caption: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Criteria {
    id: String,
    narrative: String,
}

impl BadgeClass {
    /// The class, as this issuer's copy (`issuer` is the address of its 2.0 profile).
    #[must_use]
    pub fn of(reference: &ReferenceFacts, issuer: &str, addresses: &Addresses) -> Self {
        let class = addresses.class(&reference.id, reference.version);
        Self {
            context: OPEN_BADGES_V2,
            r#type: "BadgeClass",
            id: addresses.v2(&class),
            name: reference.title.clone(),
            description: reference.description.clone(),
            image: Image { id: format!("{class}/image.png"), caption: reference.image_caption.clone() },
            criteria: Criteria { id: format!("{class}/criteres"), narrative: reference.criteria.clone() },
            issuer: issuer.to_owned(),
            tags: reference.tags.clone(),
            language: reference.language.clone(),
            version: reference.version.to_string(),
        }
    }
}

/// An issuer (OB2, `Profile`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Issuer {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    id: String,
    name: String,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    verification: IssuerHosted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct IssuerHosted {
    r#type: &'static str,
    starts_with: String,
    allowed_origins: String,
}

impl Issuer {
    /// The 2.0 profile of an issuer at this address; its badges lie under the network's `/ob2/`.
    #[must_use]
    pub fn of(issuer: &IssuerFacts, address: &str, addresses: &Addresses) -> Self {
        Self {
            context: OPEN_BADGES_V2,
            r#type: "Issuer",
            id: address.to_owned(),
            name: issuer.name.clone(),
            url: issuer.url.clone(),
            email: issuer.email.clone(),
            verification: IssuerHosted {
                r#type: "hosted",
                starts_with: format!("{}/ob2/", addresses.origin()),
                allowed_origins: addresses.host().to_owned(),
            },
        }
    }
}

/// Somebody's support (OB2, `Endorsement`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Endorsement {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    id: String,
    issuer: String,
    claim: Claim,
    issued_on: String,
    verification: Hosted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Claim {
    id: String,
    endorsement_comment: String,
}

impl Endorsement {
    /// The hosted endorsement; `about` is the 2.0 address of what is endorsed.
    #[must_use]
    pub fn of(endorsement: &EndorsementFacts, about: &str, addresses: &Addresses) -> Self {
        Self {
            context: OPEN_BADGES_V2,
            r#type: "Endorsement",
            id: addresses.v2(&addresses.endorsement(&endorsement.id)),
            issuer: endorsement.issuer_v2.clone(),
            claim: Claim { id: about.to_owned(), endorsement_comment: endorsement.comment.clone() },
            issued_on: dates::format(endorsement.valid_from),
            verification: Hosted { r#type: "hosted" },
        }
    }
}

/// What the address of a revoked assertion answers, with status 410 (OB2, "Revoking Hosted Assertions").
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Revoked {
    #[serde(rename = "@context")]
    context: &'static str,
    r#type: &'static str,
    id: String,
    revoked: bool,
    revocation_reason: String,
}

impl Revoked {
    /// The body for this award. The reason is public: one of a fixed list, never what was written inside.
    #[must_use]
    pub fn of(award: &str, reason: &str, addresses: &Addresses) -> Self {
        Self {
            context: OPEN_BADGES_V2,
            r#type: "Assertion",
            id: addresses.v2(&addresses.award(award)),
            revoked: true,
            revocation_reason: reason.to_owned(),
        }
    }
}
