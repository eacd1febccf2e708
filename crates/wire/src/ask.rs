//! A card was presented. A repeat of an ask is the same bytes; the nonce tells it from a new tap.

use alloc::string::String;

use crate::fields::Fields;
use crate::keys::{AT, INTENT, LINK, MACHINE, N, NONCE, READING};
use crate::message::Message;
use crate::{Channel, Link, MalformedKind, Nonce, Reading};

text_enum! {
    /// What a tap is for.
    pub enum Intent {
        /// Start the machine, or go on.
        Use = "use",
        /// End a session that runs, else start one.
        Toggle = "toggle",
        /// End the session.
        End = "end",
        /// Stand by somebody else's session.
        Supervise = "supervise",
        /// Take or give an induction at the machine.
        Induct = "induct",
    }
}

/// Asks whether a card may use a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The link; always there in sealed.
    pub link: Option<Link>,
    /// The controller's counter in this link; always there in sealed.
    pub n: Option<u64>,
    /// Fresh random bytes for each tap.
    pub nonce: Nonce,
    /// The machine's id.
    pub machine: String,
    /// What the reader saw.
    pub reading: Reading,
    /// What the tap is for; [`Intent::Use`] when the message does not say.
    pub intent: Intent,
    /// The controller's clock, in Unix seconds; always there in sealed.
    pub at_s: Option<u64>,
}

impl Message for Ask {
    const CHANNEL: Channel = Channel::Ask;

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        Ok(Self {
            link: fields.need_if_sealed(&LINK)?,
            n: fields.need_if_sealed(&N)?,
            nonce: fields.need(&NONCE)?,
            machine: fields.need(&MACHINE)?,
            reading: fields.need(&READING)?,
            intent: fields.may(&INTENT)?.unwrap_or(Intent::Use),
            at_s: fields.need_if_sealed(&AT)?,
        })
    }

    fn write(&self, to: &mut Fields) {
        to.put_some(&LINK, self.link.as_ref());
        to.put_some(&N, self.n.as_ref());
        to.put(&NONCE, &self.nonce);
        to.put(&MACHINE, &self.machine);
        to.put(&READING, &self.reading);
        to.put(&INTENT, &self.intent);
        to.put_some(&AT, self.at_s.as_ref());
    }
}
