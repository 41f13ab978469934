//! What every store promises, on each of them.

pub(in crate::ledger) mod agrees;
mod calls;
mod operators;
mod shared;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use super::state::{AttemptEnd, State, StateName, Token};
use super::*;

pub(in crate::ledger) const LEASE: Duration = Duration::from_secs(60);
pub(in crate::ledger) const QUARANTINE: Duration = Duration::from_secs(300);

/// Runs tests on a place of every store.
macro_rules! on_every_store {
    ($($name:ident),* $(,)?) => {
        mod in_a_file {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(super::Place::in_a_file()).await;
                }
            )*
        }

        #[cfg(unix)]
        mod in_a_database {
            $(
                #[tokio::test]
                async fn $name() {
                    let Some(database) = crate::ledger::postgres::tests::Database::new().await else {
                        return;
                    };
                    super::$name(super::Place::Database(Box::new(database))).await;
                }
            )*
        }
    };
}
use on_every_store;

/// An empty place for a ledger, whose clock stands until it is moved.
enum Place {
    File {
        folder: TempDir,
        now_ms: Arc<AtomicI64>,
    },
    #[cfg(unix)]
    Database(Box<super::postgres::tests::Database>),
}

/// Where the clocks of places stand at first.
pub(in crate::ledger) const BEGIN_MS: i64 = 1_000_000_000_000;

impl Place {
    fn in_a_file() -> Self {
        Self::File {
            folder: tempfile::tempdir().unwrap(),
            now_ms: Arc::new(AtomicI64::new(BEGIN_MS)),
        }
    }

    /// Opens it once more, as another program would.
    fn open(&self) -> Ledger {
        match self {
            Self::File { folder, now_ms } => {
                let now_ms = Arc::clone(now_ms);
                let clock =
                    move || Timestamp::from_millisecond(now_ms.load(Ordering::SeqCst)).unwrap();
                let path = folder.path().join("ledger.sqlite");
                let sqlite = Sqlite::open(&path, Arc::new(clock)).unwrap();
                Ledger {
                    store: Store::Sqlite(sqlite),
                }
            }
            #[cfg(unix)]
            Self::Database(database) => database.open(),
        }
    }

    fn now(&self) -> Timestamp {
        let now_ms = match self {
            Self::File { now_ms, .. } => now_ms,
            #[cfg(unix)]
            Self::Database(database) => &database.now_ms,
        };
        Timestamp::from_millisecond(now_ms.load(Ordering::SeqCst)).unwrap()
    }

    async fn wait(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        match self {
            Self::File { now_ms, .. } => drop(now_ms.fetch_add(millis, Ordering::SeqCst)),
            #[cfg(unix)]
            Self::Database(database) => database.wait(millis).await,
        }
    }
}

pub(in crate::ledger) fn key(session: &str) -> CallKey {
    CallKey::of_call("createCallLog", "acme", "acme.example", "7", session)
}

pub(in crate::ledger) fn new_claim(session: &str) -> NewClaim {
    NewClaim {
        call_id: format!("call-{session}"),
        reference: CallReference {
            hostname: "acme.example".to_owned(),
            user_id: "7".to_owned(),
            contact_id: "77".to_owned(),
            session: session.to_owned(),
            session_id: Some(session.to_owned()),
            telephony_session_id: None,
            record_id: Some(format!("record-{session}")),
            started_at: Timestamp::UNIX_EPOCH,
            direction: "Inbound".to_owned(),
        },
        lease: LEASE,
    }
}

pub(in crate::ledger) fn settlement(end: AttemptEnd) -> Settlement {
    Settlement {
        end,
        outcome: json!({ "logId": "entry" }),
        sent: vec![Sent {
            method: "POST".to_owned(),
            host: "acme.example".to_owned(),
            path: "/calls".to_owned(),
            write: true,
            end: SentEnd::Answered,
            status: Some(201),
        }],
    }
}

pub(in crate::ledger) fn done(log_id: &str) -> Settlement {
    settlement(AttemptEnd::Done {
        log_id: log_id.to_owned(),
    })
}

pub(in crate::ledger) async fn claimed(ledger: &Ledger, session: &str) -> Token {
    match ledger
        .claim(&key(session), new_claim(session))
        .await
        .unwrap()
    {
        Claim::Claimed(token) => token,
        Claim::Duplicate(row) => panic!("{row:?}"),
    }
}

/// Leaves a call in `UNKNOWN`, as a timeout does.
pub(in crate::ledger) async fn in_doubt(ledger: &Ledger, session: &str) -> Token {
    let token = claimed(ledger, session).await;
    ledger.fence(&key(session), token).await.unwrap();
    let unknown = settlement(AttemptEnd::Unknown);
    ledger.settle(&key(session), token, unknown).await.unwrap();
    token
}

pub(in crate::ledger) async fn state(ledger: &Ledger, session: &str) -> State {
    let row = ledger.read(&key(session)).await.unwrap();
    row.unwrap().standing.state
}

/// Returns an error with all that stands behind it.
pub(in crate::ledger) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
