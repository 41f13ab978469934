//! Reads calls and attempts from their tables.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, named_params, params};

use crate::ledger::columns::{self, Columns, Unreadable};
use crate::ledger::state::StateName;
use crate::ledger::store::APART_MS;
use crate::ledger::{Attempt, Filter, Row};

/// Reads the row of one call.
pub(super) fn find(connection: &Connection, key: &str) -> rusqlite::Result<Option<Row>> {
    let mut statement = connection.prepare_cached("SELECT * FROM calls WHERE key = ?1")?;
    statement.query_row([key], call).optional()
}

/// Reads the rows that a filter lets through.
pub(super) fn list(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM calls
        WHERE number > :after
            AND (:state IS NULL OR state = :state)
            AND (:crm IS NULL OR crm = :crm)
            AND (:since IS NULL OR since_ms >= :since)
        ORDER BY number LIMIT :limit",
    )?;
    let rows = statement.query_map(
        named_params! {
            ":after": i64::try_from(filter.after).unwrap_or(i64::MAX),
            ":state": filter.state.map(StateName::as_str),
            ":crm": filter.crm,
            ":since": filter.since.map(Timestamp::as_millisecond),
            ":limit": filter.limit,
        },
        call,
    )?;
    rows.collect()
}

/// Reads the attempts of one call, the first one first.
pub(super) fn attempts(connection: &Connection, key: &str) -> rusqlite::Result<Vec<Attempt>> {
    let mut statement = connection.prepare_cached(
        "SELECT attempts.* FROM attempts JOIN calls ON calls.number = attempts.call
        WHERE calls.key = ?1 ORDER BY attempts.token",
    )?;
    let rows = statement.query_map([key], attempt)?;
    rows.collect()
}

/// Reads the row of another call of the same tenant that has this entry.
pub(super) fn with_entry(
    connection: &Connection,
    row: &Row,
    log_id: &str,
) -> rusqlite::Result<Option<Row>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM calls
        WHERE log_id = ?1 AND crm = ?2 AND lower(hostname) = lower(?3) AND number <> ?4 LIMIT 1",
    )?;
    let number = i64::try_from(row.number).unwrap_or(i64::MAX);
    let parameters = params![log_id, row.key.crm(), row.hostname, number];
    statement.query_row(parameters, call).optional()
}

/// Reads the rows of other calls of the same tenant that may have written, and could be taken for this one.
pub(super) fn rivals(connection: &Connection, row: &Row) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(
        "SELECT * FROM calls
        WHERE state IN ('SENDING', 'UNKNOWN') AND crm = :crm AND lower(hostname) = lower(:hostname)
            AND number <> :number
            AND (session = :session
                OR (contact_id = :contact_id AND abs(started_ms - :started_ms) < :apart_ms))
        ORDER BY number LIMIT 10",
    )?;
    let started_at = row.reference.as_ref().map(|it| it.started_at);
    let rows = statement.query_map(
        named_params! {
            ":crm": row.key.crm(),
            ":hostname": row.hostname,
            ":number": i64::try_from(row.number).unwrap_or(i64::MAX),
            ":session": row.session,
            ":contact_id": row.contact_id,
            ":started_ms": started_at.map(Timestamp::as_millisecond),
            ":apart_ms": APART_MS,
        },
        call,
    )?;
    rows.collect()
}

/// Reads the keys of calls whose lease has ended after a write may have left.
pub(super) fn expired(
    connection: &Connection,
    now: Timestamp,
    limit: usize,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT key FROM calls WHERE state = 'SENDING' AND lease_until_ms <= ?1 LIMIT ?2",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let keys = statement.query_map(params![now.as_millisecond(), limit], |row| row.get(0))?;
    keys.collect()
}

fn call(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    columns::call(row)
}

fn attempt(row: &rusqlite::Row<'_>) -> rusqlite::Result<Attempt> {
    columns::attempt(row)
}

impl Columns for rusqlite::Row<'_> {
    type Error = rusqlite::Error;

    fn text(&self, name: &str) -> rusqlite::Result<Option<String>> {
        self.get(name)
    }

    fn number(&self, name: &str) -> rusqlite::Result<Option<i64>> {
        self.get(name)
    }
}

impl From<Unreadable> for rusqlite::Error {
    fn from(unreadable: Unreadable) -> Self {
        Self::FromSqlConversionFailure(0, Type::Text, unreadable.into())
    }
}
