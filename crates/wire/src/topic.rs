//! Topics of one controller. Start at [`Topic::parse`]; a topic that is not exactly one of the page's is none.

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::ControllerId;

/// The beginning of every controller's topics.
const ROOT: &str = "tremen/1/c/";

/// One of the nine topics of a controller, without its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Start of a link.
    Hello,
    /// A card was presented.
    Ask,
    /// What happened, confirmations, offline log.
    Report,
    /// `online` or `offline`, retained; for people, never for a decision.
    Alive,
    /// Answer to hello.
    Welcome,
    /// Answer to ask; never retained.
    Answer,
    /// Answer to a report of a session.
    Lease,
    /// Stop, lock, unlock, identify.
    Order,
    /// Signed offline list, retained.
    Allowlist,
}

impl Channel {
    /// All of them, in the order of the protocol's page.
    pub const ALL: &'static [Self] = &[
        Self::Hello,
        Self::Ask,
        Self::Report,
        Self::Alive,
        Self::Welcome,
        Self::Answer,
        Self::Lease,
        Self::Order,
        Self::Allowlist,
    ];

    /// Whether the controller publishes it.
    #[must_use]
    pub const fn is_up(self) -> bool {
        match self {
            Self::Hello | Self::Ask | Self::Report | Self::Alive => true,
            Self::Welcome | Self::Answer | Self::Lease | Self::Order | Self::Allowlist => false,
        }
    }

    /// Whether the broker keeps its last message for those who subscribe later.
    #[must_use]
    pub const fn is_retained(self) -> bool {
        match self {
            Self::Alive | Self::Allowlist => true,
            Self::Hello | Self::Ask | Self::Report | Self::Welcome | Self::Answer | Self::Lease | Self::Order => false,
        }
    }

    /// What follows the controller's name in the topic.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hello => "up/hello",
            Self::Ask => "up/ask",
            Self::Report => "up/report",
            Self::Alive => "up/alive",
            Self::Welcome => "down/welcome",
            Self::Answer => "down/answer",
            Self::Lease => "down/lease",
            Self::Order => "down/order",
            Self::Allowlist => "down/allowlist",
        }
    }

    /// The whole topic for one controller.
    #[must_use]
    pub fn topic(self, controller: &ControllerId) -> String {
        format!("{ROOT}{controller}/{}", self.as_str())
    }
}

/// A topic of one controller.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Topic {
    /// Whose it is.
    pub controller: ControllerId,
    /// Which of its nine.
    pub channel: Channel,
}

impl Topic {
    /// Reads a topic; none when it is not a controller's of this version.
    #[must_use]
    pub fn parse(topic: &str) -> Option<Self> {
        let (controller, kind) = topic.strip_prefix(ROOT)?.split_once('/')?;
        let channel = *Channel::ALL.iter().find(|channel| channel.as_str() == kind)?;
        Some(Self { controller: ControllerId::parse(controller).ok()?, channel })
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.channel.topic(&self.controller))
    }
}

text_enum! {
    /// What `up/alive` carries as bare text, in both profiles.
    pub enum Presence {
        /// The controller is connected.
        Online = "online",
        /// Its connection ended; the last will says so.
        Offline = "offline",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn every_topic_is_read_back_as_it_was_written() {
        let controller = ControllerId::parse("ubo-laser").unwrap();
        for &channel in Channel::ALL {
            let topic = Topic { controller: controller.clone(), channel };
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
        }
        assert_eq!(Channel::Ask.topic(&controller), "tremen/1/c/ubo-laser/up/ask");
    }

    #[test]
    fn the_direction_is_in_the_topic() {
        for &channel in Channel::ALL {
            assert_eq!(channel.is_up(), channel.as_str().starts_with("up/"));
        }
    }

    #[test]
    fn what_is_not_exactly_a_topic_of_a_controller_is_none() {
        for topic in [
            "",
            "tremen/1/c/ubo-laser",
            "tremen/1/c/ubo-laser/up",
            "tremen/1/c/ubo-laser/up/ask/",
            "tremen/1/c/ubo-laser/up/answer",
            "tremen/1/c/ubo-laser/down/ask",
            "tremen/1/c//up/ask",
            "tremen/1/c/+/up/ask",
            "tremen/1/c/UBO/up/ask",
            "tremen/2/c/ubo-laser/up/ask",
            "/tremen/1/c/ubo-laser/up/ask",
            "tremen/1/machines/brest/trotec-speedy/state",
        ] {
            assert_eq!(Topic::parse(topic), None, "{topic}");
        }
    }
}
