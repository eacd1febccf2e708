//! What the program counts while it works, in atomics: a tap takes no lock for it. How it is told is in `web/metrics.rs`.
//!
//! What the database knows (open orders, sessions, controllers) is not counted here but read when somebody asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tremen_rules::DenialReason;

use crate::limits::Refusals;

/// The verdicts of a decision, as the wire says them.
pub const VERDICTS: [&str; 4] = ["grant", "done", "more", "deny"];

/// What is wrong with messages that are dropped: the wire's kinds of malformed, and what has no good seal or sender.
pub const MALFORMED: [&str; 11] = [
    "too_long",
    "not_json",
    "not_cbor",
    "not_deterministic",
    "duplicate_key",
    "missing_key",
    "wrong_type",
    "trailing_bytes",
    "wrong_channel",
    "controller_not_trusted",
    "unknown_controller",
];

/// Why the registry said that it is out of reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutOfReach {
    /// The store was saturated, stalled or failed.
    Store,
    /// The system's clock is not believed, and the machine is red.
    Clock,
}

impl OutOfReach {
    /// All causes, in the order in which they are told.
    pub const ALL: [Self; 2] = [Self::Store, Self::Clock];

    /// How the metric names it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Clock => "clock",
        }
    }
}

/// All counters of a process.
#[derive(Debug, Default)]
pub struct Metrics {
    /// By verdict, then by the position of the reason shown; the last is for no reason.
    decisions: [[Counter; REASONS + 1]; VERDICTS.len()],
    /// From the ask received to the answer published.
    pub decision_seconds: Histogram,
    /// Of each commit.
    pub commit_seconds: Histogram,
    /// From the order given to its confirmation.
    pub order_confirm_seconds: Histogram,
    /// What was turned away at the doors.
    pub refusals: Refusals,
    malformed: [Counter; MALFORMED.len()],
    out_of_reach: [Counter; OutOfReach::ALL.len()],
}

const REASONS: usize = DenialReason::ALL.len();

impl Metrics {
    /// Counts a decision that is durable.
    pub fn decided(&self, verdict: &str, reason: Option<&str>) {
        let reason = reason.and_then(DenialReason::parse);
        let column = reason.map_or(Some(REASONS), |reason| DenialReason::ALL.iter().position(|it| *it == reason));
        let row = VERDICTS.iter().position(|it| *it == verdict);
        let counter = row.and_then(|row| self.decisions.get(row)).zip(column).and_then(|(row, at)| row.get(at));
        counter.iter().for_each(|counter| counter.add());
    }

    /// Decisions by verdict and reason shown, those that were never made left out.
    pub fn decisions(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> + '_ {
        let reasons = || DenialReason::ALL.iter().map(|reason| reason.code()).chain([""]);
        let rows = VERDICTS.iter().zip(&self.decisions);
        let all =
            rows.flat_map(move |(verdict, row)| reasons().zip(row).map(|(reason, it)| (*verdict, reason, it.get())));
        all.filter(|(_, _, count)| *count > 0)
    }

    /// Counts a message that is dropped.
    pub fn malformed(&self, kind: &str) {
        let known = MALFORMED.iter().position(|it| *it == kind).and_then(|at| self.malformed.get(at));
        known.iter().for_each(|counter| counter.add());
    }

    /// Dropped messages by what is wrong with them.
    pub fn malformed_by_kind(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        MALFORMED.into_iter().zip(self.malformed.iter().map(Counter::get))
    }

    /// Counts an answer `registry_unreachable`.
    pub fn out_of_reach(&self, cause: OutOfReach) {
        let counter = OutOfReach::ALL.iter().position(|it| *it == cause).and_then(|at| self.out_of_reach.get(at));
        counter.iter().for_each(|counter| counter.add());
    }

    /// Answers `registry_unreachable` by cause.
    pub fn out_of_reach_by_cause(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        OutOfReach::ALL.iter().map(|cause| cause.code()).zip(self.out_of_reach.iter().map(Counter::get))
    }
}

/// Counts up.
#[derive(Debug, Default)]
struct Counter(AtomicU64);

impl Counter {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Durations in buckets.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [Counter; BOUNDS_US.len() + 1],
    sum_us: AtomicU64,
}

/// The upper bounds of the buckets, in microseconds: a tap takes about one millisecond, an unanswered order minutes.
const BOUNDS_US: [u64; 16] = [
    250,
    500,
    1_000,
    2_500,
    5_000,
    10_000,
    25_000,
    50_000,
    100_000,
    250_000,
    500_000,
    1_000_000,
    2_500_000,
    10_000_000,
    60_000_000,
    600_000_000,
];

/// A histogram as it is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// Upper bound in seconds, and how many lasted no longer; the last has no bound and counts all.
    pub buckets: Vec<(Option<f64>, u64)>,
    /// All durations together, in seconds.
    pub sum_s: f64,
}

impl Histogram {
    /// Counts one duration.
    pub fn observe(&self, lasted: Duration) {
        let micros = u64::try_from(lasted.as_micros()).unwrap_or(u64::MAX);
        let at = BOUNDS_US.partition_point(|bound| *bound < micros);
        self.buckets.get(at).iter().for_each(|counter| counter.add());
        self.sum_us.fetch_add(micros, Ordering::Relaxed);
    }

    /// What was counted. The count is that of the last bucket, so that both agree at any moment.
    #[must_use]
    pub fn told(&self) -> Told {
        let mut count = 0;
        let bounds = BOUNDS_US.iter().map(|bound| Some(Duration::from_micros(*bound).as_secs_f64())).chain([None]);
        let cumulated = bounds.zip(&self.buckets).map(|(bound, counter)| {
            count += counter.get();
            (bound, count)
        });
        let buckets = cumulated.collect();
        let sum_s = Duration::from_micros(self.sum_us.load(Ordering::Relaxed)).as_secs_f64();
        Told { buckets, sum_s }
    }
}

#[cfg(test)]
mod tests {
    use super::{Histogram, MALFORMED, Metrics, OutOfReach};
    use std::time::Duration;

    #[test]
    fn decisions_are_counted_by_verdict_and_reason() {
        let metrics = Metrics::default();
        for (verdict, reason) in [("grant", None), ("deny", Some("no_award")), ("deny", Some("no_award")), ("?", None)]
        {
            metrics.decided(verdict, reason);
        }
        let told: Vec<_> = metrics.decisions().collect();
        assert_eq!(told, [("grant", "", 1), ("deny", "no_award", 2)]);
    }

    #[test]
    fn a_duration_falls_into_the_first_bucket_that_holds_it() {
        let histogram = Histogram::default();
        for micros in [250, 251, 3_600_000_000] {
            histogram.observe(Duration::from_micros(micros));
        }
        let told = histogram.told();
        assert_eq!(told.buckets.first(), Some(&(Some(0.000_25), 1)));
        assert_eq!(told.buckets.get(1), Some(&(Some(0.000_5), 2)));
        assert_eq!(told.buckets.last(), Some(&(None, 3)));
        assert_eq!(told.sum_s, 3_600.000_501);
    }

    #[test]
    fn every_malformed_kind_of_the_wire_has_its_counter() {
        use tremen_wire::MalformedKind as Kind;
        let metrics = Metrics::default();
        let kinds = [
            Kind::TooLong,
            Kind::NotJson,
            Kind::NotCbor,
            Kind::NotDeterministic,
            Kind::Duplicate,
            Kind::Missing("n"),
            Kind::Type("n"),
            Kind::Trailing,
            Kind::Channel,
        ];
        kinds.iter().for_each(|kind| metrics.malformed(kind.as_str()));
        assert_eq!(metrics.malformed_by_kind().map(|(_, count)| count).sum::<u64>(), 9);
        assert_eq!(MALFORMED.len(), kinds.len() + 2);
        metrics.out_of_reach(OutOfReach::Clock);
        assert_eq!(metrics.out_of_reach_by_cause().collect::<Vec<_>>(), [("store", 0), ("clock", 1)]);
    }
}
