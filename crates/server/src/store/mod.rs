//! What is kept: rows in, domain types out; SQL lives here alone. Start at [`Store`], then [`Tx`].
//!
//! One writer thread owns the write connection and runs each job under its own savepoint inside one transaction for all
//! jobs that wait (group commit); a caller hears of its job only after that commit. Readers serve pages. The store
//! decides nothing.

mod around;
mod awards;
mod cards;
mod clock;
mod copy;
mod credentials;
mod decisions;
mod declarations;
mod disk;
mod dossier;
mod ended;
mod erasures;
mod held;
mod imports;
mod incidents;
mod journal;
mod journal_scan;
mod keeping;
mod leaves;
mod links;
mod locks;
mod logins;
mod migrations;
mod orders;
mod people;
mod personal;
mod served;
mod sessions;
mod standbys;
mod tokens;
mod tx;
mod views;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use tokio::sync::{Semaphore, broadcast};

pub use around::{JournalLine, LockRow, RevisionRow};
pub use awards::{NewAward, StoredAward, SuspensionRow};
pub use cards::{CardRow, NewCard};
pub use credentials::{Credential, PresenceRow};
pub use decisions::{DecisionRecord, EarlierAnswer, NewDecision};
pub use declarations::{Declared, Snapshot};
pub use ended::{Ended, EndedFact};
pub use erasures::{ErasureRow, OutlivingRow};
pub use held::{HELD, HeldRow, HeldTable, Said, held_table, name_of_row};
pub use imports::OpenImport;
pub use incidents::{AROUND_MS, IncidentRow, NoteRow};
pub use journal::{Entry, EntryText};
pub use journal_scan::{EntryRow, ScannedLeaf};
pub use keeping::{DailyCount, ErasedPayload, OldDecision};
pub use leaves::{CheckpointRow, CosignatureRow, LeafRow, Tiles, Tree, Unsealed};
pub use links::{LinkRow, LinkState};
pub use logins::{LoginLinkRow, LoginRow};
pub use orders::{NewOrder, OrderRow};
pub use people::{HandoverRow, HeldRoleRow, MembershipRow, NewPerson, PersonRow, RestrictionRow, language_code};
pub use personal::{Erasure, PLACES, Place};
pub use served::Serving;
pub use sessions::{NewSession, SILENCE_MS, SessionRow};
pub use standbys::{Part, StandbyRow};
pub use tokens::{KeptReply, NewToken, TokenRow};
pub use tx::{Column, Param, Random, Row, StoreError, Touched, Tx, TypedNull, Value};
pub use views::{DecisionView, Gauges, LockView, MachineNow};

use tremen_rules::Time;

use crate::clock::{Belief, Clock};
use crate::keys::Keys;
use crate::metrics::Metrics;
use crate::private;
use clock::Timekeeper;
use declarations::SnapshotCache;

/// How many read connections serve pages.
const READERS: usize = 3;

/// The database. Cheap to clone; the last clone closes it.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
}

struct Shared {
    path: PathBuf,
    time: Arc<Timekeeper>,
    metrics: Arc<Metrics>,
    random: Random,
    keys: Arc<Keys>,
    writer: writer::Writer,
    readers: Mutex<Vec<Reader>>,
    free_readers: Semaphore,
    touched: broadcast::Sender<Touched>,
}

struct Reader {
    connection: rusqlite::Connection,
    snapshots: SnapshotCache,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("path", &self.shared.path).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database file, makes it if it is not there, and brings its tables up to date.
    ///
    /// # Errors
    /// When the file cannot be opened, is no database, or was written by a newer Tremen.
    pub fn open(path: &Path, keys: Arc<Keys>, clock: Arc<dyn Clock>, random: Random) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| StoreError::Engine(format!("{}: {error}", folder.display())))?;
        }
        make_private(path).map_err(|error| StoreError::Engine(format!("{}: {error}", path.display())))?;
        let mut connection = connect(path)?;
        migrations::run(&mut connection)?;
        let time = Arc::new(begin_clock(&mut connection, clock, &keys, &random)?);
        let readers = (0..READERS)
            .map(|_| {
                let connection = connect(path)?;
                connection.pragma_update(None, "query_only", true)?;
                Ok(Reader { connection, snapshots: SnapshotCache::default() })
            })
            .collect::<Result<Vec<_>, StoreError>>()?;
        let (touched, _) = broadcast::channel(1024);
        let metrics = Arc::new(Metrics::default());
        let parts = (keys.clone(), time.clone(), random.clone(), metrics.clone());
        let writer = writer::Writer::start(path, connection, parts, touched.clone())?;
        let free_readers = Semaphore::new(readers.len());
        let path = path.to_owned();
        let readers = Mutex::new(readers);
        Ok(Self {
            shared: Arc::new(Shared { path, time, metrics, random, keys, writer, readers, free_readers, touched }),
        })
    }

    /// Makes durable anew what was found at the start, before anybody is answered from it: after a failed sync the system
    /// may show what its disk does not hold (`docs/decisions/0011-after-a-failed-sync.md`).
    ///
    /// # Errors
    /// When the disk fails.
    pub fn make_durable(&self) -> Result<(), StoreError> {
        let connection = connect(&self.shared.path)?;
        let held: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if held {
            tracing::warn!("another process reads the database; what was found at the start is written anew later");
        }
        Ok(())
    }

    /// The system's clock, from whose steady hand the registry's time hangs.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.time.clock
    }

    /// What is believed of the time.
    #[must_use]
    pub fn belief(&self) -> Belief {
        self.shared.time.belief()
    }

    /// The present instant of the registry's time.
    #[must_use]
    pub fn now(&self) -> Time {
        self.shared.time.now()
    }

    /// What this process counts while it works.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// The registry's keys.
    #[must_use]
    pub fn keys(&self) -> &Arc<Keys> {
        &self.shared.keys
    }

    /// Hears of what committed changes touch. A listener that lags hears [`broadcast::error::RecvError::Lagged`] and
    /// takes it as [`Touched::Everything`].
    #[must_use]
    pub fn touched(&self) -> broadcast::Receiver<Touched> {
        self.shared.touched.subscribe()
    }

    /// Counts the commits of this process, and what other processes wrote once that was noticed: for those who read what is
    /// new, whatever it touches.
    #[must_use]
    pub fn commits(&self) -> tokio::sync::watch::Receiver<u64> {
        self.shared.writer.commits.subscribe()
    }

    /// Runs a change in a transaction and answers once it is durable. A job that errs leaves nothing behind.
    ///
    /// # Errors
    /// What the job returns, or the store's own error: saturated, stalled for over two seconds, failed, closed.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.shared.writer.submit(job, writer::Outcome::Keep)?.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Hands a change to the writer without waiting. Once the change is durable, or will never be, `then` hears of it on
    /// the writer's own thread: it must be quick and must not wait.
    ///
    /// # Errors
    /// [`StoreError::Saturated`] or [`StoreError::Closed`], at once; `then` is not called.
    pub fn submit<T, E, F>(&self, job: F, then: impl FnOnce(Result<T, E>) + Send + 'static) -> Result<(), StoreError>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.shared.writer.submit_then(job, writer::Outcome::Keep, then)
    }

    /// Runs a change as [`Store::write`] does and takes it back: what it returns is what it would do.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn preview<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.shared
            .writer
            .submit(job, writer::Outcome::TakeBack)?
            .await
            .unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Reads one consistent state on a thread for reading.
    ///
    /// # Errors
    /// What the job returns, or the store's own error.
    pub async fn read<T, E, F>(&self, job: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let shared = self.shared.clone();
        let _permit = self.shared.free_readers.acquire().await.map_err(|_| StoreError::Closed)?;
        tokio::task::spawn_blocking(move || shared.read(job)).await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    /// Reads one consistent state on the caller's own thread, for commands and for a handful of indexed rows.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub fn read_here<T, E, F>(&self, job: F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E>,
    {
        self.shared.read(job)
    }

    /// Tells all listeners when another process has written since the last call.
    ///
    /// # Errors
    /// When the engine fails.
    pub async fn notice_other_writers(&self) -> Result<(), StoreError> {
        self.shared.writer.notice_other_writers().await
    }
}

impl Shared {
    fn read<T, E: From<StoreError>>(&self, job: impl FnOnce(&mut Tx<'_>) -> Result<T, E>) -> Result<T, E> {
        let idle = self.readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => {
                // More callers than readers: a connection more is cheaper than a wait.
                let connection = connect(&self.path)?;
                connection.pragma_update(None, "query_only", true).map_err(StoreError::from)?;
                Reader { connection, snapshots: SnapshotCache::default() }
            }
        };
        let answer = reader.read(self, job);
        let mut readers = self.readers.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(reader);
        }
        answer
    }
}

impl Reader {
    fn read<T, E: From<StoreError>>(
        &mut self,
        shared: &Shared,
        job: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let transaction = self.connection.unchecked_transaction().map_err(StoreError::from)?;
        let moment = (&*shared.time.clock, shared.time.belief());
        let mut tx = Tx::on_sqlite(&transaction, moment, &shared.random, &shared.keys, &mut self.snapshots);
        job(&mut tx)
    }
}

/// Reads or begins what is believed of the time in this run of the machine.
fn begin_clock(
    connection: &mut rusqlite::Connection,
    clock: Arc<dyn Clock>,
    keys: &Keys,
    random: &Random,
) -> Result<Timekeeper, StoreError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let (wall, steady_ms) = clock.hands();
    let mut snapshots = SnapshotCache::default();
    let moment = (&*clock, Belief::believing(wall, steady_ms));
    let belief = Tx::on_sqlite(&transaction, moment, random, keys, &mut snapshots).begin_clock()?;
    transaction.commit()?;
    Ok(Timekeeper::new(clock, belief))
}

/// Makes the file, if it is not there, for its owner alone: it holds names and addresses. SQLite gives the files beside it
/// the same rights.
fn make_private(path: &Path) -> std::io::Result<()> {
    match private::file().create_new(true).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Opens a connection with the settings that all have in common.
fn connect(path: &Path) -> Result<rusqlite::Connection, StoreError> {
    use rusqlite::config::DbConfig;
    let named = |error: rusqlite::Error| StoreError::Engine(format!("{}: {error}", path.display()));
    let connection = rusqlite::Connection::open(path).map_err(named)?;
    // After an ANALYZE the bundled SQLite would prepare cached statements again at each binding.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    // Another process writes in short transactions; a tap waits for it less than its own deadline.
    connection.busy_timeout(std::time::Duration::from_millis(1500))?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(named)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    // What is erased is overwritten, not only left out.
    connection.pragma_update(None, "secure_delete", true)?;
    connection.pragma_update(None, "cache_size", -12_000)?;
    // Pages that many taps touch are copied into the file once in 16 MB of log, not once in 4.
    connection.pragma_update(None, "wal_autocheckpoint", 4_000)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(connection)
}

/// The operating system's random bytes.
///
/// # Panics
/// Never in practice: where the system has no source of random bytes, nothing can be kept secret and the process ends.
#[must_use]
pub fn system_random() -> Random {
    Arc::new(|bytes| {
        if getrandom::fill(bytes).is_err() {
            std::process::abort(); // ids, links and keys must never be guessable
        }
    })
}

/// A repeatable stream of bytes from a seed (SplitMix64), for tests and rehearsals.
#[must_use]
pub fn seeded_random(seed: u64) -> Random {
    let state = std::sync::atomic::AtomicU64::new(seed);
    Arc::new(move |bytes| {
        for chunk in bytes.chunks_mut(8) {
            let mut z = state.fetch_add(0x9e37_79b9_7f4a_7c15, std::sync::atomic::Ordering::SeqCst);
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            z ^= z >> 31;
            chunk.iter_mut().zip(z.to_le_bytes()).for_each(|(to, from)| *to = from);
        }
    })
}
