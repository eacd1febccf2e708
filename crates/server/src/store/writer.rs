//! The writer: one thread, one connection, group commit. Start at [`Writer::submit`], then [`Loop::batch`].

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::{broadcast, oneshot, watch};

use super::clock::Timekeeper;
use super::declarations::SnapshotCache;
use super::disk::Disk;
use super::tx::{Random, StoreError, Tally, Touched, Tx};
use crate::clock::Belief;
use crate::keys::Keys;
use crate::metrics::Metrics;

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
    /// Counts up with each commit.
    pub commits: watch::Sender<u64>,
    jobs: Option<SyncSender<Job>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        path: &Path,
        connection: rusqlite::Connection,
        (keys, time, random, metrics): (Arc<Keys>, Arc<Timekeeper>, Random, Arc<Metrics>),
        touched: broadcast::Sender<Touched>,
    ) -> Result<Self, StoreError> {
        let commits = watch::Sender::new(0);
        let (jobs, inbox) = sync_channel(QUEUE);
        let start = Loop {
            inbox,
            path: path.to_owned(),
            connection,
            disk: Disk::new(),
            keys,
            belief: time.belief(),
            time,
            metrics,
            random,
            touched,
            snapshots: SnapshotCache::default(),
            commits: commits.clone(),
            data_version: 0,
            clock_version: None,
        };
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || start.run())
            .map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Self { commits, jobs: Some(jobs), thread: Some(thread) })
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
    time: Arc<Timekeeper>,
    /// What this transaction believes of the time; what the process does once it is committed.
    belief: Belief,
    metrics: Arc<Metrics>,
    random: Random,
    touched: broadcast::Sender<Touched>,
    snapshots: SnapshotCache,
    commits: watch::Sender<u64>,
    data_version: i64,
    /// The version of the data for which `belief` was read.
    clock_version: Option<i64>,
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
        let mut tallies: Vec<Tally> = Vec::new();
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
                    let is_first = open.is_none();
                    let begun = open.get_or_insert_with(|| self.begin()).clone();
                    let ready = begun.and(if Instant::now() < deadline { Ok(()) } else { Err(StoreError::Late) });
                    replies.extend(self.change(ready, is_first, run, &mut touched, &mut tallies));
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
            Some(Ok(())) => {
                let begun = Instant::now();
                let committed = self.statement("COMMIT");
                if committed.is_ok() {
                    self.metrics.commit_seconds.observe(begun.elapsed());
                    tallies.iter().for_each(|tally| tally.count(&self.metrics));
                }
                committed
            }
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
        self.time.set(self.belief);
        // Those who wait at a machine first, then those who look on.
        for reply in replies {
            reply(committed.clone());
        }
        for what in touched {
            let _ = self.touched.send(what); // nobody may be listening
        }
        self.commits.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Begins a transaction at the registry's time; while the disk is in doubt, with a row that asks it.
    fn begin(&mut self) -> Result<(), StoreError> {
        self.statement("BEGIN IMMEDIATE")?;
        self.read_belief()?;
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
        (self.belief, self.clock_version) = (self.time.belief(), None);
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

    /// Runs one job; a job that errs, panics or came too late leaves nothing behind. Each has a savepoint but the first of its
    /// transaction: a savepoint copies every page that the job touches, and where nothing came before, all can be taken back.
    fn change(
        &mut self,
        ready: Result<(), StoreError>,
        is_first: bool,
        run: Run,
        touched: &mut Vec<Touched>,
        tallies: &mut Vec<Tally>,
    ) -> Option<Reply> {
        let ready = ready.and_then(|()| if is_first { Ok(()) } else { self.statement("SAVEPOINT job") });
        if let Err(error) = ready {
            return Some(run(Err(error)).1);
        }
        // INVARIANT (time goes on): a transaction's instant comes from a hand that nobody can set. It lies before that of
        // an earlier one only where a transaction between the two set the registry's time, and says so in the journal.
        let moment = (&*self.time.clock, self.belief);
        let mut tx = Tx::on_sqlite(&self.connection, moment, &self.random, &self.keys, &mut self.snapshots);
        let ran = catch_unwind(AssertUnwindSafe(|| run(Ok(&mut tx))));
        let taken_back = self.connection.is_autocommit(); // by the engine itself, with all the others
        if matches!(ran, Ok((true, _))) && !taken_back {
            self.belief = tx.belief;
            tallies.append(&mut tx.tallies);
            for what in tx.take_touched() {
                if !touched.contains(&what) {
                    touched.push(what);
                }
            }
        } else {
            self.snapshots = SnapshotCache::default(); // it may have read what is taken back now
            if !taken_back && let Err(error) = self.take_back(is_first) {
                tracing::error!(%error, "a job could not be taken back");
            }
        }
        if !taken_back
            && !is_first
            && let Err(error) = self.statement("RELEASE job")
        {
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

    /// Undoes the job that just ran. Should this fail, the transaction is gone, and `batch` tells all of its callers.
    fn take_back(&mut self, is_first: bool) -> Result<(), StoreError> {
        if is_first {
            self.statement("ROLLBACK")?;
            self.begin()
        } else {
            self.statement("ROLLBACK TO job")
        }
    }

    fn statement(&self, sql: &str) -> Result<(), StoreError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Hears whether another process set the registry's time.
    fn read_belief(&mut self) -> Result<(), StoreError> {
        let version = self.read_data_version()?;
        if Some(version) != self.clock_version {
            let moment = (&*self.time.clock, self.belief);
            let tx = Tx::on_sqlite(&self.connection, moment, &self.random, &self.keys, &mut self.snapshots);
            self.belief = tx.stored_belief()?.unwrap_or(self.belief);
            self.clock_version = Some(version);
        }
        Ok(())
    }

    fn notice_others(&mut self) -> Result<(), StoreError> {
        let version = self.read_data_version()?;
        if version != self.data_version {
            self.data_version = version;
            if self.connection.is_autocommit() {
                self.read_belief()?; // inside a batch it was read at its beginning
                self.time.set(self.belief);
            }
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
