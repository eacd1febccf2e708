//! The protection of the sealed profile: COSE_Mac0 (RFC 9052, section 6.2), HMAC 256/256, the whole topic as external
//! data. Start at [`seal`] and [`open`]. A payload leaves [`open`] only when its seal is good.

use alloc::vec::Vec;
use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{Channel, ControllerId, Refused, cbor, hex};

text_enum! {
    /// How messages with a controller are protected.
    pub enum Profile {
        /// JSON; the channel is trusted.
        Plain = "plain",
        /// CBOR under a seal; the broker need not be trusted.
        Sealed = "sealed",
    }
}

/// What protects the messages with one controller: its profile, and in sealed its key.
#[derive(Debug, Clone, Copy)]
pub enum Protection<'a> {
    /// The channel is trusted.
    Plain,
    /// Nothing that this key has not sealed is believed.
    Sealed(&'a Key),
}

impl Protection<'_> {
    /// The profile alone.
    #[must_use]
    pub const fn profile(self) -> Profile {
        match self {
            Self::Plain => Profile::Plain,
            Self::Sealed(_) => Profile::Sealed,
        }
    }
}

/// The 32-byte key of one controller, for HMAC 256/256.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl Key {
    /// Takes 32 random bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads 64 lower-case hexadecimal digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        hex::read_array(text).map(Self)
    }

    /// The bytes themselves, for those who store or hand out the key.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("Key(..)")
    }
}

/// Tag 17, then an array of four: a COSE_Mac0.
const MAC0: [u8; 2] = [0xd1, 0x84];
/// `{1: 5}`, HMAC 256/256.
const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x05];
/// A map of one, key 4: the kid follows.
const KID: [u8; 2] = [0xa1, 0x04];

/// Seals a payload for a topic.
pub(crate) fn seal(payload: &[u8], with: &ControllerId, channel: Channel, key: &Key) -> Vec<u8> {
    let tag = mac(payload, with, channel, key).finalize().into_bytes();
    let mut message = head(with);
    cbor::write_bytes(payload, &mut message);
    cbor::write_bytes(&tag, &mut message);
    message
}

/// Gives the payload of a good seal, and what follows the message.
pub(crate) fn open<'a>(
    message: &'a [u8],
    with: &ControllerId,
    channel: Channel,
    key: &Key,
) -> Result<(&'a [u8], &'a [u8]), Refused> {
    if message.first() != MAC0.first() {
        return Err(Refused::Unsealed);
    }
    // Nothing but the payload and the tag may differ from what we would write, so there is nothing else to read.
    let body = message.strip_prefix(head(with).as_slice()).ok_or(Refused::BadSeal)?;
    let (payload, rest) = cbor::split_bytes(body).ok_or(Refused::BadSeal)?;
    let (tag, rest) = cbor::split_bytes(rest).ok_or(Refused::BadSeal)?;
    // In constant time, and of the full length only.
    mac(payload, with, channel, key).verify_slice(tag).map_err(|_| Refused::BadSeal)?;
    Ok((payload, rest))
}

/// All that stands before the payload.
fn head(with: &ControllerId) -> Vec<u8> {
    let mut head = MAC0.to_vec();
    cbor::write_bytes(&PROTECTED, &mut head);
    head.extend_from_slice(&KID);
    cbor::write_bytes(with.as_str().as_bytes(), &mut head);
    head
}

fn mac(payload: &[u8], with: &ControllerId, channel: Channel, key: &Key) -> Hmac<Sha256> {
    hmac(key.as_bytes(), &to_be_protected("MAC0", &PROTECTED, with, channel, payload))
}

/// The structure that a tag or a signature is made over (RFC 9052, sections 4.4 and 6.3).
pub(crate) fn to_be_protected(
    context: &str,
    protected: &[u8],
    with: &ControllerId,
    channel: Channel,
    payload: &[u8],
) -> Vec<u8> {
    let mut structure = [0x84].to_vec(); // an array of four
    cbor::write_text(context, &mut structure);
    cbor::write_bytes(protected, &mut structure);
    cbor::write_bytes(channel.topic(with).as_bytes(), &mut structure);
    cbor::write_bytes(payload, &mut structure);
    structure
}

/// HMAC-SHA-256 under a key that is no longer than a block.
pub(crate) fn hmac<const N: usize>(key: &[u8; N], message: &[u8]) -> Hmac<Sha256> {
    const { assert!(N <= 64, "a longer key would have to be hashed first") }
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::new(&block);
    mac.update(message);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn debug_shows_nothing_of_a_key() {
        assert_eq!(format!("{:?}", Protection::Sealed(&Key::new([0x42; 32]))), "Sealed(Key(..))");
    }

    #[test]
    fn hmac_gives_the_tags_of_rfc_4231() {
        let tag = hmac(b"Jefe", b"what do ya want for nothing?").finalize().into_bytes();
        assert_eq!(hex::write(&tag), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let tag = hmac(&[0x0b; 20], b"Hi There").finalize().into_bytes();
        assert_eq!(hex::write(&tag), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    }

    #[test]
    fn a_shortened_tag_is_no_seal() {
        let (with, key) = (ControllerId::parse("a").unwrap(), Key::new([1; 32]));
        let sealed = seal(&[0xa0], &with, Channel::Ask, &key);
        assert!(open(&sealed, &with, Channel::Ask, &key).is_ok());
        let tag = mac(&[0xa0], &with, Channel::Ask, &key).finalize().into_bytes();
        for length in 0..32 {
            let mut message = head(&with);
            cbor::write_bytes(&[0xa0], &mut message);
            cbor::write_bytes(&tag[..length], &mut message);
            assert_eq!(open(&message, &with, Channel::Ask, &key), Err(Refused::BadSeal), "{length}");
        }
    }
}
