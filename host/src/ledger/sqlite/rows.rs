//! Reads calls and attempts from their tables.

use std::error::Error;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row as Columns, named_params, params};

use crate::ledger::state::{Standing, State, StateName, Token};
use crate::ledger::{Attempt, CallKey, CallReference, Filter, Resolved, Row, Settled};

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

fn call(columns: &Columns<'_>) -> rusqlite::Result<Row> {
    Ok(Row {
        number: number(columns, "number")?,
        key: parsed::<CallKey>(columns, "key")?,
        standing: standing(columns)?,
        hostname: columns.get("hostname")?,
        user_id: columns.get("user_id")?,
        contact_id: columns.get("contact_id")?,
        session: columns.get("session")?,
        first_claimed_at: moment(columns, "first_claimed_ms")?,
        claimed_at: moment(columns, "claimed_ms")?,
        reference: reference(columns)?,
        outcome: json(columns, "outcome")?,
    })
}

fn standing(columns: &Columns<'_>) -> rusqlite::Result<Standing> {
    let state = match parsed(columns, "state")? {
        StateName::Claimed => State::Claimed {
            lease_until: moment(columns, "lease_until_ms")?,
        },
        StateName::Sending => State::Sending {
            lease_until: moment(columns, "lease_until_ms")?,
        },
        StateName::Done => State::Done {
            log_id: columns.get("log_id")?,
        },
        StateName::Failed => State::Failed {
            retry_at: maybe_moment(columns, "retry_at_ms")?,
        },
        StateName::Rejected => State::Rejected,
        StateName::Unknown => State::Unknown,
    };
    Ok(Standing {
        token: token(columns)?,
        state,
        since: moment(columns, "since_ms")?,
    })
}

fn reference(columns: &Columns<'_>) -> rusqlite::Result<Option<CallReference>> {
    let Some(started_at) = maybe_moment(columns, "started_ms")? else {
        return Ok(None);
    };
    Ok(Some(CallReference {
        hostname: columns.get("hostname")?,
        user_id: columns.get("user_id")?,
        contact_id: columns.get("contact_id")?,
        session: columns.get("session")?,
        session_id: columns.get("session_id")?,
        telephony_session_id: columns.get("telephony_session_id")?,
        record_id: columns.get("record_id")?,
        started_at,
        direction: columns.get("direction")?,
    }))
}

fn attempt(columns: &Columns<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt {
        token: token(columns)?,
        call_id: columns.get("call_id")?,
        claimed_at: moment(columns, "claimed_ms")?,
        fenced_at: maybe_moment(columns, "fenced_ms")?,
        settled: settled(columns)?,
        resolved: resolved(columns)?,
        sent: json(columns, "sent")?.unwrap_or_default(),
    })
}

fn settled(columns: &Columns<'_>) -> rusqlite::Result<Option<Settled>> {
    let Some(at) = maybe_moment(columns, "settled_ms")? else {
        return Ok(None);
    };
    let state = parsed(columns, "settled_as")?;
    Ok(Some(Settled { at, state }))
}

fn resolved(columns: &Columns<'_>) -> rusqlite::Result<Option<Resolved>> {
    let Some(at) = maybe_moment(columns, "resolved_ms")? else {
        return Ok(None);
    };
    let state = parsed(columns, "resolved_as")?;
    let by = columns.get("resolved_by")?;
    Ok(Some(Resolved { at, state, by }))
}

fn token(columns: &Columns<'_>) -> rusqlite::Result<Token> {
    let token = Token::new(number(columns, "token")?);
    token.ok_or_else(|| unreadable("a token of 0"))
}

fn number(columns: &Columns<'_>, name: &str) -> rusqlite::Result<u64> {
    u64::try_from(columns.get::<_, i64>(name)?).map_err(unreadable)
}

fn moment(columns: &Columns<'_>, name: &str) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(columns.get(name)?).map_err(unreadable)
}

fn maybe_moment(columns: &Columns<'_>, name: &str) -> rusqlite::Result<Option<Timestamp>> {
    let millis: Option<i64> = columns.get(name)?;
    millis
        .map(|millis| Timestamp::from_millisecond(millis).map_err(unreadable))
        .transpose()
}

fn parsed<T: FromStr<Err: Into<Box<dyn Error + Send + Sync>>>>(
    columns: &Columns<'_>,
    name: &str,
) -> rusqlite::Result<T> {
    let text: String = columns.get(name)?;
    text.parse().map_err(unreadable)
}

fn json<T: serde::de::DeserializeOwned>(
    columns: &Columns<'_>,
    name: &str,
) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = columns.get(name)?;
    text.map(|text| serde_json::from_str(&text).map_err(unreadable))
        .transpose()
}

/// A row holds what no ledger writes.
fn unreadable(error: impl Into<Box<dyn Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into())
}
