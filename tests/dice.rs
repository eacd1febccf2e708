//! Chance that can be repeated.

use tremen_server::store::{Random, seeded_random};

/// Throws from a seed.
pub struct Dice(Random);

impl Dice {
    pub fn of(seed: u64) -> Self {
        Self(seeded_random(seed))
    }

    /// A number below a bound.
    pub fn below(&self, bound: usize) -> usize {
        let mut bytes = [0; 8];
        (self.0)(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes) % bound as u64).unwrap()
    }
}

/// A number that `tests/long` asks for by the environment, or the one of every day.
pub fn asked(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}
