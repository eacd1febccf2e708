//! Data Integrity proofs: `eddsa-rdfc-2022`, and `Ed25519Signature2020` of older issuers for reading.
//!
//! Start at [`sign`] and [`verify`]. A proof is checked against a key that the caller found in the issuer's own document;
//! nothing here looks at what a proof says about where its key is.

use serde_json::{Map, Value};
use tremen_rules::Time;

use crate::contexts::Contexts;
use crate::dates;
use crate::hash::sha256;
use crate::jsonld::{JsonLdError, to_rdf};
use crate::keys::{PublicKey, SigningKey};
use crate::multibase;
use crate::rdf::{CanonError, canonicalise};

/// The suite that Tremen signs with.
pub const EDDSA_RDFC_2022: &str = "eddsa-rdfc-2022";

/// Why a document has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CanonicalError {
    /// Something in it has no meaning under its contexts.
    #[error(transparent)]
    JsonLd(#[from] JsonLdError),
    /// It is too large or too symmetric.
    #[error(transparent)]
    Rdf(#[from] CanonError),
    /// It is no JSON object.
    #[error("the document is not a JSON object")]
    NotAnObject,
}

/// The canonical N-Quads of a document (RDFC-1.0), strictly: what no context defines is an error.
///
/// # Errors
/// [`CanonicalError`].
pub fn canonical_form(document: &Value, contexts: &Contexts) -> Result<String, CanonicalError> {
    let object = document.as_object().ok_or(CanonicalError::NotAnObject)?;
    Ok(canonicalise(&to_rdf(object, contexts)?)?)
}

/// The 64 bytes that are signed: hash of the proof's canonical form, then hash of the document's (vc-di-eddsa, 3.2.4).
///
/// `document` may hold proofs and `proof` a value: both are left out. The proof is read under the document's contexts.
///
/// # Errors
/// [`CanonicalError`].
pub fn signed_bytes(document: &Value, proof: &Value, contexts: &Contexts) -> Result<[u8; 64], CanonicalError> {
    let document = document.as_object().ok_or(CanonicalError::NotAnObject)?;
    let mut unsigned = document.clone();
    unsigned.remove("proof");
    let mut config = proof.as_object().ok_or(CanonicalError::NotAnObject)?.clone();
    config.remove("proofValue");
    if let Some(context) = document.get("@context") {
        config.insert("@context".to_owned(), context.clone());
    }
    let hash = |object: &Map<String, Value>| -> Result<[u8; 32], CanonicalError> {
        Ok(sha256(canonicalise(&to_rdf(object, contexts)?)?.as_bytes()))
    };
    let mut bytes = [0; 64];
    let (first, second) = bytes.split_at_mut(32);
    first.copy_from_slice(&hash(&config)?);
    second.copy_from_slice(&hash(&unsigned)?);
    Ok(bytes)
}

/// The proof of a document: `eddsa-rdfc-2022`, purpose `assertionMethod`. `created_at` is written to the second.
///
/// # Errors
/// [`CanonicalError`] when the document holds anything that its contexts do not define: nothing unread is ever signed.
pub fn sign(
    document: &Value,
    key: &SigningKey,
    contexts: &Contexts,
    created_at: Time,
) -> Result<Map<String, Value>, CanonicalError> {
    let mut proof = Map::new();
    for (name, value) in [
        ("type", "DataIntegrityProof"),
        ("cryptosuite", EDDSA_RDFC_2022),
        ("created", &dates::format(created_at)),
        ("proofPurpose", "assertionMethod"),
        ("verificationMethod", key.id()),
    ] {
        proof.insert(name.to_owned(), Value::String(value.to_owned()));
    }
    let bytes = signed_bytes(document, &Value::Object(proof.clone()), contexts)?;
    proof.insert("proofValue".to_owned(), Value::String(multibase::encode(&key.sign(&bytes))));
    Ok(proof)
}

/// The suites that can be verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// `DataIntegrityProof` with `eddsa-rdfc-2022`.
    EddsaRdfc2022,
    /// `Ed25519Signature2020`.
    Ed25519Signature2020,
}

impl Suite {
    /// The suite of a proof, if it is a known one.
    #[must_use]
    pub fn of(proof: &Value) -> Option<Self> {
        let text = |name: &str| proof.get(name).and_then(Value::as_str);
        match (text("type")?, text("cryptosuite")) {
            ("DataIntegrityProof", Some(EDDSA_RDFC_2022)) => Some(Self::EddsaRdfc2022),
            ("Ed25519Signature2020", None) => Some(Self::Ed25519Signature2020),
            _other => None,
        }
    }
}

/// Verifies one proof of a document with a key; both suites sign the same bytes.
///
/// # Errors
/// [`CanonicalError`] when there is no canonical form to verify.
pub fn verify(document: &Value, proof: &Value, key: &PublicKey, contexts: &Contexts) -> Result<bool, CanonicalError> {
    let bytes = signed_bytes(document, proof, contexts)?;
    let value = proof.get("proofValue").and_then(Value::as_str);
    // Base58 alone: a proof's value in another base is refused by both suites.
    let signature = value.and_then(|value| value.strip_prefix('z')).and_then(multibase::from_base58);
    Ok(signature.is_some_and(|signature| key.verify_ed25519(&bytes, &signature)))
}
