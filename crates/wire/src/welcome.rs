//! Answer to hello. It counts once, and only with the challenge of the latest hello.

use alloc::string::String;
use alloc::vec::Vec;

use crate::fields::{Content, Fields, Value};
use crate::keys::{AT, CHALLENGE, LINK, MACHINE, MACHINES, ON_LOST, STATE, TITLE};
use crate::message::Message;
use crate::{Challenge, Channel, Link, MalformedKind, Profile, StopPolicy};

text_enum! {
    /// What a controller shows of a machine.
    pub enum ShownState {
        /// Nobody uses it.
        Free = "free",
        /// A session runs.
        InUse = "in_use",
        /// It is out of service.
        Locked = "locked",
    }
}

/// Gives the controller its link, the registry's clock and its machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Fresh random bytes, carried by every later message.
    pub link: Link,
    /// That of the hello.
    pub challenge: Challenge,
    /// The registry's clock, in Unix seconds.
    pub at_s: u64,
    /// The machines of this controller.
    pub machines: Vec<MachineCard>,
}

/// What a controller needs to know of one of its machines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineCard {
    /// The machine's id.
    pub machine: String,
    /// What to call it on a display.
    pub title: String,
    /// What to show of it.
    pub state: ShownState,
    /// What to do when a lease runs out.
    pub on_lost: StopPolicy,
}

impl Message for Welcome {
    const CHANNEL: Channel = Channel::Welcome;

    fn read(fields: &Fields) -> Result<Self, MalformedKind> {
        Ok(Self {
            link: fields.need(&LINK)?,
            challenge: fields.need(&CHALLENGE)?,
            at_s: fields.need(&AT)?,
            machines: fields.need(&MACHINES)?,
        })
    }

    fn write(&self, to: &mut Fields) {
        to.put(&LINK, &self.link);
        to.put(&CHALLENGE, &self.challenge);
        to.put(&AT, &self.at_s);
        to.put(&MACHINES, &self.machines);
    }
}

impl Content for MachineCard {
    fn read(value: &Value, _: Profile) -> Option<Self> {
        let fields = value.as_map()?;
        Some(Self {
            machine: fields.need(&MACHINE).ok()?,
            title: fields.need(&TITLE).ok()?,
            state: fields.need(&STATE).ok()?,
            on_lost: fields.need(&ON_LOST).ok()?,
        })
    }

    fn write(&self, profile: Profile) -> Value {
        let mut to = Fields::new(profile);
        to.put(&MACHINE, &self.machine);
        to.put(&ON_LOST, &self.on_lost);
        to.put(&TITLE, &self.title);
        to.put(&STATE, &self.state);
        Value::Map(to)
    }
}
