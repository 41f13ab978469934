//! Where the ledger of a run is kept, and how programs are kept from writing to it.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use rusqlite::Connection;
use switchboard_host::ledger::Ledger;
use switchboard_tests::{Postgres, Workplace};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

/// How long a commit of a program is waited for.
const BUSY_TIME: Duration = Duration::from_secs(10);

/// Whose turn it is to lock a ledger: SQLite makes nobody wait in a row, and gives up at some time.
static TURN: Mutex<()> = Mutex::new(());

/// A ledger's place.
pub enum Store {
    Sqlite(PathBuf),
    /// A server of this run's own.
    Postgres(Postgres),
}

/// While it is there, programs can read the ledger and not write to it.
#[expect(dead_code, reason = "only held")]
enum Lock {
    Sqlite(Connection),
    /// The connection, and what keeps it.
    Postgres(Client, Runtime),
}

impl Store {
    /// Returns a file in a workplace: not the usual one, which is searched for secrets after every program.
    pub fn sqlite(place: &Workplace) -> Self {
        Self::Sqlite(place.root().join("crashes.sqlite"))
    }

    /// Returns the place as programs are told.
    pub fn place(&self) -> String {
        match self {
            Store::Sqlite(path) => format!("sqlite:{}", path.display()),
            Store::Postgres(server) => server.url(),
        }
    }

    pub fn open(&self) -> Ledger {
        Ledger::open(&self.place().parse().unwrap()).unwrap()
    }

    /// Does something while programs can read the ledger and not write to it.
    pub fn while_locked<T>(&self, work: impl FnOnce() -> T) -> T {
        let _turn = TURN.lock().unwrap();
        let lock = self.lock();
        let done = work();
        drop(lock);
        done
    }

    fn lock(&self) -> Lock {
        match self {
            Store::Sqlite(path) => {
                let connection = Connection::open(path).unwrap();
                connection.busy_timeout(BUSY_TIME).unwrap();
                connection.execute_batch("BEGIN IMMEDIATE").unwrap();
                Lock::Sqlite(connection)
            }
            Store::Postgres(server) => {
                let runtime = Runtime::new().unwrap();
                let client = runtime.block_on(lock_calls(&server.url()));
                Lock::Postgres(client, runtime)
            }
        }
    }
}

async fn lock_calls(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    let lock = client.batch_execute("BEGIN; LOCK TABLE switchboard.calls IN EXCLUSIVE MODE");
    lock.await.unwrap();
    client
}
