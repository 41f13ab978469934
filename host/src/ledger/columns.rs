//! Calls and attempts as columns, which every store names the same. What each one means: `docs/ledger.md`.

use std::fmt::Display;
use std::str::FromStr;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::state::{Standing, State, StateName, Token};
use super::{Attempt, CallReference, Resolved, Row, Settled};

/// One row of a store.
pub(super) trait Columns {
    /// Why a column cannot be read.
    type Error: From<Unreadable>;

    fn text(&self, name: &str) -> Result<Option<String>, Self::Error>;

    fn number(&self, name: &str) -> Result<Option<i64>, Self::Error>;
}

/// A row holds what no ledger writes.
#[derive(Debug, thiserror::Error)]
#[error("column {column} cannot be read: {why}")]
pub(super) struct Unreadable {
    column: String,
    why: String,
}

/// A standing as it is written down.
pub(super) struct Kept<'s> {
    pub(super) state: &'static str,
    pub(super) token: i64,
    pub(super) since_ms: i64,
    pub(super) lease_until_ms: Option<i64>,
    pub(super) retry_at_ms: Option<i64>,
    pub(super) log_id: Option<&'s str>,
    /// Whether somebody may still have to look for the entry: what finds it goes once nobody does.
    pub(super) is_open: bool,
}

impl<'s> From<&'s Standing> for Kept<'s> {
    fn from(standing: &'s Standing) -> Self {
        let (mut lease_until, mut retry_at, mut entry) = (None, None, None);
        match &standing.state {
            State::Claimed { lease_until: at } | State::Sending { lease_until: at } => {
                lease_until = Some(*at);
            }
            State::Done { log_id } => entry = Some(log_id.as_str()),
            State::Failed { retry_at: at } => retry_at = *at,
            State::Rejected | State::Unknown => {}
        }
        Self {
            state: standing.state.name().as_str(),
            token: number_of(standing.token),
            since_ms: standing.since.as_millisecond(),
            lease_until_ms: lease_until.map(Timestamp::as_millisecond),
            retry_at_ms: retry_at.map(Timestamp::as_millisecond),
            log_id: entry,
            is_open: is_open(standing.state.name()),
        }
    }
}

/// Stores' numbers have 63 bits; no key is claimed so often.
pub(super) fn number_of(token: Token) -> i64 {
    i64::try_from(token.number()).unwrap_or(i64::MAX)
}

/// Whether somebody may still have to look for the entry of a call in this state.
pub(super) fn is_open(state: StateName) -> bool {
    match state {
        StateName::Claimed | StateName::Sending | StateName::Unknown => true,
        StateName::Done | StateName::Failed | StateName::Rejected => false,
    }
}

/// Reads a row of `calls`.
pub(super) fn call<C: Columns>(columns: &C) -> Result<Row, C::Error> {
    Ok(Row {
        number: count(columns, "number")?,
        key: parsed(columns, "key")?,
        standing: standing(columns)?,
        hostname: text(columns, "hostname")?,
        user_id: text(columns, "user_id")?,
        contact_id: text(columns, "contact_id")?,
        session: text(columns, "session")?,
        first_claimed_at: moment(columns, "first_claimed_ms")?,
        claimed_at: moment(columns, "claimed_ms")?,
        reference: reference(columns)?,
        outcome: json(columns, "outcome")?,
    })
}

/// Reads a row of `attempts`.
pub(super) fn attempt<C: Columns>(columns: &C) -> Result<Attempt, C::Error> {
    Ok(Attempt {
        token: token(columns)?,
        call_id: text(columns, "call_id")?,
        claimed_at: moment(columns, "claimed_ms")?,
        fenced_at: maybe_moment(columns, "fenced_ms")?,
        settled: settled(columns)?,
        resolved: resolved(columns)?,
        sent: json(columns, "sent")?.unwrap_or_default(),
    })
}

/// Reads a moment that is always there.
pub(super) fn moment<C: Columns>(columns: &C, name: &str) -> Result<Timestamp, C::Error> {
    maybe_moment(columns, name)?.ok_or_else(|| missing(name).into())
}

fn standing<C: Columns>(columns: &C) -> Result<Standing, C::Error> {
    let state = match parsed(columns, "state")? {
        StateName::Claimed => State::Claimed {
            lease_until: moment(columns, "lease_until_ms")?,
        },
        StateName::Sending => State::Sending {
            lease_until: moment(columns, "lease_until_ms")?,
        },
        StateName::Done => State::Done {
            log_id: text(columns, "log_id")?,
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

fn reference<C: Columns>(columns: &C) -> Result<Option<CallReference>, C::Error> {
    let Some(started_at) = maybe_moment(columns, "started_ms")? else {
        return Ok(None);
    };
    Ok(Some(CallReference {
        hostname: text(columns, "hostname")?,
        user_id: text(columns, "user_id")?,
        contact_id: text(columns, "contact_id")?,
        session: text(columns, "session")?,
        session_id: columns.text("session_id")?,
        telephony_session_id: columns.text("telephony_session_id")?,
        record_id: columns.text("record_id")?,
        started_at,
        direction: text(columns, "direction")?,
    }))
}

fn settled<C: Columns>(columns: &C) -> Result<Option<Settled>, C::Error> {
    let Some(at) = maybe_moment(columns, "settled_ms")? else {
        return Ok(None);
    };
    let state = parsed(columns, "settled_as")?;
    Ok(Some(Settled { at, state }))
}

fn resolved<C: Columns>(columns: &C) -> Result<Option<Resolved>, C::Error> {
    let Some(at) = maybe_moment(columns, "resolved_ms")? else {
        return Ok(None);
    };
    let state = parsed(columns, "resolved_as")?;
    let by = text(columns, "resolved_by")?;
    Ok(Some(Resolved { at, state, by }))
}

fn token<C: Columns>(columns: &C) -> Result<Token, C::Error> {
    let token = Token::new(count(columns, "token")?);
    token.ok_or_else(|| unreadable("token", "a token of 0").into())
}

fn count<C: Columns>(columns: &C, name: &str) -> Result<u64, C::Error> {
    let number = columns.number(name)?.ok_or_else(|| missing(name))?;
    u64::try_from(number).map_err(|error| unreadable(name, error).into())
}

fn maybe_moment<C: Columns>(columns: &C, name: &str) -> Result<Option<Timestamp>, C::Error> {
    let moment = columns.number(name)?.map(Timestamp::from_millisecond);
    moment
        .transpose()
        .map_err(|error| unreadable(name, error).into())
}

fn text<C: Columns>(columns: &C, name: &str) -> Result<String, C::Error> {
    columns.text(name)?.ok_or_else(|| missing(name).into())
}

fn parsed<C: Columns, T: FromStr<Err: Display>>(columns: &C, name: &str) -> Result<T, C::Error> {
    let parsed = text(columns, name)?.parse();
    parsed.map_err(|error| unreadable(name, error).into())
}

fn json<C: Columns, T: DeserializeOwned>(columns: &C, name: &str) -> Result<Option<T>, C::Error> {
    let value = columns.text(name)?.map(|text| serde_json::from_str(&text));
    value
        .transpose()
        .map_err(|error| unreadable(name, error).into())
}

fn missing(column: &str) -> Unreadable {
    unreadable(column, "it is empty")
}

fn unreadable(column: &str, why: impl Display) -> Unreadable {
    Unreadable {
        column: column.to_owned(),
        why: why.to_string(),
    }
}
