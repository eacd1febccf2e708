//! The Tremen wire, version 1: what a machine controller and the registry say to each other over MQTT.
//!
//! Start with [`Up`] and [`Down`]: what a controller sends and what it receives, each with `encode` and `decode`.
//! Every message has its own file, which says what it must and may carry; the keys that they share, with their numbers,
//! names and types, are one table in `keys.rs`. The two profiles differ in `json.rs` and `cbor.rs` alone; `seal.rs`
//! is the protection of the sealed one. Beside the messages: [`Allowlist`], the signed offline list; [`Window`], which
//! tells a repeat; and [`ntag424`], what a card says to prove that it is itself.
//!
//! This crate takes bytes and gives bytes. It never opens a connection, reads a clock, draws a random number or decides
//! anything, and it must not panic on any input: firmware on a wall links it.
#![no_std]

extern crate alloc;

#[macro_use]
mod text_enum;

mod allowlist;
mod answer;
mod ask;
mod cbor;
mod fields;
mod hello;
mod hex;
mod ids;
mod json;
mod keys;
mod lease;
mod machine_state;
mod message;
pub mod ntag424;
mod order;
mod reading;
mod refused;
mod report;
#[cfg(test)]
mod rules_of_the_page;
mod seal;
mod stop_policy;
mod topic;
mod welcome;
mod window;

pub use allowlist::{Allowlist, AllowlistError, ListedMachine};
pub use answer::{Answer, Outcome, Verdict};
pub use ask::{Ask, Intent};
pub use hello::{Capability, Hello};
pub use ids::{Challenge, ControllerId, EntryTag, InvalidControllerId, Link, Nonce, SessionId};
pub use lease::Lease;
pub use machine_state::{MachineState, PublicState, machine_state_topic};
pub use message::{Down, Up};
pub use order::{Action, Order};
pub use reading::{Reading, Uid};
pub use refused::{Malformed, MalformedKind, Refused};
pub use report::{Event, Report};
pub use seal::{Key, Profile, Protection};
pub use stop_policy::StopPolicy;
pub use topic::{Channel, Presence, Topic};
pub use welcome::{MachineCard, ShownState, Welcome};
pub use window::Window;

/// Longest message from a controller, in bytes.
pub const MAX_UP: usize = 1024;
/// Longest message to a controller but the offline list, in bytes.
pub const MAX_DOWN: usize = 16 * 1024;
/// Longest signed offline list, in bytes.
pub const MAX_ALLOWLIST: usize = 256 * 1024;
