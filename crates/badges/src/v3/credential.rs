//! What the credentials of awards and of endorsements have in common: who says it, from when, until when, and where to ask whether
//! it still stands. Start at [`Frame::around`].

use serde::Serialize;

use super::Document;
use super::award::Evidence;
use crate::contexts::{CREDENTIALS_V2, OPEN_BADGES_V3};
use crate::dates;
use crate::facts::{IssuerFacts, StatusPlace};
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
    pub(super) endorsement: Vec<serde_json::Value>,
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
    pub(super) awarded_date: Option<String>,
    valid_from: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    credential_subject: S,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) evidence: Vec<Evidence>,
    credential_status: StatusEntry,
}

impl<S: Serialize> Document for Credential<S> {
    fn issuer(&self) -> &str {
        &self.issuer.id
    }
}

/// All that a credential says beside its subject.
pub(super) struct Frame<'f> {
    pub kind: &'static str,
    pub id: String,
    pub name: &'f str,
    pub issuer: Profile,
    pub from: Time,
    pub until: Option<Time>,
    pub status: &'f StatusPlace,
}

impl Frame<'_> {
    /// The credential of this subject.
    pub(super) fn around<S>(self, subject: S) -> Result<Credential<S>, FactsError> {
        if self.until.is_some_and(|until| until < self.from) {
            return Err(FactsError::EndsBeforeItBegins);
        }
        Ok(Credential {
            context: CONTEXTS,
            id: self.id,
            r#type: ["VerifiableCredential", self.kind],
            name: self.name.to_owned(),
            issuer: self.issuer,
            awarded_date: None,
            valid_from: dates::format(self.from),
            valid_until: self.until.map(dates::format),
            credential_subject: subject,
            evidence: Vec::new(),
            credential_status: StatusEntry::of(self.status),
        })
    }
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
