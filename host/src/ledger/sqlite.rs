//! The ledger as a SQLite file, for the programs of one machine.
//!
//! One thread of each program writes, in groups; one reads single calls and one lists, each on a connection of its own.
//! Between programs SQLite's own locks order the groups.

mod file_system;
mod open;
mod operations;
mod reader;
mod rows;
mod schema;
mod writer;

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::ErrorCode;

use super::state::{Event, Token};
use super::store::{AnotherCall, Refused, Unresolved};
use super::{Attempt, CallKey, Claim, Filter, NewClaim, OpenError, Row, Settlement, StoreError};
use operations::Operations;
use reader::Reader;
use writer::Writer;

/// An open file.
#[derive(Clone)]
pub(super) struct Sqlite {
    path: Arc<Path>,
    clock: Clock,
    writer: Writer,
    /// Calls do not wait for a list that is long.
    calls: Reader,
    lists: Reader,
}

/// Tells the time: the machine's, but for tests.
pub(super) type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

impl Sqlite {
    pub(super) fn open(path: &Path, clock: Clock) -> Result<Self, OpenError> {
        let writing = open::open(path)?;
        let (calls, lists) = (open::connect(path)?, open::connect(path)?);
        let path: Arc<Path> = path.into();
        let thread_error = |source| OpenError::Thread {
            place: path.display().to_string(),
            source,
        };
        Ok(Self {
            clock,
            writer: Writer::start(Arc::clone(&path), writing).map_err(thread_error)?,
            calls: Reader::start(Arc::clone(&path), calls).map_err(thread_error)?,
            lists: Reader::start(Arc::clone(&path), lists).map_err(thread_error)?,
            path,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) async fn claim(
        &self,
        key: &CallKey,
        new: NewClaim,
    ) -> Result<Result<Claim, AnotherCall>, StoreError> {
        let key = key.clone();
        self.write(move |ledger| ledger.claim(&key, &new)).await
    }

    pub(super) async fn fence(
        &self,
        key: &CallKey,
        token: Token,
    ) -> Result<Result<(), Refused>, StoreError> {
        let key = key.to_string();
        self.write(move |ledger| ledger.fence(&key, token)).await
    }

    pub(super) async fn settle(
        &self,
        key: &CallKey,
        token: Token,
        settlement: Settlement,
    ) -> Result<Result<(), Refused>, StoreError> {
        let key = key.to_string();
        self.write(move |ledger| ledger.settle(&key, token, &settlement))
            .await
    }

    pub(super) async fn resolve(
        &self,
        key: &CallKey,
        event: Event,
        by: &str,
    ) -> Result<Result<(), Unresolved>, StoreError> {
        let (key, by) = (key.to_string(), by.to_owned());
        self.write(move |ledger| ledger.resolve(&key, &event, &by))
            .await
    }

    pub(super) async fn expire(&self) -> Result<Vec<CallKey>, StoreError> {
        self.write(|ledger| ledger.expire()).await
    }

    pub(super) async fn prune(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.write(move |ledger| ledger.prune(before)).await
    }

    pub(super) async fn find(&self, key: String) -> Result<Option<Row>, StoreError> {
        let read = move |connection: &_| rows::find(connection, &key);
        self.calls.read(read).await
    }

    pub(super) async fn holder(
        &self,
        row: Row,
        log_id: String,
    ) -> Result<Option<CallKey>, StoreError> {
        let read = move |connection: &_| {
            let holder = rows::with_entry(connection, &row, &log_id)?;
            Ok(holder.map(|holder| holder.key))
        };
        self.calls.read(read).await
    }

    pub(super) async fn rivals(&self, row: Row) -> Result<Vec<Row>, StoreError> {
        let read = move |connection: &_| rows::rivals(connection, &row);
        self.calls.read(read).await
    }

    pub(super) async fn list(&self, filter: Filter) -> Result<Vec<Row>, StoreError> {
        let read = move |connection: &_| rows::list(connection, &filter);
        self.lists.read(read).await
    }

    pub(super) async fn attempts(&self, key: String) -> Result<Vec<Attempt>, StoreError> {
        let read = move |connection: &_| rows::attempts(connection, &key);
        self.lists.read(read).await
    }

    /// Does one thing and returns its result once it is committed.
    async fn write<T: Send + 'static>(
        &self,
        operate: impl FnOnce(&Operations<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let clock = Arc::clone(&self.clock);
        let submitted = self.writer.submit(move |connection| {
            // Times are kept in milliseconds; what is decided is what is kept.
            let now = clock();
            let now = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
            operate(&Operations { connection, now })
        });
        submitted.await
    }
}

/// Says what to do about a fault of the file.
fn store_error(path: &Path, error: rusqlite::Error) -> StoreError {
    let path = path.to_owned();
    let code = match &error {
        // A value that no ledger writes.
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => Some(ErrorCode::DatabaseCorrupt),
        error => error.sqlite_error_code(),
    };
    let source = Arc::new(Said::from(error));
    match code {
        Some(ErrorCode::DiskFull) => StoreError::Full { path, source },
        Some(ErrorCode::ReadOnly) => StoreError::ReadOnly { path, source },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged { path, source }
        }
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::FileLockingProtocolFailed,
        ) => StoreError::Busy { path, source },
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
            StoreError::Disk { path, source }
        }
        _ => StoreError::Other { path, source },
    }
}

/// What SQLite said, in one line and with its number, by which its documentation lists it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl From<rusqlite::Error> for Said {
    fn from(error: rusqlite::Error) -> Self {
        let text = error.to_string();
        Self(match error.sqlite_error() {
            Some(number) => format!("{text} (SQLite error {})", number.extended_code),
            None => text,
        })
    }
}

#[cfg(test)]
mod tests;
