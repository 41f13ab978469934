//! The wire of one call: what a connector's requests go through.

use std::{
    any::Any,
    fmt,
    future::Future,
    pin::pin,
    sync::{Arc, Weak},
    time::Duration,
};

use switchboard_connector_sdk::{
    Fault,
    wire::{RequestHead, ResponseHead},
};
use tokio::{
    sync::oneshot,
    time::{Instant, sleep, sleep_until, timeout_at},
};
use tracing::{Instrument, Span};

use super::{
    Shared,
    address::Reach,
    call::{Call, Entry},
    exchange::{Answer, Failure, broken_off, exchange},
    guard::Guard,
    policy::authority,
    record::{Effect, Record},
    request::Request,
    tries::Tries,
};

/// Sends the requests of one call and records them.
///
/// Clones are the same wire. Every method may be called from any thread, within a runtime or not: the work is
/// done on the runtime that [`Egress`](super::Egress) was made with.
#[derive(Clone)]
pub struct Wire {
    egress: Arc<Shared>,
    call: Arc<Call>,
    writes: Writes,
    guard: Arc<dyn Guard>,
    /// Where the call began: its requests are logged there, whoever polls them.
    span: Span,
    /// What a request under way keeps, so that the host outlives it.
    underway: Weak<dyn Any + Send + Sync>,
}

/// Shows the requests and nothing that a connector or an embedder brought.
impl fmt::Debug for Wire {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Wire")
            .field("call", &self.call)
            .field("writes", &self.writes)
            .finish_non_exhaustive()
    }
}

/// What becomes of the writes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// They are sent.
    Send,
    /// The first one is kept instead, and ends the call's requests. Reads are sent.
    Capture,
    /// None is sent: the call may only read.
    Refuse,
}

/// What a connector receives.
type Reply = Result<(ResponseHead, Vec<u8>), Fault>;

/// How often a read follows a redirect.
const MAX_REDIRECTS: usize = 5;

/// How long a write that has left may take, whatever its call has left.
const MIN_WRITE_TIME: Duration = Duration::from_secs(5);
const MAX_WRITE_TIME: Duration = Duration::from_secs(15);

/// What a connector may shorten that to. Less would only turn slow answers into unclear ends.
const MIN_ASKED_WRITE_TIME: Duration = Duration::from_secs(1);

impl Wire {
    pub(super) fn new(
        egress: Arc<Shared>,
        call: Call,
        writes: Writes,
        guard: Arc<dyn Guard>,
        underway: Weak<dyn Any + Send + Sync>,
    ) -> Self {
        Self {
            egress,
            call: Arc::new(call),
            writes,
            guard,
            span: Span::current(),
            underway,
        }
    }

    /// Sends a request and returns its answer, the last one if it was redirected.
    ///
    /// A read that fails in a way that passes by itself is sent again, up to three times within its time; a write is
    /// sent once.
    ///
    /// Dropping the future gives up a read, and a write that has not left yet. A write that has left runs on
    /// to its own time limit: 15 s, or what the call has left if that is less, but at least 5 s; `timeout_ms`
    /// may shorten it to no less than 1 s. Its end is recorded in any case.
    ///
    /// # Errors
    ///
    /// - What the call's guard refuses with; nothing was sent.
    /// - `closed`: the wire is revoked. `timeout`: the call's or the request's time is over, and no write has
    ///   left.
    /// - `forbidden-host`: the address is not allowed. `internal`: the request is malformed or sets a header
    ///   that is
    ///   the host's to set.
    /// - `rate-limited`: its turn comes after that time; nothing was sent.
    /// - `unavailable`: no connection; a read without a whole answer, or one above 10 MiB; more than 5
    ///   redirects; a
    ///   refused write (3xx, 4xx, 5xx) whose answer broke off.
    /// - `unknown-outcome`: a write left and its end is unclear, or an earlier one's is.
    pub async fn send(
        &self,
        head: RequestHead,
        body: Vec<u8>,
    ) -> Result<(ResponseHead, Vec<u8>), Fault> {
        if let Some(refusal) = self.call.refusal(Effect::Read) {
            return Err(refusal);
        }
        let request = Request::read(head, body)?;
        let (reply, answer) = oneshot::channel();
        let (wire, underway) = (self.clone(), self.underway.upgrade());
        let work = async move {
            wire.run(request, reply).await;
            drop(underway);
        };
        self.egress
            .runtime
            .spawn(work.instrument(self.span.clone()));
        answer
            .await
            .unwrap_or_else(|_| Err(Fault::closed("the host is shutting down")))
    }

    /// Ends the wire: later requests are refused with `closed` and send nothing, those under way end with it
    /// at once. A write that has left runs on and is still recorded; once this returns, no other one leaves.
    pub fn revoke(&self) {
        self.call.revoke();
    }

    /// Ends the call's time before its deadline: as [`Wire::revoke`], but with `timeout`, and writes that
    /// have left still answer.
    pub fn expire(&self) {
        self.call.expire();
    }

    /// Counts the writes that have left and not ended.
    pub fn writes_under_way(&self) -> usize {
        self.call.n_writes_under_way()
    }

    /// Waits until no write that has left is still running.
    pub async fn writes_ended(&self) {
        self.call.writes_ended().await;
    }

    /// Returns what was sent so far. It is final once the wire is revoked and the writes have ended.
    pub fn record(&self) -> Record {
        self.call.record()
    }

    /// Waits until a write is captured; with [`Writes::Send`] for ever.
    pub async fn has_captured(&self) {
        self.call.has_captured().await;
    }

    /// Returns the write that was captured.
    pub(crate) fn captured(&self) -> Option<Request> {
        self.call.captured()
    }

    async fn run(&self, request: Request, reply: oneshot::Sender<Reply>) {
        match (self.egress.effect(&request), self.writes) {
            (Effect::Read, _) => self.run_read(request, reply).await,
            (Effect::Write, Writes::Send) => self.run_write(request, reply).await,
            (Effect::Write, Writes::Capture) => self.capture(request, reply).await,
            (Effect::Write, Writes::Refuse) => drop(reply.send(Err(read_only(&request)))),
        }
    }

    /// Keeps a write that may be sent. The connector hears nothing of it before its services end: there is no
    /// answer that would be true.
    async fn capture(&self, request: Request, reply: oneshot::Sender<Reply>) {
        let captured = self.egress.policy.reach(&request.url);
        let captured = captured.and_then(|_| self.call.capture(request));
        let fault = match captured {
            Ok(()) => self.call.stopped().await,
            Err(fault) => fault,
        };
        let _ = reply.send(Err(fault));
    }

    async fn run_read(&self, request: Request, mut reply: oneshot::Sender<Reply>) {
        let limit = self.limit(&request);
        let name = request.name();
        let result = tokio::select! {
            biased;
            fault = self.interruption(&name, limit, &mut reply) => Err(fault),
            result = self.follow(request, Tries::until(limit)) => result,
        };
        // Nobody listens if the future was dropped.
        let _ = reply.send(result);
    }

    /// Sends a read and whatever it is redirected to.
    pub(super) async fn follow(&self, mut request: Request, mut tries: Tries) -> Reply {
        let name = request.name();
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.read(&request, &mut tries).await?;
            let Some(next) = request.redirected(answer.status, &answer.headers)? else {
                return Ok(answer.into_parts(request.url.into()));
            };
            if self.egress.effect(&next) == Effect::Write {
                return Err(Fault::unavailable(format!(
                    "{name} was redirected to {}, which is no read by read_requests",
                    next.name()
                )));
            }
            request = next;
        }
        Err(Fault::unavailable(format!(
            "{name} was redirected more than {MAX_REDIRECTS} times"
        )))
    }

    /// Sends a read until it is answered for good, as often as its tries allow.
    async fn read(&self, request: &Request, tries: &mut Tries) -> Result<Answer, Fault> {
        loop {
            let end = self.try_read(request, tries).await;
            let Some(wait) = tries.wait_after(&request.method, &end) else {
                return Ok(end?);
            };
            if tracing::enabled!(tracing::Level::DEBUG) {
                let (crm, wait_ms) = (&*self.egress.crm, wait.as_millis());
                let request = self.call.shown(&request.name());
                tracing::debug!(crm, request, wait_ms, "a read is tried again");
            }
            sleep(wait).await;
        }
    }

    /// Sends a read once.
    async fn try_read(&self, request: &Request, tries: &Tries) -> Result<Answer, Failure> {
        let reach = self.egress.policy.reach(&request.url)?;
        let entry = self.call.start(request, Effect::Read)?;
        self.turn(&entry, request, tries.limit()).await?;
        let permitted = self.guard.before_request().await;
        permitted.inspect_err(|fault| entry.not_sent(fault.message()))?;
        self.exchange(reach, request.clone(), &entry).await
    }

    async fn run_write(&self, request: Request, mut reply: oneshot::Sender<Reply>) {
        let (limit, asked) = (self.limit(&request), request.timeout);
        let url = request.url.to_string();
        let started = self.egress.policy.reach(&request.url).and_then(|reach| {
            let entry = self.call.start(&request, Effect::Write)?;
            Ok((reach, entry))
        });
        let (reach, entry) = match started {
            Ok(started) => started,
            Err(fault) => return drop(reply.send(Err(fault))),
        };
        let mut exchange = pin!(async {
            self.turn(&entry, &request, limit).await?;
            self.permission_to_write(&entry).await?;
            self.exchange(reach, request, &entry).await
        });
        let early = tokio::select! {
            biased;
            result = &mut exchange => Some(result),
            () = entry.begun() => None,
            fault = self.interruption(entry.name(), limit, &mut reply) => {
                // If it cannot be taken back, it left in this very moment.
                entry.withdraw(fault.message()).then_some(Err(fault.into()))
            }
        };
        let to_reply = |result: Result<Answer, Failure>| Ok(result?.into_parts(url));
        if let Some(result) = early {
            return drop(reply.send(to_reply(result)));
        }
        let begun = entry.begun_at().unwrap_or_else(Instant::now);
        let call_has_left = self.call.deadline.timer().saturating_duration_since(begun);
        let ending = ending(exchange, begun + write_time(call_has_left, asked), &entry);
        self.run_on(async { to_reply(ending.await) }, reply).await;
    }

    /// Waits for a write that has left, though the caller may be sent away.
    async fn run_on(&self, ending: impl Future<Output = Reply>, reply: oneshot::Sender<Reply>) {
        let mut ending = pin!(ending);
        tokio::select! {
            biased;
            result = &mut ending => drop(reply.send(result)),
            () = self.call.revoked() => {
                let _ = reply.send(Err(self.call.stopped().await));
                drop(ending.await);
            }
        }
    }

    /// Waits until a request may go to its host.
    async fn turn(&self, entry: &Entry, request: &Request, limit: Instant) -> Result<(), Fault> {
        let turn = self.egress.pace.turn(&authority(&request.url), limit).await;
        turn.inspect_err(|fault| entry.not_sent(fault.message()))
    }

    /// Asks for the right to write, which is not asked for before the request's turn: it would be held while waiting.
    async fn permission_to_write(&self, entry: &Entry) -> Result<(), Fault> {
        let permitted = async {
            self.guard.before_request().await?;
            self.guard.before_write().await
        };
        let permitted = permitted.await;
        permitted.inspect_err(|fault| entry.not_sent(fault.message()))
    }

    /// Sends a request once. A CRM that asks for a pause gets it from all calls.
    async fn exchange(
        &self,
        reach: Reach,
        request: Request,
        entry: &Entry,
    ) -> Result<Answer, Failure> {
        let host = authority(&request.url);
        let client = self.egress.clients.reaching(reach);
        let answer = exchange(client, request, entry).await?;
        if let Some(time) = answer.asked_wait() {
            let (crm, seconds) = (&*self.egress.crm, time.as_secs());
            tracing::warn!(crm, host, seconds, "the CRM asks for a pause");
            self.egress.pace.pause(&host, time);
        }
        Ok(answer)
    }

    /// Waits for what ends a request that may still be given up.
    async fn interruption(
        &self,
        name: &str,
        limit: Instant,
        reply: &mut oneshot::Sender<Reply>,
    ) -> Fault {
        tokio::select! {
            biased;
            fault = self.call.stopped() => fault,
            () = reply.closed() => Fault::closed("the connector dropped the request"),
            () = sleep_until(limit) => Fault::timeout(format!("{name} was not answered in time")),
        }
    }

    fn limit(&self, request: &Request) -> Instant {
        let asked = request
            .timeout
            .and_then(|it| Instant::now().checked_add(it));
        let deadline = self.call.deadline.timer();
        asked.map_or(deadline, |asked| asked.min(deadline))
    }
}

/// Refuses a write of a call that may only read.
fn read_only(request: &Request) -> Fault {
    let name = request.name();
    Fault::internal(format!(
        "{name} could change something, and a look-up may only read; tell the connector's author"
    ))
}

/// Waits for a write's end up to its own limit.
async fn ending(
    exchange: impl Future<Output = Result<Answer, Failure>>,
    limit: Instant,
    entry: &Entry,
) -> Result<Answer, Failure> {
    let result = timeout_at(limit, exchange).await;
    result.unwrap_or_else(|_| Err(broken_off(entry, "no whole answer came in time").into()))
}

/// Says how long a write that has left may take.
fn write_time(call_has_left: Duration, asked: Option<Duration>) -> Duration {
    let own = call_has_left.clamp(MIN_WRITE_TIME, MAX_WRITE_TIME);
    asked.map_or(own, |asked| own.min(asked.max(MIN_ASKED_WRITE_TIME)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_write_gets_what_the_call_has_left_within_its_bounds() {
        let seconds = Duration::from_secs;
        let table = [
            (seconds(0), None, seconds(5)),
            (seconds(9), None, seconds(9)),
            (seconds(60), None, seconds(15)),
            (seconds(60), Some(seconds(3)), seconds(3)),
            (seconds(60), Some(Duration::ZERO), seconds(1)),
            (seconds(60), Some(Duration::MAX), seconds(15)),
            (seconds(0), Some(seconds(10)), seconds(5)),
        ];
        for (left, asked, expected) in table {
            assert_eq!(write_time(left, asked), expected, "{left:?} {asked:?}");
        }
    }
}
