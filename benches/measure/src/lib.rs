//! What every benchmark of Tremen needs: samples, quantiles, tables, plots. Start at [`interleave`], then [`Report`].
//!
//! A benchmark is a program without the test harness:
//!
//! ```ignore
//! fn main() {
//!     let Some(arguments) = Arguments::of_bench() else { return };
//!     let mut samples = interleave(20, 50, &mut [&mut || hash(&bytes), &mut || verify(&bytes)]);
//!     let (floor, ours) = (&samples[0], &samples[1]);
//!     let mut report = Report::new("verify", "Verifying the journal beside hashing the same bytes");
//!     report.table(&["what", "p50", "p95", "p99", "runs"], vec![floor.row("SHA-256"), ours.row("verify")]);
//!     report.finish(&arguments);
//! }
//! ```
//!
//! The figures that matter are ratios of two medians of one interleaved run. Nothing here knows what is measured.

mod plot;
mod report;
mod samples;

pub use plot::{Axis, Plot, Series};
pub use report::{Arguments, Report};
pub use samples::{Samples, interleave, short};
