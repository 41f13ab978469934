//! What the ledger costs a call, and what committing in groups gains.
//!
//! - `single`: bare inserts, one commit each, by one program on one connection: what the disk allows;
//! - `callers`: 1, 16 and 64 at a time that each claim, fence and settle one call after the other.
//!
//! Both for a SQLite file and for a PostgreSQL server of this machine, if one is installed. SQLite's file lies in the
//! build's folder with `synchronous=FULL`, the server's in the folder for temporary files with `fsync=on`. Every step of
//! a call is a commit of its own, so the printed ratio compares steps with inserts; calls per second stand beside it.

use std::cell::Cell;
use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;
use switchboard_host::ledger::state::AttemptEnd;
use switchboard_host::ledger::{
    CallKey, CallReference, Claim, Ledger, LedgerPlace, NewClaim, Settlement,
};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use runs::Run;

mod runs;

type Failure = Box<dyn Error + Send + Sync>;

const CALLERS: [usize; 3] = [1, 16, 64];

/// Claim, fence, settle.
const STEPS: f64 = 3.0;

fn main() -> Result<(), Failure> {
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let time = Duration::from_millis(if is_quick { 300 } else { 5000 });
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let n_files = Cell::new(0);
    let path = || {
        n_files.set(n_files.get() + 1);
        folder.path().join(format!("{}.sqlite", n_files.get()))
    };
    measure(
        "sqlite",
        || single_sqlite(&path(), time),
        |n_callers| runtime.block_on(calls(LedgerPlace::Sqlite(path()), n_callers, time)),
    )?;
    #[cfg(unix)]
    if let Some(server) = switchboard_tests::Postgres::start()? {
        server.configure("fsync = on")?;
        let url = || -> Result<String, Failure> { Ok(server.new_database()?) };
        measure(
            "postgres",
            || runtime.block_on(single_postgres(&url()?, time)),
            |n_callers| runtime.block_on(calls(url()?.parse()?, n_callers, time)),
        )?;
    }
    Ok(())
}

/// Prints a store's runs. A disk is not always as fast: each is compared with what the store did right before and after
/// it.
fn measure(
    store: &str,
    single: impl Fn() -> Result<Run, Failure>,
    callers: impl Fn(usize) -> Result<Run, Failure>,
) -> Result<(), Failure> {
    let mut before = single()?;
    before.print(&format!("{store}/single"), "");
    for n_callers in CALLERS {
        let run = callers(n_callers)?;
        let after = single()?;
        let per_second = f64::midpoint(before.per_second(), after.per_second());
        run.print(
            &format!("{store}/{n_callers} callers"),
            &ratio(&run, per_second),
        );
        after.print(&format!("{store}/single"), "");
        before = after;
    }
    Ok(())
}

/// Says how a rate compares to that of single commits.
fn ratio(run: &Run, single: f64) -> String {
    let (steps, calls) = (run.per_second() * STEPS / single, run.per_second() / single);
    format!(", {steps:.1} times the single commits, {calls:.1} by whole calls")
}

/// Inserts rows as wide as a call's, each with a commit of its own.
fn single_sqlite(path: &Path, time: Duration) -> Result<Run, Failure> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.execute_batch("CREATE TABLE rows (number INTEGER PRIMARY KEY, text TEXT)")?;
    let mut insert = connection.prepare("INSERT INTO rows (text) VALUES (?1)")?;
    let text = "x".repeat(200);
    let (started, mut times) = (Instant::now(), Vec::new());
    while started.elapsed() < time {
        let begun = Instant::now();
        insert.execute([&text])?;
        times.push(begun.elapsed());
    }
    Ok(Run::new(times, started.elapsed()))
}

/// As [`single_sqlite`], by a statement that is prepared once.
#[cfg(unix)]
async fn single_postgres(url: &str, time: Duration) -> Result<Run, Failure> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    let table =
        "CREATE TABLE rows (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, text TEXT)";
    client.batch_execute(table).await?;
    let insert = client
        .prepare("INSERT INTO rows (text) VALUES ($1)")
        .await?;
    let text = "x".repeat(200);
    let (started, mut times) = (Instant::now(), Vec::new());
    while started.elapsed() < time {
        let begun = Instant::now();
        client.execute(&insert, &[&text]).await?;
        times.push(begun.elapsed());
    }
    Ok(Run::new(times, started.elapsed()))
}

async fn calls(place: LedgerPlace, n_callers: usize, time: Duration) -> Result<Run, Failure> {
    let ledger = Ledger::open(&place)?;
    // Makes the tables and the first connection.
    ledger.expire().await?;
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..n_callers {
        let ledger = ledger.clone();
        callers.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < time {
                let begun = Instant::now();
                log_call(&ledger, &format!("{caller}-{}", times.len())).await?;
                times.push(begun.elapsed());
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    Ok(Run::new(times, started.elapsed()))
}

async fn log_call(ledger: &Ledger, session: &str) -> Result<(), Failure> {
    let key = CallKey::of_call("createCallLog", "acme", "acme.example", "7", session);
    let reference = CallReference {
        hostname: "acme.example".to_owned(),
        user_id: "7".to_owned(),
        contact_id: "77".to_owned(),
        session: session.to_owned(),
        session_id: Some(session.to_owned()),
        telephony_session_id: None,
        record_id: None,
        started_at: Timestamp::UNIX_EPOCH,
        direction: "Inbound".to_owned(),
    };
    let claim = NewClaim {
        call_id: "01890a5d-ac96-774b-bcce-b302099a8057".to_owned(),
        reference,
        lease: Duration::from_secs(60),
    };
    let Claim::Claimed(token) = ledger.claim(&key, claim).await? else {
        return Err("a new call is claimed already".into());
    };
    ledger.fence(&key, token).await?;
    let settlement = Settlement {
        end: AttemptEnd::Done {
            log_id: session.to_owned(),
        },
        outcome: json!({ "logId": session, "returnMessage": { "message": "Call logged" } }),
        sent: Vec::new(),
    };
    ledger.settle(&key, token, settlement).await?;
    Ok(())
}
