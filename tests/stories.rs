//! The stories, one file each. Start with `world.rs`, which starts a registry in a folder of its own, and with `raw.rs`, a
//! controller that is played by hand.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::wildcard_enum_match_arm,
    reason = "a story that fails says where"
)]

mod api;
mod api_description;
mod api_events;
mod api_paging;
mod api_repeats;
mod audit;
mod authority;
mod backup;
mod bridge;
mod broker;
mod broker_lost;
mod client;
mod clock;
mod crowd;
mod dice;
mod disk;
mod disk_work;
mod doors;
mod ends;
mod fuzz;
mod hostile;
mod hostile_broker;
mod house;
mod journal;
mod journal_verifier;
mod journal_verify;
mod keeping;
mod kills;
mod leftovers;
mod line;
mod links;
mod listener;
mod metrics;
mod mosquitto;
mod mosquitto_broker;
mod orders;
mod pairs;
mod ports;
mod probe;
mod process;
mod raw;
mod reasons;
mod recorded;
mod sessions;
mod sign_in;
mod slices;
mod smoke;
mod stall;
mod store;
mod tls;
mod world;
