//! What the registry tells a controller to do, until it confirms. A stop names its session and how to stop; it can do
//! no harm to another.

use alloc::string::String;

use crate::fields::Fields;
use crate::keys::{ACTION, DETAIL, LCD, LINK, MACHINE, ORDER, REASON, SESSION, STOP};
use crate::message::Message;
use crate::{Channel, Link, MalformedKind, SessionId, StopPolicy};

text_enum! {
    /// What an order is for.
    pub enum Action {
        /// Stop the session named.
        Stop = "stop",
        /// Take the machine out of service.
        Lock = "lock",
        /// Put it back into service.
        Unlock = "unlock",
        /// Blink, so that people find the controller.
        Identify = "identify",
    }
}

/// Tells a controller to do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The link; always there in sealed.
    pub link: Option<Link>,
    /// Grows for each controller.
    pub number: u64,
    /// What to do.
    pub action: Action,
    /// The machine's id; absent only when the whole controller is meant, in `identify`.
    pub machine: Option<String>,
    /// Which session to stop; always there in `stop`.
    pub session: Option<SessionId>,
    /// How to stop; always there in `stop`.
    pub stop: Option<StopPolicy>,
    /// Why, as a reason's code; always there in `stop`.
    pub reason: Option<String>,
    /// Two lines for the display, each at most 20 characters of printable ASCII.
    pub lcd: Option<[String; 2]>,
    /// For people, at most 200 bytes.
    pub detail: Option<String>,
}

impl Message for Order {
    const CHANNEL: Channel = Channel::Order;

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        let action = fields.need(&ACTION)?;
        let stops = action == Action::Stop;
        Ok(Self {
            link: fields.need_if_sealed(&LINK)?,
            number: fields.need(&ORDER)?,
            action,
            machine: fields.need_if(action != Action::Identify, &MACHINE)?,
            session: fields.need_if(stops, &SESSION)?,
            stop: fields.need_if(stops, &STOP)?,
            reason: fields.need_if(stops, &REASON)?,
            lcd: fields.may(&LCD)?,
            detail: fields.may(&DETAIL)?,
        })
    }

    fn write(&self, to: &mut Fields) {
        to.put_some(&LINK, self.link.as_ref());
        to.put_some(&MACHINE, self.machine.as_ref());
        to.put_some(&REASON, self.reason.as_ref());
        to.put_some(&LCD, self.lcd.as_ref());
        to.put_some(&SESSION, self.session.as_ref());
        to.put(&ORDER, &self.number);
        to.put(&ACTION, &self.action);
        to.put_some(&STOP, self.stop.as_ref());
        to.put_some(&DETAIL, self.detail.as_ref());
    }
}
