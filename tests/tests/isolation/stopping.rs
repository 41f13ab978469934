//! Workers end with their host, however it ends.

use std::time::Duration;

use rustix::process::Signal;

use super::siege::Siege;

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
