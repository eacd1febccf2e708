//! The issuer's own document (`did.json`): which keys speak for it (CID, "Controlled identifier documents").

use serde::Serialize;

use crate::contexts::{DID_V1, MULTIKEY_V1};
use crate::keys::SigningKey;

/// An issuer's `did.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DidDocument {
    #[serde(rename = "@context")]
    context: [&'static str; 2],
    id: String,
    verification_method: Vec<Multikey>,
    assertion_method: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    also_known_as: Vec<String>,
}

/// One key of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Multikey {
    id: String,
    r#type: &'static str,
    controller: String,
    public_key_multibase: String,
}

impl DidDocument {
    /// The document of an issuer with these keys: address and multikey of each.
    ///
    /// A retired key stays as long as badges signed with it live; a stolen one is left out at once.
    #[must_use]
    pub fn of(did: &str, keys: &[(String, String)], page: Option<&str>) -> Self {
        let key = |(id, multikey): &(String, String)| Multikey {
            id: id.clone(),
            r#type: "Multikey",
            controller: did.to_owned(),
            public_key_multibase: multikey.clone(),
        };
        Self {
            context: [DID_V1, MULTIKEY_V1],
            id: did.to_owned(),
            verification_method: keys.iter().map(key).collect(),
            assertion_method: keys.iter().map(|(id, _)| id.clone()).collect(),
            also_known_as: page.map(str::to_owned).into_iter().collect(),
        }
    }
}

impl SigningKey {
    /// The key as [`DidDocument::of`] lists it: its address and its multikey.
    #[must_use]
    pub fn listed(&self) -> (String, String) {
        (self.id().to_owned(), self.public_multikey())
    }
}
