//! Keeps the journal sealed while the registry runs: looks every two seconds for entries that are no leaves yet, seals them
//! in small slices between the taps, and signs a checkpoint. Start at [`Sealer::catch_up`].
//!
//! After a crash nothing is lost: what has no leaf is found at the next start, whatever its number.

use std::time::Duration;

use tokio::sync::oneshot;
use tremen_tlog::Frontier;

use crate::flows::{FlowError, seal_journal};
use crate::store::{Store, StoreError};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);
/// How many entries one transaction seals: about half a millisecond of the writer.
const SLICE: u32 = 128;
/// How far below the highest number it looks for entries that were committed late, as several nodes on PostgreSQL make
/// possible.
const LATE: i64 = 4096;
/// Once in so many looks it looks at all numbers: about every half hour, and first of all.
const LOOKS: u32 = 1000;

/// What one catching up did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sealed {
    /// How many entries were sealed.
    pub entries: usize,
    /// The size of the checkpoint that was signed; none where there was nothing new.
    pub checkpoint: Option<u64>,
}

/// What a sealer remembers between two looks; a new one looks at everything.
#[derive(Debug, Default)]
pub struct Sealer {
    floor: i64,
    looks: u32,
    edge: Option<(i64, Frontier)>,
}

impl Sealer {
    /// Seals all entries that are no leaves yet, slice by slice, and signs a checkpoint if there is anything new.
    ///
    /// # Errors
    /// When the store fails; what was sealed until then stays sealed. [`FlowError::Refused`] where the journal was changed.
    pub async fn catch_up(&mut self, store: &Store) -> Result<Sealed, FlowError> {
        let is_first = self.looks == 0;
        if is_first {
            self.floor = 0;
        }
        self.looks = (self.looks + 1) % LOOKS;
        let mut sealed = Sealed::default();
        // Those that were committed late are looked for once in a look, not again with each slice.
        let mut after = self.floor;
        loop {
            let (slice, highest) =
                store.read(move |tx| Ok::<_, StoreError>((tx.unsealed_after(after, SLICE)?, tx.last_entry()?))).await?;
            let Some(last) = slice.last().map(|row| row.entry) else {
                // All up to there are leaves: the next look need not ask about each of them again.
                self.floor = self.floor.max(highest.map_or(0, |highest| highest.entry) - LATE);
                break;
            };
            let count = slice.len();
            let edge = self.edge.take();
            self.edge = Some(store.write(move |tx| seal_journal::run(tx, &slice, edge)).await?);
            self.floor = self.floor.max(last - LATE);
            after = last;
            sealed.entries += count;
        }
        if is_first || sealed.entries > 0 {
            let signed = store.write(seal_journal::sign).await?;
            // A tree's first slice is signed with its leaves: then there was nothing left to sign.
            let edge = self.edge.as_ref().filter(|_| sealed.entries > 0).map(|(_, edge)| edge.size());
            sealed.checkpoint = signed.or(edge);
        }
        Ok(sealed)
    }
}

/// Seals until it is told to stop, and once more then.
pub async fn run(store: Store, mut stop: oneshot::Receiver<()>) {
    let mut sealer = Sealer::default();
    let mut told = None; // a fault is told once, not with each look
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let last = tokio::select! {
            _ = tick.tick() => false,
            _ = &mut stop => true, // told, or dropped: both mean the end
        };
        match sealer.catch_up(&store).await {
            Ok(_) => told = None,
            Err(error) => {
                if told.as_ref() != Some(&error) {
                    tracing::warn!(%error, "the journal is not sealed for now; tries again");
                    told = Some(error);
                }
                sealer = Sealer::default();
            }
        }
        if last {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{LATE, Sealer};
    use crate::flows::rehearsal::Stage;
    use crate::flows::{FlowError, seal_journal};

    #[test]
    fn a_copy_that_is_made_between_the_first_leaves_and_the_end_of_the_catching_up_verifies() {
        let stage = Stage::sample();
        let slice = stage.read(|tx| tx.unsealed_after(0, 5));
        assert_eq!(slice.len(), 5);
        stage.change(move |tx| drop(seal_journal::run(tx, &slice, None).unwrap()));
        let tree = stage.read(|tx| tx.newest_tree()).unwrap();
        assert_eq!(
            stage.read(|tx| tx.checkpoint(tree.tree)).map(|it| it.size),
            Some(5),
            "signed in the same transaction"
        );
    }

    #[test]
    fn a_journal_that_is_sealed_is_not_looked_through_again_from_its_beginning() {
        let stage = Stage::sample();
        stage
            .write(|tx| {
                for number in 0..LATE + 10 {
                    tx.record("rehearsed", &json!(number))?;
                }
                Ok::<_, FlowError>(())
            })
            .unwrap();
        stage.wait(Sealer::default().catch_up(&stage.store)).unwrap();
        let highest = stage.read(|tx| tx.last_entry()).unwrap().entry;
        let mut sealer = Sealer::default();
        assert_eq!(stage.wait(sealer.catch_up(&stage.store)).unwrap().entries, 0, "all is sealed already");
        assert_eq!(sealer.floor, highest - LATE);
    }
}
