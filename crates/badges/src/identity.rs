//! Hashed identities: who a badge is for, told only to those who already know the address.
//!
//! Start at [`HashedIdentity::email`]. A plain address is never kept here.

use crate::hash::{hex, sha256};

/// An identity as a badge holds it: a hash and the salt that went into it (Open Badges 3.0, `IdentityObject`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashedIdentity {
    kind: IdentityKind,
    hash: String,
    salt: String,
}

/// What kind of identity it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdentityKind {
    /// An e-mail address.
    Email,
    /// A page or an identifier of the person's own.
    Url,
}

impl IdentityKind {
    /// The kind as 3.0 spells it (`IdentifierTypeEnum`); a page has no word of its own there.
    #[must_use]
    pub const fn v3(self) -> &'static str {
        match self {
            Self::Email => "emailAddress",
            Self::Url => "ext:url",
        }
    }

    /// The kind as 2.0 spells it.
    #[must_use]
    pub const fn v2(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Url => "url",
        }
    }

    /// The kind that one of the two spellings names.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "email" | "emailAddress" => Some(Self::Email),
            "url" | "ext:url" => Some(Self::Url),
            _other => None,
        }
    }
}

impl HashedIdentity {
    /// Hashes an e-mail address, trimmed and in lower case, with 128 random bits that no other award shares.
    #[must_use]
    pub fn email(address: &str, salt: [u8; 16]) -> Self {
        Self::of(IdentityKind::Email, &address.trim().to_lowercase(), &hex(&salt))
    }

    /// Hashes the address of a page with 128 random bits that no other award shares.
    #[must_use]
    pub fn url(address: &str, salt: [u8; 16]) -> Self {
        Self::of(IdentityKind::Url, address.trim(), &hex(&salt))
    }

    fn of(kind: IdentityKind, identity: &str, salt: &str) -> Self {
        Self { kind, hash: sha256_identity(identity, salt), salt: salt.to_owned() }
    }

    /// What kind of identity it is.
    #[must_use]
    pub const fn kind(&self) -> IdentityKind {
        self.kind
    }

    /// The hash, `sha256$` and hexadecimal.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The salt, in hexadecimal.
    #[must_use]
    pub fn salt(&self) -> &str {
        &self.salt
    }
}

/// The hash of an identity and a salt: `sha256$`, then SHA-256 of the two, one after the other (OB 3.0 `IdentityHash`).
#[must_use]
pub fn sha256_identity(identity: &str, salt: &str) -> String {
    format!("sha256${}", hex(&sha256(format!("{identity}{salt}").as_bytes())))
}

/// True when a hash found in a badge is that of this identity. Hexadecimal has no case; MD5 of old badges never matches.
#[must_use]
pub fn matches(identity: &str, salt: &str, hash: &str) -> bool {
    sha256_identity(identity, salt).eq_ignore_ascii_case(hash.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_norm_comes_out() {
        let hash = "sha256$ecf5409f3f4b91ab60cc5ef4c02aef7032354375e70cf4d8e43f6a1d29891942";
        assert_eq!(sha256_identity("nobody@example.org", "deadsea"), hash);
        assert!(matches("nobody@example.org", "deadsea", &hash.to_uppercase()));
        assert!(!matches("somebody@example.org", "deadsea", hash));
    }

    #[test]
    fn an_address_is_hashed_as_people_mean_it() {
        let salt = [7; 16];
        assert_eq!(HashedIdentity::email(" Ada@Example.org ", salt), HashedIdentity::email("ada@example.org", salt));
    }
}
