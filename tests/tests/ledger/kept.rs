//! A ledger as programs before have left it.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;
use switchboard_host::ledger::state::{AttemptEnd, Token};
use switchboard_host::ledger::{
    CallKey, CallReference, Claim, Ledger, NewClaim, Sent, SentEnd, Settlement,
};
use switchboard_tests::{Invocation, Output, Workplace};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const LEASE: Duration = Duration::from_secs(3600);

/// A ledger in a workplace.
pub struct Kept {
    pub place: Workplace,
    ledger: Ledger,
    runtime: Runtime,
}

impl Kept {
    pub fn new() -> Self {
        let place = Workplace::new().unwrap();
        let ledger = Ledger::sqlite(&place.ledger()).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        Self {
            place,
            ledger,
            runtime: runtime.unwrap(),
        }
    }

    /// Claims a call.
    pub fn claimed(&self, crm: &str, session: &str) -> (CallKey, Token) {
        self.runtime.block_on(claim(&self.ledger, crm, session))
    }

    /// Claims many calls at once.
    pub fn claimed_all(&self, crm: &'static str, sessions: impl Iterator<Item = String>) {
        let mut claims = JoinSet::new();
        for session in sessions {
            let ledger = self.ledger.clone();
            let claiming = async move { claim(&ledger, crm, &session).await };
            claims.spawn_on(claiming, self.runtime.handle());
        }
        self.runtime.block_on(claims.join_all());
    }

    /// Lets an attempt write.
    pub fn sending(&self, crm: &str, session: &str) -> (CallKey, Token) {
        let (key, token) = self.claimed(crm, session);
        let fenced = self.runtime.block_on(self.ledger.fence(&key, token));
        fenced.unwrap();
        (key, token)
    }

    /// Ends an attempt after one write.
    pub fn settled(&self, crm: &str, session: &str, end: AttemptEnd) -> CallKey {
        let (key, token) = self.sending(crm, session);
        let settlement = Settlement {
            outcome: json!({ "logId": null }),
            sent: vec![post(&end)],
            end,
        };
        let settled = self.ledger.settle(&key, token, settlement);
        self.runtime.block_on(settled).unwrap();
        key
    }

    pub fn done(&self, crm: &str, session: &str) -> CallKey {
        let log_id = format!("act-{session}");
        self.settled(crm, session, AttemptEnd::Done { log_id })
    }

    pub fn unknown(&self, session: &str) -> CallKey {
        self.settled("acme", session, AttemptEnd::Unknown)
    }

    /// Sets the moment of everything that has happened to a call, in seconds since 1970.
    pub fn date(&self, key: &CallKey, second: i64) {
        let connection = Connection::open(self.place.ledger()).unwrap();
        let (key, ms) = (key.to_string(), second * 1000);
        let calls = "UPDATE calls SET first_claimed_ms = ?2, claimed_ms = ?2, since_ms = ?2,
                lease_until_ms = CASE WHEN lease_until_ms > 0 THEN ?2 + 60000 END
            WHERE key = ?1";
        assert_eq!(connection.execute(calls, (&key, ms)).unwrap(), 1);
        let attempts = "UPDATE attempts SET claimed_ms = ?2,
                fenced_ms = CASE WHEN fenced_ms > 0 THEN ?2 + 1000 END,
                settled_ms = CASE WHEN settled_ms > 0 THEN ?2 + 2000 END
            WHERE call = (SELECT number FROM calls WHERE key = ?1)";
        assert_eq!(connection.execute(attempts, (&key, ms)).unwrap(), 1);
    }

    /// Dates a call some time back.
    pub fn age(&self, key: &CallKey, age: Duration) {
        let now = Timestamp::now().as_second();
        self.date(key, now - i64::try_from(age.as_secs()).unwrap());
    }

    /// Prepares `switchboard ledger` with these arguments.
    pub fn invocation(&self, arguments: &[&str]) -> Invocation {
        let all = ["ledger"].iter().chain(arguments);
        self.place.switchboard(all).unwrap()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.invocation(arguments).run().unwrap()
    }

    /// Runs a command that has to succeed without a word on stderr, and returns what it printed.
    #[track_caller]
    pub fn printed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!((output.code, &*output.stderr), (Some(0), ""), "{output:?}");
        output.stdout
    }

    /// Runs a command that has to fail without a result, and returns why it did.
    #[track_caller]
    pub fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(
            (output.code, &*output.stdout),
            (Some(code), ""),
            "{output:?}"
        );
        output.stderr
    }
}

async fn claim(ledger: &Ledger, crm: &str, session: &str) -> (CallKey, Token) {
    let key = CallKey::of_call("createCallLog", crm, "acme.example", "7", session);
    let claim = NewClaim {
        call_id: format!("call-{session}"),
        reference: reference(session),
        lease: LEASE,
    };
    match ledger.claim(&key, claim).await.unwrap() {
        Claim::Claimed(token) => (key, token),
        Claim::Duplicate(row) => panic!("{session} is claimed: {row:?}"),
    }
}

fn reference(session: &str) -> CallReference {
    CallReference {
        hostname: "acme.example".to_owned(),
        user_id: "7".to_owned(),
        contact_id: "77".to_owned(),
        session: session.to_owned(),
        session_id: Some(session.to_owned()),
        telephony_session_id: None,
        record_id: Some(format!("rec-{session}")),
        started_at: Timestamp::from_second(1_000).unwrap(),
        direction: "Inbound".to_owned(),
    }
}

fn post(end: &AttemptEnd) -> Sent {
    let (end, status) = match end {
        AttemptEnd::Done { .. } => (SentEnd::Answered, Some(201)),
        AttemptEnd::Rejected => (SentEnd::Answered, Some(422)),
        AttemptEnd::Failed { .. } => (SentEnd::NotSent, None),
        AttemptEnd::Unknown => (SentEnd::Unclear, None),
    };
    Sent {
        method: "POST".to_owned(),
        host: "crm.acme.example".to_owned(),
        path: "/activities".to_owned(),
        write: true,
        end,
        status,
    }
}
