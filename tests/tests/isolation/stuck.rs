//! Workers that do not get on.

use std::time::{Duration, Instant};

use mock_crm::{Gate, Rule};

use super::siege::{Siege, WORKER, add_hostile, stage, until};

/// For calls that end with their time: long enough for a worker to be replaced meanwhile.
const SHORT: &str = "[limits]\ntimeout = \"4s\"\n";

/// So much later than another one a call begins whose end is to be seen after that one's.
const LATER: Duration = Duration::from_secs(2);

/// More than a worker has threads for connectors.
const N_LOOPS: usize = 16;

#[test]
fn an_endless_loop_ends_with_its_call_and_others_of_the_worker_go_on() {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", SHORT, &[]);
    let siege = Siege::begin(stage);
    let before = siege.host().children().unwrap();
    let (status, outcome) = siege.deed("hostile", "endless-loop");
    assert_eq!(status, 504, "{outcome}");
    assert_eq!(outcome["error"]["code"], "timeout");
    siege.log("hostile");
    // What looped for ever was killed, and the worker of the other CRM was not.
    let after = siege.host().children().unwrap();
    assert_eq!(after.len(), before.len(), "{before:?} {after:?}");
    let same = after.iter().filter(|it| before.contains(it)).count();
    assert_eq!(same, 1, "{before:?} {after:?}");
    siege.end();
}

#[test]
fn others_of_a_worker_with_an_endless_loop_have_their_own_time() {
    let stage = stage();
    add_hostile(&stage, WORKER, "hostile", SHORT, &[]);
    let gate = Gate::new();
    stage.crm.script(Rule::get("/health").hold(&gate));
    let siege = Siege::begin(stage);
    let looping = siege.begin_deed("hostile", "endless-loop");
    // The others go on meanwhile. One that begins later has its time until later.
    let begun = Instant::now();
    while begun.elapsed() < LATER {
        siege.log("hostile");
    }
    let honest = siege.begin_deed("hostile", "log after a read");
    let crm = &siege.stage.crm;
    until(|| crm.requests().iter().any(|it| it.path() == "/health"));
    let (status, _) = looping.receive().unwrap();
    assert_eq!(status, 504);
    gate.open();
    let (status, outcome) = honest.receive().unwrap();
    assert_eq!(status, 200, "{outcome}");
    siege.log("hostile");
    siege.end();
}

#[test]
fn a_worker_whose_every_thread_is_stuck_or_stopped_is_replaced() {
    let stage = stage();
    add_hostile(&stage, WORKER, "stuck", SHORT, &[]);
    add_hostile(&stage, WORKER, "frozen", SHORT, &[]);
    let siege = Siege::begin(stage);
    let loops: Vec<_> = (0..N_LOOPS)
        .map(|_| siege.begin_deed("stuck", "endless-loop"))
        .collect();
    let frozen = siege.begin_deed("frozen", "freeze");
    for call in loops.into_iter().chain([frozen]) {
        let (status, outcome) = call.receive().unwrap();
        assert_eq!(status, 504, "{outcome}");
    }
    siege.log("stuck");
    siege.log("frozen");
    siege.end();
}
