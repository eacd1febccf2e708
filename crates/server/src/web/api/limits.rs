//! How often a token may ask. Start at [`Limits::take`].

use std::collections::HashMap;
use std::sync::Mutex;

use tremen_rules::Time;

/// So many requests at once.
const BURST: i64 = 300;
/// One more in so many milliseconds.
const EACH_MS: i64 = 20;
/// So many tokens are counted apart; beyond, all are forgotten and begin anew.
const TOKENS: usize = 10_000;

/// The counts of this process.
#[derive(Debug, Default)]
pub(super) struct Limits {
    /// By the keyed hash of a good secret: the instant at which its allowance is whole again.
    whole_at: Mutex<HashMap<[u8; 16], Time>>,
    /// The same for all secrets together that are nobody's.
    strangers: Mutex<Option<Time>>,
}

impl Limits {
    /// Takes one request from an allowance; else tells in how many seconds the next one is answered.
    pub(super) fn take(&self, tag: [u8; 16], now: Time) -> Result<(), u64> {
        let mut known = self.whole_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(whole_at) = known.get_mut(&tag) {
            return take(whole_at, now);
        }
        drop(known);
        let mut strangers = self.strangers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        take(strangers.get_or_insert(now), now)
    }

    /// Counts a secret apart from now on, since it turned out to be good.
    pub(super) fn knows(&self, tag: [u8; 16], now: Time) {
        let mut known = self.whole_at.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.len() >= TOKENS && !known.contains_key(&tag) {
            known.clear();
        }
        known.entry(tag).or_insert(now);
    }
}

fn take(whole_at: &mut Time, now: Time) -> Result<(), u64> {
    let next = (*whole_at).max(now).plus_millis(EACH_MS);
    let wait_ms = next.since(now) - BURST * EACH_MS;
    if wait_ms > 0 {
        return Err(u64::try_from(wait_ms.div_euclid(1000) + 1).unwrap_or(1));
    }
    *whole_at = next;
    Ok(())
}

#[cfg(test)]
mod tests {
    use tremen_rules::Time;

    use super::{BURST, EACH_MS, Limits};

    #[test]
    fn a_burst_is_answered_and_then_one_request_in_20_ms() {
        let (limits, now) = (Limits::default(), Time::from_millis(1_000_000));
        limits.knows([1; 16], now);
        for _ in 0..BURST {
            assert_eq!(limits.take([1; 16], now), Ok(()));
        }
        assert_eq!(limits.take([1; 16], now), Err(1));
        assert_eq!(limits.take([1; 16], now.plus_millis(EACH_MS - 1)), Err(1));
        assert_eq!(limits.take([1; 16], now.plus_millis(EACH_MS)), Ok(()));
        assert_eq!(limits.take([1; 16], now.plus_millis(EACH_MS)), Err(1));
        assert_eq!(limits.take([2; 16], now), Ok(()), "others are counted apart");
    }

    #[test]
    fn secrets_that_are_nobodys_share_one_allowance() {
        let (limits, now) = (Limits::default(), Time::from_millis(1_000_000));
        let mut secret = [0; 16];
        for number in 0..BURST {
            secret[0] = u8::try_from(number % 256).unwrap();
            assert_eq!(limits.take(secret, now), Ok(()));
        }
        assert_eq!(limits.take([9; 16], now), Err(1));
    }
}
