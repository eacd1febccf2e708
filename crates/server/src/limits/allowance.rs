//! So many at once, and then so many a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// So many names are counted apart.
const NAMES: usize = 10_000;

/// How much is allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// So many at once.
    pub burst: u32,
    /// And then so many a minute.
    pub per_minute: u32,
}

impl Rate {
    /// How long one takes to be allowed again.
    fn each(self) -> Duration {
        Duration::from_secs(60) / self.per_minute.max(1)
    }
}

/// What is left of one allowance: the instant at which it is whole again.
#[derive(Debug, Clone, Copy, Default)]
pub struct Allowance(Option<Instant>);

impl Allowance {
    /// Takes one; else tells after what time the next one is allowed.
    ///
    /// # Errors
    /// The time to wait.
    pub fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        let whole_at = self.0.map_or(now, |at| at.max(now)) + rate.each();
        match whole_at.duration_since(now).checked_sub(rate.each() * rate.burst) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.0 = Some(whole_at);
                Ok(())
            }
        }
    }

    fn is_whole(&self, now: Instant) -> bool {
        self.0.is_none_or(|at| at <= now)
    }
}

/// One allowance for each name, all alike.
#[derive(Debug)]
pub struct Allowances<K> {
    rate: Rate,
    by_name: Mutex<HashMap<K, Allowance>>,
}

impl<K: Eq + Hash> Allowances<K> {
    /// All are whole.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        Self { rate, by_name: Mutex::default() }
    }

    /// Takes one from a name's allowance; else tells after what time the next one is allowed.
    ///
    /// # Errors
    /// The time to wait.
    pub fn take(&self, name: K, now: Instant) -> Result<(), Duration> {
        let mut all = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= NAMES && !all.contains_key(&name) {
            make_room(&mut all, now);
        }
        all.entry(name).or_default().take(self.rate, now)
    }
}

/// Forgets those whose allowance is whole, which loses nothing; all of them when that is not enough.
fn make_room<K: Eq + Hash>(all: &mut HashMap<K, Allowance>, now: Instant) {
    all.retain(|_, allowance| !allowance.is_whole(now));
    if all.len() >= NAMES {
        all.clear();
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Allowance, Allowances, NAMES, Rate};

    const RATE: Rate = Rate { burst: 3, per_minute: 600 };
    const EACH: Duration = Duration::from_millis(100);

    #[test]
    fn a_burst_is_allowed_and_then_one_at_a_time() {
        let (mut it, now) = (Allowance::default(), Instant::now());
        for _ in 0..3 {
            assert_eq!(it.take(RATE, now), Ok(()));
        }
        assert_eq!(it.take(RATE, now), Err(EACH));
        assert_eq!(it.take(RATE, now + EACH - Duration::from_millis(1)), Err(Duration::from_millis(1)));
        assert_eq!(it.take(RATE, now + EACH), Ok(()));
        assert_eq!(it.take(RATE, now + EACH), Err(EACH));
        assert_eq!(it.take(RATE, now + 100 * EACH), Ok(()), "what was not used does not add up");
        for _ in 0..2 {
            assert_eq!(it.take(RATE, now + 100 * EACH), Ok(()));
        }
        assert_eq!(it.take(RATE, now + 100 * EACH), Err(EACH));
    }

    #[test]
    fn names_are_counted_apart_and_their_number_is_bounded() {
        let (all, now) = (Allowances::new(RATE), Instant::now());
        for name in 0..NAMES {
            assert_eq!(all.take(name, now), Ok(()));
        }
        all.take(NAMES, now + EACH).unwrap();
        assert_eq!(all.by_name.lock().unwrap().len(), 1, "all others were whole again");
        for _ in 0..2 {
            assert_eq!(all.take(NAMES, now + EACH), Ok(()));
        }
        assert_eq!(all.take(NAMES, now + EACH), Err(EACH));
        assert_eq!(all.take(0, now + EACH), Ok(()));
    }
}
