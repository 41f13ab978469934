//! What every store does, and the one that a ledger has.

use jiff::Timestamp;

use super::postgres::Postgres;
use super::sqlite::Sqlite;
use super::state::{Event, Refusal, Token};
use super::{Attempt, CallKey, Claim, Filter, NewClaim, Row, Settlement, StoreError};

/// How many rows one request changes at most: others wait meanwhile.
pub(super) const BATCH: usize = 500;

/// What stands in [`Resolved::by`](super::Resolved::by) where a look-up and no person has decided.
pub const LOOK_UP: &str = "look-up";

/// How far apart two calls with one contact begin that cannot be taken for each other, in milliseconds: entries say no
/// more than the minute.
pub(super) const APART_MS: i64 = 60_000;

/// An open store: it asks the table, and keeps the answers.
#[derive(Clone)]
pub(super) enum Store {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

/// The table refuses an event.
pub(super) struct Refused {
    pub(super) why: Refusal,
    /// What the ledger says; `None` if it knows no such call.
    pub(super) row: Option<Box<Row>>,
}

/// A claim is refused before the table is asked: its idempotency key is another session's.
pub(super) struct AnotherCall;

/// Why the doubt about a call is not settled.
pub(super) enum Unresolved {
    Refused(Refused),
    /// The entry of this id is that of another call.
    EntryOf(CallKey, String),
}

/// Asks the store that is there.
macro_rules! ask {
    ($store:expr, $it:ident => $answer:expr) => {
        match $store {
            Store::Sqlite($it) => $answer.await,
            Store::Postgres($it) => $answer.await,
        }
    };
}

impl Store {
    pub(super) async fn claim(
        &self,
        key: &CallKey,
        new: NewClaim,
    ) -> Result<Result<Claim, AnotherCall>, StoreError> {
        ask!(self, it => it.claim(key, new))
    }

    pub(super) async fn fence(
        &self,
        key: &CallKey,
        token: Token,
    ) -> Result<Result<(), Refused>, StoreError> {
        ask!(self, it => it.fence(key, token))
    }

    pub(super) async fn settle(
        &self,
        key: &CallKey,
        token: Token,
        settlement: Settlement,
    ) -> Result<Result<(), Refused>, StoreError> {
        ask!(self, it => it.settle(key, token, settlement))
    }

    /// Takes what a look-up found or an operator decided, and who that was.
    pub(super) async fn resolve(
        &self,
        key: &CallKey,
        event: Event,
        by: &str,
    ) -> Result<Result<(), Unresolved>, StoreError> {
        ask!(self, it => it.resolve(key, event, by))
    }

    /// Notices which leases have ended after a write may have left, of at most a batch.
    pub(super) async fn expire(&self) -> Result<Vec<CallKey>, StoreError> {
        ask!(self, it => it.expire())
    }

    /// Forgets at most a batch of what got into `DONE` or `REJECTED` before a moment.
    pub(super) async fn prune(&self, before: Timestamp) -> Result<usize, StoreError> {
        ask!(self, it => it.prune(before))
    }

    pub(super) async fn find(&self, key: &CallKey) -> Result<Option<Row>, StoreError> {
        ask!(self, it => it.find(key.to_string()))
    }

    pub(super) async fn holder(
        &self,
        row: &Row,
        log_id: &str,
    ) -> Result<Option<CallKey>, StoreError> {
        ask!(self, it => it.holder(row.clone(), log_id.to_owned()))
    }

    pub(super) async fn rivals(&self, row: &Row) -> Result<Vec<Row>, StoreError> {
        ask!(self, it => it.rivals(row.clone()))
    }

    pub(super) async fn list(&self, filter: Filter) -> Result<Vec<Row>, StoreError> {
        ask!(self, it => it.list(filter))
    }

    pub(super) async fn attempts(&self, key: &CallKey) -> Result<Vec<Attempt>, StoreError> {
        ask!(self, it => it.attempts(key.to_string()))
    }
}
