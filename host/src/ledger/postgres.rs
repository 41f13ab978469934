//! The ledger in a PostgreSQL database, for the programs of several machines.
//!
//! What is usual takes one round trip: one statement whose condition says of one row of the table when it applies
//! (`quick`). Where that does not apply, the row is locked, the table is asked, and the answer is written down, all in one
//! transaction (`locked`). Both are committed before they are answered.

mod connections;
mod failure;
mod locked;
mod quick;
mod rows;
mod schema;
mod statements;
mod tls;

use std::pin::Pin;
use std::sync::Arc;

use deadpool_postgres::Client;
use jiff::Timestamp;
use tokio::runtime::{self, Handle};
use tokio::sync::mpsc;

use super::place::PostgresPlace;
use super::state::{Event, Token};
use super::store::{AnotherCall, Refused, Unresolved};
use super::{Attempt, CallKey, Claim, Filter, NewClaim, OpenError, Row, Settlement, StoreError};
use connections::Connections;
use failure::Failure;
use statements::Statements;

/// Tells the time.
pub(super) struct Clock {
    /// The moment in SQL, in milliseconds: by the database's clock, which all hosts share.
    sql: &'static str,
    /// This host's clock, for how long ago something was that happened here.
    host: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// A database that is used as a ledger, whether it can be reached or not.
#[derive(Clone)]
pub(super) struct Postgres {
    shared: Arc<Shared>,
}

struct Shared {
    connections: Connections,
    statements: Statements,
    clock: Clock,
    runtime: Handle,
    /// The thread ends when this is dropped: with the last ledger and the last work that is under way.
    _alive: mpsc::Sender<()>,
}

/// What is done on one connection.
type Work<'c, T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send + 'c>>;

/// A connection and what is asked on it.
struct Session<'c> {
    client: &'c mut Client,
    statements: &'c Statements,
    clock: &'c Clock,
}

impl Clock {
    /// `statement_timestamp()` stands still within a statement, which then decides and writes by one moment. `now()`
    /// would be the begin of the transaction, which may have waited for a lock since.
    pub(super) fn new() -> Self {
        Self {
            sql: "(extract(epoch FROM statement_timestamp()) * 1000)::bigint",
            host: Box::new(Timestamp::now),
        }
    }
}

impl Postgres {
    /// Prepares the connections; the first one is tried in the background.
    pub(super) fn open(place: &PostgresPlace, clock: Clock) -> Result<Self, OpenError> {
        let (alive, all_gone) = mpsc::channel(1);
        let runtime = start_thread(all_gone).map_err(|source| OpenError::Thread {
            place: place.to_string(),
            source,
        })?;
        let shared = Shared {
            connections: Connections::new(place)?,
            statements: Statements::new(clock.sql),
            clock,
            runtime,
            _alive: alive,
        };
        let postgres = Self {
            shared: Arc::new(shared),
        };
        postgres.try_connecting();
        Ok(postgres)
    }

    pub(super) fn place(&self) -> &PostgresPlace {
        self.shared.connections.place()
    }

    pub(super) async fn claim(
        &self,
        key: &CallKey,
        new: NewClaim,
    ) -> Result<Result<Claim, AnotherCall>, StoreError> {
        let key = key.clone();
        self.run(move |mut session| Box::pin(async move { session.claim(&key, &new).await }))
            .await
    }

    pub(super) async fn fence(
        &self,
        key: &CallKey,
        token: Token,
    ) -> Result<Result<(), Refused>, StoreError> {
        let key = key.to_string();
        self.run(move |mut session| Box::pin(async move { session.fence(&key, token).await }))
            .await
    }

    pub(super) async fn settle(
        &self,
        key: &CallKey,
        token: Token,
        settlement: Settlement,
    ) -> Result<Result<(), Refused>, StoreError> {
        let key = key.to_string();
        self.run(move |mut session| {
            Box::pin(async move { session.settle(&key, token, &settlement).await })
        })
        .await
    }

    pub(super) async fn resolve(
        &self,
        key: &CallKey,
        event: Event,
        by: &str,
    ) -> Result<Result<(), Unresolved>, StoreError> {
        let (key, by) = (key.clone(), by.to_owned());
        self.run(move |mut session| {
            Box::pin(async move { session.resolve(&key, &event, &by).await })
        })
        .await
    }

    pub(super) async fn expire(&self) -> Result<Vec<CallKey>, StoreError> {
        self.run(|mut session| Box::pin(async move { session.expire().await }))
            .await
    }

    pub(super) async fn prune(&self, before: Timestamp) -> Result<usize, StoreError> {
        self.run(move |session| Box::pin(async move { session.prune(before).await }))
            .await
    }

    pub(super) async fn find(&self, key: String) -> Result<Option<Row>, StoreError> {
        self.run(move |session| Box::pin(async move { session.find(&key).await }))
            .await
    }

    pub(super) async fn holder(
        &self,
        row: Row,
        log_id: String,
    ) -> Result<Option<CallKey>, StoreError> {
        self.run(move |session| Box::pin(async move { session.holder(&row, &log_id).await }))
            .await
    }

    pub(super) async fn rivals(&self, row: Row) -> Result<Vec<Row>, StoreError> {
        self.run(move |session| Box::pin(async move { session.rivals(&row).await }))
            .await
    }

    pub(super) async fn list(&self, filter: Filter) -> Result<Vec<Row>, StoreError> {
        self.run(move |session| Box::pin(async move { session.list(&filter).await }))
            .await
    }

    pub(super) async fn attempts(&self, key: String) -> Result<Vec<Attempt>, StoreError> {
        self.run(move |session| Box::pin(async move { session.attempts(&key).await }))
            .await
    }

    /// Does one thing on one connection, on the ledger's own thread. Dropping the future ends the waiting only.
    async fn run<T: Send + 'static>(
        &self,
        work: impl for<'c> FnOnce(Session<'c>) -> Work<'c, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let shared = Arc::clone(&self.shared);
        let done = self.shared.runtime.spawn(async move {
            let mut client = shared.connections.connect().await?;
            let session = Session {
                client: &mut client,
                statements: &shared.statements,
                clock: &shared.clock,
            };
            let done = connections::in_time(work(session)).await;
            done.map_err(|failure| shared.connections.give_up(client, failure))
        });
        // It neither panics nor is it aborted.
        let closed = |_| StoreError::Closed {
            place: self.place().to_string(),
        };
        done.await.map_err(closed)?
    }

    /// Tells the log at the start what the first call would be told.
    fn try_connecting(&self) {
        let shared = Arc::clone(&self.shared);
        self.shared.runtime.spawn(async move {
            if let Err(error) = shared.connections.connect().await {
                let cause = std::error::Error::source(&error).map(tracing::field::display);
                tracing::warn!(%error, cause, "calls cannot be logged until the ledger is there");
            }
        });
    }
}

/// Starts the thread that speaks to the database, for methods that are awaited on any runtime.
fn start_thread(mut all_gone: mpsc::Receiver<()>) -> std::io::Result<Handle> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let handle = runtime.handle().clone();
    let thread = std::thread::Builder::new().name("ledger-postgres".to_owned());
    thread.spawn(move || runtime.block_on(all_gone.recv()))?;
    Ok(handle)
}

#[cfg(test)]
pub(in crate::ledger) mod tests;
