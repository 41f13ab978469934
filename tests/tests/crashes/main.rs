//! One entry per call, whatever crashes: real programs on one ledger are killed at every moment of a call, and the
//! entries in the CRM are counted.
//!
//! A run is repeated with `CRASHES_SEED` set to the number that it has printed, as far as processes can be repeated.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

mod call;
mod chance;
mod fate;
mod flaws;
mod killing;
mod recovery;
mod run;
mod sightings;
mod site;
mod store;
mod tally;
mod verdict;

use std::fmt::Arguments;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use switchboard_tests::Postgres;

use call::Call;
use chance::{Chance, seed};
use fate::{Moment, Plan, Treatment};
use flaws::Flaw;
use run::Run;
use site::Site;
use store::Store;
use tally::Tally;
use verdict::{Fault, faults};

#[test]
fn with_sqlite_every_call_ends_with_its_one_entry_whatever_crashes() {
    let _alone = alone();
    check("SQLite", &Site::new(Store::sqlite));
}

#[test]
fn with_postgresql_every_call_ends_with_its_one_entry_whatever_crashes() {
    let _alone = alone();
    if let Some(server) = Postgres::start().unwrap() {
        check("PostgreSQL", &Site::new(|_| Store::Postgres(server)));
    }
}

#[test]
fn each_broken_rule_is_found_out() {
    let _alone = alone();
    thread::scope(|scope| {
        let broken = Flaw::ALL.map(|flaw| (flaw, scope.spawn(move || faults_with(Some(flaw)))));
        assert_eq!(faults_with(None), [], "no rule is broken");
        for (flaw, faults) in broken {
            let faults = faults.join().unwrap();
            let is_double = |fault: &Fault| matches!(fault, Fault::SeveralEntries(..));
            assert!(faults.iter().any(is_double), "{flaw:?}: {faults:?}");
        }
    });
}

/// Has one run at a time: each keeps the machine busy, and a call may take 2 s.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    // A run that has failed says nothing of another.
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs everything that can go wrong.
fn check(name: &str, site: &Site) {
    let held = Moment::HELD.map(|moment| (Treatment::Usual, Some(moment), 7));
    let (soon, late) = (Duration::from_millis(50), Duration::from_millis(400));
    let others = [
        (Treatment::Delays(late), Some(Moment::AtRandom), 51),
        (Treatment::Delays(soon), None, 40),
        (Treatment::Drops, None, 10),
        (Treatment::LosesReply, None, 10),
        (Treatment::Truncates, None, 10),
        (Treatment::FailsAfterStoring, None, 10),
        (Treatment::Refuses, None, 10),
        (Treatment::Silent, None, 4),
    ];
    let plan = Plan {
        n_calls: 500,
        unusual: held.into_iter().chain(others).collect(),
    };
    let (tally, faults) = crash(name, site, &plan);
    assert_eq!(faults, []);
    assert!(tally.kills.len() >= 60, "{tally}");
    assert!(tally.n_between_send_and_reply() >= 5, "{tally}");
}

/// Runs what a flaw may get wrong, and returns what it has.
fn faults_with(flaw: Option<Flaw>) -> Vec<Fault> {
    let site = Site::new(Store::sqlite);
    if let Some(flaw) = flaw {
        flaw.build_in(&site.store);
    }
    let plan = Plan {
        n_calls: 12,
        unusual: vec![
            (Treatment::Usual, Some(Moment::AfterSend), 2),
            (Treatment::Usual, Some(Moment::AfterStoring), 2),
            (Treatment::LosesReply, None, 4),
        ],
    };
    let name = flaw.map_or("no flaw".to_owned(), |flaw| format!("{flaw:?}"));
    crash(&name, &site, &plan).1
}

/// Lets the calls of a plan meet their fates, recovers, and returns what has happened and what must not have.
fn crash(name: &str, site: &Site, plan: &Plan) -> (Tally, Vec<Fault>) {
    let seed = seed();
    let fates = plan.deal(&mut Chance::new(seed));
    let calls: Vec<Call> = fates.iter().map(|fate| fate.call).collect();
    let (n_calls, run) = (calls.len(), Run::new(site));

    let ((), time) = timed(|| run.meet(&fates));
    let n_logged = site.n_logged();
    say(format_args!(
        "{name}, seed {seed}: {n_logged} of {n_calls} calls logged in {time:.1?}"
    ));
    say(format_args!("{name}: {}", run.tally()));
    say(format_args!("{name}, one CRM: {}", site.reconcile()));

    let (n_sent, time) = timed(|| recovery::recover(&run, &calls));
    let (n_logged, n_entries) = (site.n_logged(), site.crm.n_entries());
    let tally = run.tally().clone();
    say(format_args!(
        "{name}: {n_sent} sent again in {time:.1?}: {n_logged} logged, {n_entries} entries, {} programs",
        tally.n_programs
    ));
    let faults = faults(site, &calls, &tally);
    (tally, faults)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (work(), started.elapsed())
}

/// Writes a line past the capturing of tests, which takes only what the macros print.
fn say(line: Arguments<'_>) {
    let line = format!("{line}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
