//! The two directions of the wire. Start at [`Up`] and [`Down`]: `encode` and `decode` of both go through one pair of
//! functions, so every message is protected, measured and checked in the same way.

use alloc::vec::Vec;

use crate::fields::Fields;
use crate::keys::NONCE;
use crate::{
    Answer, Ask, Channel, ControllerId, Hello, Lease, MAX_DOWN, MAX_UP, Malformed, MalformedKind, Order, Protection,
    Refused, Report, Welcome, cbor, json, seal,
};

/// A message of the page: where it travels, and which keys it has.
pub(crate) trait Message: Sized {
    const CHANNEL: Channel;
    fn read(fields: &Fields) -> Result<Self, MalformedKind>;
    /// Puts the keys in the order of their numbers.
    fn write(&self, to: &mut Fields);
}

/// What a controller says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Up {
    /// Start of a link.
    Hello(Hello),
    /// A card was presented.
    Ask(Ask),
    /// What happened.
    Report(Report),
}

/// What the registry says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Down {
    /// Answer to hello.
    Welcome(Welcome),
    /// Answer to ask.
    Answer(Answer),
    /// Answer to report.
    Lease(Lease),
    /// Something to do.
    Order(Order),
}

impl Up {
    /// The channel on which it travels.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Hello(_) => Channel::Hello,
            Self::Ask(_) => Channel::Ask,
            Self::Report(_) => Channel::Report,
        }
    }

    /// The message as the controller `from` publishes it on `Channel::topic(from)`.
    ///
    /// Limits that the page sets and these types leave open (the length of a text, a whole message's size, what sealed
    /// needs) are for the caller to keep; the receiver refuses what goes beyond.
    #[must_use]
    pub fn encode(&self, from: &ControllerId, protection: Protection<'_>) -> Vec<u8> {
        match self {
            Self::Hello(hello) => encode(hello, from, protection),
            Self::Ask(ask) => encode(ask, from, protection),
            Self::Report(report) => encode(report, from, protection),
        }
    }

    /// Reads what came from a controller on one of its channels.
    ///
    /// # Errors
    /// [`Refused`], with the nonce of an ask that must be answered.
    pub fn decode(
        from: &ControllerId,
        channel: Channel,
        bytes: &[u8],
        protection: Protection<'_>,
    ) -> Result<Self, Refused> {
        match channel {
            Channel::Hello => decode(from, bytes, MAX_UP, protection).map(Self::Hello),
            Channel::Ask => decode(from, bytes, MAX_UP, protection).map(Self::Ask),
            Channel::Report => decode(from, bytes, MAX_UP, protection).map(Self::Report),
            Channel::Alive
            | Channel::Welcome
            | Channel::Answer
            | Channel::Lease
            | Channel::Order
            | Channel::Allowlist => Err(no_such_message()),
        }
    }
}

impl Down {
    /// The channel on which it travels.
    #[must_use]
    pub const fn channel(&self) -> Channel {
        match self {
            Self::Welcome(_) => Channel::Welcome,
            Self::Answer(_) => Channel::Answer,
            Self::Lease(_) => Channel::Lease,
            Self::Order(_) => Channel::Order,
        }
    }

    /// The message as the registry publishes it on `Channel::topic(to)`.
    ///
    /// Limits that the page sets and these types leave open (the length of a text, a whole message's size, what sealed
    /// needs) are for the caller to keep; the receiver refuses what goes beyond.
    #[must_use]
    pub fn encode(&self, to: &ControllerId, protection: Protection<'_>) -> Vec<u8> {
        match self {
            Self::Welcome(welcome) => encode(welcome, to, protection),
            Self::Answer(answer) => encode(answer, to, protection),
            Self::Lease(lease) => encode(lease, to, protection),
            Self::Order(order) => encode(order, to, protection),
        }
    }

    /// Reads what came from the registry on one of the channels of the controller `to`.
    ///
    /// # Errors
    /// [`Refused`]; a controller ignores such a message.
    pub fn decode(
        to: &ControllerId,
        channel: Channel,
        bytes: &[u8],
        protection: Protection<'_>,
    ) -> Result<Self, Refused> {
        match channel {
            Channel::Welcome => decode(to, bytes, MAX_DOWN, protection).map(Self::Welcome),
            Channel::Answer => decode(to, bytes, MAX_DOWN, protection).map(Self::Answer),
            Channel::Lease => decode(to, bytes, MAX_DOWN, protection).map(Self::Lease),
            Channel::Order => decode(to, bytes, MAX_DOWN, protection).map(Self::Order),
            Channel::Hello | Channel::Ask | Channel::Report | Channel::Alive | Channel::Allowlist => {
                Err(no_such_message())
            }
        }
    }
}

fn no_such_message() -> Refused {
    Malformed { kind: MalformedKind::Channel, nonce: None }.into()
}

fn encode<M: Message>(message: &M, with: &ControllerId, protection: Protection<'_>) -> Vec<u8> {
    let mut fields = Fields::new(protection.profile());
    message.write(&mut fields);
    match protection {
        Protection::Plain => json::write(&fields),
        Protection::Sealed(key) => seal::seal(&cbor::write(&fields), with, M::CHANNEL, key),
    }
}

fn decode<M: Message>(
    with: &ControllerId,
    bytes: &[u8],
    longest: usize,
    protection: Protection<'_>,
) -> Result<M, Refused> {
    // The seal first: what no key protects is not even measured.
    let (payload, after) = match protection {
        Protection::Plain => (bytes, [].as_slice()),
        Protection::Sealed(key) => seal::open(bytes, with, M::CHANNEL, key)?,
    };
    let size = if bytes.len() > longest { Err(MalformedKind::TooLong) } else { Ok(()) };
    let is_ask = M::CHANNEL == Channel::Ask;
    if !is_ask {
        size.map_err(|kind| Malformed { kind, nonce: None })?;
    }
    let (fields, outcome) = match protection {
        Protection::Plain => json::read(payload),
        Protection::Sealed(_) => cbor::read(payload),
    };
    let end = if after.is_empty() { Ok(()) } else { Err(MalformedKind::Trailing) };
    let message = size.and(end).and(outcome).and_then(|()| M::read(&fields));
    // A malformed ask is answered all the same, if we can say which: hence the nonce, also of a broken or long one.
    message.map_err(|kind| {
        let nonce = if is_ask { fields.may(&NONCE).ok().flatten() } else { None };
        Malformed { kind, nonce }.into()
    })
}
