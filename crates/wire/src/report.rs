//! What happened at a controller. Start at [`Event`]: it says which keys a report must have.

use alloc::string::String;

use crate::fields::Fields;
use crate::keys::{AT, DETAIL, ENTRY, EVENT, LINK, LOAD, MACHINE, N, ORDER, RELAY, SESSION, USED};
use crate::message::Message;
use crate::{Channel, EntryTag, Link, MalformedKind, SessionId};

text_enum! {
    /// What a report tells.
    pub enum Event {
        /// The controller took up a link.
        Linked = "linked",
        /// The relay closed for a session.
        Started = "started",
        /// A session goes on.
        Alive = "alive",
        /// The relay opened; the session is over.
        Ended = "ended",
        /// An order was received and begun.
        Confirmed = "confirmed",
        /// An order was not done; for a stop, its session is not open here.
        Refused = "refused",
        /// The relay's real position.
        Relay = "relay",
        /// Somebody opened the box.
        Tamper = "tamper",
        /// Something is broken.
        Fault = "fault",
        /// Somebody pressed the button.
        Button = "button",
        /// The signed list was used while the registry could not be reached.
        OfflineUse = "offline_use",
    }
}

impl Event {
    /// Whether it tells about one machine. Confirmations of an order to the whole controller name none.
    const fn needs_machine(self) -> bool {
        match self {
            Self::Linked | Self::Confirmed | Self::Refused | Self::Tamper => false,
            Self::Started | Self::Alive | Self::Ended => true,
            Self::Relay | Self::Fault | Self::Button | Self::OfflineUse => true,
        }
    }

    const fn needs_session(self) -> bool {
        matches!(self, Self::Started | Self::Alive | Self::Ended)
    }

    const fn needs_relay(self) -> bool {
        self.needs_session() || matches!(self, Self::Relay)
    }

    const fn needs_order(self) -> bool {
        matches!(self, Self::Confirmed | Self::Refused)
    }

    const fn is_offline_use(self) -> bool {
        matches!(self, Self::OfflineUse)
    }
}

/// Tells the registry what happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The link; always there in sealed.
    pub link: Option<Link>,
    /// The controller's counter in this link; always there in sealed.
    pub n: Option<u64>,
    /// What happened.
    pub event: Event,
    /// The machine's id; absent for `linked`, `tamper` and orders to the whole controller.
    pub machine: Option<String>,
    /// Always there in `started`, `alive` and `ended`.
    pub session: Option<SessionId>,
    /// Always there in `confirmed` and `refused`.
    pub order: Option<u64>,
    /// Whether the relay is really closed; always there in `started`, `alive`, `ended` and `relay`.
    pub relay: Option<bool>,
    /// The machine's current now, in milliamperes.
    pub load_ma: Option<u64>,
    /// Seconds under load, or with the relay closed, in this session.
    pub used_s: Option<u64>,
    /// The offline list's tag that was used; always there in `offline_use`.
    pub entry: Option<EntryTag>,
    /// For people, at most 200 bytes.
    pub detail: Option<String>,
    /// The controller's clock, in Unix seconds; always there in `offline_use`.
    pub at_s: Option<u64>,
}

impl Report {
    /// A report that says nothing but its event.
    #[must_use]
    pub const fn new(event: Event) -> Self {
        Self {
            link: None,
            n: None,
            event,
            machine: None,
            session: None,
            order: None,
            relay: None,
            load_ma: None,
            used_s: None,
            entry: None,
            detail: None,
            at_s: None,
        }
    }
}

impl Message for Report {
    const CHANNEL: Channel = Channel::Report;

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        let event = fields.need(&EVENT)?;
        Ok(Self {
            link: fields.need_if_sealed(&LINK)?,
            n: fields.need_if_sealed(&N)?,
            event,
            machine: fields.need_if(event.needs_machine(), &MACHINE)?,
            session: fields.need_if(event.needs_session(), &SESSION)?,
            order: fields.need_if(event.needs_order(), &ORDER)?,
            relay: fields.need_if(event.needs_relay(), &RELAY)?,
            load_ma: fields.may(&LOAD)?,
            used_s: fields.may(&USED)?,
            entry: fields.need_if(event.is_offline_use(), &ENTRY)?,
            detail: fields.may(&DETAIL)?,
            at_s: fields.need_if(event.is_offline_use(), &AT)?,
        })
    }

    fn write(&self, to: &mut Fields) {
        to.put_some(&LINK, self.link.as_ref());
        to.put_some(&N, self.n.as_ref());
        to.put_some(&MACHINE, self.machine.as_ref());
        to.put_some(&SESSION, self.session.as_ref());
        to.put_some(&ORDER, self.order.as_ref());
        to.put(&EVENT, &self.event);
        to.put_some(&AT, self.at_s.as_ref());
        to.put_some(&RELAY, self.relay.as_ref());
        to.put_some(&LOAD, self.load_ma.as_ref());
        to.put_some(&USED, self.used_s.as_ref());
        to.put_some(&DETAIL, self.detail.as_ref());
        to.put_some(&ENTRY, self.entry.as_ref());
    }
}
