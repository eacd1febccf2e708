//! The JSON-LD contexts that this crate knows, pinned byte for byte. No other context is ever read.
//!
//! Start at [`Contexts::pinned`]. The files lie in `contexts/`, with their origin in `SOURCES.md`; a test holds their hashes.

use std::collections::BTreeMap;

use serde_json::Value;

/// The context of W3C verifiable credentials 2.0.
pub const CREDENTIALS_V2: &str = "https://www.w3.org/ns/credentials/v2";
/// The context of W3C verifiable credentials 1.1, which older issuers use.
pub const CREDENTIALS_V1: &str = "https://www.w3.org/2018/credentials/v1";
/// The context of Open Badges 3.0 that Tremen writes.
pub const OPEN_BADGES_V3: &str = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json";
/// The context of Open Badges 2.0.
pub const OPEN_BADGES_V2: &str = "https://w3id.org/openbadges/v2";
/// The context of a decentralised identifier's document.
pub const DID_V1: &str = "https://www.w3.org/ns/did/v1";
/// The context of a key in such a document.
pub const MULTIKEY_V1: &str = "https://w3id.org/security/multikey/v1";

const FILES: [(&str, &str); 18] = [
    (CREDENTIALS_V2, include_str!("../contexts/credentials-v2.jsonld")),
    ("https://www.w3.org/ns/credentials/examples/v2", include_str!("../contexts/credentials-examples-v2.jsonld")),
    (
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
        include_str!("../contexts/credentials-undefined-terms-v2.jsonld"),
    ),
    (OPEN_BADGES_V3, include_str!("../contexts/ob-3.0.3.json")),
    ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json", include_str!("../contexts/ob-3.0.2.json")),
    ("https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json", include_str!("../contexts/ob-3.0.1.json")),
    ("https://purl.imsglobal.org/spec/ob/v3p0/context.json", include_str!("../contexts/ob-3.0.json")),
    ("https://purl.imsglobal.org/spec/ob/v3p0/extensions.json", include_str!("../contexts/ob-3.0-extensions.json")),
    (OPEN_BADGES_V2, include_str!("../contexts/ob-2.0.json")),
    (CREDENTIALS_V1, include_str!("../contexts/credentials-v1.jsonld")),
    ("https://w3id.org/security/data-integrity/v1", include_str!("../contexts/data-integrity-v1.jsonld")),
    ("https://w3id.org/security/data-integrity/v2", include_str!("../contexts/data-integrity-v2.jsonld")),
    (MULTIKEY_V1, include_str!("../contexts/multikey-v1.jsonld")),
    ("https://w3id.org/security/suites/ed25519-2020/v1", include_str!("../contexts/ed25519-2020-v1.jsonld")),
    (DID_V1, include_str!("../contexts/did-v1.jsonld")),
    ("https://www.w3.org/ns/cid/v1", include_str!("../contexts/cid-v1.jsonld")),
    ("https://www.w3.org/ns/credentials/status/v1", include_str!("../contexts/credentials-status-v1.jsonld")),
    ("https://w3id.org/vc/status-list/2021/v1", include_str!("../contexts/status-list-2021-v1.jsonld")),
];

/// The pinned contexts, read once and handed to whatever signs or verifies.
#[derive(Debug, Clone)]
pub struct Contexts {
    by_url: BTreeMap<&'static str, Value>,
}

impl Contexts {
    /// Every context that this crate ships with.
    #[must_use]
    pub fn pinned() -> Self {
        let by_url = FILES
            .iter()
            .filter_map(|(url, text)| {
                let mut document: Value = serde_json::from_str(text).ok()?;
                Some((*url, document.get_mut("@context")?.take()))
            })
            .collect();
        Self { by_url }
    }

    /// The context at this address, if it is pinned.
    #[must_use]
    pub fn get(&self, url: &str) -> Option<&Value> {
        self.by_url.get(url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::{hex, sha256};

    #[test]
    fn every_pinned_context_has_the_bytes_that_were_pinned() {
        let index: Value = serde_json::from_str(include_str!("../contexts/index.json")).unwrap();
        let index = index.as_object().unwrap();
        assert_eq!(index.len(), FILES.len());
        for (url, text) in FILES {
            assert_eq!(index[url]["sha256"], hex(&sha256(text.as_bytes())), "{url}");
        }
        assert_eq!(Contexts::pinned().by_url.len(), FILES.len());
    }
}
