//! What Tremen knows of an award, in the words that a badge needs. Given by the caller, checked where a norm asks it.
//!
//! Start at [`AwardFacts`]. The same facts make the 3.0 credential ([`crate::v3`]) and the hosted 2.0 assertion
//! ([`crate::v2`]). No name of a person has a place here.

use tremen_rules::{Level, Time};

use crate::identity::HashedIdentity;

/// Where a network's documents lie. One place knows the forms of the addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    origin: String,
}

/// An origin that is no `https://` origin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an origin: `https://`, a host name, nothing after it")]
pub struct InvalidOrigin(pub String);

impl Addresses {
    /// The addresses under this origin, for instance `https://tremen.example`.
    ///
    /// # Errors
    /// [`InvalidOrigin`] for another scheme, a path, or a port that `did:web` can't say.
    pub fn under(origin: &str) -> Result<Self, InvalidOrigin> {
        let host = origin.strip_prefix("https://").unwrap_or_default();
        let sound = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        if !sound {
            return Err(InvalidOrigin(origin.to_owned()));
        }
        Ok(Self { origin: origin.to_owned() })
    }

    /// The origin itself.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The host name.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin.trim_start_matches("https://")
    }

    /// The network's identifier (`did:web:tremen.example`).
    #[must_use]
    pub fn network_did(&self) -> String {
        format!("did:web:{}", self.host())
    }

    /// A venue's identifier (`did:web:tremen.example:lieux:port`).
    #[must_use]
    pub fn venue_did(&self, venue: &str) -> String {
        format!("did:web:{}:lieux:{venue}", self.host())
    }

    /// A venue's page.
    #[must_use]
    pub fn venue(&self, venue: &str) -> String {
        format!("{}/lieux/{venue}", self.origin)
    }

    /// An award's credential.
    #[must_use]
    pub fn award(&self, id: &str) -> String {
        format!("{}/badges/{id}", self.origin)
    }

    /// A version of a reference.
    #[must_use]
    pub fn class(&self, reference: &str, version: u32) -> String {
        format!("{}/moules/{reference}/{version}", self.origin)
    }

    /// An endorsement.
    #[must_use]
    pub fn endorsement(&self, id: &str) -> String {
        format!("{}/recommandations/{id}", self.origin)
    }

    /// A venue's status list.
    #[must_use]
    pub fn status_list(&self, venue: &str, list: u32) -> String {
        format!("{}/statuts/{list}", self.venue(venue))
    }

    /// The 2.0 form of an address under this origin.
    #[must_use]
    pub fn v2(&self, address: &str) -> String {
        match address.strip_prefix(&self.origin) {
            Some(path) => format!("{}/ob2{path}", self.origin),
            None => address.to_owned(),
        }
    }
}

/// Who issues, or who made a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerFacts {
    /// Its identifier, a DID.
    pub did: String,
    /// Its name.
    pub name: String,
    /// Its page.
    pub url: String,
    /// A role's address, never a person's.
    pub email: Option<String>,
}

/// What a badge certifies, by the closed list of Open Badges 3.0 (`AchievementType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AchievementType {
    /// Time-limited and revocable: a safety reference.
    Certification,
    /// Demanded by an authority, by the venue's own word.
    License,
    /// A competence.
    Competency,
    /// A work shown.
    Achievement,
    /// Having taken part.
    CertificateOfCompletion,
    /// A pathway.
    LearningProgram,
    /// Membership, a tie between people or organisations.
    Membership,
}

impl AchievementType {
    /// The type as the norm spells it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certification => "Certification",
            Self::License => "License",
            Self::Competency => "Competency",
            Self::Achievement => "Achievement",
            Self::CertificateOfCompletion => "CertificateOfCompletion",
            Self::LearningProgram => "LearningProgram",
            Self::Membership => "Membership",
        }
    }
}

/// One level of a reference, in the class's language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LevelFacts {
    /// Which level.
    pub level: Level,
    /// Its name for people.
    pub name: String,
    /// What it allows.
    pub description: String,
}

/// A version of a reference: the class ("moule"). A published version never changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceFacts {
    /// Its id.
    pub id: String,
    /// Its version, at least 1.
    pub version: u32,
    /// Its title.
    pub title: String,
    /// What a holder can do.
    pub description: String,
    /// How it is obtained.
    pub criteria: String,
    /// The image's text for those who don't see it.
    pub image_caption: String,
    /// What kind of badge it is.
    pub kind: AchievementType,
    /// Who made it.
    pub creator: IssuerFacts,
    /// Its language (`fr`).
    pub language: String,
    /// A short code for people.
    pub human_code: Option<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The name of the scale of levels.
    pub scale: String,
    /// Its levels, from low to high.
    pub levels: Vec<LevelFacts>,
    /// The steps of a pathway: address and title of each class.
    pub steps: Vec<(String, String)>,
}

/// Who holds an award, as a badge tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// Hashed identities, at least one; a new salt for each award.
    Hashed(Vec<HashedIdentity>),
    /// Nobody is named: a random `urn:uuid:` that is used for this award alone.
    Anonymous(String),
}

/// What the award rests on. Never a name or a face.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFacts {
    /// Its address.
    pub url: String,
    /// Its name.
    pub name: String,
    /// What was shown.
    pub description: String,
    /// What kind of proof it is.
    pub genre: Option<String>,
}

/// A place in a status list, drawn at random and never used twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusPlace {
    /// The list's address.
    pub list: String,
    /// The place, below [`StatusList::LENGTH`](crate::status_list::StatusList::LENGTH).
    pub index: u32,
}

/// One award, for its badge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwardFacts {
    /// Its id in addresses: opaque and unguessable.
    pub id: String,
    /// Its name for people.
    pub name: String,
    /// Who awards.
    pub issuer: IssuerFacts,
    /// The venue's 2.0 profile.
    pub issuer_v2: String,
    /// The reference and its version.
    pub reference: ReferenceFacts,
    /// The level.
    pub level: Level,
    /// To whom.
    pub recipient: Recipient,
    /// When it was awarded; kept when the document is signed anew.
    pub awarded_at: Time,
    /// From when this signature speaks; moves at each new signature.
    pub valid_from: Time,
    /// Its end.
    pub valid_until: Option<Time>,
    /// What it rests on.
    pub evidence: Vec<EvidenceFacts>,
    /// Its place in the issuer's status list.
    pub status: StatusPlace,
    /// Signed endorsements of the class, carried inside.
    pub class_endorsements: Vec<serde_json::Value>,
    /// Signed endorsements of the issuer, carried inside.
    pub issuer_endorsements: Vec<serde_json::Value>,
}

/// One endorsement of an award, a class or an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndorsementFacts {
    /// Its id in addresses.
    pub id: String,
    /// Its name, which the norm demands.
    pub name: String,
    /// Who endorses.
    pub issuer: IssuerFacts,
    /// The endorser's 2.0 profile.
    pub issuer_v2: String,
    /// The id of what is endorsed: an award's, a class's or an issuer's.
    pub about: String,
    /// Why.
    pub comment: String,
    /// From when.
    pub valid_from: Time,
    /// Until when.
    pub valid_until: Option<Time>,
    /// Its place in the endorser's status list.
    pub status: StatusPlace,
}
