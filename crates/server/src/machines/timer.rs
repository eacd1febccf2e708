//! Ends what ends by itself, at its instant: one timer that sleeps until the earliest.

use std::time::Duration;

use tremen_rules::Time;

use super::next;
use super::outbox::until;
use crate::flows::{FlowError, end_due_locks, end_due_sessions};
use crate::store::{Store, StoreError, Touched};

/// Looks at each open session when it is due.
pub(super) async fn run(store: Store) {
    let mut touched = store.touched();
    loop {
        let due = match look(&store).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "sessions that are due could not be looked at; tries again");
                Some(store.clock().now().plus_seconds(1))
            }
        };
        let sleep = due.map_or(Duration::from_secs(3600), |due| until(&store, due));
        let timer = tokio::time::sleep(sleep.min(Duration::from_secs(3600)));
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer => break,
                what = next(&mut touched) => match what {
                    Some(Touched::Sessions | Touched::Everything) => break,
                    Some(Touched::Machine(_) | Touched::Answer(_) | Touched::Orders(_) | Touched::Network | Touched::Credentials(_)) => {}
                    None => return,
                },
            }
        }
    }
}

/// Ends what is due, and tells when to look again.
async fn look(store: &Store) -> Result<Option<Time>, FlowError> {
    let due = store
        .read(|tx| {
            let next = [tx.next_due()?, tx.next_lock_end()?].into_iter().flatten().min();
            Ok::<_, StoreError>(next.map(|next| (next, next <= tx.now())))
        })
        .await?;
    match due {
        Some((_, true)) => {
            let (ended, free) = store
                .write(|tx| Ok::<_, FlowError>((end_due_sessions::run(tx)?, end_due_locks::run(tx)?)))
                .await?;
            for stopped in &ended.stopped {
                tracing::info!(machine.id = %stopped.machine, reason = stopped.reason, "a right ended; its session is told to stop");
            }
            for machine in &free {
                tracing::info!(machine.id = %machine, "a lock's time is over");
            }
            // Asked again rather than computed: there may be more than one round did.
            Ok(Some(store.clock().now()))
        }
        Some((next, false)) => Ok(Some(next)),
        None => Ok(None),
    }
}
