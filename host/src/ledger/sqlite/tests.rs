//! The ledger in real files.

mod agrees;
#[cfg(unix)]
mod crashes;
mod damaged;
mod groups;
#[cfg(unix)]
mod refused;
mod shared;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tempfile::TempDir;

use super::*;
use crate::ledger::state::{AttemptEnd, StateName};
use crate::ledger::store::Store;
use crate::ledger::tests::*;
use crate::ledger::{Claim, Ledger, Sent, SentEnd, Settlement};

/// A folder for a ledger, and a clock that stands until it is moved.
struct Place {
    folder: TempDir,
    now_ms: Arc<AtomicI64>,
}

impl Place {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            now_ms: Arc::new(AtomicI64::new(1_000_000_000_000)),
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    /// Opens the file once more, as another program would.
    fn open(&self) -> Ledger {
        let now_ms = Arc::clone(&self.now_ms);
        let clock = move || Timestamp::from_millisecond(now_ms.load(Ordering::SeqCst)).unwrap();
        let sqlite = Sqlite::open(&self.path(), Arc::new(clock)).unwrap();
        Ledger {
            store: Store::Sqlite(sqlite),
        }
    }

    /// Makes the file, and closes it before anything else happens to it.
    fn make(&self, fill: impl FnOnce(&Operations<'_>)) -> PathBuf {
        let connection = open::open(&self.path()).unwrap();
        fill(&Operations {
            connection: &connection,
            now: self.now(),
        });
        connection.close().unwrap();
        self.path()
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.now_ms.load(Ordering::SeqCst)).unwrap()
    }
}
