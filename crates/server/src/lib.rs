//! Tremen: the machine-access skill registry of a network of fablabs.
//!
//! Three doors, `web`, `machines` and `cli`, never meet; all go through `flows`, which alone open a write on [`store`].
//! Start reading at `flows/decide_access.rs`: a tap, from the ask to its answer.

pub mod backup;
pub mod cli;
pub mod clock;
pub mod config;
pub mod daily;
pub mod fetch;
pub mod flows;
pub mod keys;
pub mod limits;
pub mod listening;
pub mod machines;
pub mod metrics;
pub mod private;
pub mod sealer;
pub mod serve;
pub mod store;
pub mod timekeeping;
pub mod web;
pub mod words;
