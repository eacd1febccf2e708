//! The stories, one file each. Start with `world.rs`, which starts a registry in a folder of its own.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a story that fails says where")]

mod bridge;
mod house;
mod smoke;
mod world;
