//! The tables of the file, version by version. What each column means: `docs/ledger.md`.

use rusqlite::{Connection, TransactionBehavior};

/// Marks a SQLite file as a ledger: `SWLG`.
pub(super) const APPLICATION_ID: i64 = 0x5357_4c47;

/// What makes each version of the one before; the first makes version 1 of an empty file.
const MIGRATIONS: [&str; 1] = [VERSION_1];

const VERSION_1: &str = "
CREATE TABLE calls (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    crm TEXT NOT NULL,
    hostname TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    session_id TEXT,
    telephony_session_id TEXT,
    record_id TEXT,
    started_ms INTEGER,
    direction TEXT,
    state TEXT NOT NULL
        CHECK (state IN ('CLAIMED', 'SENDING', 'DONE', 'FAILED', 'REJECTED', 'UNKNOWN')),
    token INTEGER NOT NULL CHECK (token > 0),
    first_claimed_ms INTEGER NOT NULL,
    claimed_ms INTEGER NOT NULL,
    since_ms INTEGER NOT NULL,
    lease_until_ms INTEGER CHECK ((lease_until_ms IS NOT NULL) = (state IN ('CLAIMED', 'SENDING'))),
    retry_at_ms INTEGER CHECK (retry_at_ms IS NULL OR state = 'FAILED'),
    log_id TEXT CHECK ((log_id IS NOT NULL) = (state = 'DONE')),
    outcome TEXT
) STRICT;
CREATE INDEX calls_in_doubt ON calls (state, lease_until_ms) WHERE state IN ('SENDING', 'UNKNOWN');
CREATE INDEX calls_by_entry ON calls (log_id) WHERE log_id IS NOT NULL;
CREATE TABLE attempts (
    call INTEGER NOT NULL REFERENCES calls (number) ON DELETE CASCADE,
    token INTEGER NOT NULL,
    call_id TEXT NOT NULL,
    claimed_ms INTEGER NOT NULL,
    fenced_ms INTEGER,
    settled_ms INTEGER,
    settled_as TEXT,
    resolved_ms INTEGER,
    resolved_as TEXT,
    resolved_by TEXT,
    sent TEXT,
    PRIMARY KEY (call, token)
) STRICT, WITHOUT ROWID;
";

/// The newest version that this program knows.
pub(super) const NEWEST: i64 = MIGRATIONS.len() as i64;

/// Brings a file that is empty or a ledger to the newest version. The file says which version it has, also if another
/// program has been faster.
pub(super) fn migrate(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let version = version(&transaction)?;
    let done = usize::try_from(version).unwrap_or(MIGRATIONS.len());
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.execute_batch(migration)?;
    }
    if version < NEWEST {
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", NEWEST)?;
    }
    transaction.commit()
}

/// Returns the version of the file's tables; 0 of an empty file.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

pub(super) fn application_id(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "application_id", |row| row.get(0))
}
