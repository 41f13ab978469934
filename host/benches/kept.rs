//! What a whole call costs with a ledger: the Example CRM's connector, over HTTP, into a CRM in this process.
//!
//! - `unkept`: 1, 16 and 64 callers that log one call after the other, without a ledger: the floor;
//! - `kept`: the same with a SQLite ledger in the build's folder, on the disk that the project lies on.
//!
//! The ratio compares each run with the floor measured right before it. The connector runs in a worker, as by default;
//! the worker is this program.

use std::error::Error;
use std::time::{Duration, Instant};

use mock_crm::MockCrm;
use serde_json::Value;
use switchboard_host::ledger::Ledger;
use switchboard_host::{CallOptions, Host, serve_if_worker};
use switchboard_tests::{Workplace, example_input, library_in, manifest};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use runs::Run;

mod runs;

type Failure = Box<dyn Error + Send + Sync>;

const CALLERS: [usize; 3] = [1, 16, 64];
const CONNECTOR: &str = "switchboard-connector-example";

fn main() -> Result<(), Failure> {
    serve_if_worker();
    let is_quick = std::env::args().any(|argument| argument == "--quick");
    let time = Duration::from_millis(if is_quick { 300 } else { 5000 });
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR"))?;
    let (library, input, runtime) = (
        library_in(CONNECTOR, "bench")?,
        example_input()?,
        Runtime::new()?,
    );
    // Each run has a CRM of its own: one that has many entries is slower.
    let run = |n_callers, ledger: Option<Ledger>| {
        let (crm, place) = (MockCrm::start()?, Workplace::new()?);
        place.place_library(&library)?;
        place.write_manifest("example", &example(&crm.url()))?;
        let builder = Host::builder()
            .manifests(place.manifests())
            .connectors([place.connectors()]);
        let host = match ledger {
            Some(ledger) => builder.ledger(ledger).build()?,
            None => builder.build()?,
        };
        runtime.block_on(calls(&host, &input, n_callers, time))
    };
    for n_callers in CALLERS {
        let unkept = run(n_callers, None)?;
        unkept.print(&format!("unkept, {n_callers} callers"), "");
        let ledger = Ledger::sqlite(&folder.path().join(format!("{n_callers}.sqlite")))?;
        let kept = run(n_callers, Some(ledger))?;
        let ratio = kept.per_second() / unkept.per_second();
        kept.print(
            &format!("kept, {n_callers} callers"),
            &format!(", {ratio:.2} of the rate without a ledger"),
        );
    }
    Ok(())
}

fn example(url: &str) -> String {
    let sections = format!("[limits]\nmax_in_flight = 64\n[settings]\nbase_url = {url:?}\n");
    manifest("example", "Example CRM", &sections)
}

async fn calls(
    host: &Host,
    input: &Value,
    n_callers: usize,
    time: Duration,
) -> Result<Run, Failure> {
    let started = Instant::now();
    let mut callers = JoinSet::new();
    for caller in 0..n_callers {
        let (host, mut input) = (host.clone(), input.clone());
        callers.spawn(async move {
            let mut times = Vec::new();
            while started.elapsed() < time {
                // Every call is one of its own.
                input["callLog"]["sessionId"] = format!("{caller}-{}", times.len()).into();
                let json = input.to_string();
                let begun = Instant::now();
                let outcome = host.create_call_log("example", json, CallOptions::default());
                let outcome = outcome.await;
                if outcome.log_id().is_none() || outcome.is_duplicate() {
                    return Err(format!("a call was not logged: {outcome:?}").into());
                }
                times.push(begun.elapsed());
            }
            Ok::<_, Failure>(times)
        });
    }
    let mut times = Vec::new();
    while let Some(caller) = callers.join_next().await {
        times.extend(caller??);
    }
    let run = Run::new(times, started.elapsed());
    host.shutdown(Duration::from_secs(20)).await;
    Ok(run)
}
