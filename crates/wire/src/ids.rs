//! The names that messages carry: the controller's own, and the random byte strings that tie messages together.
//! Nothing here is secret; nothing here draws random numbers.

use alloc::string::String;
use core::fmt;

use crate::Profile;
use crate::fields::{Content, Value};
use crate::hex;

/// Defines a byte string of fixed length that is shown in hexadecimal.
macro_rules! byte_string {
    ($(#[$about:meta])* $name:ident, $length:literal) => {
        $(#[$about])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $length]);

        impl $name {
            /// Reads lower-case hexadecimal of exactly this length.
            #[must_use]
            pub fn from_hex(text: &str) -> Option<Self> {
                hex::read_array(text).map(Self)
            }

            /// The bytes themselves.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                to.write_str(&hex::write(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(to, "{}({self})", stringify!($name))
            }
        }

        impl Content for $name {
            fn read(value: &Value, profile: Profile) -> Option<Self> {
                <[u8; $length]>::read(value, profile).map(Self)
            }

            fn write(&self, profile: Profile) -> Value {
                self.0.write(profile)
            }
        }
    };
}

byte_string!(
    /// A run of messages that can't be replayed into another; the registry draws it for each welcome.
    Link, 8
);
byte_string!(
    /// What a hello asks to be echoed; names one link for ever.
    Challenge, 16
);
byte_string!(
    /// Names one tap; used once for each controller, for ever.
    Nonce, 16
);
byte_string!(
    /// A grant in use.
    SessionId, 8
);
byte_string!(
    /// What the offline list says of a card instead of its UID.
    EntryTag, 8
);

/// A controller's name, which is also its MQTT user name and client id: `[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ControllerId(String);

/// A text that names no controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a controller's id has 1 to 32 characters of a-z, 0-9 and -, and neither begins nor ends with -")]
pub struct InvalidControllerId;

impl ControllerId {
    /// Reads a controller's id.
    ///
    /// # Errors
    /// [`InvalidControllerId`] when the text does not match the pattern.
    pub fn parse(text: &str) -> Result<Self, InvalidControllerId> {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=32).contains(&text.len()) && text.bytes().all(allowed);
        if !fits || text.starts_with('-') || text.ends_with('-') {
            return Err(InvalidControllerId);
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ControllerId {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_controllers_id_matches_the_pattern_of_the_page() {
        let longest = "a".repeat(32);
        for good in ["a", "0", "ubo-laser", "a--b", longest.as_str()] {
            assert_eq!(ControllerId::parse(good).unwrap().as_str(), good);
        }
        let too_long = "a".repeat(33);
        for bad in ["", "-", "-a", "a-", "A", "a_b", "a/b", "a+", "#", "é", "a b", too_long.as_str()] {
            assert_eq!(ControllerId::parse(bad), Err(InvalidControllerId), "{bad}");
        }
    }

    #[test]
    fn byte_strings_are_shown_in_lower_case_hexadecimal() {
        let link = Link::from_hex("7fabd6442ed7c5ee").unwrap();
        assert_eq!(format!("{link}"), "7fabd6442ed7c5ee");
        assert_eq!(format!("{link:?}"), "Link(7fabd6442ed7c5ee)");
        assert_eq!(Link::from_hex("7FABD6442ED7C5EE"), None);
        assert_eq!(Link::from_hex("7fabd6442ed7c5"), None);
    }
}
