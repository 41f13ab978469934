//! The worker of a program: found from outside, stopped, killed.

use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use switchboard_tests::{Process, Running};

use super::Ending;
use crate::call::Call;
use crate::site::Site;

/// What the log of a program tells as soon as it has seen that its worker has ended, before it ends the call.
const SEEN: &str = "a connector's process failed";

/// What is not so by now never will be.
const PATIENCE: Duration = Duration::from_secs(15);

/// Kills the worker of a program as soon as there is one, and waits until the program has seen it.
pub fn kill(site: &Site, call: Call, program: Running) -> Ending {
    until(|| program.has_ended() || worker(&program).is_some());
    let state = site.state(call);
    // It may end by itself at this moment.
    let is_killed = worker(&program).is_some_and(|worker| worker.signal(Signal::KILL).is_ok());
    match is_killed && program.until_stderr(SEEN).is_ok() {
        true => Ending::Bereft(state, program),
        false => Ending::ByItself(program.finish().unwrap()),
    }
}

/// Stops the worker of a program that is held.
pub fn stop(program: &Running) {
    let worker = worker(program).unwrap();
    worker.signal(Signal::STOP).unwrap();
    assert!(until(|| worker.is_stopped()), "{worker:?} goes on");
}

/// Waits until a program has a worker that has begun to lock itself in; whether it has before the program ended.
pub fn is_opening(program: &Running) -> bool {
    let is_opening = || {
        let flag = worker(program).and_then(|worker| worker.status("NoNewPrivs").ok());
        flag.as_deref() == Some("1")
    };
    until(|| program.has_ended() || is_opening()) && !program.has_ended()
}

/// Of the CRMs that its manifests name a program of one call starts the one that it needs.
fn worker(program: &Running) -> Option<Process> {
    let children = Process::new(program.id()).children().unwrap();
    children.into_iter().find(|child| !child.is_zombie())
}

/// Waits until something is so of which nothing tells; whether it is.
fn until(is_so: impl Fn() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        if Instant::now() > deadline {
            return false;
        }
        thread::yield_now();
    }
    true
}
