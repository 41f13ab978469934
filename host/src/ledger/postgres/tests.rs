//! The ledger in a real database.
#![cfg(unix)]

mod away;
mod sessions;
mod tls;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};

use switchboard_tests::Postgres as Server;
use tokio_postgres::NoTls;

use super::*;
use crate::ledger::Ledger;
use crate::ledger::store::Store;
use crate::ledger::tests::*;

/// One server for all tests that do not stop it. It ends with this program.
static SERVER: LazyLock<Option<Server>> = LazyLock::new(|| Server::start().unwrap());

/// A clock that stands until it is moved.
const TEST_CLOCK: &str = "(SELECT now_ms FROM public.test_clock)";

/// An empty database, and a connection that is not the ledger's.
pub(in crate::ledger) struct Database {
    pub(in crate::ledger) now_ms: Arc<AtomicI64>,
    place: PostgresPlace,
    client: tokio_postgres::Client,
}

impl Database {
    pub(in crate::ledger) async fn new() -> Option<Self> {
        Some(Self::on(SERVER.as_ref()?).await)
    }

    async fn on(server: &Server) -> Self {
        let url = server.new_database().unwrap();
        let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
        // It ends with an error where a test stops the server.
        tokio::spawn(async move { drop(connection.await) });
        let sql = format!(
            "CREATE TABLE test_clock (now_ms BIGINT); INSERT INTO test_clock VALUES ({BEGIN_MS})"
        );
        client.batch_execute(&sql).await.unwrap();
        Self {
            now_ms: Arc::new(AtomicI64::new(BEGIN_MS)),
            place: url.parse().unwrap(),
            client,
        }
    }

    pub(in crate::ledger) fn open(&self) -> Ledger {
        self.open_at(&self.place, 0)
    }

    /// Opens it at a place, on a host whose clock differs by so much.
    fn open_at(&self, place: &PostgresPlace, ahead_ms: i64) -> Ledger {
        let now_ms = Arc::clone(&self.now_ms);
        let host = move || {
            let now_ms = now_ms.load(Ordering::SeqCst) + ahead_ms;
            Timestamp::from_millisecond(now_ms).unwrap()
        };
        let clock = Clock {
            sql: TEST_CLOCK,
            host: Box::new(host),
        };
        let postgres = Postgres::open(place, clock).unwrap();
        Ledger {
            store: Store::Postgres(postgres),
        }
    }

    pub(in crate::ledger) async fn wait(&self, millis: i64) {
        let now_ms = self.now_ms.fetch_add(millis, Ordering::SeqCst) + millis;
        self.sql(&format!("UPDATE test_clock SET now_ms = {now_ms}"))
            .await;
    }

    /// Forgets everything, and goes back to 1970.
    pub(in crate::ledger) async fn start_anew(&self, ledger: &Ledger) {
        // Makes the tables.
        ledger.expire().await.unwrap();
        self.sql("TRUNCATE switchboard.calls CASCADE").await;
        let now_ms = self.now_ms.load(Ordering::SeqCst);
        self.wait(-now_ms).await;
    }

    async fn sql(&self, sql: &str) {
        self.client.batch_execute(sql).await.unwrap();
    }
}
