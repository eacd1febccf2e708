//! The daily round: once a day the registry lets go what is kept long enough. Start at [`Daily::start`].

use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tremen_rules::Time;

use crate::flows::apply_retention::{Mode, Schedule, run};
use crate::flows::{Actor, Warrant, forget_challenges};
use crate::store::{Store, Touched};

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;
/// After a failure it tries again an hour later.
const AGAIN_MS: i64 = 3_600_000;

/// The daily round, until it is stopped.
#[derive(Debug)]
pub struct Daily {
    task: tokio::task::JoinHandle<()>,
}

impl Daily {
    /// Starts it: the first round is due a day after the last one that any process made, or now.
    #[must_use]
    pub fn start(store: &Store, schedule: Schedule) -> Self {
        Self { task: tokio::spawn(rounds(store.clone(), schedule)) }
    }

    /// Stops it; a slice that was handed to the store is done or never will be.
    pub async fn stop(self) {
        self.task.abort();
        let _ = self.task.await; // ended by the abort, which is what was asked for
    }
}

async fn rounds(store: Store, schedule: Schedule) {
    let mut touched = store.touched();
    let mut not_before = Time::from_millis(i64::MIN);
    loop {
        let due = match store.read(|tx| tx.retained_at()).await {
            Ok(last) => last.map_or(store.now(), |last| last.plus_millis(DAY_MS)).max(not_before),
            Err(error) => {
                tracing::error!(%error, "when retention ran last could not be read; tries again in an hour");
                store.now().plus_millis(AGAIN_MS)
            }
        };
        let wait = due.since(store.now());
        if wait > 0 {
            let sleep = tokio::time::sleep(Duration::from_millis(u64::try_from(wait.min(DAY_MS)).unwrap_or(0)));
            tokio::pin!(sleep);
            loop {
                tokio::select! {
                    () = &mut sleep => break,
                    // the registry's clock may have been set
                    what = touched.recv() => match what {
                        Ok(Touched::Everything) | Err(RecvError::Lagged(_)) => break,
                        Ok(_) => {}
                        Err(RecvError::Closed) => return,
                    },
                }
            }
            continue;
        }
        if let Err(error) = forget_challenges::run(&store).await {
            tracing::warn!(%error, "old challenges of controllers could not be forgotten; tries again tomorrow");
        }
        let warrant = Warrant { by: Actor::Registry, why: "by schedule".to_owned() };
        match run(&store, &warrant, schedule, Mode::Do).await {
            Ok(tally) if tally.is_empty() => tracing::debug!("nothing is kept longer than it may be"),
            Ok(tally) => tracing::info!(
                decisions = tally.decisions,
                sessions = tally.sessions,
                payloads = tally.payloads,
                people = tally.people,
                "let go what was kept long enough"
            ),
            Err(error) => failed(&mut not_before, &store, &error),
        }
    }
}

fn failed(not_before: &mut Time, store: &Store, error: &dyn std::fmt::Display) {
    tracing::error!(%error, "retention did not come to its end; tries again in an hour");
    *not_before = store.now().plus_millis(AGAIN_MS);
}
