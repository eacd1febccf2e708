//! Typed identifiers. A text becomes one by [`parse`](MachineId::parse), which checks it once and for all.

use serde::{Deserialize, Serialize};

/// An id that is not `[a-z0-9][a-z0-9._-]{0,63}`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not an id: 1 to 64 characters, lower-case letters, digits, `.`, `_`, `-`, the first a letter or a digit"
)]
pub struct InvalidId(pub String);

fn is_id(text: &str) -> bool {
    let mut bytes = text.bytes();
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    text.len() <= 64
        && bytes.next().is_some_and(alphanumeric)
        && bytes.all(|b| alphanumeric(b) || matches!(b, b'.' | b'_' | b'-'))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks a text and makes it an id.
            ///
            /// # Errors
            /// [`InvalidId`] when the text is not `[a-z0-9][a-z0-9._-]{0,63}`.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                if is_id(text) { Ok(Self(text.to_owned())) } else { Err(InvalidId(text.to_owned())) }
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                if is_id(&text) { Ok(Self(text)) } else { Err(InvalidId(text)) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl core::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

id!(/** A venue, by its id in the network file. */ VenueId);
id!(/** An issuer, by its id in the network file. */ IssuerId);
id!(/** A reference, by its id in the network file. */ ReferenceId);
id!(/** A machine, by its id in the network file. */ MachineId);
id!(/** A controller, by its id in the network file. */ ControllerId);
id!(/** A person: random, says nothing about them; the venue's own key for them is kept beside it. */ PersonId);
id!(/** A card: random. */ CardId);
id!(/** An award: given by whoever made it, or random. */ AwardId);

#[cfg(test)]
mod tests {
    use super::MachineId;

    #[test]
    fn an_id_is_short_lower_case_and_begins_with_a_letter_or_digit() {
        for good in ["a", "0", "trotec-speedy", "a.b_c-9", &"x".repeat(64)] {
            assert_eq!(MachineId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", ".a", "A", "é", "a b", &"x".repeat(65)] {
            assert!(MachineId::parse(bad).is_err(), "{bad}");
        }
    }
}
