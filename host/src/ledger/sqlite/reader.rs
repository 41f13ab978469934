//! A thread that reads, on a connection of its own: it waits for no writer.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::store_error;
use crate::ledger::StoreError;

/// How many requests wait for the thread.
const QUEUE: usize = 256;

type Work = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the thread.
#[derive(Clone)]
pub(super) struct Reader {
    sender: mpsc::Sender<Work>,
    path: Arc<Path>,
}

impl Reader {
    pub(super) fn start(path: Arc<Path>, connection: Connection) -> io::Result<Self> {
        let (sender, mut receiver) = mpsc::channel::<Work>(QUEUE);
        let thread = std::thread::Builder::new().name("ledger-reader".to_owned());
        thread.spawn(move || {
            while let Some(work) = receiver.blocking_recv() {
                work(&connection);
            }
        })?;
        Ok(Self { sender, path })
    }

    /// Reads what has been committed.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (sender, receiver) = oneshot::channel();
        let work: Work = Box::new(move |connection| {
            // Nobody listens if the requester has gone away.
            let _ = sender.send(read(connection));
        });
        let closed = || StoreError::Closed {
            place: self.path.display().to_string(),
        };
        self.sender.send(work).await.map_err(|_| closed())?;
        let read = receiver.await.map_err(|_| closed())?;
        read.map_err(|error| store_error(&self.path, error))
    }
}
