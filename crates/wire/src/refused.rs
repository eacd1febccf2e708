//! Why a message was not taken. It must never carry the message's own words: labels and logs come from here.

use crate::Nonce;

/// A message that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The sender has a key and this is not a sealed message: it counts as `controller_not_trusted`.
    #[error("the message is not sealed, and the controller has a key")]
    Unsealed,
    /// The seal is broken, another's, or was made for another topic: it counts as `controller_not_trusted`.
    #[error("the seal does not fit the controller's key and the topic")]
    BadSeal,
    /// The seal is good, or none was needed, but the message breaks a rule of the page.
    #[error("malformed message: {0}")]
    Malformed(#[from] Malformed),
}

/// A message that breaks a rule of the page, although its seal is good or none was needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind}")]
pub struct Malformed {
    /// Which rule.
    pub kind: MalformedKind,
    /// Of an ask, its nonce, if it could be read: then it is answered `deny controller_not_trusted`.
    pub nonce: Option<Nonce>,
}

/// The rule that a malformed message breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedKind {
    /// Over 1,024 bytes up, 16 KiB down, 256 KiB for the list.
    #[error("it is too long")]
    TooLong,
    /// In plain, not a JSON object that we can read, or nested too deep.
    #[error("it is not a JSON object")]
    NotJson,
    /// In sealed, not a CBOR map that we can read, or nested too deep.
    #[error("it is not a CBOR map")]
    NotCbor,
    /// CBOR, but not the deterministic encoding of RFC 8949, 4.2.1.
    #[error("its CBOR is not in deterministic encoding")]
    NotDeterministic,
    /// A key is there twice.
    #[error("a key is there twice")]
    Duplicate,
    /// A key that this message must have is absent.
    #[error("key `{0}` is missing")]
    Missing(&'static str),
    /// A value has a wrong type or length, or a text that stands for nothing.
    #[error("key `{0}` has a wrong type, length or text")]
    Type(&'static str),
    /// Something follows the message.
    #[error("bytes follow it")]
    Trailing,
    /// No message of ours travels on this channel in this direction.
    #[error("the channel carries no such message")]
    Channel,
}

impl MalformedKind {
    /// A short name for a metric's label.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::NotJson => "not_json",
            Self::NotCbor => "not_cbor",
            Self::NotDeterministic => "not_deterministic",
            Self::Duplicate => "duplicate_key",
            Self::Missing(_) => "missing_key",
            Self::Type(_) => "wrong_type",
            Self::Trailing => "trailing_bytes",
            Self::Channel => "wrong_channel",
        }
    }
}
