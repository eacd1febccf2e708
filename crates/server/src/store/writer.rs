//! The writer: one thread, one connection, group commit. Start at [`Writer::submit`], then [`Loop::batch`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, oneshot, watch};
use tremen_rules::Time;

use super::declarations::SnapshotCache;
use super::disk::Disk;
use super::tx::{Random, StoreError, Touched, Tx};
use crate::clock::Clock;
use crate::keys::Keys;

/// How long a job may wait before it is refused.
pub(super) const DEADLINE: Duration = Duration::from_secs(2);
/// How many jobs share one commit at most.
const BATCH: usize = 256;
/// How many jobs may wait.
const QUEUE: usize = 1024;
/// How long a disk that failed is left alone when nobody asks for anything.
const AGAIN: Duration = Duration::from_secs(1);

/// What becomes of a job that went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Keep,
    TakeBack,
}

/// Tells the caller, once the fate of the transaction is known.
type Reply = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// Does a job, or hears why it cannot be done; tells whether to keep it, and whom to tell.
type Run = Box<dyn FnOnce(Result<&mut Tx<'_>, StoreError>) -> (bool, Reply) + Send>;

enum Job {
    Change { deadline: Instant, run: Run },
    NoticeOthers(oneshot::Sender<Result<(), StoreError>>),
}

pub(super) struct Writer {
    /// The latest instant of a transaction, in milliseconds.
    pub last: Arc<AtomicI64>,
    /// Counts up with each commit.
    pub commits: watch::Sender<u64>,
    jobs: Option<SyncSender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        path: &Path,
        connection: rusqlite::Connection,
        keys: Arc<Keys>,
        clock: Arc<dyn Clock>,
        random: Random,
        touched: broadcast::Sender<Touched>,
    ) -> Result<Self, StoreError> {
        let last = Arc::new(AtomicI64::new(i64::MIN));
        let commits = watch::Sender::new(0);
        let (jobs, inbox) = sync_channel(QUEUE);
        let start = Loop {
            inbox,
            path: path.to_owned(),
            connection,
            disk: Disk::new(),
            keys,
            clock,
            random,
            touched,
            snapshots: SnapshotCache::default(),
            last: last.clone(),
            commits: commits.clone(),
            data_version: 0,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || start.run())
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Self { last, commits, jobs: Some(jobs), thread: Some(thread) })
    }

    pub(super) fn submit<T, E, F>(
        &self,
        job: F,
        outcome: Outcome,
    ) -> Result<oneshot::Receiver<Result<T, E>>, StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (teller, told) = oneshot::channel();
        // A caller that went away misses the answer; the change stands all the same.
        self.submit_then(job, outcome, move |done| drop(teller.send(done)))?;
        Ok(told)
    }

    /// As `submit`; `then` is called on the writer's thread once the fate of the job is known, and must be quick.
    pub(super) fn submit_then<T, E, F>(
        &self,
        job: F,
        outcome: Outcome,
        then: impl FnOnce(Result<T, E>) + Send + 'static,
    ) -> Result<(), StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let run = Box::new(move |tx: Result<&mut Tx<'_>, StoreError>| -> (bool, Reply) {
            let done = tx.map_err(E::from).and_then(job);
            let keep = done.is_ok() && outcome == Outcome::Keep;
            let reply: Reply = Box::new(move |committed| {
                then(match committed {
                    Ok(()) => done,
                    Err(error) => done.and(Err(error.into())),
                });
            });
            (keep, reply)
        });
        self.send(Job::Change { deadline: Instant::now() + DEADLINE, run })
    }

    pub(super) async fn notice_other_writers(&self) -> Result<(), StoreError> {
        let (teller, told) = oneshot::channel();
        self.send(Job::NoticeOthers(teller))?;
        told.await.unwrap_or(Err(StoreError::Closed))
    }

    fn send(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.as_ref().ok_or(StoreError::Closed)?.try_send(job).map_err(|error| match error {
            TrySendError::Full(_) => StoreError::Saturated,
            TrySendError::Disconnected(_) => StoreError::Closed,
        })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            // What waits is still done; a panic of the thread has been told already.
            let _ = thread.join();
        }
    }
}

struct Loop {
    inbox: Receiver<Job>,
    path: PathBuf,
    connection: rusqlite::Connection,
    disk: Disk,
    keys: Arc<Keys>,
    clock: Arc<dyn Clock>,
    random: Random,
    touched: broadcast::Sender<Touched>,
    snapshots: SnapshotCache,
    last: Arc<AtomicI64>,
    commits: watch::Sender<u64>,
    data_version: i64,
}

impl Loop {
    fn run(mut self) {
        self.data_version = self.read_data_version().unwrap_or(0);
        loop {
            if !self.disk.fails() {
                let Ok(first) = self.inbox.recv() else { return };
                self.batch(Some(first));
                continue;
            }
            match self.inbox.recv_timeout(AGAIN) {
                Ok(first) => self.batch(Some(first)),
                Err(RecvTimeoutError::Timeout) => self.batch(None),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// One transaction for the first job and all that wait behind it; without a job, one that only asks the disk.
    fn batch(&mut self, first: Option<Job>) {
        let mut replies: Vec<Reply> = Vec::new();
        let mut touched: Vec<Touched> = Vec::new();
        let before = self.connection.total_changes();
        let mut open: Option<Result<(), StoreError>> = if first.is_none() { Some(self.begin()) } else { None };
        let mut next = first;
        let mut count = 0;
        while let Some(job) = next.take() {
            count += 1;
            match job {
                Job::NoticeOthers(teller) => {
                    let _ = teller.send(self.notice_others()); // whoever asked may have gone
                }
                Job::Change { deadline, run } => {
                    let begun = open.get_or_insert_with(|| self.begin()).clone();
                    let ready = begun.and(if Instant::now() < deadline { Ok(()) } else { Err(StoreError::Late) });
                    replies.extend(self.change(ready, run, &mut touched));
                }
            }
            if matches!(open, Some(Ok(()))) && self.connection.is_autocommit() {
                // An engine that fails may take the whole transaction back with one statement. What came after would be
                // committed statement by statement, though its caller is told that it was not.
                open = Some(Err(StoreError::Disk("the database took the whole transaction back".to_owned())));
            }
            if count < BATCH {
                next = self.inbox.try_recv().ok();
            }
        }
        let committed = match open {
            Some(Ok(())) => self.connection.execute_batch("COMMIT").map_err(StoreError::from),
            Some(Err(error)) => Err(error),
            None => return,
        };
        match &committed {
            Ok(()) if self.connection.total_changes() != before => self.disk.took(),
            Ok(()) => {}
            Err(error) => {
                self.begin_anew(error);
                touched.clear();
            }
        }
        // Those who wait at a machine first, then those who look on.
        for reply in replies {
            reply(committed.clone());
        }
        for what in touched {
            let _ = self.touched.send(what); // nobody may be listening
        }
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Begins a transaction; while the disk is in doubt, with a row that asks it.
    fn begin(&mut self) -> Result<(), StoreError> {
        self.connection.execute_batch("BEGIN IMMEDIATE")?;
        if self.disk.is_in_doubt() {
            self.connection
                .prepare_cached(
                    "INSERT INTO meta (name, value) VALUES ('disk_asked', '1')
                     ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(meta.value AS BIGINT) + 1 AS TEXT)",
                )?
                .execute([])?;
        }
        Ok(())
    }

    /// After a transaction that failed: nothing that this connection remembers is believed.
    fn begin_anew(&mut self, error: &StoreError) {
        self.snapshots = SnapshotCache::default();
        if !self.connection.is_autocommit() {
            // Whatever this says, the connection begins anew or the next BEGIN tells.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        if *error == StoreError::Busy {
            tracing::error!(%error, "nothing of this transaction was kept");
            return;
        }
        self.disk.failed(error, &self.path);
        match super::connect(&self.path) {
            Ok(connection) => self.connection = connection,
            Err(error) => tracing::debug!(%error, "the database cannot be opened anew for now"),
        }
    }

    /// Runs one job under its savepoint; a job that errs, panics or came too late leaves nothing behind.
    fn change(&mut self, ready: Result<(), StoreError>, run: Run, touched: &mut Vec<Touched>) -> Option<Reply> {
        let ready = ready.and_then(|()| Ok(self.connection.prepare_cached("SAVEPOINT job")?.execute([]).map(drop)?));
        if let Err(error) = ready {
            return Some(run(Err(error)).1);
        }
        // INVARIANT (time goes on): a transaction never reads an instant before that of an earlier one.
        self.last.fetch_max(self.clock.now().millis(), Ordering::SeqCst);
        let now = Time::from_millis(self.last.load(Ordering::SeqCst));
        let mut tx = Tx::on_sqlite(&self.connection, now, &self.random, &self.keys, &mut self.snapshots);
        let ran = catch_unwind(AssertUnwindSafe(|| run(Ok(&mut tx))));
        let taken_back = self.connection.is_autocommit(); // by the engine itself, with all the others
        if matches!(ran, Ok((true, _))) && !taken_back {
            for what in tx.take_touched() {
                if !touched.contains(&what) {
                    touched.push(what);
                }
            }
        } else {
            self.snapshots = SnapshotCache::default(); // it may have read what is taken back now
            if !taken_back && let Err(error) = self.statement("ROLLBACK TO job") {
                tracing::error!(%error, "a job could not be taken back");
            }
        }
        if !taken_back && let Err(error) = self.statement("RELEASE job") {
            tracing::error!(%error, "a savepoint could not be released");
        }
        match ran {
            Ok((_, reply)) => Some(reply),
            Err(_) => {
                tracing::error!("a job panicked and was taken back; its caller is told that the store is closed");
                None
            }
        }
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    fn notice_others(&mut self) -> Result<(), StoreError> {
        let version = self.read_data_version()?;
        if version != self.data_version {
            self.data_version = version;
            let _ = self.touched.send(Touched::Everything); // nobody may be listening
            self.commits.send_modify(|count| *count = count.wrapping_add(1));
        }
        Ok(())
    }

    /// Changes when another connection wrote, not when this one did.
    fn read_data_version(&self) -> Result<i64, StoreError> {
        Ok(self.connection.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))?)
    }
}
