//! Reads calls and attempts from their tables, and forgets them.

use jiff::Timestamp;
use tokio_postgres::Row as Found;
use tokio_postgres::types::ToSql;

use super::{Failure, Session, statements};
use crate::ledger::columns::{Columns, attempt, call};
use crate::ledger::state::StateName;
use crate::ledger::store::{APART_MS, BATCH};
use crate::ledger::{Attempt, CallKey, Filter, Row};

impl Session<'_> {
    /// Reads the row of one call.
    pub(super) async fn find(&self, key: &str) -> Result<Option<Row>, Failure> {
        let statement = self.client.prepare_cached(statements::FIND).await?;
        let found = self.client.query_opt(&statement, &[&key]).await?;
        found.as_ref().map(call).transpose()
    }

    /// Reads the rows that a filter lets through.
    pub(super) async fn list(&self, filter: &Filter) -> Result<Vec<Row>, Failure> {
        let after = i64::try_from(filter.after).unwrap_or(i64::MAX);
        let state = filter.state.map(StateName::as_str);
        let since = filter.since.map(Timestamp::as_millisecond);
        let limit = i64::from(filter.limit);
        let statement = self.client.prepare_cached(statements::LIST).await?;
        let found = self
            .client
            .query(&statement, &[&after, &state, &filter.crm, &since, &limit])
            .await?;
        found.iter().map(call).collect()
    }

    /// Reads which other call of the same tenant has an entry.
    pub(super) async fn holder(&self, row: &Row, log_id: &str) -> Result<Option<CallKey>, Failure> {
        let number = i64::try_from(row.number).unwrap_or(i64::MAX);
        let statement = self.client.prepare_cached(statements::WITH_ENTRY).await?;
        let values: [&(dyn ToSql + Sync); 4] = [&log_id, &row.key.crm(), &row.hostname, &number];
        let found = self.client.query_opt(&statement, &values).await?;
        Ok(found.as_ref().map(call).transpose()?.map(|row| row.key))
    }

    /// Reads the rows of other calls of the same tenant that may have written, and could be taken for this one.
    pub(super) async fn rivals(&self, row: &Row) -> Result<Vec<Row>, Failure> {
        let number = i64::try_from(row.number).unwrap_or(i64::MAX);
        let started_at = row.reference.as_ref().map(|it| it.started_at);
        let started_ms = started_at.map(Timestamp::as_millisecond);
        let statement = self.client.prepare_cached(statements::RIVALS).await?;
        let values: [&(dyn ToSql + Sync); 7] = [
            &row.key.crm(),
            &row.hostname,
            &number,
            &row.session,
            &row.contact_id,
            &started_ms,
            &APART_MS,
        ];
        let found = self.client.query(&statement, &values).await?;
        found.iter().map(call).collect()
    }

    /// Reads the attempts of one call, the first one first.
    pub(super) async fn attempts(&self, key: &str) -> Result<Vec<Attempt>, Failure> {
        let statement = self.client.prepare_cached(statements::ATTEMPTS).await?;
        let found = self.client.query(&statement, &[&key]).await?;
        found.iter().map(attempt).collect()
    }

    /// Forgets at most a batch of what got into `DONE` or `REJECTED` before a moment.
    pub(super) async fn prune(&self, before: Timestamp) -> Result<usize, Failure> {
        let statement = self.client.prepare_cached(statements::PRUNE).await?;
        let values: [&(dyn ToSql + Sync); 2] = [&before.as_millisecond(), &(BATCH as i64)];
        let n_pruned = self.client.execute(&statement, &values).await?;
        Ok(usize::try_from(n_pruned).unwrap_or(BATCH))
    }
}

impl Columns for Found {
    type Error = Failure;

    fn text(&self, name: &str) -> Result<Option<String>, Failure> {
        Ok(self.try_get(name)?)
    }

    fn number(&self, name: &str) -> Result<Option<i64>, Failure> {
        Ok(self.try_get(name)?)
    }
}
