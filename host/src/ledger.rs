//! One entry per call: what the host writes down before it writes into a CRM.
//!
//! An attempt claims its call, asks for the fence right before its first write, and settles. Who may do what stands in
//! one table, [`state::step`]; the store, a SQLite file or a PostgreSQL database, keeps it across crashes and between
//! processes. `docs/ledger.md` has the rules, the columns, and what is assumed of the store.

mod attempt;
mod columns;
mod error;
mod key;
mod place;
mod postgres;
mod reference;
mod row;
mod sqlite;
mod store;

pub mod state;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

pub use attempt::{Attempt, Claim, NewClaim, Resolved, Sent, SentEnd, Settled, Settlement};
pub use error::{
    Cause, ClaimError, FenceError, NoPlace, OpenError, ResolveError, SettleError, StoreError,
};
pub use key::{CallKey, ParseKeyError};
pub use place::{LedgerPlace, ParsePlaceError, PostgresPlace};
pub use reference::CallReference;
pub use row::{Filter, Row};
pub use store::LOOK_UP;

use postgres::{Clock, Postgres};
use sqlite::Sqlite;
use state::{Decision, Event, Found, Refusal, Token};
use store::{AnotherCall, BATCH, Refused, Store, Unresolved};

/// A ledger that is open. Clones are the same one.
///
/// Its methods may be awaited on any runtime: threads of its own do the work. What they return is committed and
/// survives power loss. Dropping one of their futures ends the waiting; the work is done or not.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use switchboard_host::ledger::{Ledger, LedgerPlace};
///
/// let ledger = Ledger::open(&LedgerPlace::by_default()?)?;
/// let key = "createCallLog/acme/acme.example/7/4503991".parse()?;
/// if let Some(row) = ledger.read(&key).await? {
///     println!("{}", serde_json::to_string(&row)?);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Ledger {
    store: Store,
}

impl Ledger {
    /// Opens a ledger, and makes it where there is none.
    ///
    /// Reads and writes the disk, and waits up to 10 s for other programs.
    ///
    /// # Errors
    ///
    /// [`OpenError`]: it cannot be used; what to do is in the message.
    pub fn open(place: &LedgerPlace) -> Result<Self, OpenError> {
        match place {
            LedgerPlace::Sqlite(path) => Self::sqlite(path),
            LedgerPlace::Postgres(place) => Self::postgres(place),
        }
    }

    /// As [`Ledger::open`], with the SQLite file at `path`. Its folder is made, too.
    ///
    /// # Errors
    ///
    /// As [`Ledger::open`].
    pub fn sqlite(path: &Path) -> Result<Self, OpenError> {
        let store = Store::Sqlite(Sqlite::open(path, Arc::new(Timestamp::now))?);
        Ok(Self { store })
    }

    /// As [`Ledger::open`], with a PostgreSQL database.
    ///
    /// Does not wait for the database: while it is away every method fails with [`StoreError::Unavailable`], and it is
    /// tried again by the methods that follow.
    ///
    /// # Errors
    ///
    /// As [`Ledger::open`].
    pub fn postgres(place: &PostgresPlace) -> Result<Self, OpenError> {
        let store = Store::Postgres(Postgres::open(place, Clock::new())?);
        Ok(Self { store })
    }

    /// Claims a call for one attempt.
    ///
    /// The attempt's token is the number of claims of the key. The lease ends [`NewClaim::lease`] from now.
    pub async fn claim(&self, key: &CallKey, claim: NewClaim) -> Result<Claim, ClaimError> {
        let claimed = self.store.claim(key, claim).await?;
        claimed.map_err(|AnotherCall| {
            let idempotency_key = key.idempotency_key().unwrap_or_default().to_owned();
            ClaimError::AnotherCall { idempotency_key }
        })
    }

    /// Lets an attempt write. Without this an attempt sends nothing that could change anything.
    pub async fn fence(&self, key: &CallKey, token: Token) -> Result<(), FenceError> {
        let fenced = self.store.fence(key, token).await?;
        let key = key.clone();
        fenced.map_err(|refused| match refused.why {
            Refusal::LeaseOver => FenceError::LeaseOver { key },
            _ => FenceError::Overtaken { key },
        })
    }

    /// Writes down how an attempt ended. The same settlement may be repeated after an error.
    pub async fn settle(
        &self,
        key: &CallKey,
        token: Token,
        settlement: Settlement,
    ) -> Result<(), SettleError> {
        let settled = self.store.settle(key, token, settlement).await?;
        let key = key.clone();
        settled.map_err(|Refused { row, .. }| SettleError::Overtaken { key, row })
    }

    /// Takes what a look-up found that searched the CRM for the entry of an attempt in [`state::State::Unknown`].
    ///
    /// `begun` is when the search began, by the clock of this machine; before the end of the quarantine it is too early.
    pub async fn looked_up(
        &self,
        key: &CallKey,
        token: Token,
        found: Found,
        begun: Timestamp,
        quarantine: Duration,
    ) -> Result<(), ResolveError> {
        let event = Event::LookedUp {
            token,
            found,
            begun,
            quarantine,
        };
        let resolved = self.store.resolve(key, event, LOOK_UP).await?;
        resolved.map_err(|why| unresolved(key, why))
    }

    /// Takes what an operator decided of an attempt in [`state::State::Unknown`], and who that was.
    pub async fn resolve(
        &self,
        key: &CallKey,
        token: Token,
        decision: Decision,
        quarantine: Duration,
        by: &str,
    ) -> Result<(), ResolveError> {
        let event = Event::Resolve {
            token,
            decision,
            quarantine,
        };
        let resolved = self.store.resolve(key, event, by).await?;
        resolved.map_err(|why| unresolved(key, why))
    }

    /// Moves every attempt whose lease has ended in [`state::State::Sending`] to [`state::State::Unknown`], and returns
    /// the calls.
    pub async fn expire(&self) -> Result<Vec<CallKey>, StoreError> {
        let mut expired = Vec::new();
        loop {
            let mut batch = self.store.expire().await?;
            let is_last = batch.len() < BATCH;
            expired.append(&mut batch);
            if is_last {
                return Ok(expired);
            }
        }
    }

    /// Forgets every call that got into [`state::State::Done`] or [`state::State::Rejected`] before a moment, and
    /// returns how many. A forgotten call that is sent again is logged again.
    pub async fn prune(&self, before: Timestamp) -> Result<u64, StoreError> {
        let mut n_pruned = 0;
        loop {
            let n_batch = self.store.prune(before).await?;
            n_pruned += n_batch as u64;
            if n_batch < BATCH {
                return Ok(n_pruned);
            }
        }
    }

    /// Reads what is known of a call.
    pub async fn read(&self, key: &CallKey) -> Result<Option<Row>, StoreError> {
        self.store.find(key).await
    }

    /// Reads many calls, in the order of their first claim.
    pub async fn list(&self, filter: Filter) -> Result<Vec<Row>, StoreError> {
        self.store.list(filter).await
    }

    /// Returns which other call of the same CRM and hostname has this entry, if one does.
    pub async fn holder(&self, row: &Row, log_id: &str) -> Result<Option<CallKey>, StoreError> {
        self.store.holder(row, log_id).await
    }

    /// Returns other calls of the same CRM and hostname that may have written and whose end is not known, and that could
    /// be taken for this one: those of its session, and those with its contact that began within a minute of it. At most
    /// ten of them.
    pub async fn rivals(&self, row: &Row) -> Result<Vec<Row>, StoreError> {
        self.store.rivals(row).await
    }

    /// Reads the attempts of a call, the first one first.
    pub async fn attempts(&self, key: &CallKey) -> Result<Vec<Attempt>, StoreError> {
        self.store.attempts(key).await
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place: &dyn fmt::Display = match &self.store {
            Store::Sqlite(sqlite) => &sqlite.path().display(),
            Store::Postgres(postgres) => postgres.place(),
        };
        formatter
            .debug_struct("Ledger")
            .field("place", &format_args!("{place}"))
            .finish_non_exhaustive()
    }
}

fn unresolved(key: &CallKey, why: Unresolved) -> ResolveError {
    let key = key.clone();
    let (why, row) = match why {
        Unresolved::EntryOf(other, log_id) => {
            return ResolveError::EntryOfAnother { key, log_id, other };
        }
        Unresolved::Refused(Refused { why, row }) => (why, row),
    };
    match (why, row) {
        (Refusal::Quarantined { until }, _) => ResolveError::Quarantined { key, until },
        (Refusal::Several, _) => ResolveError::Several { key },
        (_, Some(row)) => ResolveError::MovedOn { key, row },
        (_, None) => ResolveError::Missing { key },
    }
}

#[cfg(test)]
mod tests;
