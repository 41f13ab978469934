//! One entry per call, whatever crashes: real programs on one ledger, or the workers in which their connectors run, are
//! killed at every moment of a call, and the entries in the CRM are counted.
//!
//! 500 calls meet programs that are killed, 200 calls workers that are.
//!
//! A run is repeated with `CRASHES_SEED` set to the number that it has printed, as far as processes can be repeated.

#![cfg(target_os = "linux")]
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
use fate::{Moment, Plan, Treatment, Victim};
use flaws::Flaw;
use run::Run;
use site::Site;
use store::Store;
use tally::{Kill, Tally};
use verdict::{Fault, faults};

#[test]
fn with_sqlite_every_call_ends_with_its_one_entry_whatever_crashes() {
    let _alone = alone();
    check_hosts("SQLite", &Site::new(Store::sqlite));
}

#[test]
fn with_postgresql_every_call_ends_with_its_one_entry_whatever_crashes() {
    let _alone = alone();
    if let Some(server) = Postgres::start().unwrap() {
        check_hosts("PostgreSQL", &Site::new(|_| Store::Postgres(server)));
    }
}

#[test]
fn with_sqlite_every_call_ends_with_its_one_entry_whatever_worker_crashes() {
    let _alone = alone();
    check_workers("SQLite, workers", &Site::new(Store::sqlite));
}

#[test]
fn with_postgresql_every_call_ends_with_its_one_entry_whatever_worker_crashes() {
    let _alone = alone();
    if let Some(server) = Postgres::start().unwrap() {
        let site = Site::new(|_| Store::Postgres(server));
        check_workers("PostgreSQL, workers", &site);
    }
}

#[test]
fn each_broken_rule_is_found_out() {
    check_flaws(&Flaw::ALL, || Plan {
        n_calls: 12,
        unusual: vec![
            (Treatment::Usual, Some(Moment::AfterSend), 2),
            (Treatment::Usual, Some(Moment::AfterStoring), 2),
            (Treatment::LosesReply, None, 4),
        ],
        victim: Victim::Host,
    });
}

/// The other rules are for programs that vanish. One that has lost its worker settles its call itself, by what it has
/// sent.
#[test]
fn the_rule_that_a_lost_worker_depends_on_is_found_out_when_broken() {
    check_flaws(&[Flaw::TimeoutIsFailure], || Plan {
        n_calls: 12,
        unusual: vec![
            (Treatment::Usual, Some(Moment::AfterSend), 2),
            (Treatment::Usual, Some(Moment::AfterStoring), 2),
            (Treatment::Usual, Some(Moment::AfterReply), 2),
        ],
        victim: Victim::Worker,
    });
}

/// With each flaw there are two entries of a call, without any there is no fault.
fn check_flaws(flaws: &[Flaw], plan: fn() -> Plan) {
    let _alone = alone();
    thread::scope(|scope| {
        let faults_with = |flaw| scope.spawn(move || faults_with(flaw, &plan()));
        let broken = flaws.iter().map(|&flaw| (flaw, faults_with(Some(flaw))));
        let broken: Vec<_> = broken.collect();
        assert_eq!(faults_with(None).join().unwrap(), [], "no rule is broken");
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

/// Kills programs, and runs everything else that can go wrong.
fn check_hosts(name: &str, site: &Site) {
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
        unusual: held(7).chain(others).collect(),
        victim: Victim::Host,
    };
    let (tally, faults) = crash(name, site, &plan);
    assert_eq!(faults, []);
    assert!(tally.kills.len() >= 60, "{tally}");
    assert!(tally.n_between_send_and_reply() >= 5, "{tally}");
}

/// Kills workers.
fn check_workers(name: &str, site: &Site) {
    let late = Duration::from_millis(400);
    let others = [
        (Treatment::Delays(late), Some(Moment::AtRandom), 24),
        (Treatment::LosesReply, None, 5),
        (Treatment::Refuses, None, 5),
    ];
    let plan = Plan {
        n_calls: 200,
        unusual: held(6).chain(others).collect(),
        victim: Victim::Worker,
    };
    let (tally, faults) = crash(name, site, &plan);
    assert_eq!(faults, []);
    assert!(tally.kills.len() >= 40, "{tally}");
    assert!(tally.n_between_send_and_reply() >= 5, "{tally}");
    check_ends(&tally);
}

/// Each moment has been reached, and each call has ended by what had gone out for it.
fn check_ends(tally: &Tally) {
    // On a busy machine a call may have run out of time before its worker was killed, and a ledger that is held up may
    // not have said in time whether the fence stands.
    let is_late = |kill: &Kill| match kill.end.as_deref() {
        Some("timeout") => true,
        Some("unknown-outcome") => kill.moment == Moment::BeforeFence,
        _ => false,
    };
    let in_time: Vec<_> = tally.kills.iter().filter(|kill| !is_late(kill)).collect();
    for moment in Moment::HELD {
        let is_reached = in_time.iter().any(|kill| kill.moment == moment);
        assert!(is_reached, "{moment:?}: {tally}");
    }
    for kill in in_time {
        let expected = kill.moment.end_without_worker();
        assert!(
            expected.is_none_or(|end| kill.end.as_deref() == Some(end)),
            "{kill}"
        );
    }
}

/// Kills so many at each moment that can be held.
fn held(n: usize) -> impl Iterator<Item = (Treatment, Option<Moment>, usize)> {
    let moments = Moment::HELD.into_iter();
    moments.map(move |moment| (Treatment::Usual, Some(moment), n))
}

/// Runs what a flaw may get wrong, and returns what it has.
fn faults_with(flaw: Option<Flaw>, plan: &Plan) -> Vec<Fault> {
    let site = Site::new(Store::sqlite);
    if let Some(flaw) = flaw {
        flaw.build_in(&site.store);
    }
    let name = flaw.map_or("no flaw".to_owned(), |flaw| format!("{flaw:?}"));
    crash(&name, &site, plan).1
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
        "{name}: {n_sent} sent again in {time:.1?}: {n_logged} logged, {n_entries} entries, {} programs, {} quarantines ended",
        tally.n_programs, tally.n_quarantines
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
