//! The host's services as a connector in a worker holds them: everything is asked of the host.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RResult, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt};
use switchboard_abi::{HostServices, HostServices_TO, HostServicesBox, RawFault, RawMessage};
use switchboard_connector_sdk::Fault;
use tokio::sync::oneshot;

use super::channel::Channel;
use crate::connector::services::{MAX_LINES, MAX_SEARCHED_BYTES, cut, now_unix_ms};
use crate::connector::worker::frame::{OPENING, ToHost, TooLong};

type Reply = Result<RawMessage, RawFault>;

/// What the connector has asked the host and waits for.
pub(super) struct Requests {
    channel: Arc<Channel>,
    waiting: Mutex<HashMap<u32, oneshot::Sender<Reply>>>,
    last: AtomicU32,
    /// The least important level of log lines that somebody reads.
    log_level: u8,
}

impl Requests {
    pub(super) fn new(channel: Arc<Channel>, log_level: u8) -> Self {
        Self {
            channel,
            waiting: Mutex::default(),
            last: AtomicU32::new(0),
            log_level,
        }
    }

    /// Hands a reply of the host to who waits for it, if somebody still does.
    pub(super) fn replied(&self, request: u32, reply: Reply) {
        let waiting = self.waiting().remove(&request);
        if let Some(waiting) = waiting {
            let _ = waiting.send(reply);
        }
    }

    fn begin(&self) -> (u32, oneshot::Receiver<Reply>) {
        let (sender, reply) = oneshot::channel();
        let request = self.last.fetch_add(1, Ordering::Relaxed);
        self.waiting().insert(request, sender);
        (request, reply)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u32, oneshot::Sender<Reply>>> {
        // Nothing panics while it holds the lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The services of one call, or of the opening. Clones are the same services.
#[derive(Clone)]
pub(super) struct Proxy {
    requests: Arc<Requests>,
    call: u64,
    ended: Arc<AtomicBool>,
    n_lines: Arc<AtomicUsize>,
}

impl Proxy {
    pub(super) fn new(requests: &Arc<Requests>, call: u64) -> Self {
        Self {
            requests: Arc::clone(requests),
            call,
            ended: Arc::default(),
            n_lines: Arc::default(),
        }
    }

    /// Makes the object that crosses the boundary.
    pub(super) fn to_raw(&self) -> HostServicesBox {
        HostServices_TO::from_value(self.clone(), TD_Opaque)
    }

    /// Ends the services with the answer of their call: nothing of them is sent after it.
    pub(super) fn answer(&self, answer: Result<Vec<u8>, RawFault>) {
        let call = self.call;
        let is_first = || !self.ended.swap(true, Ordering::Relaxed);
        let channel = &self.requests.channel;
        if channel
            .send_if(&ToHost::Answer { call, answer }, is_first)
            .is_err()
        {
            let fault =
                Fault::internal("the connector's answer is longer than 32 MiB; tell its author");
            let answer = Err(fault.into());
            channel.send(&ToHost::Answer { call, answer });
            self.close();
        }
    }

    /// Ends the services.
    pub(super) fn close(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    async fn ask(&self, frame: impl FnOnce(u64, u32) -> ToHost) -> Reply {
        if self.call == OPENING {
            let refusal = "while a connector opens it may log and tell the time, nothing else";
            return Err(Fault::unsupported(refusal).into());
        }
        let (request, reply) = self.requests.begin();
        let mut asked = Asked {
            proxy: self,
            request,
            was_sent: false,
        };
        let sent = self
            .requests
            .channel
            .send_if(&frame(self.call, request), || {
                asked.was_sent = !self.has_ended();
                asked.was_sent
            });
        if let Err(TooLong) = sent {
            let refusal =
                "the request is longer than 32 MiB, which is the most that a worker can send";
            return Err(Fault::internal(refusal).into());
        }
        if !asked.was_sent {
            return Err(closed());
        }
        let reply = reply.await.unwrap_or_else(|_| Err(closed()));
        // There is nothing left to give up.
        asked.was_sent = false;
        reply
    }
}

fn closed() -> RawFault {
    Fault::closed("the call has ended").into()
}

/// A request that is waited for. Dropping it tells the host that nobody waits any more.
struct Asked<'a> {
    proxy: &'a Proxy,
    request: u32,
    was_sent: bool,
}

impl Drop for Asked<'_> {
    fn drop(&mut self) {
        let Proxy { requests, call, .. } = self.proxy;
        requests.waiting().remove(&self.request);
        if self.was_sent {
            let frame = ToHost::Dropped {
                call: *call,
                request: self.request,
            };
            // It is short enough.
            let _ = requests.channel.send_if(&frame, || !self.proxy.has_ended());
        }
    }
}

impl HostServices for Proxy {
    fn http(&self, request: RawMessage) -> FfiFuture<RResult<RawMessage, RawFault>> {
        let proxy = self.clone();
        async move {
            let asked = proxy.ask(|call, number| ToHost::Http {
                call,
                request: number,
                message: request,
            });
            RResult::from(asked.await)
        }
        .into_ffi()
    }

    fn log(&self, level: u8, message: RStr<'_>, fields: RVec<u8>) {
        if level.max(1) > self.requests.log_level {
            return;
        }
        // One more than the host writes, so that it says that the rest is missing.
        if self.n_lines.fetch_add(1, Ordering::Relaxed) > MAX_LINES {
            return;
        }
        let frame = ToHost::Log {
            call: self.call,
            level,
            message: cut(&message, MAX_SEARCHED_BYTES).to_owned(),
            fields: fields.into(),
        };
        // Fields of more than 32 MiB would be left out anyway.
        let _ = self.requests.channel.send_if(&frame, || !self.has_ended());
    }

    fn now_unix_ms(&self) -> u64 {
        now_unix_ms()
    }

    fn call(&self, operation: RStr<'_>, input: RVec<u8>) -> FfiFuture<RResult<RVec<u8>, RawFault>> {
        let (proxy, operation) = (self.clone(), operation.to_string());
        async move {
            let asked = proxy.ask(|call, request| ToHost::Service {
                call,
                request,
                operation,
                input: input.into(),
            });
            RResult::from(asked.await.map(|reply| reply.body))
        }
        .into_ffi()
    }
}
