//! An issuer's list of what it revoked, as the credential that it signs.

use serde::Serialize;

use super::Document;
use crate::contexts::CREDENTIALS_V2;
use crate::dates;
use crate::status_list::StatusList;
use tremen_rules::Time;

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
