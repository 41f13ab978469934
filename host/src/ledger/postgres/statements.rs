//! The SQL of the ledger. Tests hold the conditions of [`Statements`] against the table of `state`.

use crate::ledger::state::MAX_RETRY_WAIT;

/// SQL that asks for the moment.
pub(super) struct Statements {
    /// Claims a call that nobody has claimed, and tells of one that somebody has.
    pub(super) claim: String,
    /// Lets an attempt write whose lease has not ended.
    pub(super) fence: String,
    /// Settles an attempt whose lease has not ended.
    pub(super) settle: String,
    /// Locks the calls that could expire, but for those that somebody else is changing.
    pub(super) expired: String,
    /// Tells the moment.
    pub(super) now: String,
}

/// No lease ends later than the calendar: 9999-12-30, as milliseconds.
const END_OF_TIME_MS: i64 = 253_402_207_200_000;

/// The columns of a call, so that one that a newer program adds changes nothing here.
macro_rules! columns {
    () => {
        "number, key, crm, hostname, user_id, session, contact_id, session_id, telephony_session_id, \
         record_id, started_ms, direction, state, token, first_claimed_ms, claimed_ms, since_ms, \
         lease_until_ms, retry_at_ms, log_id, outcome"
    };
}

pub(super) const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM switchboard.calls WHERE key = $1"
);

pub(super) const LIST: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM switchboard.calls
    WHERE number > $1
        AND ($2::text IS NULL OR state = $2)
        AND ($3::text IS NULL OR crm = $3)
        AND ($4::bigint IS NULL OR since_ms >= $4)
    ORDER BY number LIMIT $5"
);

pub(super) const ATTEMPTS: &str = "
SELECT attempts.* FROM switchboard.attempts JOIN switchboard.calls ON number = call
WHERE key = $1 ORDER BY attempts.token";

pub(super) const LOCK: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM switchboard.calls WHERE key = $1 FOR UPDATE"
);

/// Nobody else takes the same entry for that of another call meanwhile.
pub(super) const LOCK_ENTRY: &str = "
SELECT pg_advisory_xact_lock(hashtextextended('switchboard entry ' || $1 || ' ' || $2, 0))";

/// Another call of the same tenant that has this entry.
pub(super) const WITH_ENTRY: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM switchboard.calls
    WHERE log_id = $1 AND crm = $2 AND lower(hostname) = lower($3) AND number <> $4 LIMIT 1"
);

/// Other calls of the same tenant that may have written, and could be taken for this one.
pub(super) const RIVALS: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM switchboard.calls
    WHERE state IN ('SENDING', 'UNKNOWN') AND crm = $1 AND lower(hostname) = lower($2) AND number <> $3
        AND (session = $4 OR (contact_id = $5 AND abs(started_ms - $6) < $7))
    ORDER BY number LIMIT 10"
);

pub(super) const CLAIM_AGAIN: &str = "
UPDATE switchboard.calls SET
    crm = $2, hostname = $3, user_id = $4, session = $5, contact_id = $6,
    session_id = $7, telephony_session_id = $8, record_id = $9, started_ms = $10, direction = $11,
    state = 'CLAIMED', token = $12, claimed_ms = $13, since_ms = $13, lease_until_ms = $14,
    retry_at_ms = NULL, log_id = NULL, outcome = NULL
WHERE number = $1";

pub(super) const INSERT_ATTEMPT: &str =
    "INSERT INTO switchboard.attempts (call, token, call_id, claimed_ms) VALUES ($1, $2, $3, $4)";

pub(super) const UPDATE_STANDING: &str = "
UPDATE switchboard.calls SET
    state = $2, since_ms = $3, lease_until_ms = $4, retry_at_ms = $5, log_id = $6,
    session_id = CASE WHEN $7 THEN session_id END,
    telephony_session_id = CASE WHEN $7 THEN telephony_session_id END,
    record_id = CASE WHEN $7 THEN record_id END,
    started_ms = CASE WHEN $7 THEN started_ms END,
    direction = CASE WHEN $7 THEN direction END
WHERE number = $1";

pub(super) const UPDATE_FENCED: &str =
    "UPDATE switchboard.attempts SET fenced_ms = $3 WHERE call = $1 AND token = $2";

pub(super) const UPDATE_SETTLED: &str = "
UPDATE switchboard.attempts SET settled_ms = $3, settled_as = $4, sent = $5
WHERE call = $1 AND token = $2";

pub(super) const UPDATE_RESOLVED: &str = "
UPDATE switchboard.attempts SET resolved_ms = $3, resolved_as = $4, resolved_by = $5
WHERE call = $1 AND token = $2";

pub(super) const UPDATE_OUTCOME: &str =
    "UPDATE switchboard.calls SET outcome = $2 WHERE number = $1";

pub(super) const PRUNE: &str = "
DELETE FROM switchboard.calls WHERE number IN (
    SELECT number FROM switchboard.calls
    WHERE state IN ('DONE', 'REJECTED') AND since_ms < $1 LIMIT $2 FOR UPDATE SKIP LOCKED)";

impl Statements {
    /// Puts the moment into them, in SQL.
    pub(super) fn new(clock: &str) -> Self {
        let clock = format!("clock AS (SELECT {clock} AS now_ms)");
        Self {
            claim: claim(&clock),
            fence: fence(&clock),
            settle: settle(&clock),
            expired: expired(&clock),
            now: format!("WITH {clock} SELECT now_ms FROM clock"),
        }
    }
}

/// One row always: whether the call was claimed now, the moment, and the row of a call that was there before.
///
/// Neither is possible, too: another host has committed the call after this statement began. A number is used up only
/// then.
fn claim(clock: &str) -> String {
    let columns = columns!();
    format!(
        "WITH {clock},
        known AS (SELECT {columns} FROM switchboard.calls WHERE key = $1),
        claimed AS (
            INSERT INTO switchboard.calls (
                key, crm, hostname, user_id, session, contact_id,
                session_id, telephony_session_id, record_id, started_ms, direction,
                state, token, first_claimed_ms, claimed_ms, since_ms, lease_until_ms)
            SELECT
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
                'CLAIMED', 1, now_ms, now_ms, now_ms, LEAST(now_ms + $12, {END_OF_TIME_MS})
            FROM clock WHERE NOT EXISTS (SELECT FROM known)
            ON CONFLICT (key) DO NOTHING
            RETURNING number, claimed_ms),
        attempt AS (
            INSERT INTO switchboard.attempts (call, token, call_id, claimed_ms)
            SELECT number, 1, $13, claimed_ms FROM claimed)
        SELECT EXISTS (SELECT FROM claimed) AS is_claimed, now_ms, known.*
        FROM clock LEFT JOIN known ON true"
    )
}

fn fence(clock: &str) -> String {
    format!(
        "WITH {clock},
        sending AS (
            UPDATE switchboard.calls SET state = 'SENDING', since_ms = now_ms
            FROM clock
            WHERE key = $1 AND token = $2 AND state = 'CLAIMED' AND lease_until_ms > now_ms
            RETURNING number, since_ms)
        UPDATE switchboard.attempts SET fenced_ms = since_ms
        FROM sending WHERE call = number AND token = $2"
    )
}

fn settle(clock: &str) -> String {
    let longest_ms = MAX_RETRY_WAIT.as_millis();
    format!(
        "WITH {clock},
        settled AS (
            UPDATE switchboard.calls SET
                state = $3, since_ms = now_ms, lease_until_ms = NULL, log_id = $5, outcome = $6,
                retry_at_ms = CASE WHEN $4::bigint IS NOT NULL THEN LEAST($4, now_ms + {longest_ms}) END,
                session_id = CASE WHEN $8 THEN session_id END,
                telephony_session_id = CASE WHEN $8 THEN telephony_session_id END,
                record_id = CASE WHEN $8 THEN record_id END,
                started_ms = CASE WHEN $8 THEN started_ms END,
                direction = CASE WHEN $8 THEN direction END
            FROM clock
            WHERE key = $1 AND token = $2
                AND state IN ('CLAIMED', 'SENDING') AND lease_until_ms > now_ms
            RETURNING number, since_ms)
        UPDATE switchboard.attempts SET settled_ms = since_ms, settled_as = $3, sent = $7
        FROM settled WHERE call = number AND token = $2"
    )
}

fn expired(clock: &str) -> String {
    let columns = columns!();
    format!(
        "WITH {clock}
        SELECT {columns} FROM switchboard.calls
        WHERE state = 'SENDING' AND lease_until_ms <= (SELECT now_ms FROM clock)
        ORDER BY number LIMIT $1 FOR UPDATE SKIP LOCKED"
    )
}
