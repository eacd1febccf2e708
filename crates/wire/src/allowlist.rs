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
        sign(&cbor::write(&fields), to, key)
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

fn sign(payload: &[u8], to: &ControllerId, key: &SigningKey) -> Vec<u8> {
    let mut message = head();
    cbor::write_bytes(payload, &mut message);
    cbor::write_bytes(&key.sign(&signed_bytes(to, payload)).to_bytes(), &mut message);
    message
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn controller() -> ControllerId {
        ControllerId::parse("ubo-laser").unwrap()
    }

    fn key() -> SigningKey {
        SigningKey::from_bytes(&[0x42; 32])
    }

    /// What a controller makes of a payload that is well signed.
    fn well_signed(payload: &[u8]) -> Result<Allowlist, AllowlistError> {
        Allowlist::verify(&sign(payload, &controller(), &key()), &controller(), &key().verifying_key())
    }

    fn map(entries: &[(u64, Value)]) -> Value {
        let mut fields = Fields::new(Profile::Sealed);
        entries.iter().cloned().for_each(|(number, value)| fields.push(Label::Number(number), value));
        Value::Map(fields)
    }

    fn machines(label: Label, listed: Value) -> Value {
        let mut fields = Fields::new(Profile::Sealed);
        fields.push(label, listed);
        Value::Map(fields)
    }

    fn array(items: &[Value]) -> Value {
        Value::Array(items.into())
    }

    fn payload(entries: &[(u64, Value)]) -> Vec<u8> {
        let Value::Map(fields) = map(entries) else { panic!("not a map") };
        cbor::write(&fields)
    }

    fn m() -> Label {
        Label::Name("m".into())
    }

    fn whole() -> Vec<(u64, Value)> {
        let hours = array(&[array(&[Value::Uint(10), Value::Uint(20)])]);
        let people = array(&[array(&[Value::Bytes(vec![1; 8]), Value::Uint(15)])]);
        vec![
            (1, Value::Uint(7)),
            (2, Value::Uint(10)),
            (3, Value::Uint(30)),
            (4, Value::Bytes(vec![9; 16])),
            (5, machines(m(), map(&[(1, hours), (2, people)]))),
        ]
    }

    #[test]
    fn each_key_of_a_list_is_needed() {
        assert!(well_signed(&payload(&whole())).is_ok());
        for (index, name) in ["version", "issued", "not_after", "salt", "machines"].into_iter().enumerate() {
            let mut part = whole();
            part.remove(index);
            assert_eq!(well_signed(&payload(&part)), Err(MalformedKind::Missing(name).into()));
            let mut odd = whole();
            odd[index].1 = Value::Bool(true);
            assert_eq!(well_signed(&payload(&odd)), Err(MalformedKind::Type(name).into()));
        }
        let mut short = whole();
        short[3].1 = Value::Bytes(vec![9; 15]);
        assert_eq!(well_signed(&payload(&short)), Err(MalformedKind::Type("salt").into()));
    }

    #[test]
    fn a_machine_of_a_list_that_is_not_understood_whole_spoils_it() {
        let (none, one, tag) = (array(&[]), Value::Uint(1), Value::Bytes(vec![1; 8]));
        let pair = |a: &Value, b: &Value| array(&[array(&[a.clone(), b.clone()])]);
        let listed = |opening: Value, people: Value| machines(m(), map(&[(1, opening), (2, people)]));
        for spoilt in [
            none.clone(),
            machines(Label::Number(1), map(&[(1, none.clone()), (2, none.clone())])),
            machines(m(), Value::Bool(true)),
            machines(m(), map(&[(1, none.clone())])),
            machines(m(), map(&[(2, none.clone())])),
            listed(one.clone(), none.clone()),
            listed(array(slice_of(&one)), none.clone()),
            listed(pair(&one, &tag), none.clone()),
            listed(array(&[array(&[one.clone(), one.clone(), one.clone()])]), none.clone()),
            listed(none.clone(), pair(&one, &one)),
            listed(none.clone(), pair(&Value::Bytes(vec![1; 7]), &one)),
            listed(none.clone(), pair(&tag, &tag)),
            listed(none.clone(), array(&[array(slice_of(&tag))])),
        ] {
            let mut list = whole();
            list[4].1 = spoilt.clone();
            assert_eq!(well_signed(&payload(&list)), Err(MalformedKind::Type("machines").into()), "{spoilt:?}");
        }
    }

    fn slice_of(value: &Value) -> &[Value] {
        core::slice::from_ref(value)
    }

    #[test]
    fn a_list_is_one_deterministic_map_and_unknown_keys_are_ignored() {
        let good = payload(&whole());
        assert_eq!(well_signed(&[good.as_slice(), &[0]].concat()), Err(MalformedKind::Trailing.into()));
        assert_eq!(well_signed(&[&[0xb8, 0x05], &good[1..]].concat()), Err(MalformedKind::NotDeterministic.into()));
        assert_eq!(well_signed(&[0x80]), Err(MalformedKind::NotCbor.into()));
        let mut twice = whole();
        twice.push((5, Value::Other));
        assert_eq!(well_signed(&payload(&twice)), Err(MalformedKind::Duplicate.into()));
        let mut more = whole();
        more.push((99, Value::Other));
        assert_eq!(well_signed(&payload(&more)), well_signed(&good));
    }

    #[test]
    fn a_list_over_the_limit_is_malformed_and_one_at_the_limit_is_not() {
        let sized = |padding: usize| {
            let mut list = whole();
            list.push((99, Value::Bytes(vec![0; padding])));
            sign(&payload(&list), &controller(), &key())
        };
        let verify = |bytes: &[u8]| Allowlist::verify(bytes, &controller(), &key().verifying_key());
        let padding = 0x1_0000 + MAX_ALLOWLIST - sized(0x1_0000).len();
        assert_eq!(sized(padding).len(), MAX_ALLOWLIST);
        assert!(verify(&sized(padding)).is_ok());
        assert_eq!(verify(&sized(padding + 1)), Err(MalformedKind::TooLong.into()));
    }

    #[test]
    fn a_list_that_another_key_signed_is_not_taken() {
        let signed = sign(&payload(&whole()), &controller(), &SigningKey::from_bytes(&[0x43; 32]));
        let outcome = Allowlist::verify(&signed, &controller(), &key().verifying_key());
        assert_eq!(outcome, Err(AllowlistError::BadSignature));
    }
}
