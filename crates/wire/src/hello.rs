//! Start of a link. The latest hello of a controller is the only one that counts.

use alloc::string::String;
use alloc::vec::Vec;

use crate::fields::Fields;
use crate::keys::{AT, CAPABILITIES, CHALLENGE, FIRMWARE, LAST_ORDER, RUNNING};
use crate::message::Message;
use crate::{Challenge, Channel, MalformedKind, SessionId};

text_enum! {
    /// What a controller can do beyond opening and closing a relay.
    pub enum Capability {
        /// It has a display of two lines.
        Lcd = "lcd",
        /// It measures the machine's current.
        Load = "load",
        /// It knows the relay's real position.
        RelayFeedback = "relay_feedback",
        /// It has a button to end with.
        Button = "button",
        /// Its clock survives a restart.
        Clock = "clock",
        /// It keeps the signed offline list.
        Offline = "offline",
        /// Its reader takes NTAG 424 DNA messages.
        Ntag424 = "ntag424",
        /// It scans codes.
        Scanner = "scanner",
        /// It has keys for a code.
        Keypad = "keypad",
        /// It has a second reader.
        TwoReaders = "two_readers",
    }
}

/// Sent at boot, at each connection, and whenever the link seems lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hello {
    /// Fresh random bytes, to be echoed by the welcome.
    pub challenge: Challenge,
    /// Name and version, at most 64 bytes.
    pub firmware: String,
    /// Those that we know, in the order in which they came.
    pub capabilities: Vec<Capability>,
    /// Highest order number received, kept over restarts.
    pub last_order: u64,
    /// Sessions whose relay is closed.
    pub running: Vec<SessionId>,
    /// The controller's clock, in Unix seconds.
    pub at_s: Option<u64>,
}

impl Message for Hello {
    const CHANNEL: Channel = Channel::Hello;

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        Ok(Self {
            challenge: fields.need(&CHALLENGE)?,
            firmware: fields.need(&FIRMWARE)?,
            capabilities: fields.need(&CAPABILITIES)?.iter().filter_map(|text| Capability::parse(text)).collect(),
            last_order: fields.need(&LAST_ORDER)?,
            running: fields.need(&RUNNING)?,
            at_s: fields.may(&AT)?,
        })
    }

    fn write(&self, to: &mut Fields) {
        to.put(&CHALLENGE, &self.challenge);
        to.put_some(&AT, self.at_s.as_ref());
        to.put(&FIRMWARE, &self.firmware);
        to.put(&CAPABILITIES, &self.capabilities.iter().map(|known| known.as_str().into()).collect());
        to.put(&LAST_ORDER, &self.last_order);
        to.put(&RUNNING, &self.running);
    }
}
