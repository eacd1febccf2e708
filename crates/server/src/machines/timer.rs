//! Ends what ends by itself, at its instant: one timer that sleeps until the earliest.

use std::time::Duration;

use tremen_rules::Time;

use super::news;
use super::outbox::until;
use crate::flows::{FlowError, end_due_locks, end_due_sessions};
use crate::store::{Store, StoreError, Touched};

/// Looks at each open session and each lock when it is due.
pub(super) async fn run(store: Store) {
    let mut touched = store.touched();
    loop {
        let due = match look(&store).await {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "sessions that are due could not be looked at; tries again");
                Some(store.now().plus_seconds(1))
            }
        };
        let sleep = due.map_or(Duration::from_secs(3600), |due| until(&store, due));
        let timer = tokio::time::sleep(sleep.min(Duration::from_secs(3600)));
        tokio::pin!(timer);
        loop {
            tokio::select! {
                () = &mut timer => break,
                news = news(&mut touched) => {
                    let Some(news) = news else { return };
                    if news.iter().any(moves_an_end) {
                        break;
                    }
                }
            }
        }
    }
}

const fn moves_an_end(what: &Touched) -> bool {
    match what {
        // a lock touches its machine
        Touched::Sessions | Touched::Machine(_) | Touched::Everything => true,
        Touched::Answer(_) | Touched::Orders(_) | Touched::Network | Touched::Credentials(_) => false,
    }
}

/// Ends what is due, and tells when to look again.
async fn look(store: &Store) -> Result<Option<Time>, FlowError> {
    let (session, lock, now) =
        store.read(|tx| Ok::<_, StoreError>((tx.next_due()?, tx.next_lock_end()?, tx.now()))).await?;
    let mut next = [session, lock];
    if session.is_some_and(|due| due <= now) {
        let ended = store.write(end_due_sessions::run).await?;
        for stopped in &ended.stopped {
            tracing::info!(machine.id = %stopped.machine, reason = stopped.reason, "a right ended; its session is told to stop");
        }
        next = [ended.next, lock];
    }
    if lock.is_some_and(|due| due <= now) {
        let (free, end) = store.write(|tx| Ok::<_, FlowError>((end_due_locks::run(tx)?, tx.next_lock_end()?))).await?;
        for machine in free {
            tracing::info!(machine.id = %machine, "a lock's time is over");
        }
        let [session, _] = next;
        next = [session, end];
    }
    Ok(next.into_iter().flatten().min())
}
