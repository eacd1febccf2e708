//! A controller for a small board: a card reader, a relay, and the Tremen wire over MQTT.
//!
//! Start at [`run`]. What a controller does is decided in `tremen-controller`; here it gets hands: `reader.rs` turns
//! bytes into card numbers, `relay.rs` holds the contact, `state.rs` keeps what must outlive a power cut, `broker.rs` is
//! the connection, `device.rs` does what the controller says. Nothing here decides who may use a machine, and nothing
//! closes the relay but the controller's word.

pub mod broker;
pub mod device;
pub mod key_file;
pub mod reader;
pub mod relay;
mod run;
pub mod screen;
pub mod state;

pub use run::{Parts, run};
