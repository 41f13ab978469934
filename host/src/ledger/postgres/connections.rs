//! Connections to the database: made when they are needed, kept, and given up when in doubt.

use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deadpool_postgres::{
    Client, ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, RecyclingMethod,
    Runtime,
};
use tokio::time::timeout;
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

use super::failure::Failure;
use super::{PostgresPlace, Work, schema, tls};
use crate::ledger::{OpenError, StoreError};

/// How many connections a host has at most. Commits of so many are written to the disk together.
const N_CONNECTIONS: usize = 16;

/// How long making a connection takes at most, and how long one that is busy is waited for.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long one operation takes at most. The database gives up before, see [`SETTINGS`].
const OPERATION_TIME: Duration = Duration::from_secs(10);

/// How long making the tables takes at most: other hosts may be doing it.
const PREPARE_TIME: Duration = Duration::from_secs(30);

/// How long no connection is tried after a failure: doubled each time.
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_secs(3)];

/// What a session needs, whatever the database's defaults are: an answer follows the disk, no statement waits for
/// ever, and every statement sees what was committed before it. What is stricter stays.
const SETTINGS: &str = "
SELECT set_config('synchronous_commit', 'on', false)
    WHERE current_setting('synchronous_commit') <> 'remote_apply';
SET default_transaction_isolation = 'read committed';
SET statement_timeout = '8s';
SET idle_in_transaction_session_timeout = '8s';
SET search_path = pg_catalog;
";

pub(super) struct Connections {
    place: PostgresPlace,
    pool: Pool,
    gate: Mutex<Gate>,
}

/// Keeps calls from trying again and again what has just failed.
#[derive(Default)]
struct Gate {
    closed: Option<Closed>,
}

struct Closed {
    until: Instant,
    pause: Duration,
    why: StoreError,
}

impl Connections {
    pub(super) fn new(place: &PostgresPlace) -> Result<Self, OpenError> {
        let trust_error = |source| OpenError::Trust {
            place: place.to_string(),
            source,
        };
        let (mode, tls) = tls::connector(place.encryption()).map_err(trust_error)?;
        let mut config = config(place);
        config.ssl_mode(mode);
        let recycling = ManagerConfig {
            // A connection that was cut is known to be.
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, tls, recycling))
            .max_size(N_CONNECTIONS)
            .wait_timeout(Some(CONNECT_TIME))
            .create_timeout(Some(CONNECT_TIME))
            .runtime(Runtime::Tokio1)
            .post_create(Hook::async_fn(|client, _| prepare(client)))
            .build();
        Ok(Self {
            place: place.clone(),
            pool: pool.expect("a pool with timeouts has a runtime"),
            gate: Mutex::default(),
        })
    }

    pub(super) fn place(&self) -> &PostgresPlace {
        &self.place
    }

    /// Closes a connection on which something has failed: nobody knows what it is still doing.
    pub(super) fn give_up(&self, client: Client, failure: Failure) -> StoreError {
        drop(Object::take(client));
        failure.of(&self.place)
    }

    /// Returns a connection that is free, or a new one.
    pub(super) async fn connect(&self) -> Result<Client, StoreError> {
        if self.pool.status().available == 0 {
            self.gate().check()?;
        }
        match self.pool.get().await {
            Ok(client) => {
                self.gate().closed = None;
                Ok(client)
            }
            Err(error) => {
                let error = Failure::to_connect(error, CONNECT_TIME).of(&self.place);
                self.gate().close(&error);
                Err(error)
            }
        }
    }

    fn gate(&self) -> std::sync::MutexGuard<'_, Gate> {
        // It holds no promise that a panic could break.
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate {
    fn check(&self) -> Result<(), StoreError> {
        match &self.closed {
            Some(closed) if Instant::now() < closed.until => Err(closed.why.clone()),
            _ => Ok(()),
        }
    }

    fn close(&mut self, why: &StoreError) {
        let [first, longest] = PAUSES;
        let now = Instant::now();
        let pause = match &self.closed {
            None => first,
            // Calls that have tried at the same time count once.
            Some(closed) if now < closed.until => return,
            Some(closed) => (closed.pause * 2).min(longest),
        };
        self.closed = Some(Closed {
            until: now + pause,
            pause,
            why: why.clone(),
        });
    }
}

/// Waits for an operation no longer than the database works on it.
pub(super) async fn in_time<T>(work: Work<'_, T>) -> Result<T, Failure> {
    let done = timeout(OPERATION_TIME, work).await;
    done.unwrap_or(Err(Failure::Slow(OPERATION_TIME)))
}

fn config(place: &PostgresPlace) -> Config {
    let mut config = Config::new();
    config
        .host(place.host())
        .port(place.port())
        .dbname(place.database())
        .user(place.user())
        .application_name("switchboard")
        .connect_timeout(CONNECT_TIME)
        .tcp_user_timeout(OPERATION_TIME)
        .keepalives_idle(OPERATION_TIME)
        .target_session_attrs(TargetSessionAttrs::ReadWrite);
    let from_variable = || std::env::var("PGPASSWORD").ok();
    if let Some(password) = place.password().map(str::to_owned).or_else(from_variable) {
        config.password(password);
    }
    config
}

/// What becomes of a new connection.
type Prepared<'c> = Pin<Box<dyn Future<Output = Result<(), HookError>> + Send + 'c>>;

/// Makes a new connection one that may be used.
fn prepare(client: &mut ClientWrapper) -> Prepared<'_> {
    Box::pin(async move {
        let prepared = timeout(PREPARE_TIME, async {
            client.batch_execute(SETTINGS).await?;
            schema::prepare(client).await
        });
        let slow = Err(Failure::Slow(PREPARE_TIME));
        prepared
            .await
            .unwrap_or(slow)
            .map_err(|failure| match failure {
                Failure::Database(error) => HookError::Backend(error),
                failure => HookError::message(failure.to_string()),
            })
    })
}
