//! How much anybody may take at a door: connections, messages. Start at [`Limits`], which says how much;
//! [`Places`] holds connections to it, [`Allowances`] messages, [`refuse`] counts what was turned away.
//!
//! Nothing here knows what passes a door. Each door gives its own answer to what it turns away.

mod allowance;
mod places;
mod refusals;

use std::net::{IpAddr, Ipv6Addr};

pub use allowance::{Allowance, Allowances, Rate};
pub use places::{Full, Place, PlaceRules, Places};
pub use refusals::{Refusal, Refusals, refuse};

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// At the embedded broker.
    pub mqtt: MqttLimits,
    /// To each controller.
    pub controller: ControllerLimits,
    /// At the pages and the API.
    pub web: WebLimits,
}

/// How much is allowed at the embedded broker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MqttLimits {
    /// Connections, logged in or not.
    pub connections: u32,
    /// Connections from one address.
    pub connections_per_address: u32,
    /// Connections that have not logged in yet.
    pub newcomers: u32,
    /// Of these, from one address.
    pub newcomers_per_address: u32,
    /// How long a login may take, in seconds; the broker's own limit is 10.
    pub login_seconds: u32,
    /// The largest packet that anybody may send, in bytes.
    pub packet_bytes: u32,
}

impl Default for MqttLimits {
    fn default() -> Self {
        Self {
            connections: 5_000,
            connections_per_address: 2_000,
            newcomers: 512,
            newcomers_per_address: 256,
            login_seconds: 5,
            packet_bytes: 16 * 1024,
        }
    }
}

impl MqttLimits {
    /// The rules for places, of so many in all.
    #[must_use]
    pub const fn places(&self, all: u32) -> PlaceRules {
        PlaceRules {
            all,
            per_address: self.connections_per_address,
            newcomers: self.newcomers,
            newcomers_per_address: self.newcomers_per_address,
        }
    }
}

/// How much one controller may say. What an honest one says stays far below, its repeats included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControllerLimits {
    /// Cards that were presented.
    pub asks: Rate,
    /// What happened: fifty machines in use on the shortest lease say 900 a minute.
    pub reports: Rate,
    /// Beginnings of links: the wire has a controller wait longer and longer between two.
    pub hellos: Rate,
    /// Words about its presence.
    pub presence: Rate,
}

impl Default for ControllerLimits {
    fn default() -> Self {
        Self {
            asks: Rate { burst: 600, per_minute: 3_600 },
            reports: Rate { burst: 600, per_minute: 6_000 },
            hellos: Rate { burst: 60, per_minute: 60 },
            presence: Rate { burst: 60, per_minute: 60 },
        }
    }
}

/// How much is allowed at the pages and the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebLimits {
    /// Connections.
    pub connections: u32,
    /// Connections from one address that is no trusted proxy's.
    pub connections_per_address: u32,
    /// Connections on which nothing was answered yet.
    pub newcomers: u32,
    /// Of these, from one address that is no trusted proxy's.
    pub newcomers_per_address: u32,
    /// How long the head of a request may take, and how long a connection may rest between two, in seconds.
    pub header_seconds: u32,
    /// The largest head of a request, in bytes.
    pub header_bytes: u32,
    /// How long a request that carries something may take, in seconds.
    pub body_seconds: u32,
    /// Requests from one address.
    pub requests: Rate,
    /// Streams of events: pages that are live, scripts that listen.
    pub streams: u32,
    /// Of these, to one address.
    pub streams_per_address: u32,
}

impl Default for WebLimits {
    fn default() -> Self {
        Self {
            connections: 1_024,
            connections_per_address: 512,
            newcomers: 256,
            newcomers_per_address: 64,
            header_seconds: 10,
            header_bytes: 16 * 1024,
            body_seconds: 30,
            requests: Rate { burst: 1_000, per_minute: 12_000 },
            streams: 512,
            streams_per_address: 256,
        }
    }
}

impl WebLimits {
    /// The rules for connections.
    #[must_use]
    pub const fn places(&self) -> PlaceRules {
        PlaceRules {
            all: self.connections,
            per_address: self.connections_per_address,
            newcomers: self.newcomers,
            newcomers_per_address: self.newcomers_per_address,
        }
    }
}

/// Whose count an address falls under: of IPv6 one line of a provider has 2^64 addresses, so they count as one.
#[must_use]
pub fn origin(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (!0 << 64))),
    }
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn an_address_counts_alone_and_an_ipv6_line_as_one() {
        let same = |one: &str, other: &str| origin(one.parse().unwrap()) == origin(other.parse().unwrap());
        assert!(!same("192.0.2.1", "192.0.2.2"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1"));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
    }
}
