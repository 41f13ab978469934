//! The calls of one worker: which are open, which were given up, and who waits for them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::Arc;
use std::time::Duration;

use switchboard_connector_sdk::Fault;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::frame::OPENING;
use crate::connector::services::{CallServices, MAX_LINES};
use crate::redact::Redactor;

/// So many requests of one call run at once; the others wait.
const MAX_REQUESTS: usize = 8;

/// Of calls that have ended it is known for so long what must not be shown: stderr may still speak of them.
pub(super) const REMEMBERED_FOR: Duration = Duration::from_secs(1);

/// And of no more than so many of them, whose inputs are kept for that.
const MAX_REMEMBERED: usize = 32;

/// So many frames of a call that was given up may have been on their way.
const MAX_LATE: usize = 10_000;

/// What a call came to: the connector's answer, or why there is none.
pub(super) type Answer = Result<Vec<u8>, Fault>;

/// The calls of one worker.
#[derive(Default)]
pub(super) struct Calls {
    numbers: Numbers,
    open: HashMap<u64, Open>,
    /// Nobody waits for these any more, and the worker has not ended them yet.
    given_up: HashMap<u64, GivenUp>,
    /// So many callers have this worker for a call that they have not begun.
    n_reserved: usize,
    /// What ended just now, and when.
    ended: VecDeque<(Instant, Redactor)>,
    /// The worker has ended, for this reason: no call begins.
    end: Option<Fault>,
}

/// A call that is waited for.
pub(super) struct Open {
    pub(super) services: CallServices,
    /// What is left for requests to run.
    pub(super) places: Arc<Semaphore>,
    requests: HashMap<u32, AbortHandle>,
    n_requests: usize,
    n_dropped: usize,
    n_lines: usize,
    answer: oneshot::Sender<Answer>,
}

/// A call that nobody waits for.
struct GivenUp {
    since: Instant,
    n_late: usize,
}

/// A frame names a call that the worker does not have, or is one too many for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame for a call that is not its own, or too many of them")]
pub(super) struct Foreign;

impl Calls {
    /// Numbers a call.
    ///
    /// # Errors
    ///
    /// The worker has ended, with the fault of all its calls.
    pub(super) fn begin(
        &mut self,
        services: CallServices,
        answer: oneshot::Sender<Answer>,
    ) -> Result<u64, Fault> {
        if let Some(fault) = &self.end {
            return Err(fault.clone());
        }
        let call = self.numbers.next();
        let open = Open {
            services,
            places: Arc::new(Semaphore::new(MAX_REQUESTS)),
            requests: HashMap::new(),
            n_requests: 0,
            n_dropped: 0,
            n_lines: 0,
            answer,
        };
        self.open.insert(call, open);
        Ok(call)
    }

    /// Returns the call of that number; none if it was given up.
    pub(super) fn find(&mut self, call: u64) -> Result<Option<&mut Open>, Foreign> {
        if let Some(open) = self.open.get_mut(&call) {
            return Ok(Some(open));
        }
        let late = self.given_up.get_mut(&call).ok_or(Foreign)?;
        late.n_late += 1;
        match late.n_late {
            ..=MAX_LATE => Ok(None),
            _ => Err(Foreign),
        }
    }

    /// Ends a call that was answered, and returns who waits for it.
    pub(super) fn answered(
        &mut self,
        call: u64,
    ) -> Result<Option<oneshot::Sender<Answer>>, Foreign> {
        match self.open.remove(&call) {
            Some(open) => Ok(Some(self.close(open))),
            None if self.given_up.remove(&call).is_some() => Ok(None),
            None => Err(Foreign),
        }
    }

    /// Gives a call up; whether it was open.
    pub(super) fn give_up(&mut self, call: u64) -> bool {
        let Some(open) = self.open.remove(&call) else {
            return false;
        };
        drop(self.close(open));
        let late = GivenUp {
            since: Instant::now(),
            n_late: 0,
        };
        self.given_up.insert(call, late);
        true
    }

    /// Ends all calls, and returns who waits for them.
    pub(super) fn end(&mut self, fault: &Fault) -> Vec<oneshot::Sender<Answer>> {
        self.end.get_or_insert_with(|| fault.clone());
        let open = mem::take(&mut self.open);
        let waiting = open.into_values().map(|open| self.close(open));
        let waiting = waiting.collect();
        self.given_up.clear();
        waiting
    }

    /// Whether a caller waits for this worker, or is about to.
    pub(super) fn is_in_use(&self) -> bool {
        self.open.len() + self.n_reserved > 0
    }

    /// Notes that a caller has this worker for a call.
    pub(super) fn reserve(&mut self) {
        self.n_reserved += 1;
    }

    /// Notes that a caller has begun its call, or has none.
    pub(super) fn give_back(&mut self) {
        self.n_reserved -= 1;
    }

    /// Returns since when the worker has not ended a call that was given up, if there is one.
    pub(super) fn held_up_since(&self) -> Option<Instant> {
        self.given_up.values().map(|call| call.since).min()
    }

    /// Returns what takes out of a text what must not be shown of any call that it may speak of.
    pub(super) fn redactors(&self) -> Vec<Redactor> {
        let open = self.open.values().map(|open| open.services.redactor());
        let ended = self.ended.iter().map(|(_, redactor)| redactor);
        open.chain(ended).cloned().collect()
    }

    /// Forgets what must not be shown of calls that ended a while ago.
    pub(super) fn forget_ended(&mut self) {
        self.ended
            .retain(|(ended, _)| ended.elapsed() < REMEMBERED_FOR);
    }

    fn close(&mut self, open: Open) -> oneshot::Sender<Answer> {
        open.requests.values().for_each(AbortHandle::abort);
        let redactor = open.services.redactor().clone();
        self.ended.push_back((Instant::now(), redactor));
        if self.ended.len() > MAX_REMEMBERED {
            self.ended.pop_front();
        }
        open.answer
    }
}

impl Open {
    /// Adds a request; whether it is a new one.
    pub(super) fn add_request(&mut self, request: u32, work: AbortHandle) -> bool {
        self.n_requests += 1;
        self.requests.insert(request, work).is_none()
    }

    /// Forgets a request that is done.
    pub(super) fn end_request(&mut self, request: u32) {
        self.requests.remove(&request);
    }

    /// Gives a request up, unless it is done. A worker drops no more requests than it has begun.
    pub(super) fn drop_request(&mut self, request: u32) -> Result<(), Foreign> {
        self.n_dropped += 1;
        if self.n_dropped > self.n_requests {
            return Err(Foreign);
        }
        if let Some(work) = self.requests.remove(&request) {
            work.abort();
        }
        Ok(())
    }

    /// Counts a log line. A worker sends one more than are written.
    pub(super) fn add_line(&mut self) -> Result<(), Foreign> {
        self.n_lines += 1;
        match self.n_lines {
            ..=MAX_LINES_SENT => Ok(()),
            _ => Err(Foreign),
        }
    }
}

/// So many log lines come from a worker that keeps the rules.
const MAX_LINES_SENT: usize = MAX_LINES + 1;

/// Numbers that nobody guesses: a connector must not be able to speak for a call that it was not given.
#[derive(Default)]
struct Numbers {
    /// A keyed hash; the key is random.
    key: RandomState,
    n_given: u64,
}

impl Numbers {
    fn next(&mut self) -> u64 {
        loop {
            self.n_given += 1;
            let number = self.key.hash_one(self.n_given);
            if number != OPENING {
                return number;
            }
        }
    }
}
