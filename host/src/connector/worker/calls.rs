//! The calls of one worker: which are open, which were given up, and who waits for them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::Arc;

use switchboard_connector_sdk::Fault;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::frame::OPENING;
use crate::connector::services::CallServices;
use crate::redact::Redactor;

/// So many requests of one call run at once; the others wait.
const MAX_REQUESTS: usize = 16;

/// Of so many calls that have ended it is still known what must not be shown.
const N_REMEMBERED: usize = 8;

/// What a call came to: the connector's answer, or why there is none.
pub(super) type Answer = Result<Vec<u8>, Fault>;

/// The calls of one worker.
#[derive(Default)]
pub(super) struct Calls {
    numbers: Numbers,
    open: HashMap<u64, Open>,
    /// Nobody waits for these any more, and the worker has not ended them yet.
    given_up: HashMap<u64, Instant>,
    /// What ended just now: stderr may still speak of it.
    ended: VecDeque<Redactor>,
    /// The worker has ended, for this reason: no call begins.
    end: Option<Fault>,
}

/// A call that is waited for.
pub(super) struct Open {
    pub(super) services: CallServices,
    /// What is left for requests to run.
    pub(super) places: Arc<Semaphore>,
    requests: HashMap<u32, AbortHandle>,
    answer: oneshot::Sender<Answer>,
}

/// A frame names a call that the worker does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame for a call that is not its own")]
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
            answer,
        };
        self.open.insert(call, open);
        Ok(call)
    }

    /// Returns the call of that number; none if it was given up.
    pub(super) fn find(&mut self, call: u64) -> Result<Option<&mut Open>, Foreign> {
        match self.open.get_mut(&call) {
            Some(open) => Ok(Some(open)),
            None if self.given_up.contains_key(&call) => Ok(None),
            None => Err(Foreign),
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
        self.given_up.insert(call, Instant::now());
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

    pub(super) fn n_open(&self) -> usize {
        self.open.len()
    }

    /// Returns since when the worker has not ended a call that was given up, if there is one.
    pub(super) fn held_up_since(&self) -> Option<Instant> {
        self.given_up.values().min().copied()
    }

    /// Takes out of a text what must not be shown of any call that it may speak of.
    pub(super) fn redact(&self, text: String) -> String {
        let open = self.open.values().map(|open| open.services.redactor());
        open.chain(&self.ended)
            .fold(text, |text, redactor| redactor.redact(&text))
    }

    fn close(&mut self, open: Open) -> oneshot::Sender<Answer> {
        open.requests.values().for_each(AbortHandle::abort);
        self.ended.push_back(open.services.redactor().clone());
        if self.ended.len() > N_REMEMBERED {
            self.ended.pop_front();
        }
        open.answer
    }
}

impl Open {
    /// Whether a request has this number.
    pub(super) fn has_request(&self, request: u32) -> bool {
        self.requests.contains_key(&request)
    }

    pub(super) fn add_request(&mut self, request: u32, work: AbortHandle) {
        self.requests.insert(request, work);
    }

    /// Forgets a request, and returns its work if that is not done.
    pub(super) fn end_request(&mut self, request: u32) -> Option<AbortHandle> {
        self.requests.remove(&request)
    }
}

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
