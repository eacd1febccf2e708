//! Open Badges 3.0 documents, typed, made from Tremen's own facts.
//!
//! Start at [`AchievementCredential::of`] and [`Signed::by`]. A document can only be made from facts, so no unknown term
//! enters it; signing checks that again. Nothing here reads a foreign badge: that is [`crate::verify`].

mod achievement;
mod award;
mod credential;
mod did;
mod endorsement;
mod status_list;

use serde::Serialize;
use tremen_rules::Time;

pub use achievement::Achievement;
pub use award::{AchievementCredential, AchievementSubject};
pub use credential::{Credential, FactsError, Profile, StatusEntry};
pub use did::DidDocument;
pub use endorsement::{EndorsementCredential, EndorsementSubject};
pub use status_list::StatusListCredential;

use crate::contexts::Contexts;
use crate::keys::SigningKey;
use crate::proof::{self, CanonicalError};

/// The media type of credentials.
pub const CREDENTIAL_MEDIA_TYPE: &str = "application/vc+ld+json";
/// The media type of `did.json`.
pub const DID_MEDIA_TYPE: &str = "application/did+json";

/// A document with its proof. Written in the order of the norm's examples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signed<D> {
    #[serde(flatten)]
    document: D,
    proof: Proof,
}

/// A Data Integrity proof (DI, section 2.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Proof {
    r#type: &'static str,
    cryptosuite: &'static str,
    created: String,
    proof_purpose: &'static str,
    verification_method: String,
    proof_value: String,
}

/// Why a document was not signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    /// Something in it has no meaning under its contexts, so a reader would see more than was signed.
    #[error("not signed: {0}")]
    Canonical(#[from] CanonicalError),
    /// The key belongs to another issuer.
    #[error("not signed: the key `{key}` is not one of the issuer `{issuer}`")]
    KeyOfAnother {
        /// The key's address.
        key: String,
        /// The document's issuer.
        issuer: String,
    },
    /// It can't be written as JSON.
    #[error("not signed: the document cannot be written: {0}")]
    Unwritable(String),
}

/// A document that an issuer signs.
pub trait Document: Serialize {
    /// The identifier of its issuer.
    fn issuer(&self) -> &str;
}

impl<D: Document> Signed<D> {
    /// Signs a document with a key of its issuer. The same document, key and instant give the same bytes.
    ///
    /// # Errors
    /// [`SignError`].
    pub fn by(document: D, key: &SigningKey, contexts: &Contexts, created_at: Time) -> Result<Self, SignError> {
        let owner = key.id().split_once('#').map_or(key.id(), |(owner, _)| owner);
        if owner != document.issuer() {
            return Err(SignError::KeyOfAnother { key: key.id().to_owned(), issuer: document.issuer().to_owned() });
        }
        let value = serde_json::to_value(&document).map_err(|e| SignError::Unwritable(e.to_string()))?;
        let made = proof::sign(&value, key, contexts, created_at)?;
        let member = |name: &str| made.get(name).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
        let proof = Proof {
            r#type: "DataIntegrityProof",
            cryptosuite: proof::EDDSA_RDFC_2022,
            created: member("created"),
            proof_purpose: "assertionMethod",
            verification_method: member("verificationMethod"),
            proof_value: member("proofValue"),
        };
        Ok(Self { document, proof })
    }

    /// The document and its proof as JSON text.
    ///
    /// # Errors
    /// [`SignError::Unwritable`], which the documents of this crate never meet.
    pub fn to_json(&self) -> Result<String, SignError> {
        serde_json::to_string(self).map_err(|e| SignError::Unwritable(e.to_string()))
    }

    /// The document without its proof.
    pub fn document(&self) -> &D {
        &self.document
    }
}
