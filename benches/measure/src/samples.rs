//! Durations that were measured, and what is said of many of them.

use std::time::{Duration, Instant};

/// Durations of one thing, in the order in which they were measured.
#[derive(Debug, Clone, Default)]
pub struct Samples(Vec<Duration>);

impl Samples {
    /// Adds one.
    pub fn push(&mut self, one: Duration) {
        self.0.push(one);
    }

    /// Measures a call.
    pub fn time<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let at = Instant::now();
        let done = call();
        self.push(at.elapsed());
        done
    }

    /// Measures until a future is ready.
    pub async fn time_async<T>(&mut self, future: impl Future<Output = T>) -> T {
        let at = Instant::now();
        let done = future.await;
        self.push(at.elapsed());
        done
    }

    /// All of them, in the order in which they were measured.
    #[must_use]
    pub fn all(&self) -> &[Duration] {
        &self.0
    }

    /// The duration that so many percent of them do not exceed (nearest rank); zero when there are none.
    #[must_use]
    pub fn quantile(&self, percent: usize) -> Duration {
        let mut sorted = self.0.clone();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted.get(rank - 1).copied().unwrap_or_default()
    }

    /// The 50th percentile.
    #[must_use]
    pub fn median(&self) -> Duration {
        self.quantile(50)
    }

    /// The 99th percentile.
    #[must_use]
    pub fn p99(&self) -> Duration {
        self.quantile(99)
    }

    /// A table's row: name, median, 95th and 99th percentile, number of runs.
    #[must_use]
    pub fn row(&self, name: &str) -> Vec<String> {
        let quantiles = [50, 95, 99].map(|percent| short(self.quantile(percent)));
        std::iter::once(name.to_owned()).chain(quantiles).chain([self.0.len().to_string()]).collect()
    }
}

/// A duration as people read it, with three digits: `1.23 µs`, `45.6 ms`.
#[must_use]
pub fn short(duration: Duration) -> String {
    let ns = duration.as_secs_f64() * 1e9;
    let (value, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    let digits = match value {
        value if value < 10.0 => 2,
        value if value < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.digits$} {unit}")
}

/// Measures several contenders in turn, `each` calls of one and then of the next, so that a noisy minute is noisy for all.
/// The first round warms up and is not kept. Answers in the contenders' order.
#[must_use]
pub fn interleave(rounds: usize, each: usize, contenders: &mut [&mut dyn FnMut()]) -> Vec<Samples> {
    let mut all = vec![Samples::default(); contenders.len()];
    for round in 0..=rounds {
        for (contender, samples) in contenders.iter_mut().zip(&mut all) {
            for _ in 0..each {
                if round == 0 {
                    contender();
                } else {
                    samples.time(&mut **contender);
                }
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_ms(all: impl IntoIterator<Item = u64>) -> Samples {
        Samples(all.into_iter().map(Duration::from_millis).collect())
    }

    #[test]
    fn a_quantile_is_a_duration_that_was_measured() {
        let samples = of_ms((1..=200).rev());
        assert_eq!(samples.median(), Duration::from_millis(100));
        assert_eq!(samples.p99(), Duration::from_millis(198));
        assert_eq!(of_ms([7]).p99(), Duration::from_millis(7));
        assert_eq!(of_ms([]).median(), Duration::ZERO);
    }

    #[test]
    fn durations_are_told_with_three_digits() {
        let told = [86, 1_234, 45_600, 999_000, 1_500_000, 2_340_000_000].map(|ns| short(Duration::from_nanos(ns)));
        assert_eq!(told, ["86.0 ns", "1.23 µs", "45.6 µs", "999 µs", "1.50 ms", "2.34 s"]);
    }

    #[test]
    fn contenders_take_turns_and_the_first_round_is_not_kept() {
        let order = std::cell::RefCell::new(String::new());
        let samples =
            interleave(2, 2, &mut [&mut || order.borrow_mut().push('a'), &mut || order.borrow_mut().push('b')]);
        assert_eq!(*order.borrow(), "aabbaabbaabb");
        assert_eq!(samples.iter().map(|it| it.all().len()).collect::<Vec<_>>(), [4, 4]);
    }
}
