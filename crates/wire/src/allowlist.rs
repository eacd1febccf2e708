//! The signed list for the time without a registry: COSE_Sign1 (RFC 9052, section 4.2), EdDSA, the whole topic as
//! external data. Start at [`Allowlist::verify`]. It names nobody: a card is there by a tag under the list's salt.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use hmac::Mac;

use crate::fields::{Content, Field, Fields, Label, Value};
use crate::{Channel, ControllerId, EntryTag, MAX_ALLOWLIST, MalformedKind, Profile, Uid, cbor, seal};

/// Who may use which machine of a controller while the registry can't be reached. Intervals are half-open, in Unix
/// seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowlist {
    /// Grows; a version older than the last seen means deny.
    pub version: u64,
    /// When it was made.
    pub issued_s: u64,
    /// From when on it is worth nothing.
    pub not_after_s: u64,
    /// What the tags are made with.
    pub salt: [u8; 16],
    /// The machines whose policy allows it.
    pub machines: BTreeMap<String, ListedMachine>,
}

/// One machine of the list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListedMachine {
    /// When the venue is open: from, until.
    pub opening: Vec<(u64, u64)>,
    /// Who would be granted alone, and until when.
    pub people: Vec<(EntryTag, u64)>,
}

/// A list that is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AllowlistError {
    /// Not a COSE_Sign1 of the network's key for this controller.
    #[error("the list is not signed by the network for this controller")]
    BadSignature,
    /// Well signed or too long to look at, but it breaks a rule of the page.
    #[error("malformed list: {0}")]
    Malformed(#[from] MalformedKind),
}

/// Tag 18, then an array of four: a COSE_Sign1.
const SIGN1: [u8; 2] = [0xd2, 0x84];
/// `{1: -8}`, EdDSA.
const PROTECTED: [u8; 3] = [0xa1, 0x01, 0x27];
/// No unprotected header.
const UNPROTECTED: [u8; 1] = [0xa0];

// The keys of the list have numbers of their own; it is never written in plain.
const VERSION: Field<u64> = Field::new(1, "version");
const ISSUED: Field<u64> = Field::new(2, "issued");
const NOT_AFTER: Field<u64> = Field::new(3, "not_after");
const SALT: Field<[u8; 16]> = Field::new(4, "salt");
const MACHINES: Field<BTreeMap<String, ListedMachine>> = Field::new(5, "machines");
const OPENING: Field<Vec<(u64, u64)>> = Field::new(1, "opening");
const PEOPLE: Field<Vec<(EntryTag, u64)>> = Field::new(2, "people");

impl Allowlist {
    /// The signed list as the registry publishes it, retained, for one controller.
    #[must_use]
    pub fn sign(&self, to: &ControllerId, key: &SigningKey) -> Vec<u8> {
        let mut fields = Fields::new(Profile::Sealed);
        fields.put(&VERSION, &self.version);
        fields.put(&ISSUED, &self.issued_s);
        fields.put(&NOT_AFTER, &self.not_after_s);
        fields.put(&SALT, &self.salt);
        fields.put(&MACHINES, &self.machines);
        let payload = cbor::write(&fields);
        let signature = key.sign(&signed_bytes(to, &payload));
        let mut message = head();
        cbor::write_bytes(&payload, &mut message);
        cbor::write_bytes(&signature.to_bytes(), &mut message);
        message
    }

    /// Reads a list that the network's key signed for this controller. Version and dates are for the caller to judge.
    ///
    /// # Errors
    /// [`AllowlistError`]; then the list must not be used at all.
    pub fn verify(bytes: &[u8], to: &ControllerId, key: &VerifyingKey) -> Result<Self, AllowlistError> {
        if bytes.len() > MAX_ALLOWLIST {
            return Err(MalformedKind::TooLong.into());
        }
        let (payload, after) = open(bytes, to, key).ok_or(AllowlistError::BadSignature)?;
        if !after.is_empty() {
            return Err(MalformedKind::Trailing.into());
        }
        let (fields, outcome) = cbor::read(payload);
        outcome?;
        Ok(Self {
            version: fields.need(&VERSION)?,
            issued_s: fields.need(&ISSUED)?,
            not_after_s: fields.need(&NOT_AFTER)?,
            salt: fields.need(&SALT)?,
            machines: fields.need(&MACHINES)?,
        })
    }

    /// What the list says of a card instead of its UID: the first 8 bytes of HMAC-SHA-256(salt, uid).
    #[must_use]
    pub fn tag(salt: &[u8; 16], uid: &Uid) -> EntryTag {
        let [a, b, c, d, e, f, g, h, ..] = seal::hmac(salt, uid.as_bytes()).finalize().into_bytes().0;
        EntryTag([a, b, c, d, e, f, g, h])
    }
}

/// Gives the payload of a good signature, and what follows the message.
fn open<'a>(message: &'a [u8], to: &ControllerId, key: &VerifyingKey) -> Option<(&'a [u8], &'a [u8])> {
    let body = message.strip_prefix(head().as_slice())?;
    let (payload, rest) = cbor::split_bytes(body)?;
    let (signature, rest) = cbor::split_bytes(rest)?;
    let signature = Signature::from_bytes(signature.try_into().ok()?);
    key.verify_strict(&signed_bytes(to, payload), &signature).ok()?;
    Some((payload, rest))
}

/// All that stands before the payload.
fn head() -> Vec<u8> {
    let mut head = SIGN1.to_vec();
    cbor::write_bytes(&PROTECTED, &mut head);
    head.extend_from_slice(&UNPROTECTED);
    head
}

fn signed_bytes(to: &ControllerId, payload: &[u8]) -> Vec<u8> {
    seal::to_be_protected("Signature1", &PROTECTED, to, Channel::Allowlist, payload)
}

impl Content for BTreeMap<String, ListedMachine> {
    fn read(value: &Value, profile: Profile) -> Option<Self> {
        let read = |(label, value): &(Label, Value)| match label {
            Label::Name(machine) => Some((machine.clone(), ListedMachine::read(value, profile)?)),
            Label::Number(_) => None,
        };
        value.as_map()?.entries().iter().map(read).collect()
    }

    fn write(&self, profile: Profile) -> Value {
        let mut fields = Fields::new(profile);
        for (machine, listed) in self {
            fields.push(Label::Name(machine.clone()), listed.write(profile));
        }
        Value::Map(fields)
    }
}

impl Content for ListedMachine {
    fn read(value: &Value, _: Profile) -> Option<Self> {
        let fields = value.as_map()?;
        Some(Self { opening: fields.need(&OPENING).ok()?, people: fields.need(&PEOPLE).ok()? })
    }

    fn write(&self, profile: Profile) -> Value {
        let mut fields = Fields::new(profile);
        fields.put(&OPENING, &self.opening);
        fields.put(&PEOPLE, &self.people);
        Value::Map(fields)
    }
}

/// An array of two.
impl<A: Content, B: Content> Content for (A, B) {
    fn read(value: &Value, profile: Profile) -> Option<Self> {
        let [first, second] = value.as_array()? else { return None };
        Some((A::read(first, profile)?, B::read(second, profile)?))
    }

    fn write(&self, profile: Profile) -> Value {
        Value::Array([self.0.write(profile), self.1.write(profile)].into())
    }
}
