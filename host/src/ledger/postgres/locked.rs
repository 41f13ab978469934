//! What a ledger does to a call whose row it has locked: read, ask the table, write down.

use deadpool_postgres::Transaction;
use futures_util::future::{join, try_join_all};
use jiff::Timestamp;
use tokio_postgres::types::ToSql;

use super::quick::sent;
use super::{Clock, Failure, Session, Statements, statements};
use crate::ledger::columns::{Kept, call, moment, number_of};
use crate::ledger::state::{Event, Found, Refusal, Standing, StateName, Token, step};
use crate::ledger::store::{AnotherCall, BATCH, Refused, Unresolved};
use crate::ledger::{CallKey, Claim, NewClaim, Row, Settlement};

/// A transaction. Dropped before its commit, it has done nothing.
pub(super) struct Locked<'c> {
    transaction: Transaction<'c>,
    statements: &'c Statements,
    clock: &'c Clock,
}

/// An event was granted.
struct Granted {
    number: i64,
    token: Token,
    state: StateName,
    now: Timestamp,
}

impl<'c> Locked<'c> {
    pub(super) async fn begin(session: &'c mut Session<'_>) -> Result<Self, Failure> {
        Ok(Self {
            transaction: session.client.transaction().await?,
            statements: session.statements,
            clock: session.clock,
        })
    }

    pub(super) async fn commit(self) -> Result<(), Failure> {
        Ok(self.transaction.commit().await?)
    }

    /// Claims a call that was claimed before; `None` if there is no such call any more.
    pub(super) async fn claim(
        &mut self,
        key: &CallKey,
        new: &NewClaim,
    ) -> Result<Option<Result<Claim, AnotherCall>>, Failure> {
        let (Some(row), now) = self.notice(&key.to_string()).await? else {
            return Ok(None);
        };
        if row.session != new.reference.session {
            return Ok(Some(Err(AnotherCall)));
        }
        let event = Event::Claim { lease: new.lease };
        let step = step(Some(&row.standing), &event, now);
        match step.standing {
            Some(standing) if step.refusal.is_none() => {
                self.write_claim(&row, new, &standing).await?;
                Ok(Some(Ok(Claim::Claimed(standing.token))))
            }
            _ => Ok(Some(Ok(Claim::Duplicate(Box::new(row))))),
        }
    }

    pub(super) async fn fence(
        &mut self,
        key: &str,
        token: Token,
    ) -> Result<Result<(), Refused>, Failure> {
        let told = self.tell(key, &Event::Fence { token }).await?;
        if let Ok(granted) = &told {
            let now_ms = granted.now.as_millisecond();
            let values: Values<'_> = &[&granted.number, &number_of(token), &now_ms];
            self.write(statements::UPDATE_FENCED, values).await?;
        }
        Ok(told.map(drop))
    }

    pub(super) async fn settle(
        &mut self,
        key: &str,
        token: Token,
        settlement: &Settlement,
    ) -> Result<Result<(), Refused>, Failure> {
        let end = settlement.end.clone();
        let told = self.tell(key, &Event::Settle { token, end }).await?;
        if let Ok(granted) = &told {
            let Granted { number, state, .. } = *granted;
            let sent = sent(settlement);
            self.write_settled(number, token, state, Some(&sent), granted.now)
                .await?;
            let outcome = settlement.outcome.to_string();
            self.write(statements::UPDATE_OUTCOME, &[&number, &outcome])
                .await?;
        }
        Ok(told.map(drop))
    }

    /// Takes what a look-up found or an operator decided. An entry that another call of the tenant has is not found.
    pub(super) async fn resolve(
        &mut self,
        key: &CallKey,
        event: &Event,
        by: &str,
    ) -> Result<Result<(), Unresolved>, Failure> {
        if let Event::LookedUp {
            found: Found::One { log_id },
            ..
        } = event
            && let Some(other) = self.other_with(key, log_id).await?
        {
            return Ok(Err(Unresolved::EntryOf(other, log_id.clone())));
        }
        let told = self.tell(&key.to_string(), event).await?;
        if let Ok(granted) = &told {
            let now_ms = granted.now.as_millisecond();
            let (number, token) = (granted.number, number_of(granted.token));
            let state = granted.state.as_str();
            let values: Values<'_> = &[&number, &token, &now_ms, &state, &by];
            self.write(statements::UPDATE_RESOLVED, values).await?;
            // It said that nobody knows.
            let nothing: Option<&str> = None;
            self.write(statements::UPDATE_OUTCOME, &[&number, &nothing])
                .await?;
        }
        Ok(told.map(drop).map_err(Unresolved::Refused))
    }

    /// Notices which leases have ended after a write may have left, of at most a batch.
    pub(super) async fn expire(&mut self) -> Result<Vec<CallKey>, Failure> {
        let sql = &self.statements.expired;
        let expired = self.transaction.prepare_cached(sql).await?;
        let expired = self.transaction.query(&expired, &[&(BATCH as i64)]).await?;
        let now = self.now().await?;
        let rows: Vec<_> = expired.iter().map(call).collect::<Result<_, _>>()?;
        try_join_all(rows.iter().map(|row| self.notice_in(row, now))).await?;
        Ok(rows.into_iter().map(|row| row.key).collect())
    }

    /// Returns the other call of the same tenant that has an entry, which none gets until this transaction ends.
    async fn other_with(&self, key: &CallKey, log_id: &str) -> Result<Option<CallKey>, Failure> {
        let lock = self
            .transaction
            .prepare_cached(statements::LOCK_ENTRY)
            .await?;
        self.transaction
            .query(&lock, &[&key.crm(), &log_id])
            .await?;
        let find = self.transaction.prepare_cached(statements::FIND).await?;
        let row = self
            .transaction
            .query_opt(&find, &[&key.to_string()])
            .await?;
        let Some(row) = row.as_ref().map(call).transpose()? else {
            return Ok(None);
        };
        let number = i64::try_from(row.number).unwrap_or(i64::MAX);
        let other = self
            .transaction
            .prepare_cached(statements::WITH_ENTRY)
            .await?;
        let values: Values<'_> = &[&log_id, &key.crm(), &row.hostname, &number];
        let other = self.transaction.query_opt(&other, values).await?;
        Ok(other.as_ref().map(call).transpose()?.map(|row| row.key))
    }

    /// Asks the table, and writes down where the call stands then.
    async fn tell(&self, key: &str, event: &Event) -> Result<Result<Granted, Refused>, Failure> {
        let (Some(row), now) = self.notice(key).await? else {
            let (why, row) = (Refusal::Missing, None);
            return Ok(Err(Refused { why, row }));
        };
        let event = self.by_database(event, now);
        let step = step(Some(&row.standing), &event, now);
        if let Some(why) = step.refusal {
            let row = Some(Box::new(row));
            return Ok(Err(Refused { why, row }));
        }
        let standing = step.standing.unwrap_or_else(|| row.standing.clone());
        if standing != row.standing {
            self.write_standing(row.number, &standing).await?;
        }
        Ok(Ok(Granted {
            number: row.number as i64,
            token: standing.token,
            state: standing.state.name(),
            now,
        }))
    }

    /// Says by the database's clock when a search began here. What went by since `now` makes that too early, never too
    /// late: it is held against the end of a quarantine.
    fn by_database(&self, event: &Event, now: Timestamp) -> Event {
        let mut event = event.clone();
        if let Event::LookedUp { begun, .. } = &mut event {
            let ago = (self.clock.host)().duration_since(*begun);
            *begun = now.saturating_sub(ago).unwrap_or(Timestamp::MIN);
        }
        event
    }

    /// Locks and reads a call, and tells the moment after that; a lease that has ended is noticed and written down.
    async fn notice(&self, key: &str) -> Result<(Option<Row>, Timestamp), Failure> {
        let lock = self.transaction.prepare_cached(statements::LOCK).await?;
        let key: Values<'_> = &[&key];
        // In one round trip, and one after the other: the database answers in the order in which it is asked.
        let (locked, now) = join(self.transaction.query_opt(&lock, key), self.now()).await;
        let (locked, now) = (locked?, now?);
        let Some(row) = locked.as_ref().map(call).transpose()? else {
            return Ok((None, now));
        };
        let standing = self.notice_in(&row, now).await?;
        Ok((Some(Row { standing, ..row }), now))
    }

    /// Writes down if the lease of a locked row has ended after a write may have left.
    async fn notice_in(&self, row: &Row, now: Timestamp) -> Result<Standing, Failure> {
        let noticed = step(Some(&row.standing), &Event::Expire, now).standing;
        let Some(standing) = noticed.filter(|it| *it != row.standing) else {
            return Ok(row.standing.clone());
        };
        self.write_standing(row.number, &standing).await?;
        let (number, state) = (row.number as i64, standing.state.name());
        self.write_settled(number, standing.token, state, None, now)
            .await?;
        Ok(standing)
    }

    async fn now(&self) -> Result<Timestamp, Failure> {
        let statement = self
            .transaction
            .prepare_cached(&self.statements.now)
            .await?;
        let now = self.transaction.query_one(&statement, &[]).await?;
        moment(&now, "now_ms")
    }

    async fn write_claim(
        &self,
        row: &Row,
        new: &NewClaim,
        standing: &Standing,
    ) -> Result<(), Failure> {
        let (kept, it, number) = (Kept::from(standing), &new.reference, row.number as i64);
        let values: Values<'_> = &[
            &number,
            &row.key.crm(),
            &it.hostname,
            &it.user_id,
            &it.session,
            &it.contact_id,
            &it.session_id,
            &it.telephony_session_id,
            &it.record_id,
            &it.started_at.as_millisecond(),
            &it.direction,
            &kept.token,
            &kept.since_ms,
            &kept.lease_until_ms,
        ];
        self.write(statements::CLAIM_AGAIN, values).await?;
        let values: Values<'_> = &[&number, &kept.token, &new.call_id, &kept.since_ms];
        self.write(statements::INSERT_ATTEMPT, values).await
    }

    async fn write_standing(&self, number: u64, standing: &Standing) -> Result<(), Failure> {
        let kept = Kept::from(standing);
        let values: Values<'_> = &[
            &(number as i64),
            &kept.state,
            &kept.since_ms,
            &kept.lease_until_ms,
            &kept.retry_at_ms,
            &kept.log_id,
            &kept.is_open,
        ];
        self.write(statements::UPDATE_STANDING, values).await
    }

    async fn write_settled(
        &self,
        number: i64,
        token: Token,
        state: StateName,
        sent: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let (token, now_ms) = (number_of(token), now.as_millisecond());
        let values: Values<'_> = &[&number, &token, &now_ms, &state.as_str(), &sent];
        self.write(statements::UPDATE_SETTLED, values).await
    }

    async fn write(&self, sql: &str, values: Values<'_>) -> Result<(), Failure> {
        let statement = self.transaction.prepare_cached(sql).await?;
        self.transaction.execute(&statement, values).await?;
        Ok(())
    }
}

type Values<'v> = &'v [&'v (dyn ToSql + Sync)];
