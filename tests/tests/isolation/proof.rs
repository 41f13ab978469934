//! A host that serves a hostile CRM for long is afterwards what it was before.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::{Duration, Instant},
};

use mock_crm::{Gate, Rule};
use rustix::process::Signal;
use switchboard_tests::{Gateway, Process, Stage};

use super::siege::{WORKER, add_hostile, call, stage};

const N_WARM_UP: usize = 100;
const N_CALLS: usize = 1_000;

/// So many crashes warm the host up, too, and quarantines with them.
const N_FIRST_CRASHES: usize = 12;

/// So many clients log calls at once.
const N_CLIENTS: usize = 4;

/// A host that has nothing to do has closed what it closes.
const QUIET: Duration = Duration::from_millis(300);

const TIME: Duration = Duration::from_secs(180);

#[test]
fn a_thousand_calls_beside_a_crm_that_crashes_all_the_time_cost_nothing_that_lasts() {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", "", &[]);
    let gateway = Gateway::start_for(&stage.place, TIME).unwrap();
    let host = Process::new(gateway.running.id());
    // What starting workers takes for good is taken: allocators keep room for threads.
    for _ in 0..N_FIRST_CRASHES {
        crash(&stage, &gateway);
    }
    // As many connections to the CRM as there will ever be.
    let gate = Gate::new();
    let rule = Rule::post("/activities").times(N_CLIENTS);
    stage.crm.script(rule.hold(&gate));
    thread::scope(|scope| {
        scope.spawn(|| log(&stage, &gateway, N_WARM_UP));
        stage.crm.wait_for_requests(N_CLIENTS, TIME).unwrap();
        gate.open();
    });
    let before = (n_descriptors(host), host.resident_kib().unwrap());

    let is_over = AtomicBool::new(false);
    let n_crashes = thread::scope(|scope| {
        let crashing = scope.spawn(|| crash_until(&stage, &gateway, &is_over));
        log(&stage, &gateway, N_CALLS);
        is_over.store(true, Ordering::Relaxed);
        crashing.join().unwrap()
    });
    let after = (n_descriptors(host), host.resident_kib().unwrap());
    println!("{n_crashes} crashes; descriptors and KiB: {before:?} became {after:?}");
    assert!(n_crashes >= 10, "only {n_crashes} crashes");
    assert_eq!(after.0, before.0, "descriptors");
    let (was, is) = (before.1, after.1);
    assert!(is * 100 <= was * 105, "{was} KiB became {is} KiB");
    gateway.running.signal(Signal::INT).unwrap();
    assert_eq!(gateway.running.finish().unwrap().code, Some(0));
}

/// Logs good calls; every one has to succeed.
fn log(stage: &Stage, gateway: &Gateway, n_calls: usize) {
    let log = || {
        for _ in 0..n_calls / N_CLIENTS {
            let input = stage.new_call().unwrap();
            let (status, outcome) = gateway.client.log("example", &input).unwrap();
            assert_eq!(status, 200, "{outcome}");
        }
    };
    thread::scope(|scope| {
        for _ in 0..N_CLIENTS {
            scope.spawn(log);
        }
    });
}

/// Crashes the hostile CRM's worker again and again; returns how often.
fn crash_until(stage: &Stage, gateway: &Gateway, is_over: &AtomicBool) -> usize {
    let mut n_crashes = 0;
    while !is_over.load(Ordering::Relaxed) {
        n_crashes += usize::from(crash(stage, gateway));
    }
    n_crashes
}

/// Crashes the worker, or ends the quarantine that does not let it; returns whether it crashed.
fn crash(stage: &Stage, gateway: &Gateway) -> bool {
    let input = call(stage, "deed: segfault");
    let (status, outcome) = gateway.client.log("hostile", &input).unwrap();
    match outcome["error"]["code"].as_str() {
        Some("crashed") => return true,
        Some("unavailable") => {}
        _ => panic!("{status} {outcome}"),
    }
    let release = ["release", "--crm", "hostile"];
    let released = stage.place.switchboard(release).unwrap().run().unwrap();
    assert_eq!(released.code, Some(0), "{released:#?}");
    false
}

/// Returns how many descriptors are open once nobody opens or closes any.
fn n_descriptors(host: Process) -> usize {
    let mut known = host.n_descriptors().unwrap();
    let mut since = Instant::now();
    while since.elapsed() < QUIET {
        let now = host.n_descriptors().unwrap();
        if now != known {
            (known, since) = (now, Instant::now());
        }
        thread::yield_now();
    }
    known
}
