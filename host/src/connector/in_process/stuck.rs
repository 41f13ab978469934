//! Calls that were given up and have not ended: a connector that blocks holds the thread that polls it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// So many threads one connector may hold before it is left alone.
const LIMIT: usize = 3;

/// How long a call may take to end after it was given up. One that does not block ends when its thread next looks.
const PATIENCE: Duration = Duration::from_secs(1);

/// The calls of one connector that were given up.
#[derive(Debug, Clone, Default)]
pub(super) struct Stuck(Arc<Mutex<Calls>>);

#[derive(Debug, Default)]
struct Calls {
    next: u64,
    /// Those that have not ended, and since when nobody waits for them.
    running: BTreeMap<u64, Option<Instant>>,
}

/// One call; when it is dropped, the call has ended.
#[derive(Debug)]
pub(super) struct Ending {
    stuck: Stuck,
    call: u64,
}

impl Stuck {
    /// Numbers a call that begins.
    pub(super) fn begin(&self) -> Ending {
        let mut calls = self.calls();
        calls.next += 1;
        let call = calls.next;
        calls.running.insert(call, None);
        Ending {
            call,
            stuck: self.clone(),
        }
    }

    /// Notes that a call is waited for no longer.
    pub(super) fn give_up(&self, call: u64) {
        if let Some(since) = self.calls().running.get_mut(&call) {
            *since = Some(Instant::now());
        }
    }

    /// Whether too many calls have not ended long after they were given up.
    pub(super) fn are_too_many(&self) -> bool {
        let calls = self.calls();
        let given_up = calls.running.values().flatten();
        let overdue = given_up.filter(|since| since.elapsed() > PATIENCE);
        overdue.count() >= LIMIT
    }

    fn calls(&self) -> MutexGuard<'_, Calls> {
        // Nothing panics while it holds the lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ending {
    pub(super) fn call(&self) -> u64 {
        self.call
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        self.stuck.calls().running.remove(&self.call);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_that_do_not_end_count() {
        let stuck = Stuck::default();
        let endings: Vec<_> = (0..LIMIT).map(|_| stuck.begin()).collect();
        endings
            .iter()
            .for_each(|ending| stuck.give_up(ending.call()));
        assert!(!stuck.are_too_many(), "they may still end");
        let long_ago = Instant::now() - 2 * PATIENCE;
        stuck
            .calls()
            .running
            .values_mut()
            .for_each(|since| *since = Some(long_ago));
        assert!(stuck.are_too_many());
        drop(endings);
        assert!(!stuck.are_too_many());
    }

    #[test]
    fn a_call_that_has_ended_cannot_be_given_up() {
        let stuck = Stuck::default();
        let ending = stuck.begin();
        let call = ending.call();
        drop(ending);
        stuck.give_up(call);
        assert!(stuck.calls().running.is_empty());
    }
}
