//! Keys: the Ed25519 key an issuer signs with, and the public keys that a verifier meets.
//!
//! Start at [`SigningKey`] and [`PublicKey`]. Keys are given; nothing here makes one up or knows where one is kept.

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, Signer as _, VerifyingKey};
use serde_json::Value;

use crate::multibase;
use crate::rsa::RsaKey;

/// The multicodec prefix of an Ed25519 public key.
const ED25519: [u8; 2] = [0xed, 0x01];
/// The multicodec prefix of a compressed P-256 public key.
const P256: [u8; 2] = [0x80, 0x24];

/// An issuer's Ed25519 key with the address under which its document lists it.
pub struct SigningKey {
    id: String,
    key: ed25519_dalek::SigningKey,
}

impl core::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        // Never the seed.
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// The key with this seed, listed as `id` (for instance `did:web:tremen.example:lieux:port#cle-2026`).
    #[must_use]
    pub fn from_seed(id: &str, seed: &[u8; 32]) -> Self {
        Self { id: id.to_owned(), key: ed25519_dalek::SigningKey::from_bytes(seed) }
    }

    /// The address of the key: the `verificationMethod` of what it signs.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The public half as a multikey (`z6Mk…`).
    #[must_use]
    pub fn public_multikey(&self) -> String {
        multibase::encode(&[&ED25519[..], self.key.verifying_key().as_bytes()].concat())
    }

    /// Signs these bytes.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

/// The algorithms of a JSON Web Signature that are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JwsAlgorithm {
    /// RSA with PKCS #1 v1.5 and SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl JwsAlgorithm {
    /// The algorithm with this name in a JWS header; none for all others, `none` and the keyed hashes among them.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            _other => None,
        }
    }
}

/// A public key that a document lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// Ed25519.
    Ed25519(VerifyingKey),
    /// ECDSA on P-256.
    P256(Box<p256::ecdsa::VerifyingKey>),
    /// RSA.
    Rsa(RsaKey),
}

impl PublicKey {
    /// Reads a multikey (CID, "Multikey"): Ed25519 or P-256.
    #[must_use]
    pub fn from_multikey(text: &str) -> Option<Self> {
        // Base58 alone: the other bases are not allowed for keys.
        let bytes = multibase::from_base58(text.strip_prefix('z')?)?;
        let (prefix, key) = bytes.split_at_checked(2)?;
        if prefix == ED25519 {
            Self::ed25519(key)
        } else if prefix == P256 {
            p256::ecdsa::VerifyingKey::from_sec1_bytes(key).ok().map(|key| Self::P256(Box::new(key)))
        } else {
            None
        }
    }

    /// Reads a JSON Web Key (RFC 7517): Ed25519, P-256, or RSA.
    #[must_use]
    pub fn from_jwk(jwk: &Value) -> Option<Self> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let bytes = |name: &str| text(name).and_then(multibase::from_base64url);
        match (text("kty")?, text("crv")) {
            ("OKP", Some("Ed25519")) => Self::ed25519(&bytes("x")?),
            ("EC", Some("P-256")) => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                if x.len() != 32 || y.len() != 32 {
                    return None;
                }
                let point = [&[4][..], &x, &y].concat();
                p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).ok().map(|key| Self::P256(Box::new(key)))
            }
            ("RSA", _) => RsaKey::new(&bytes("n")?, &bytes("e")?).map(Self::Rsa),
            _other => None,
        }
    }

    /// Reads a `-----BEGIN PUBLIC KEY-----` text (RFC 7468): RSA, as Open Badges 2.0 asks.
    #[must_use]
    pub fn from_pem(text: &str) -> Option<Self> {
        let body = text.trim().strip_prefix("-----BEGIN PUBLIC KEY-----")?.strip_suffix("-----END PUBLIC KEY-----")?;
        let body: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if body.len() > 4096 {
            return None;
        }
        RsaKey::from_spki(&Base64::decode_vec(&body).ok()?).map(Self::Rsa)
    }

    /// Verifies an Ed25519 signature, strictly: no malleable signature, no weak key.
    #[must_use]
    pub fn verify_ed25519(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => {
                Signature::from_slice(signature).is_ok_and(|signature| key.verify_strict(message, &signature).is_ok())
            }
            Self::P256(_) | Self::Rsa(_) => false,
        }
    }

    /// Verifies a JSON Web Signature. The key decides which algorithm may be named: another one is false.
    #[must_use]
    pub fn verify_jws(&self, algorithm: JwsAlgorithm, message: &[u8], signature: &[u8]) -> bool {
        use p256::ecdsa::signature::Verifier as _;
        match (self, algorithm) {
            (Self::Ed25519(_), JwsAlgorithm::EdDsa) => self.verify_ed25519(message, signature),
            (Self::P256(key), JwsAlgorithm::Es256) => p256::ecdsa::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            (Self::Rsa(key), JwsAlgorithm::Rs256) => key.verify_pkcs1_sha256(message, signature),
            (Self::Ed25519(_) | Self::P256(_) | Self::Rsa(_), _other) => false,
        }
    }

    fn ed25519(bytes: &[u8]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes.try_into().ok()?).ok()?;
        (!key.is_weak()).then_some(Self::Ed25519(key))
    }
}
