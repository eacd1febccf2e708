//! A secure card without plastic: says what an NTAG 424 DNA of this registry would say. For the demonstration and tests.

use tremen_wire::{Reading, ntag424};

use crate::keys::Keys;

/// An NTAG 424 DNA and its read counter.
#[derive(Debug, Clone)]
pub struct SimulatedCard {
    uid: [u8; 7],
    counter: u32,
}

impl SimulatedCard {
    /// A card of this number that was never read.
    #[must_use]
    pub const fn new(uid: [u8; 7]) -> Self {
        Self { uid, counter: 0 }
    }

    /// Holds the card to a reader: each reading counts one further.
    pub fn read(&mut self, keys: &Keys) -> Reading {
        self.counter += 1;
        let key = keys.card_file_key(&self.uid).unwrap_or_default();
        Reading::Picc {
            picc: ntag424::close_picc(&keys.ntag424_meta, &self.uid, self.counter),
            mac: ntag424::session_mac(&key, &self.uid, self.counter, b""),
            text: None,
        }
    }
}
