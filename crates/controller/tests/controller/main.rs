//! The sentences of the Tremen wire, version 1, that bind a controller, each with its test; then a hostile channel.
//!
//! Start with `bench.rs`: a controller on a bench, whose registry is the test itself.
#![expect(clippy::wildcard_enum_match_arm, reason = "a test looks for the one thing it is about")]

#[cfg(test)]
mod asking;
#[cfg(test)]
mod bench;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod links;
#[cfg(test)]
mod model;
#[cfg(test)]
mod offline;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod sessions;
