//! The host's side of one worker: its calls, its frames, its end.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use switchboard_abi::RawFault;
use switchboard_connector_sdk::{Fault, FaultCode};
use tokio::io::AsyncReadExt;
use tokio::net::unix::OwnedReadHalf;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::calls::{Answer, Calls, Foreign, REMEMBERED_FOR};
use super::frame::{Incoming, Malformed, ToHost, ToWorker, TooLong};
use super::outbox::Outbox;
use super::requests::{BUDGET_UNIT, Wanted};
use crate::connector::own_words;
use crate::connector::services::CallServices;

/// How long a worker may take to end a call that was given up. One that takes longer holds a thread for ever, as far as
/// anybody knows.
const PATIENCE: Duration = Duration::from_secs(1);

/// So many bytes of a worker's requests may wait for their answers; beyond, nothing more is read from it.
const MAX_REQUEST_BYTES: usize = 64 * 1024 * 1024;

/// One running worker.
pub(super) struct Link {
    pub(super) outbox: Outbox,
    calls: Mutex<Calls>,
    condition: watch::Sender<Condition>,
    /// What requests of the worker may still wait for their answers.
    pub(super) budget: Arc<Semaphore>,
}

/// What can be expected of a worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    /// It takes calls.
    Serving,
    /// It has not ended a call that was given up then; until it does, it takes no calls.
    HeldUp { since: Instant },
    /// It takes no more calls, and ends with those that it has.
    Retired(Retirement),
    /// It has ended.
    Ended,
}

/// Why a worker takes no more calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Retirement {
    /// It did not end a call whose time was over.
    Blocked,
    /// The connector panicked.
    Panicked,
}

/// Why nothing more is read from a worker.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("it closed its socket")]
    Closed,
    #[error("it sent {0}")]
    Malformed(#[from] Malformed),
    #[error("it sent {0}")]
    Foreign(#[from] Foreign),
    #[error("it sent a frame that has no place there")]
    Misplaced,
}

/// A place for one call in a worker, which does not drain before the call has come.
pub(crate) struct Place(Arc<Link>);

/// An operation that runs in a worker. Dropping it gives the call up.
pub(crate) struct Running {
    link: Arc<Link>,
    /// The number of the call, unless it never got to the worker.
    call: Option<u64>,
    answer: oneshot::Receiver<Answer>,
}

impl Link {
    pub(super) fn new(outbox: Outbox) -> Self {
        Self {
            outbox,
            calls: Mutex::default(),
            condition: watch::Sender::new(Condition::Serving),
            budget: Arc::new(Semaphore::new(MAX_REQUEST_BYTES / BUDGET_UNIT)),
        }
    }

    fn call(
        self: &Arc<Self>,
        services: CallServices,
        operation: &str,
        context: Vec<u8>,
        input: Vec<u8>,
    ) -> Running {
        let (sender, answer) = oneshot::channel();
        let begun = self.calls().begin(services, sender);
        let running = |call| Running {
            link: Arc::clone(self),
            call,
            answer,
        };
        let call = match begun {
            Ok(call) => call,
            // The sender is gone with the refusal, which `answer` tells.
            Err(_) => return running(None),
        };
        let frame = ToWorker::Call {
            call,
            operation: operation.to_owned(),
            context,
            input,
        };
        match frame.write() {
            Ok(frame) => self.outbox.send(frame, None),
            Err(TooLong) => self.settle(call, Err(too_long("the input"))),
        }
        running(Some(call))
    }

    /// Takes a place for a call, if this worker still takes any. Waits for one that is held up, but not for long.
    pub(super) async fn place(self: &Arc<Self>) -> Option<Place> {
        // First: a worker that is retired from here on waits for the call.
        let place = Place::new(self);
        self.takes_calls().await.then_some(place)
    }

    async fn takes_calls(&self) -> bool {
        let mut condition = self.condition.subscribe();
        loop {
            let now = *condition.borrow_and_update();
            match now {
                Condition::Serving => return true,
                Condition::Retired(_) | Condition::Ended => return false,
                Condition::HeldUp { since } => {
                    let changed = timeout_at(since + PATIENCE, condition.changed());
                    if changed.await.is_err() {
                        self.retire_if_blocked();
                    }
                }
            }
        }
    }

    /// Waits until the worker takes no more calls, and says why; none if it has ended.
    pub(super) async fn retired(&self) -> Option<Retirement> {
        let mut condition = self.condition.subscribe();
        loop {
            let now = *condition.borrow_and_update();
            let changed = condition.changed();
            match now {
                Condition::Retired(why) => return Some(why),
                Condition::Ended => return None,
                // The sender is `self`.
                Condition::Serving => drop(changed.await),
                Condition::HeldUp { since } => {
                    if timeout_at(since + PATIENCE, changed).await.is_err() {
                        self.retire_if_blocked();
                    }
                }
            }
        }
    }

    /// Waits until a worker that takes no more calls has none left.
    pub(super) async fn drained(&self) {
        let mut condition = self.condition.subscribe();
        // Each call that ends is a change.
        while self.calls().is_in_use() {
            if condition.changed().await.is_err() {
                return;
            }
        }
    }

    /// Ends every call with this fault, and takes no more.
    pub(super) fn end(&self, fault: &Fault) {
        let waiting = self.calls().end(fault);
        for answer in waiting {
            // Whoever waited may be gone.
            let _ = answer.send(Err(fault.clone()));
        }
        self.condition.send_replace(Condition::Ended);
        self.outbox.close();
    }

    /// Takes out of a text what must not be shown of any call.
    pub(super) fn redact(&self, text: String) -> String {
        let redactors = self.calls().redactors();
        redactors.iter().fold(text, |text, it| it.redact(&text))
    }

    /// Forgets calls that have ended, a while after their end.
    pub(super) async fn keep_forgetting(&self) {
        loop {
            sleep(REMEMBERED_FOR).await;
            self.calls().forget_ended();
        }
    }

    pub(super) async fn keep_writing(&self) {
        self.outbox.keep_writing().await;
    }

    /// Reads frames until the worker breaks off or breaks a rule.
    pub(super) async fn keep_reading(
        self: &Arc<Self>,
        mut socket: OwnedReadHalf,
        mut incoming: Incoming,
    ) -> Broken {
        loop {
            loop {
                match incoming.next() {
                    Ok(Some((frame, n_bytes))) => {
                        if let ControlFlow::Break(broken) = self.take(frame, n_bytes).await {
                            return broken;
                        }
                    }
                    Ok(None) => break,
                    Err(malformed) => return malformed.into(),
                }
            }
            match socket.read_buf(incoming.buffer()).await {
                Ok(0) | Err(_) => return Broken::Closed,
                Ok(_) => {}
            }
        }
    }

    async fn take(self: &Arc<Self>, frame: ToHost, n_bytes: usize) -> ControlFlow<Broken> {
        let taken = match frame {
            ToHost::Answer { call, answer } => self.answered(call, answer),
            ToHost::Http {
                call,
                request,
                message,
            } => {
                self.serve(call, request, n_bytes, Wanted::Http(message))
                    .await
            }
            ToHost::Service {
                call,
                request,
                operation,
                input,
            } => {
                let wanted = Wanted::Service(operation, input);
                self.serve(call, request, n_bytes, wanted).await
            }
            ToHost::Dropped { call, request } => self.dropped(call, request),
            ToHost::Log {
                call,
                level,
                message,
                fields,
            } => self.log(call, level, &message, &fields),
            ToHost::Ready { .. } | ToHost::Refused { .. } => Err(Broken::Misplaced),
        };
        match taken {
            Ok(()) => ControlFlow::Continue(()),
            Err(broken) => ControlFlow::Break(broken),
        }
    }

    fn answered(&self, call: u64, answer: Result<Vec<u8>, RawFault>) -> Result<(), Broken> {
        let waiting = self.calls().answered(call)?;
        let answer = answer.map_err(own_words);
        let has_panicked = matches!(&answer, Err(fault) if fault.code() == FaultCode::Panicked);
        if let Some(waiting) = waiting {
            // Whoever waited may have gone this moment.
            let _ = waiting.send(answer);
        }
        self.note_change();
        if has_panicked {
            self.retire(Retirement::Panicked);
        }
        Ok(())
    }

    /// Answers a call in the worker's place.
    fn settle(&self, call: u64, answer: Answer) {
        if let Ok(Some(waiting)) = self.calls().answered(call) {
            let _ = waiting.send(answer);
        }
        self.note_change();
    }

    fn give_up(&self, call: u64) {
        if !self.calls().give_up(call) {
            return;
        }
        if let Ok(frame) = (ToWorker::Cancel { call }).write() {
            self.outbox.send(frame, None);
        }
        self.note_change();
    }

    /// Notes that a call has ended or was given up. Also wakes who waits for the calls of a retired worker to end.
    fn note_change(&self) {
        self.condition.send_modify(|condition| match condition {
            Condition::Serving | Condition::HeldUp { .. } => {
                // Read under the condition's lock: the latest change is the last to be noted.
                *condition = match self.calls().held_up_since() {
                    Some(since) => Condition::HeldUp { since },
                    None => Condition::Serving,
                };
            }
            Condition::Retired(_) | Condition::Ended => {}
        });
    }

    fn retire_if_blocked(&self) {
        self.condition
            .send_if_modified(|condition| match condition {
                Condition::HeldUp { since } if since.elapsed() >= PATIENCE => {
                    *condition = Condition::Retired(Retirement::Blocked);
                    true
                }
                _ => false,
            });
    }

    fn retire(&self, why: Retirement) {
        self.condition
            .send_if_modified(|condition| match condition {
                Condition::Serving | Condition::HeldUp { .. } => {
                    *condition = Condition::Retired(why);
                    true
                }
                Condition::Retired(_) | Condition::Ended => false,
            });
    }

    pub(super) fn calls(&self) -> MutexGuard<'_, Calls> {
        // Nothing panics while it holds the lock.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn new(link: &Arc<Link>) -> Self {
        link.calls().reserve();
        Self(Arc::clone(link))
    }

    /// Starts an operation.
    pub(in crate::connector) fn call(
        self,
        services: CallServices,
        operation: &str,
        context: Vec<u8>,
        input: Vec<u8>,
    ) -> Running {
        self.0.call(services, operation, context, input)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.calls().give_back();
        self.0.note_change();
    }
}

impl Running {
    /// Waits for the answer.
    pub(crate) async fn answer(&mut self) -> Answer {
        let answer = (&mut self.answer).await;
        self.call = None;
        answer.unwrap_or_else(|_| Err(Fault::crashed("the connector's process had just ended")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            self.link.give_up(call);
        }
    }
}

pub(super) fn too_long(what: &str) -> Fault {
    Fault::internal(format!(
        "{what} is too long for the connector's process; at most 32 MiB go there"
    ))
}
