//! Answer to ask. The relay closes only on a grant that carries session, lease and `on_lost`: a grant without one of
//! them cannot be expressed here.

use alloc::string::String;
use alloc::vec::Vec;

use crate::fields::Fields;
use crate::keys::{LCD, LEASE, LINK, MACHINE, NONCE, ON_LOST, REASON, REASONS, SESSION, UNTIL, VERDICT};
use crate::message::Message;
use crate::{Channel, Link, MalformedKind, Nonce, SessionId, StopPolicy};

text_enum! {
    /// The four answers to an ask.
    pub enum Verdict {
        /// Close the relay, or go on with the session named.
        Grant = "grant",
        /// Nothing to start; if a session is named, that one has ended.
        Done = "done",
        /// No.
        Deny = "deny",
        /// A second card is needed within 30 s.
        More = "more",
    }
}

/// Tells a controller what comes of a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The link; always there in sealed.
    pub link: Option<Link>,
    /// That of the ask.
    pub nonce: Nonce,
    /// The machine's id.
    pub machine: String,
    /// Two lines for the display, each at most 20 characters of printable ASCII.
    pub lcd: [String; 2],
    /// The verdict, with what it brings.
    pub outcome: Outcome,
}

/// A verdict with what it brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Close the relay, or go on with the session named.
    Grant {
        /// The session that starts or goes on.
        session: SessionId,
        /// How long it lives without a word, in seconds from the first sending of the ask.
        lease_s: u64,
        /// The session's hard end in Unix seconds, if it has one.
        until_s: Option<u64>,
        /// What to do when the lease runs out.
        on_lost: StopPolicy,
    },
    /// Nothing to start.
    Done {
        /// The session that has ended, if one has: open its relay.
        session: Option<SessionId>,
    },
    /// No.
    Deny {
        /// The first reason's code.
        reason: String,
        /// All reasons, in order.
        reasons: Vec<String>,
    },
    /// A second card is needed within 30 s.
    More {
        /// The first reason's code.
        reason: String,
        /// All reasons, in order.
        reasons: Vec<String>,
    },
}

impl Outcome {
    /// The verdict alone.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        match self {
            Self::Grant { .. } => Verdict::Grant,
            Self::Done { .. } => Verdict::Done,
            Self::Deny { .. } => Verdict::Deny,
            Self::More { .. } => Verdict::More,
        }
    }

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        Ok(match fields.need(&VERDICT)? {
            Verdict::Grant => Self::Grant {
                session: fields.need(&SESSION)?,
                lease_s: fields.need(&LEASE)?,
                until_s: fields.may(&UNTIL)?,
                on_lost: fields.need(&ON_LOST)?,
            },
            Verdict::Done => Self::Done { session: fields.may(&SESSION)? },
            Verdict::Deny => Self::Deny { reason: fields.need(&REASON)?, reasons: fields.need(&REASONS)? },
            Verdict::More => Self::More { reason: fields.need(&REASON)?, reasons: fields.need(&REASONS)? },
        })
    }
}

impl Message for Answer {
    const CHANNEL: Channel = Channel::Answer;

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        Ok(Self {
            link: fields.need_if_sealed(&LINK)?,
            nonce: fields.need(&NONCE)?,
            machine: fields.need(&MACHINE)?,
            lcd: fields.need(&LCD)?,
            outcome: Outcome::read(fields)?,
        })
    }

    fn write(&self, to: &mut Fields) {
        to.put_some(&LINK, self.link.as_ref());
        to.put(&NONCE, &self.nonce);
        to.put(&MACHINE, &self.machine);
        to.put(&VERDICT, &self.outcome.verdict());
        if let Outcome::Deny { reason, reasons } | Outcome::More { reason, reasons } = &self.outcome {
            to.put(&REASON, reason);
            to.put(&REASONS, reasons);
        }
        to.put(&LCD, &self.lcd);
        match &self.outcome {
            Outcome::Grant { session, lease_s, until_s, on_lost } => {
                to.put(&SESSION, session);
                to.put(&LEASE, lease_s);
                to.put_some(&UNTIL, until_s.as_ref());
                to.put(&ON_LOST, on_lost);
            }
            Outcome::Done { session } => to.put_some(&SESSION, session.as_ref()),
            Outcome::Deny { .. } | Outcome::More { .. } => {}
        }
    }
}
