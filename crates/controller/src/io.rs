//! What goes into a controller and what comes out of it.
//!
//! Start with [`Input`] and [`Output`]. The driver owns sockets, pins and files; the outputs of one call are to be done
//! in their order, all of them, before the next input.

use alloc::string::String;
use alloc::vec::Vec;

use tremen_wire::{Answer, Channel, Intent, MachineCard, Reading};

use crate::settings::Remembered;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// The MQTT connection is up, `down/#` is subscribed, and the last will is [`tremen_wire::Presence::Offline`], retained, on
    /// [`Channel::Alive`].
    Connected,
    /// The MQTT connection is gone.
    Disconnected,
    /// A message came on one of the controller's topics.
    Message {
        /// The channel of its topic.
        channel: Channel,
        /// Its payload.
        bytes: &'a [u8],
    },
    /// A card or a code was presented.
    Tap {
        /// The machine that it was presented for.
        machine: &'a str,
        /// What the reader saw.
        reading: Reading,
        /// What the person wants.
        intent: Intent,
    },
    /// The relay's real position, as its feedback shows it; whenever it changes.
    RelayIs {
        /// The relay's machine.
        machine: &'a str,
        /// Whether the machine has power.
        closed: bool,
    },
    /// The current that a machine draws, measured every few seconds.
    Load {
        /// The measured machine.
        machine: &'a str,
        /// Milliamperes.
        load_ma: u64,
    },
    /// The machine's button was pressed.
    Button {
        /// The button's machine.
        machine: &'a str,
    },
    /// The box was opened, or something like it.
    Tamper {
        /// What was noticed, for people: at most 200 bytes.
        detail: &'a str,
    },
    /// The device's own clock is known to be right.
    Clock {
        /// Now, in Unix seconds.
        at_s: u64,
    },
    /// The instant that [`crate::Controller::wake_at`] named has come.
    Tick,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Publish at QoS 1.
    Publish {
        /// The channel; its topic is [`Channel::topic`] of this controller.
        channel: Channel,
        /// The payload.
        bytes: Vec<u8>,
        /// Whether the broker keeps it; only ever true for `alive`.
        retained: bool,
    },
    /// Give the machine power.
    CloseRelay {
        /// The relay's machine.
        machine: String,
    },
    /// Take the machine's power away. It may be said more than once.
    OpenRelay {
        /// The relay's machine.
        machine: String,
    },
    /// Show two lines.
    Show {
        /// The display's machine.
        machine: String,
        /// At most 20 printable ASCII characters each.
        lcd: [String; 2],
    },
    /// Blink, so that somebody finds the box.
    Identify {
        /// The machine to point at; none for the whole controller.
        machine: Option<String>,
    },
    /// The machines that this controller serves, as the registry just said.
    Machines(Vec<MachineCard>),
    /// Store this, before the outputs that follow are done.
    Remember(Remembered),
    /// What became of a tap.
    Tapped {
        /// The machine that was tapped at.
        machine: String,
        /// What became of it.
        result: TapResult,
    },
}

/// What became of a tap.
#[derive(Clone, Debug, PartialEq)]
pub enum TapResult {
    /// The registry answered.
    Answered {
        /// Its answer.
        answer: Answer,
        /// Whether it was acted on: false for a grant that came too late, for a locked machine, or for a session that
        /// has ended.
        followed: bool,
    },
    /// The registry can't be reached, and the offline list opened the machine.
    OpenedByList,
    /// The registry can't be reached, and the tap ended a use by the offline list.
    EndedByList,
    /// The registry can't be reached, and nothing was done.
    Unreachable,
    /// Another tap at this machine still waits for its answer; this one was not heard.
    Waiting,
}
