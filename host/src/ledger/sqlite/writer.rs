//! The one thread that writes: takes all requests that wait, and commits them together.
//!
//! A commit costs an `fsync`, whatever is in it. So while one is under way requests gather, and the next commit takes
//! them all. Each is carried out by itself, in the order in which they came; one that fails undoes its own part only.
//! Nobody is answered before the commit.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::store_error;
use crate::ledger::StoreError;

/// How many requests wait for the thread; others wait for their turn to wait.
const QUEUE: usize = 1024;

/// How many requests are committed together: later ones are not to wait for too many.
const GROUP: usize = 256;

/// What the thread does for one request: carries it out, or hears why not.
type Work = Box<dyn FnOnce(Result<&Connection, StoreError>) -> Carried + Send>;

/// A request that was carried out and waits for the commit.
struct Carried {
    /// Why its own part is undone.
    failure: Option<StoreError>,
    answer: Answer,
}

/// Tells the requester how the commit went.
type Answer = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

/// The way to the thread. It ends when all clones are gone and everything is written.
#[derive(Clone)]
pub(super) struct Writer {
    sender: mpsc::Sender<Work>,
    path: Arc<Path>,
}

impl Writer {
    pub(super) fn start(path: Arc<Path>, connection: Connection) -> io::Result<Self> {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new().name("ledger-writer".to_owned());
        let thread_path = Arc::clone(&path);
        thread.spawn(move || {
            while let Some(first) = receiver.blocking_recv() {
                commit_group(&connection, &thread_path, first, &mut receiver);
            }
        })?;
        Ok(Self { sender, path })
    }

    /// Carries out a request and returns its result once it is committed.
    ///
    /// After a failure nothing of it is known to be recorded. Dropping the future ends the waiting only.
    pub(super) async fn submit<T: Send + 'static>(
        &self,
        operate: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let path = Arc::clone(&self.path);
        let work: Work = Box::new(move |connection| {
            let result = connection.and_then(|connection| {
                by_itself(connection, operate).map_err(|error| store_error(&path, error))
            });
            Carried {
                failure: result.as_ref().err().cloned(),
                answer: Box::new(move |committed| {
                    // Nobody listens if the requester has gone away.
                    let _ = sender.send(result.and_then(|value| committed.map(|()| value)));
                }),
            }
        });
        let closed = || StoreError::Closed {
            place: self.path.display().to_string(),
        };
        self.sender.send(work).await.map_err(|_| closed())?;
        receiver.await.map_err(|_| closed())?
    }
}

fn commit_group(
    connection: &Connection,
    path: &Path,
    first: Work,
    waiting: &mut mpsc::Receiver<Work>,
) {
    // Waits for other programs; meanwhile more requests gather.
    let mut state = execute(connection, path, "BEGIN IMMEDIATE");
    let mut answers = Vec::new();
    let mut next = Some(first);
    while let Some(work) = next {
        let carried = work(state.clone().map(|()| connection));
        answers.push(carried.answer);
        // A full disk ends the whole transaction, not only the request that found it full.
        if let Some(failure) = carried.failure
            && state.is_ok()
            && connection.is_autocommit()
        {
            state = Err(failure);
        }
        next = match answers.len() < GROUP {
            true => waiting.try_recv().ok(),
            false => None,
        };
    }
    let committed = state.and_then(|()| execute(connection, path, "COMMIT"));
    if !connection.is_autocommit() {
        // It fails only where the transaction is gone already.
        let _ = execute(connection, path, "ROLLBACK");
    }
    for answer in answers {
        answer(committed.clone());
    }
}

/// Carries out one request so that a failure undoes it and nothing else.
fn by_itself<T>(
    connection: &Connection,
    operate: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    let execute = |sql| connection.prepare_cached(sql)?.execute([]);
    execute("SAVEPOINT request")?;
    let result = operate(connection);
    if result.is_err() && !connection.is_autocommit() {
        execute("ROLLBACK TO request")?;
    }
    if !connection.is_autocommit() {
        execute("RELEASE request")?;
    }
    result
}

fn execute(connection: &Connection, path: &Path, sql: &str) -> Result<(), StoreError> {
    let done = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute([]));
    done.map(drop).map_err(|error| store_error(path, error))
}
