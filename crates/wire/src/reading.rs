//! What a reader saw: exactly one of a UID, an NTAG 424 DNA message or a phone's code. Never shown by `Debug`: a card's
//! number has no place in a log.

use alloc::string::String;
use core::fmt;

use crate::Profile;
use crate::fields::{Content, Field, Fields, Value};
use crate::hex;

/// A card's UID: 3 to 10 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uid {
    bytes: [u8; Self::LONGEST],
    length: usize,
}

impl Uid {
    const SHORTEST: usize = 3;
    const LONGEST: usize = 10;

    /// Takes the bytes in the order in which the card sends them; none when there are fewer than 3 or more than 10.
    #[must_use]
    pub fn new(uid: &[u8]) -> Option<Self> {
        let mut bytes = [0; Self::LONGEST];
        if uid.len() < Self::SHORTEST {
            return None;
        }
        bytes.get_mut(..uid.len())?.copy_from_slice(uid);
        Some(Self { bytes, length: uid.len() })
    }

    /// Reads lower-case hexadecimal without separators.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() > 2 * Self::LONGEST {
            return None;
        }
        Self::new(&hex::read(text)?)
    }

    /// The bytes of the UID.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&hex::write(self.as_bytes()))
    }
}

impl fmt::Debug for Uid {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "Uid({} bytes)", self.length)
    }
}

impl Content for Uid {
    fn read(value: &Value, profile: Profile) -> Option<Self> {
        Self::new(&value.to_bytes(profile)?)
    }

    fn write(&self, _: Profile) -> Value {
        Value::Bytes(self.as_bytes().into())
    }
}

/// What a reader saw.
#[derive(Clone, PartialEq, Eq)]
pub enum Reading {
    /// A UID, which anybody can copy.
    Uid(Uid),
    /// An NTAG 424 DNA message (see [`crate::ntag424`]).
    Picc {
        /// UID and counter, encrypted by the card.
        picc: [u8; 16],
        /// The card's MAC.
        mac: [u8; 8],
        /// The characters that the MAC covers, when it covers any.
        text: Option<String>,
    },
    /// A phone's rotating code, at most 32 bytes.
    Code(String),
}

impl fmt::Debug for Reading {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Uid(_) => "Uid(..)",
            Self::Picc { .. } => "Picc(..)",
            Self::Code(_) => "Code(..)",
        })
    }
}

// The keys of a reading have numbers of their own.
const UID: Field<Uid> = Field::new(1, "uid");
const PICC: Field<[u8; 16]> = Field::new(2, "picc");
const MAC: Field<[u8; 8]> = Field::new(3, "mac");
const TEXT: Field<String> = Field::new(4, "text");
const CODE: Field<String> = Field::checked(5, "code", |code| code.len() <= 32);

impl Content for Reading {
    fn read(value: &Value, _: Profile) -> Option<Self> {
        let fields = value.as_map()?;
        let uid = fields.may(&UID).ok()?;
        let picc = fields.may(&PICC).ok()?;
        let mac = fields.may(&MAC).ok()?;
        let text = fields.may(&TEXT).ok()?;
        let code = fields.may(&CODE).ok()?;
        // INVARIANT (exactly one): two readings at once would leave it to us to choose who asks.
        match (uid, picc, mac, text, code) {
            (Some(uid), None, None, None, None) => Some(Self::Uid(uid)),
            (None, Some(picc), Some(mac), text, None) => Some(Self::Picc { picc, mac, text }),
            (None, None, None, None, Some(code)) => Some(Self::Code(code)),
            _ => None,
        }
    }

    fn write(&self, profile: Profile) -> Value {
        let mut fields = Fields::new(profile);
        match self {
            Self::Uid(uid) => fields.put(&UID, uid),
            Self::Picc { picc, mac, text } => {
                fields.put(&PICC, picc);
                fields.put(&MAC, mac);
                fields.put_some(&TEXT, text.as_ref());
            }
            Self::Code(code) => fields.put(&CODE, code),
        }
        Value::Map(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn a_uid_has_3_to_10_bytes() {
        for length in 0..=12_u8 {
            let bytes: alloc::vec::Vec<u8> = (0..length).collect();
            let uid = Uid::new(&bytes);
            assert_eq!(uid.is_some(), (3..=10).contains(&length));
            if let Some(uid) = uid {
                assert_eq!(uid.as_bytes(), bytes);
            }
        }
    }

    #[test]
    fn uids_that_differ_in_trailing_zeros_differ() {
        assert_ne!(Uid::new(&[1, 2, 3]), Uid::new(&[1, 2, 3, 0]));
    }

    #[test]
    fn debug_shows_no_card_number() {
        let uid = Uid::from_hex("04a1b2c3d4e580").unwrap();
        assert_eq!(format!("{uid}"), "04a1b2c3d4e580");
        assert_eq!(format!("{uid:?}"), "Uid(7 bytes)");
        assert_eq!(format!("{:?}", Reading::Code("4815-1623".into())), "Code(..)");
    }
}
