//! News for open pages: one task reads what committed changes touch, every page that is open looks at the same board.
//! Start at [`Live::start`].
//!
//! A page is only as live as the last board: when the database cannot be read no board comes, and the page says so.

use std::collections::BTreeSet;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{broadcast, watch};
use tremen_rules::MachineId;

use super::board::Board;
use crate::store::{Store, StoreError, Touched};

/// A board comes at least so often, changed or not: hours open and locks end without anybody touching anything.
const BEAT: Duration = Duration::from_secs(10);
/// What changes within this time is read at once.
const GATHER: Duration = Duration::from_millis(40);
/// After a failure the database is left alone for a while.
const RECOVERY: Duration = Duration::from_secs(1);

/// The news. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Live {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    boards: watch::Sender<Option<Arc<Board>>>,
    closed: watch::Sender<bool>,
}

impl Live {
    /// Starts the task that reads the news. It ends with [`Live::close`], or with the last clone.
    #[must_use]
    pub fn start(store: &Store) -> Self {
        let shared = Arc::new(Shared { boards: watch::Sender::new(None), closed: watch::Sender::new(false) });
        let heard = store.touched();
        tokio::spawn(read_news(Arc::downgrade(&shared), store.clone(), heard));
        Self { shared }
    }

    /// Ends the task and all streams, so that a server can stop.
    pub fn close(&self) {
        self.shared.closed.send_replace(true);
    }

    pub(super) fn boards(&self) -> watch::Receiver<Option<Arc<Board>>> {
        self.shared.boards.subscribe()
    }

    pub(super) fn closed(&self) -> watch::Receiver<bool> {
        self.shared.closed.subscribe()
    }
}

/// What has to be read again.
#[derive(Debug, Default)]
struct Changed {
    all: bool,
    machines: BTreeSet<MachineId>,
}

impl Changed {
    fn hear(&mut self, heard: Result<Touched, broadcast::error::RecvError>) {
        match heard {
            Ok(Touched::Machine(machine) | Touched::Answer(machine)) => {
                self.machines.insert(machine);
            }
            Ok(Touched::Network | Touched::Everything) | Err(broadcast::error::RecvError::Lagged(_)) => self.all = true,
            Ok(Touched::Orders(_) | Touched::Sessions | Touched::Credentials(_))
            | Err(broadcast::error::RecvError::Closed) => {}
        }
    }

    fn is_nothing(&self) -> bool {
        !self.all && self.machines.is_empty()
    }
}

async fn read_news(shared: Weak<Shared>, store: Store, mut heard: broadcast::Receiver<Touched>) {
    let Some(mut closed) = shared.upgrade().map(|shared| shared.closed.subscribe()) else { return };
    let mut board: Option<Arc<Board>> = None;
    let mut beat = tokio::time::interval(BEAT);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let mut changed = Changed::default();
        let now = store.now();
        let next = board.as_ref().and_then(|board| board.next_change());
        let soon = next.map_or(BEAT, |next| Duration::from_millis(u64::try_from(next.since(now)).unwrap_or(0)));
        tokio::select! {
            news = heard.recv() => changed.hear(news),
            _ = beat.tick() => changed.all = true,
            () = tokio::time::sleep(soon) => {}
            _ = closed.changed() => return,
        }
        if let Some(board) = &board {
            changed.machines.extend(board.answers_over(store.now()));
        }
        if changed.is_nothing() {
            continue;
        }
        tokio::time::sleep(GATHER).await;
        while let Ok(news) = heard.try_recv() {
            changed.hear(Ok(news));
        }
        let Some(shared) = shared.upgrade() else { return };
        match read(&store, board.clone(), changed).await {
            Ok(fresh) => {
                let fresh = Arc::new(fresh);
                board = Some(fresh.clone());
                shared.boards.send_replace(Some(fresh));
            }
            Err(error) => {
                tracing::warn!(%error, "the pages' news could not be read");
                tokio::time::sleep(RECOVERY).await;
            }
        }
    }
}

async fn read(store: &Store, board: Option<Arc<Board>>, changed: Changed) -> Result<Board, StoreError> {
    store
        .read(move |tx| match board {
            Some(board) if !changed.all => {
                let machines: Vec<MachineId> = changed.machines.into_iter().collect();
                Board::clone(&board).read_again(tx, &machines)
            }
            Some(_) | None => Board::read(tx),
        })
        .await
}
