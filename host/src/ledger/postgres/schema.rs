//! The tables of the database, version by version. What each column means: `docs/ledger.md`.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::GenericClient;

use super::Failure;

/// What makes each version of the one before; the first makes version 1 of a database without a ledger.
const MIGRATIONS: [&str; 1] = [VERSION_1];

const VERSION_1: &str = "
CREATE SCHEMA IF NOT EXISTS switchboard;
CREATE TABLE switchboard.version (number INTEGER NOT NULL);
INSERT INTO switchboard.version VALUES (0);
CREATE TABLE switchboard.calls (
    number BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    key TEXT NOT NULL UNIQUE,
    crm TEXT NOT NULL,
    hostname TEXT NOT NULL,
    user_id TEXT NOT NULL,
    session TEXT NOT NULL,
    contact_id TEXT NOT NULL,
    session_id TEXT,
    telephony_session_id TEXT,
    record_id TEXT,
    started_ms BIGINT,
    direction TEXT,
    state TEXT NOT NULL
        CHECK (state IN ('CLAIMED', 'SENDING', 'DONE', 'FAILED', 'REJECTED', 'UNKNOWN')),
    token BIGINT NOT NULL CHECK (token > 0),
    first_claimed_ms BIGINT NOT NULL,
    claimed_ms BIGINT NOT NULL,
    since_ms BIGINT NOT NULL,
    lease_until_ms BIGINT CHECK ((lease_until_ms IS NOT NULL) = (state IN ('CLAIMED', 'SENDING'))),
    retry_at_ms BIGINT CHECK (retry_at_ms IS NULL OR state = 'FAILED'),
    log_id TEXT CHECK ((log_id IS NOT NULL) = (state = 'DONE')),
    outcome TEXT
);
CREATE INDEX calls_in_doubt ON switchboard.calls (state, lease_until_ms) WHERE state IN ('SENDING', 'UNKNOWN');
CREATE INDEX calls_by_entry ON switchboard.calls (log_id) WHERE log_id IS NOT NULL;
CREATE TABLE switchboard.attempts (
    call BIGINT NOT NULL REFERENCES switchboard.calls (number) ON DELETE CASCADE,
    token BIGINT NOT NULL,
    call_id TEXT NOT NULL,
    claimed_ms BIGINT NOT NULL,
    fenced_ms BIGINT,
    settled_ms BIGINT,
    settled_as TEXT,
    resolved_ms BIGINT,
    resolved_as TEXT,
    resolved_by TEXT,
    sent TEXT,
    PRIMARY KEY (call, token)
);
";

/// The newest version that this program knows.
const NEWEST: i32 = MIGRATIONS.len() as i32;

/// Lets one host at a time change the tables: `SWLG` as a number, for nobody else in the database.
const ALONE: &str = "SET LOCAL statement_timeout = '25s'; SELECT pg_advisory_xact_lock(1398230087)";

/// Makes sure that the tables are of the newest version.
pub(super) async fn prepare(client: &mut ClientWrapper) -> Result<(), Failure> {
    if version(&**client).await? < NEWEST {
        migrate(client).await?;
    }
    Ok(())
}

async fn migrate(client: &mut ClientWrapper) -> Result<(), Failure> {
    let transaction = client.transaction().await?;
    transaction.batch_execute(ALONE).await?;
    // Another host may have been faster.
    let done = version(&*transaction).await?;
    let done = usize::try_from(done).unwrap_or_default();
    for migration in MIGRATIONS.iter().skip(done) {
        transaction.batch_execute(migration).await?;
    }
    let sql = "UPDATE switchboard.version SET number = $1";
    transaction.execute(sql, &[&NEWEST]).await?;
    Ok(transaction.commit().await?)
}

/// Finds the table of the version by what is committed. `to_regclass` would remember that there was none before a lock
/// was waited for.
const HAS_VERSION: &str = "
SELECT EXISTS (
    SELECT FROM pg_tables WHERE schemaname = 'switchboard' AND tablename = 'version')";

/// Returns the version of the tables; 0 where there are none.
async fn version(client: &impl GenericClient) -> Result<i32, Failure> {
    let has_version = client.query_one(HAS_VERSION, &[]).await?;
    if !has_version.try_get::<_, bool>(0)? {
        return Ok(0);
    }
    let row = client
        .query_opt("SELECT number FROM switchboard.version", &[])
        .await?;
    let found = row.map_or(Ok(0), |row| row.try_get(0))?;
    if found > NEWEST {
        return Err(Failure::Unsuitable(format!(
            "its tables have version {found}, this program knows up to {NEWEST}; use the newer program that has made them"
        )));
    }
    Ok(found)
}
