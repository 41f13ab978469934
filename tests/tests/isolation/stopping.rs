//! Workers end with their host, however it ends.

use std::time::Duration;

use mock_crm::{Gate, Rule};
use rustix::process::Signal;
use switchboard_tests::Process;

use super::siege::{Siege, WORKER, add_hostile, call, stage};

const SOON: Duration = Duration::from_secs(10);

/// Ends a host by a signal while calls are under way; no worker may be left, whatever it does.
fn check_ends_with(signal: Signal) {
    let siege = Siege::of(&["hostile", "looping"]);
    siege.log("hostile");
    let looping = siege.begin_deed("looping", "endless-loop");
    let waiting = siege.begin_deed("hostile", "outlive-parent");
    waiting.receive().unwrap();
    let workers = siege.host().children().unwrap();
    assert_eq!(workers.len(), 3, "{workers:?}");
    let ends: Vec<_> = workers.iter().map(|it| it.end().unwrap()).collect();
    siege.gateway.running.signal(signal).unwrap();
    for end in ends {
        end.wait(SOON).unwrap();
    }
    drop(looping);
}

#[test]
fn workers_end_with_a_host_that_is_killed() {
    check_ends_with(Signal::KILL);
}

#[test]
fn workers_end_with_a_host_that_is_told_to_end() {
    check_ends_with(Signal::TERM);
}

#[test]
fn a_worker_ends_with_the_program_that_logged_one_call() {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", "", &[]);
    let gate = Gate::new();
    stage.crm.script(Rule::post("/activities").hold(&gate));
    let log = stage.place.switchboard(["log", "--crm", "hostile"]);
    let input = call(&stage, "good").to_string();
    let running = log.unwrap().stdin(input).start().unwrap();
    stage.crm.wait_for_requests(1, SOON).unwrap();
    // Of the CRMs that its manifests name it starts the one that it needs.
    let workers = Process::new(running.id()).children().unwrap();
    assert_eq!(workers.len(), 1, "{workers:?}");
    let ends: Vec<_> = workers.iter().map(|it| it.end().unwrap()).collect();
    gate.open();
    assert_eq!(running.finish().unwrap().code, Some(0));
    for end in ends {
        end.wait(SOON).unwrap();
    }
}
