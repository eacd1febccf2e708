//! The waist: one transaction, one SQL text, whatever the engine. Start at [`Tx`].
//!
//! Parameters are `$1 $2 ...`, bound by name, their count checked. A transaction carries its instant and its source of
//! random bytes, so that flows are functions of what they are given.

use std::sync::Arc;
use std::time::Duration;

use tremen_rules::{AwardId, CardId, ControllerId, IssuerId, MachineId, PersonId, ReferenceId, Scope, Time, VenueId};

use super::declarations::{Snapshot, SnapshotCache};
use crate::clock::{Belief, Clock};
use crate::keys::Keys;
use crate::metrics::Metrics;

/// Why the store could not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The queue is full: the store is saturated.
    #[error("the store is saturated: its queue is full")]
    Saturated,
    /// The job's deadline passed before it could be committed.
    #[error("the store is stalled: the deadline passed before the change was committed")]
    Late,
    /// The store is shut down, or the job panicked.
    #[error("the store is closed")]
    Closed,
    /// Another process holds the database.
    #[error("the database is held by another process")]
    Busy,
    /// The disk is full, cannot be written or fails, or the file is broken: nothing is kept until it is well again.
    #[error("the database cannot be written or read: {0}")]
    Disk(String),
    /// The engine failed: a broken rule of the tables.
    #[error("the database failed: {0}")]
    Engine(String),
    /// A row holds what no Tremen wrote.
    #[error("the database holds an unreadable value: {0}")]
    Unreadable(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ffi::ErrorCode;
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy,
            // Where the device itself fails to read, the engine says that the file is malformed.
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseCorrupt,
            ) => Self::Disk(error.to_string()),
            _ => Self::Engine(error.to_string()),
        }
    }
}

/// What a committed change touched, for those who show or send it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Touched {
    /// A machine's state or session.
    Machine(MachineId),
    /// The last answer at a machine.
    Answer(MachineId),
    /// Orders wait to be sent to a controller.
    Orders(ControllerId),
    /// The instants at which open sessions and locks are due.
    Sessions,
    /// The network's declarations.
    Network,
    /// A controller's secrets or its being in service.
    Credentials(ControllerId),
    /// Anything: another process wrote.
    Everything,
}

/// What the metrics count once the transaction is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tally {
    /// A decision: its verdict and the reason shown.
    Decided(String, Option<String>),
    /// An order that was confirmed, so many milliseconds after it was given.
    Confirmed(i64),
}

impl Tally {
    pub(super) fn count(&self, metrics: &Metrics) {
        match self {
            Self::Decided(verdict, reason) => metrics.decided(verdict, reason.as_deref()),
            Self::Confirmed(after_ms) => {
                let after = Duration::from_millis(u64::try_from(*after_ms).unwrap_or(0));
                metrics.order_confirm_seconds.observe(after);
            }
        }
    }
}

/// A parameter. NULL has a type, since PostgreSQL asks for one.
#[derive(Debug, Clone, Copy)]
pub enum Value<'v> {
    /// A number, an instant, a truth value.
    Int(Option<i64>),
    /// Text.
    Text(Option<&'v str>),
    /// Bytes.
    Bytes(Option<&'v [u8]>),
}

/// What can be a parameter.
pub trait Param {
    /// The value to bind.
    fn value(&self) -> Value<'_>;
}

/// What can be read from a column.
pub trait Column: Sized {
    /// Reads column `i`, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when the column holds something else.
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError>;
}

/// One row of an answer.
#[derive(Debug)]
pub enum Row<'r, 's> {
    /// Of SQLite.
    Sqlite(&'r rusqlite::Row<'s>),
}

impl Row<'_, '_> {
    /// Reads column `i`, counted from 0.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it holds something else.
    pub fn get<T: Column>(&self, i: usize) -> Result<T, StoreError> {
        T::read(self, i)
    }

    /// The text of column `i` without a copy; none for NULL.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it holds something else.
    pub fn text(&self, i: usize) -> Result<Option<&str>, StoreError> {
        match self {
            Self::Sqlite(row) => row.get_ref(i).map_err(unreadable)?.as_str_or_null().map_err(unreadable),
        }
    }

    /// The bytes of column `i` without a copy; none for NULL.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] when it holds something else.
    pub fn bytes(&self, i: usize) -> Result<Option<&[u8]>, StoreError> {
        match self {
            Self::Sqlite(row) => row.get_ref(i).map_err(unreadable)?.as_blob_or_null().map_err(unreadable),
        }
    }

    fn raw<T: rusqlite::types::FromSql>(&self, i: usize) -> Result<T, StoreError> {
        match self {
            Self::Sqlite(row) => row.get(i).map_err(|error| StoreError::Unreadable(error.to_string())),
        }
    }
}

macro_rules! plain_column {
    ($variant:ident: $($t:ty => $to:expr, $from:expr;)*) => {$(
        impl Param for $t {
            fn value(&self) -> Value<'_> { Value::$variant(Some($to(self))) }
        }
        impl Column for $t {
            fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> { row.raw(i).and_then($from) }
        }
    )*};
}

fn unreadable<E: std::fmt::Display>(error: E) -> StoreError {
    StoreError::Unreadable(error.to_string())
}

plain_column! { Int:
    i64 => |v: &i64| *v, Ok::<i64, StoreError>;
    u32 => |v: &u32| i64::from(*v), |v: i64| u32::try_from(v).map_err(unreadable);
    u64 => |v: &u64| i64::try_from(*v).unwrap_or(i64::MAX), |v: i64| u64::try_from(v).map_err(unreadable);
    bool => |v: &bool| i64::from(*v), |v: i64| Ok::<bool, StoreError>(v != 0);
    Time => |v: &Time| v.millis(), |v: i64| Ok::<Time, StoreError>(Time::from_millis(v));
}

impl Param for str {
    fn value(&self) -> Value<'_> {
        Value::Text(Some(self))
    }
}

impl Param for String {
    fn value(&self) -> Value<'_> {
        Value::Text(Some(self))
    }
}

impl Column for String {
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
        row.raw(i)
    }
}

impl Param for [u8] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(Some(self))
    }
}

impl Param for Vec<u8> {
    fn value(&self) -> Value<'_> {
        Value::Bytes(Some(self))
    }
}

impl Column for Vec<u8> {
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
        row.raw(i)
    }
}

impl<const N: usize> Param for [u8; N] {
    fn value(&self) -> Value<'_> {
        Value::Bytes(Some(self))
    }
}

impl<const N: usize> Column for [u8; N] {
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
        let bytes: Vec<u8> = row.raw(i)?;
        bytes.try_into().map_err(|bytes: Vec<u8>| unreadable(format!("{} bytes in place of {N}", bytes.len())))
    }
}

macro_rules! id_column {
    ($($t:ty),*) => {$(
        impl Param for $t {
            fn value(&self) -> Value<'_> { Value::Text(Some(self.as_str())) }
        }
        impl Column for $t {
            fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
                <$t>::try_from(row.raw::<String>(i)?).map_err(unreadable)
            }
        }
    )*};
}
id_column!(AwardId, CardId, ControllerId, IssuerId, MachineId, PersonId, ReferenceId, VenueId);

impl Column for Scope {
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
        Self::try_from(row.raw::<String>(i)?).map_err(unreadable)
    }
}

impl Column for tremen_wire::SessionId {
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
        row.get(i).map(Self)
    }
}

impl Param for tremen_wire::SessionId {
    fn value(&self) -> Value<'_> {
        self.0.value()
    }
}

impl<T: Param> Param for Option<T>
where
    T: TypedNull,
{
    fn value(&self) -> Value<'_> {
        self.as_ref().map_or(T::NULL, Param::value)
    }
}

/// The typed NULL of a type.
pub trait TypedNull {
    /// NULL with the type's own kind.
    const NULL: Value<'static>;
}

macro_rules! typed_null {
    ($($variant:ident: $($t:ty),*;)*) => {$($(
        impl TypedNull for $t { const NULL: Value<'static> = Value::$variant(None); }
    )*)*};
}
typed_null! {
    Int: i64, u32, u64, bool, Time;
    Text: String, &str, AwardId, CardId, ControllerId, IssuerId, MachineId, PersonId, ReferenceId, VenueId;
    Bytes: Vec<u8>, tremen_wire::SessionId;
}

impl<const N: usize> TypedNull for [u8; N] {
    const NULL: Value<'static> = Value::Bytes(None);
}

impl<T: Param + ?Sized> Param for &T {
    fn value(&self) -> Value<'_> {
        (**self).value()
    }
}

impl<T: Column> Column for Option<T> {
    fn read(row: &Row<'_, '_>, i: usize) -> Result<Self, StoreError> {
        let Row::Sqlite(sqlite) = row;
        let null = matches!(sqlite.get_ref(i).map_err(unreadable)?, rusqlite::types::ValueRef::Null);
        if null { Ok(None) } else { T::read(row, i).map(Some) }
    }
}

/// The parameters of a statement, in the order of `$1 $2 ...`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::Param::value(&$value)),*] };
}

const NAMES: [&str; 24] = [
    "$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10", "$11", "$12", "$13", "$14", "$15", "$16", "$17",
    "$18", "$19", "$20", "$21", "$22", "$23", "$24",
];

/// A source of random bytes: the operating system's, or a seeded one in tests.
pub type Random = Arc<dyn Fn(&mut [u8]) + Send + Sync>;

/// One transaction.
pub struct Tx<'c> {
    engine: Engine<'c>,
    pub(super) now: Time,
    pub(super) clock: &'c dyn Clock,
    pub(super) belief: Belief,
    random: &'c Random,
    keys: &'c Keys,
    snapshots: &'c mut SnapshotCache,
    touched: Vec<Touched>,
    pub(super) tallies: Vec<Tally>,
}

enum Engine<'c> {
    Sqlite(&'c rusqlite::Connection),
}

impl std::fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tx").field("now", &self.now).finish_non_exhaustive()
    }
}

impl<'c> Tx<'c> {
    pub(super) fn on_sqlite(
        connection: &'c rusqlite::Connection,
        (clock, belief): (&'c dyn Clock, Belief),
        random: &'c Random,
        keys: &'c Keys,
        snapshots: &'c mut SnapshotCache,
    ) -> Self {
        let now = belief.time(clock.steady_ms());
        Self {
            engine: Engine::Sqlite(connection),
            now,
            clock,
            belief,
            random,
            keys,
            snapshots,
            touched: Vec::new(),
            tallies: Vec::new(),
        }
    }

    /// The instant of this transaction: read when it took its turn, so that what is committed later is never earlier.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.now
    }

    /// Fresh random bytes.
    #[must_use]
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        (self.random)(&mut bytes);
        bytes
    }

    /// A fresh random id of 26 lower-case letters and digits, 128 bits.
    #[must_use]
    pub fn random_id(&self) -> String {
        crate::keys::base32(&self.random::<16>())
    }

    /// The registry's keys.
    #[must_use]
    pub const fn keys(&self) -> &'c Keys {
        self.keys
    }

    /// The network as declared now.
    ///
    /// # Errors
    /// When the engine fails or holds what no Tremen wrote.
    pub fn network(&mut self) -> Result<Arc<Snapshot>, StoreError> {
        // Taken out for the call, because reading the declarations needs the transaction too.
        let mut snapshots = std::mem::take(self.snapshots);
        let snapshot = snapshots.current(self);
        *self.snapshots = snapshots;
        snapshot
    }

    /// Notes that a committed change touches something.
    pub fn touch(&mut self, touched: Touched) {
        if !self.touched.contains(&touched) {
            self.touched.push(touched);
        }
    }

    pub(super) fn take_touched(&mut self) -> Vec<Touched> {
        std::mem::take(&mut self.touched)
    }

    /// All rows of an answer, each read by `read`.
    ///
    /// # Errors
    /// When the engine fails, or `read` does.
    pub fn query<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        mut read: impl FnMut(&Row<'_, '_>) -> Result<T, StoreError>,
    ) -> Result<Vec<T>, StoreError> {
        let Engine::Sqlite(connection) = &self.engine;
        let mut statement = connection.prepare_cached(sql)?;
        bind(&mut statement, sql, params)?;
        let mut rows = statement.raw_query();
        let mut answer = Vec::new();
        while let Some(row) = rows.next()? {
            answer.push(read(&Row::Sqlite(row))?);
        }
        Ok(answer)
    }

    /// The first row of an answer, if there is one.
    ///
    /// # Errors
    /// When the engine fails, or `read` does.
    pub fn query_one<T>(
        &self,
        sql: &str,
        params: &[Value<'_>],
        read: impl FnOnce(&Row<'_, '_>) -> Result<T, StoreError>,
    ) -> Result<Option<T>, StoreError> {
        let Engine::Sqlite(connection) = &self.engine;
        let mut statement = connection.prepare_cached(sql)?;
        bind(&mut statement, sql, params)?;
        let mut rows = statement.raw_query();
        let answer = match rows.next()? {
            Some(row) => Some(read(&Row::Sqlite(row))?),
            None => None,
        };
        // An INSERT ... RETURNING is done only when it has been stepped to its end.
        while rows.next()?.is_some() {}
        Ok(answer)
    }

    /// Inserts a row into a table whose keys the engine counts up, and tells its key. Cheaper than `RETURNING`, for which
    /// SQLite makes a temporary table each time.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn insert_numbered(&self, sql: &str, params: &[Value<'_>]) -> Result<i64, StoreError> {
        self.execute(sql, params)?;
        let Engine::Sqlite(connection) = &self.engine;
        Ok(connection.last_insert_rowid())
    }

    /// Does a statement and tells how many rows it changed.
    ///
    /// # Errors
    /// When the engine fails.
    pub fn execute(&self, sql: &str, params: &[Value<'_>]) -> Result<usize, StoreError> {
        let Engine::Sqlite(connection) = &self.engine;
        let mut statement = connection.prepare_cached(sql)?;
        bind(&mut statement, sql, params)?;
        Ok(statement.raw_execute()?)
    }
}

fn bind(statement: &mut rusqlite::CachedStatement<'_>, sql: &str, params: &[Value<'_>]) -> Result<(), StoreError> {
    if statement.parameter_count() != params.len() {
        return Err(StoreError::Engine(format!(
            "{} parameters given, {} asked for by: {sql}",
            params.len(),
            statement.parameter_count()
        )));
    }
    for (name, value) in NAMES.iter().zip(params) {
        let index = statement
            .parameter_index(name)?
            .ok_or_else(|| StoreError::Engine(format!("parameter {name} is missing in: {sql}")))?;
        match value {
            Value::Int(value) => statement.raw_bind_parameter(index, value)?,
            Value::Text(value) => statement.raw_bind_parameter(index, value)?,
            Value::Bytes(value) => statement.raw_bind_parameter(index, value)?,
        }
    }
    Ok(())
}
