//! A message as a map of keys, the same for JSON and CBOR. Start at [`Field`], a line of the page's table, and at
//! [`Fields`], from which each message reads its own. It knows both profiles' spellings of a value, and no message.

use alloc::string::String;
use alloc::vec::Vec;
use core::marker::PhantomData;

use crate::{MalformedKind, Profile, hex};

/// How many levels of arrays and maps may stand in a message's map; ours have three.
pub(crate) const MAX_DEPTH: usize = 16;

/// A value as it came or as it will go.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Uint(u64),
    Bool(bool),
    /// Sealed only when read: in plain, a byte string is a text of hexadecimal digits.
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Value>),
    Map(Fields),
    /// Well formed, but of a type that no key of ours has: only a key that we do not know may carry it.
    Other,
}

impl Value {
    pub(crate) fn as_text(&self) -> Option<&str> {
        if let Self::Text(text) = self { Some(text) } else { None }
    }

    pub(crate) fn as_array(&self) -> Option<&[Self]> {
        if let Self::Array(items) = self { Some(items) } else { None }
    }

    pub(crate) fn as_map(&self) -> Option<&Fields> {
        if let Self::Map(fields) = self { Some(fields) } else { None }
    }

    /// A byte string in the spelling of the profile.
    pub(crate) fn to_bytes(&self, profile: Profile) -> Option<Vec<u8>> {
        match (profile, self) {
            (Profile::Sealed, Self::Bytes(bytes)) => Some(bytes.clone()),
            (Profile::Plain, Self::Text(text)) => hex::read(text),
            _ => None,
        }
    }
}

/// What stands before a value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Label {
    /// In sealed messages.
    Number(u64),
    /// In plain messages; in the signed list, a machine's id.
    Name(String),
}

/// A type that a value can have: how it is read and written in each profile.
pub(crate) trait Content: Sized {
    /// None when the value has another type, another length, or stands for nothing.
    fn read(value: &Value, profile: Profile) -> Option<Self>;
    fn write(&self, profile: Profile) -> Value;
}

/// One line of the page's table: a key's number in sealed, its name in plain, its type, and what the type leaves open.
#[derive(Debug)]
pub(crate) struct Field<T> {
    number: u64,
    name: &'static str,
    allows: fn(&T) -> bool,
    content: PhantomData<T>,
}

impl<T> Field<T> {
    pub(crate) const fn new(number: u64, name: &'static str) -> Self {
        Self::checked(number, name, |_| true)
    }

    pub(crate) const fn checked(number: u64, name: &'static str, allows: fn(&T) -> bool) -> Self {
        Self { number, name, allows, content: PhantomData }
    }

    fn is(&self, label: &Label, profile: Profile) -> bool {
        match (profile, label) {
            (Profile::Sealed, Label::Number(number)) => *number == self.number,
            (Profile::Plain, Label::Name(name)) => name == self.name,
            (Profile::Sealed, Label::Name(_)) | (Profile::Plain, Label::Number(_)) => false,
        }
    }

    fn label(&self, profile: Profile) -> Label {
        match profile {
            Profile::Sealed => Label::Number(self.number),
            Profile::Plain => Label::Name(self.name.into()),
        }
    }
}

/// A map of keys: a message, or a map within one. No key is there twice.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fields {
    profile: Profile,
    entries: Vec<(Label, Value)>,
}

impl Fields {
    pub(crate) const fn new(profile: Profile) -> Self {
        Self { profile, entries: Vec::new() }
    }

    pub(crate) const fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn entries(&self) -> &[(Label, Value)] {
        &self.entries
    }

    /// Reads a key that need not be there. What is not asked for is never looked at: unknown keys are ignored so.
    pub(crate) fn may<T: Content>(&self, field: &Field<T>) -> Result<Option<T>, MalformedKind> {
        let Some((_, value)) = self.entries.iter().find(|(label, _)| field.is(label, self.profile)) else {
            return Ok(None);
        };
        let read = T::read(value, self.profile).filter(field.allows);
        read.map(Some).ok_or(MalformedKind::Type(field.name))
    }

    /// Reads a key that must be there.
    pub(crate) fn need<T: Content>(&self, field: &Field<T>) -> Result<T, MalformedKind> {
        self.may(field)?.ok_or(MalformedKind::Missing(field.name))
    }

    /// Reads a key that must be there in some messages only.
    pub(crate) fn need_if<T: Content>(&self, needed: bool, field: &Field<T>) -> Result<Option<T>, MalformedKind> {
        if needed { self.need(field).map(Some) } else { self.may(field) }
    }

    /// Reads a key that every sealed message of this kind must have, and a plain one may.
    pub(crate) fn need_if_sealed<T: Content>(&self, field: &Field<T>) -> Result<Option<T>, MalformedKind> {
        self.need_if(self.profile == Profile::Sealed, field)
    }

    pub(crate) fn put<T: Content>(&mut self, field: &Field<T>, value: &T) {
        self.push(field.label(self.profile), value.write(self.profile));
    }

    pub(crate) fn put_some<T: Content>(&mut self, field: &Field<T>, value: Option<&T>) {
        if let Some(value) = value {
            self.put(field, value);
        }
    }

    /// Adds an entry that the caller knows to be new.
    pub(crate) fn push(&mut self, label: Label, value: Value) {
        self.entries.push((label, value));
    }

    /// Forgets a key that came twice: neither value can be believed.
    pub(crate) fn forget(&mut self, label: &Label) {
        self.entries.retain(|(known, _)| known != label);
    }
}

impl Content for u64 {
    fn read(value: &Value, _: Profile) -> Option<Self> {
        if let Value::Uint(number) = value { Some(*number) } else { None }
    }

    fn write(&self, _: Profile) -> Value {
        Value::Uint(*self)
    }
}

impl Content for bool {
    fn read(value: &Value, _: Profile) -> Option<Self> {
        if let Value::Bool(truth) = value { Some(*truth) } else { None }
    }

    fn write(&self, _: Profile) -> Value {
        Value::Bool(*self)
    }
}

impl Content for String {
    fn read(value: &Value, _: Profile) -> Option<Self> {
        value.as_text().map(Self::from)
    }

    fn write(&self, _: Profile) -> Value {
        Value::Text(self.clone())
    }
}

impl<const N: usize> Content for [u8; N] {
    fn read(value: &Value, profile: Profile) -> Option<Self> {
        value.to_bytes(profile)?.try_into().ok()
    }

    fn write(&self, _: Profile) -> Value {
        Value::Bytes(self.to_vec())
    }
}

impl<T: Content> Content for Vec<T> {
    fn read(value: &Value, profile: Profile) -> Option<Self> {
        value.as_array()?.iter().map(|item| T::read(item, profile)).collect()
    }

    fn write(&self, profile: Profile) -> Value {
        Value::Array(self.iter().map(|item| item.write(profile)).collect())
    }
}

/// Two lines of a display.
impl Content for [String; 2] {
    fn read(value: &Value, profile: Profile) -> Option<Self> {
        Vec::<String>::read(value, profile)?.try_into().ok()
    }

    fn write(&self, profile: Profile) -> Value {
        Value::Array(self.iter().map(|line| line.write(profile)).collect())
    }
}
