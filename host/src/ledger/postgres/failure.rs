//! What goes wrong with a database, and what somebody can do about it.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{HookError, PoolError};
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use super::PostgresPlace;
use crate::ledger::StoreError;
use crate::ledger::columns::Unreadable;

/// Why something was not done, or is not known to be done.
#[derive(Debug, thiserror::Error)]
pub(in crate::ledger) enum Failure {
    #[error("{}", said(.0))]
    Database(Error),
    #[error("it took longer than {} s", .0.as_secs())]
    Slow(Duration),
    /// The database is there and cannot be used as a ledger.
    #[error("{0}")]
    Unsuitable(String),
    #[error("{0}")]
    NoConnection(&'static str),
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl Failure {
    /// Says what to do about it.
    pub(super) fn of(self, place: &PostgresPlace) -> StoreError {
        let place = place.to_string();
        let is_refused = match &self {
            Self::Unreadable(_) => {
                let source = Arc::new(self);
                return StoreError::Unreadable { place, source };
            }
            Self::Database(error) => error.as_db_error().is_some_and(lasts),
            Self::Unsuitable(_) => true,
            Self::Slow(_) | Self::NoConnection(_) => false,
        };
        let source = Arc::new(self);
        match is_refused {
            true => StoreError::Refused { place, source },
            false => StoreError::Unavailable { place, source },
        }
    }

    /// Says why there is no connection, when making one may take so long.
    pub(super) fn to_connect(error: PoolError, connect_time: Duration) -> Self {
        match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                error.into()
            }
            PoolError::PostCreateHook(HookError::Message(text)) => {
                Self::Unsuitable(text.into_owned())
            }
            PoolError::Timeout(deadpool_postgres::TimeoutType::Wait) => {
                Self::NoConnection("all connections are busy")
            }
            PoolError::Timeout(_) => Self::Slow(connect_time),
            PoolError::Closed | PoolError::NoRuntimeSpecified => {
                Self::NoConnection("there are no connections")
            }
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// Whether an error of the database stays until somebody changes something. Its classes:
/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn lasts(error: &DbError) -> bool {
    let passes = [
        "08", // the connection
        "40", // a deadlock
        "53", // no memory, no disk, too many connections
        "55", // a lock
        "57", // a shutdown, a start, a statement that took too long
        "58", // the system
    ];
    let class = error.code().code().get(..2).unwrap_or_default();
    // A transaction that waited for its client too long.
    !passes.contains(&class) && error.code().code() != "25P03"
}

/// Returns what a database said, in one line and with its code; without the details, which quote rows.
fn said(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        let (message, code) = (error.message(), error.code().code());
        return format!("{message} (SQLSTATE {code})");
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
