//! The ledger in real files.

mod agrees;
mod calls;
#[cfg(unix)]
mod crashes;
mod damaged;
mod groups;
mod operators;
#[cfg(unix)]
mod refused;
mod shared;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::ledger::state::{AttemptEnd, State, StateName, Token};
use crate::ledger::{
    CallKey, CallReference, Claim, Ledger, NewClaim, Sent, SentEnd, Settled, Settlement,
};

const LEASE: Duration = Duration::from_secs(60);
const QUARANTINE: Duration = Duration::from_secs(300);

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
        Ledger::open_with_clock(&self.path(), Arc::new(clock)).unwrap()
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

    fn wait(&self, time: Duration) {
        let millis = i64::try_from(time.as_millis()).unwrap();
        self.now_ms.fetch_add(millis, Ordering::SeqCst);
    }
}

fn key(session: &str) -> CallKey {
    CallKey::of_call("createCallLog", "acme", "acme.example", "7", session)
}

fn new_claim(session: &str) -> NewClaim {
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

fn settlement(end: AttemptEnd) -> Settlement {
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

fn done(log_id: &str) -> Settlement {
    settlement(AttemptEnd::Done {
        log_id: log_id.to_owned(),
    })
}

async fn claimed(ledger: &Ledger, session: &str) -> Token {
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
async fn in_doubt(ledger: &Ledger, session: &str) -> Token {
    let token = claimed(ledger, session).await;
    ledger.fence(&key(session), token).await.unwrap();
    let unknown = settlement(AttemptEnd::Unknown);
    ledger.settle(&key(session), token, unknown).await.unwrap();
    token
}

async fn state(ledger: &Ledger, session: &str) -> State {
    let row = ledger.read(&key(session)).await.unwrap();
    row.unwrap().standing.state
}

/// Returns an error with all that stands behind it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
