//! Answer to a report. A positive lease names what goes on, for how long, and what to do when it runs out; zero means
//! that the session is over, or that the report is noted.

use alloc::string::String;

use crate::fields::Fields;
use crate::keys::{LEASE, LINK, MACHINE, N, ON_LOST, SESSION, UNTIL};
use crate::message::Message;
use crate::{Channel, Link, MalformedKind, SessionId, StopPolicy};

/// Says how long a session goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// The link; always there in sealed.
    pub link: Option<Link>,
    /// That of the report; always there in sealed.
    pub n: Option<u64>,
    /// The machine's id; absent, as `session` is, in the answer to `linked` or `offline_use`.
    pub machine: Option<String>,
    /// Which session; there exactly when `machine` is.
    pub session: Option<SessionId>,
    /// Seconds from the first sending of the report; 0 means that the session is over.
    pub lease_s: u64,
    /// The session's hard end in Unix seconds, if it has one.
    pub until_s: Option<u64>,
    /// What to do when the lease runs out; always there when `lease_s` is positive.
    pub on_lost: Option<StopPolicy>,
}

impl Message for Lease {
    const CHANNEL: Channel = Channel::Lease;

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        let lease_s = fields.need(&LEASE)?;
        let goes_on = lease_s > 0;
        let machine = fields.need_if(goes_on, &MACHINE)?;
        let session = fields.need_if(goes_on || machine.is_some(), &SESSION)?;
        Ok(Self {
            link: fields.need_if_sealed(&LINK)?,
            n: fields.need_if_sealed(&N)?,
            // Both or neither.
            machine: if session.is_some() { Some(fields.need(&MACHINE)?) } else { None },
            session,
            lease_s,
            until_s: fields.may(&UNTIL)?,
            on_lost: fields.need_if(goes_on, &ON_LOST)?,
        })
    }

    fn write(&self, to: &mut Fields) {
        to.put_some(&LINK, self.link.as_ref());
        to.put_some(&N, self.n.as_ref());
        to.put_some(&MACHINE, self.machine.as_ref());
        to.put_some(&SESSION, self.session.as_ref());
        to.put(&LEASE, &self.lease_s);
        to.put_some(&UNTIL, self.until_s.as_ref());
        to.put_some(&ON_LOST, self.on_lost.as_ref());
    }
}
