//! Verification, from a file and what its addresses answer to the report: vectors of others, and worlds made here.
//!
//! `world` answers addresses; `school` is an issuer with keys of every kind that is known.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests: a failure here is a failed test"
)]

mod awards;
mod endorsements;
mod school;
mod status_lists;
mod tokens;
mod vectors;
mod version_2;
mod world;
