//! Compact JSON Web Signatures (RFC 7515): signed badges of 2.0 and VC-JWT of 3.0.
//!
//! Start at [`Jws::read`]. A header tells the algorithm and perhaps the name of a key; it never brings the key.

use serde_json::Value;

use crate::json::{JsonError, parse};
use crate::keys::{JwsAlgorithm, PublicKey};
use crate::multibase::from_base64url;

/// A token, read but not verified.
#[derive(Debug, Clone)]
pub(super) struct Jws {
    pub header: Value,
    pub payload: Value,
    signed: String,
    signature: Vec<u8>,
}

impl Jws {
    /// Reads a token whose parts have at most `limit` bytes; none when the text is no token at all.
    pub(super) fn read(text: &str, limit: usize) -> Option<Result<Self, JsonError>> {
        let mut parts = text.trim().split('.');
        let (header, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
        if parts.next().is_some() || !text.starts_with("ey") {
            return None;
        }
        let malformed = || JsonError::Malformed("a token that is not base64url".to_owned());
        // RFC 7515, section 2: no padding. One token has one spelling.
        let bytes = |part: &str| (!part.contains('=')).then(|| from_base64url(part)).flatten().ok_or_else(malformed);
        let json = |part: &str| parse(&bytes(part)?, limit);
        let read = || {
            Ok(Self {
                header: json(header)?,
                payload: json(payload)?,
                signed: format!("{header}.{payload}"),
                signature: bytes(signature)?,
            })
        };
        Some(read())
    }

    /// The algorithm, if it is one that is known and nothing in the header asks for more than is done here.
    pub(super) fn algorithm(&self) -> Option<JwsAlgorithm> {
        // RFC 7515, section 4.1.11: a critical member that is not understood refuses the token.
        if self.header.get("crit").is_some() || self.header.get("b64").is_some() {
            return None;
        }
        JwsAlgorithm::parse(self.header.get("alg")?.as_str()?)
    }

    /// True when this key signed it.
    pub(super) fn is_signed_by(&self, key: &PublicKey) -> bool {
        self.algorithm().is_some_and(|algorithm| key.verify_jws(algorithm, self.signed.as_bytes(), &self.signature))
    }
}
