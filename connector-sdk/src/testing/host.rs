//! The pretend host itself.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, ROk, RResult, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt};
use jiff::Timestamp;
use serde_json::Value;
use switchboard_abi::{HostServices, HostServices_TO, HostServicesBox, RawFault, RawMessage};

use crate::connector::{CallContext, Connector, Opening};
use crate::fault::Fault;
use crate::model::{CallLogged, CallReference, CreateCallLog, Found};
use crate::settings;
use crate::wire::{ContextHead, HostInfo, RequestHead, ResponseHead};

/// What the CRM answers to one request.
#[derive(Debug, Clone)]
pub struct Answer {
    kind: Kind,
    takes: Duration,
}

#[derive(Debug, Clone)]
enum Kind {
    Reply {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    Fault(Fault),
}

impl Answer {
    /// A JSON body.
    pub fn json(status: u16, body: &Value) -> Self {
        Self::bytes(status, body.to_string()).with_header("content-type", "application/json")
    }

    /// Any body.
    pub fn bytes(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::Reply {
            status,
            headers: Vec::new(),
            body: body.into(),
        })
    }

    /// No answer: the fault that the host yields instead. A write that was lost on its way is
    /// [`Fault::unknown_outcome`], a CRM that cannot be reached [`Fault::unavailable`].
    pub fn fault(fault: Fault) -> Self {
        Self::new(Kind::Fault(fault))
    }

    /// A write whose end is unclear.
    pub fn lost() -> Self {
        Self::fault(Fault::unknown_outcome(
            "the connection ended before the answer",
        ))
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        if let Kind::Reply { headers, .. } = &mut self.kind {
            headers.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        self
    }

    /// Has the answer take so long by the host's clock. The test itself does not wait.
    #[must_use]
    pub fn after(mut self, takes: Duration) -> Self {
        self.takes = takes;
        self
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            takes: Duration::ZERO,
        }
    }
}

/// A request that the connector sent.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentRequest {
    /// Method, URL, headers, time limit and effect.
    pub head: RequestHead,
    /// The body.
    pub body: Vec<u8>,
}

impl SentRequest {
    /// Returns a header by its name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.headers.iter();
        let mut values = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        values.next().map(|(_, value)| value.as_str())
    }

    /// Reads the body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the body is JSON")
    }
}

/// Shows neither header values nor the body: what a failing test prints ends in somebody's log.
impl std::fmt::Debug for SentRequest {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("SentRequest")
            .field("head", &self.head)
            .field("body_len", &self.body.len())
            .finish()
    }
}

/// A log line that the connector wrote.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LogLine {
    /// 1 (error) to 5 (trace).
    pub level: u8,
    /// The text.
    pub message: String,
    /// The fields, `null` if there are none.
    pub fields: Value,
}

/// A host that answers requests from a script, records them, and has a clock that only the test moves.
#[derive(Clone, Default)]
pub struct PretendHost(Arc<Mutex<State>>);

struct State {
    now: Timestamp,
    script: HashMap<(String, String), VecDeque<Answer>>,
    requests: Vec<SentRequest>,
    log: Vec<LogLine>,
    operations: HashMap<String, Value>,
    context: ContextHead,
    /// Whether a look-up is under way, which must not write.
    only_reads: bool,
}

impl Default for State {
    fn default() -> Self {
        let mut context = ContextHead::new("call-1");
        context.remaining_ms = 30_000;
        Self {
            now: Timestamp::constant(1_772_755_200, 0),
            script: HashMap::new(),
            requests: Vec::new(),
            log: Vec::new(),
            operations: HashMap::new(),
            context,
            only_reads: false,
        }
    }
}

impl PretendHost {
    /// Makes a host without answers. Its clock stands at 2026-03-06T00:00:00Z; a call has 30 seconds.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer. Those of one method and URL are given in the order in which they were added; the last one stays.
    /// A request without an answer fails with `unavailable`, and the message names it.
    pub fn answer(&self, method: &str, url: &str, answer: Answer) {
        let key = (method.to_owned(), url.to_owned());
        self.state()
            .script
            .entry(key)
            .or_default()
            .push_back(answer);
    }

    /// Answers a service that connectors call by name.
    pub fn answer_operation(&self, operation: &str, answer: Value) {
        self.state().operations.insert(operation.to_owned(), answer);
    }

    /// Sets what the next calls are told beside their input.
    pub fn set_context(&self, context: ContextHead) {
        self.state().context = context;
    }

    /// Moves the clock on.
    pub fn advance(&self, by: Duration) {
        self.state().advance(by);
    }

    /// Sets the clock.
    pub fn set_now(&self, now: Timestamp) {
        self.state().now = now;
    }

    /// Returns the requests sent so far, in order.
    pub fn requests(&self) -> Vec<SentRequest> {
        self.state().requests.clone()
    }

    /// Returns the log lines written so far, in order.
    pub fn log(&self) -> Vec<LogLine> {
        self.state().log.clone()
    }

    /// Opens a connector as the host does.
    ///
    /// # Errors
    ///
    /// `invalid-input` if the settings do not fit its type; else what its `open` returns.
    pub fn open<C: Connector>(&self, settings: Value) -> Result<OpenConnector<C>, Fault> {
        let settings = settings::read(&settings.to_string())?;
        let info = HostInfo::new("pretend-host", env!("CARGO_PKG_VERSION"));
        let opening = Opening::new(self.services(), "test".to_owned(), info);
        Ok(OpenConnector {
            connector: C::open(settings, &opening)?,
            host: self.clone(),
        })
    }

    /// Makes the context of a call, for testing a part of a connector.
    pub fn context(&self) -> CallContext {
        let head = self.state().context.clone();
        CallContext::new(self.services(), head)
    }

    pub(crate) fn services(&self) -> HostServicesBox {
        HostServices_TO::from_value(self.clone(), TD_Opaque)
    }

    /// Counts the objects that share this host's state.
    #[cfg(test)]
    pub(crate) fn n_users(&self) -> usize {
        Arc::strong_count(&self.0)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A test that panicked while it held the lock has failed already.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, message: RawMessage) -> Result<RawMessage, Fault> {
        let head: RequestHead = serde_json::from_slice(&message.head)
            .map_err(|error| Fault::internal(format!("cannot read a request's head: {error}")))?;
        let mut state = self.state();
        if state.only_reads && is_write(&head) {
            let RequestHead { method, url, .. } = head;
            return Err(Fault::internal(format!(
                "a look-up only reads; not sent: {method} {url}"
            )));
        }
        let answer = state.next_answer(&head);
        state.requests.push(SentRequest {
            head: head.clone(),
            body: message.body.into(),
        });
        let Some(answer) = answer else {
            let RequestHead { method, url, .. } = head;
            return Err(Fault::unavailable(format!(
                "no answer was scripted for {method} {url}"
            )));
        };
        state.advance(answer.takes);
        match answer.kind {
            Kind::Fault(fault) => Err(fault),
            Kind::Reply {
                status,
                headers,
                body,
            } => reply(status, headers, head.url, body),
        }
    }
}

impl State {
    fn advance(&mut self, by: Duration) {
        self.now = self.now.saturating_add(by).unwrap_or(Timestamp::MAX);
    }

    fn next_answer(&mut self, head: &RequestHead) -> Option<Answer> {
        let answers = self
            .script
            .get_mut(&(head.method.clone(), head.url.clone()))?;
        if answers.len() > 1 {
            answers.pop_front()
        } else {
            answers.front().cloned()
        }
    }
}

fn is_write(head: &RequestHead) -> bool {
    let is_read = ["GET", "HEAD", "OPTIONS"].contains(&head.method.as_str());
    !is_read && head.effect.as_deref() != Some("read")
}

fn reply(
    status: u16,
    headers: Vec<(String, String)>,
    url: String,
    body: Vec<u8>,
) -> Result<RawMessage, Fault> {
    let mut head = ResponseHead::new(status, url);
    head.headers = headers;
    let head = serde_json::to_vec(&head)
        .map_err(|error| Fault::internal(format!("cannot write an answer's head: {error}")))?;
    Ok(RawMessage {
        head: head.into(),
        body: body.into(),
    })
}

impl HostServices for PretendHost {
    fn http(&self, request: RawMessage) -> FfiFuture<RResult<RawMessage, RawFault>> {
        let answer = self.send(request).map_err(RawFault::from);
        std::future::ready(RResult::from(answer)).into_ffi()
    }

    fn log(&self, level: u8, message: RStr<'_>, fields: RVec<u8>) {
        let fields = serde_json::from_slice(&fields).unwrap_or(Value::Null);
        self.state().log.push(LogLine {
            level,
            message: message.into(),
            fields,
        });
    }

    fn now_unix_ms(&self) -> u64 {
        u64::try_from(self.state().now.as_millisecond()).unwrap_or(0)
    }

    fn call(
        &self,
        operation: RStr<'_>,
        _input: RVec<u8>,
    ) -> FfiFuture<RResult<RVec<u8>, RawFault>> {
        let answer = self
            .state()
            .operations
            .get(operation.as_str())
            .map(Value::to_string);
        let answer = match answer {
            Some(json) => ROk(json.into_bytes().into()),
            None => RErr(Fault::unsupported(format!("no answer for {operation}")).into()),
        };
        std::future::ready(answer).into_ffi()
    }
}

/// A connector that the pretend host has opened.
pub struct OpenConnector<C> {
    connector: C,
    host: PretendHost,
}

impl<C: Connector> OpenConnector<C> {
    /// Logs a call and waits for the outcome.
    ///
    /// # Errors
    ///
    /// `invalid-input` naming every fault of the input; else what the connector returns.
    pub fn create_call_log(&self, input: &Value) -> Result<CallLogged, Fault> {
        let call = CreateCallLog::from_json(input.to_string())?;
        let ctx = self.host.context();
        pollster::block_on(self.connector.create_call_log(&ctx, call))
    }

    /// Looks up the entries of a call, whose input [`reference_to`](super::reference_to) makes. As in production a
    /// write is not sent.
    ///
    /// # Errors
    ///
    /// `invalid-input` for what is no such input; else what the connector returns.
    pub fn find_call_log(&self, input: &Value) -> Result<Found, Fault> {
        let call = CallReference::from_json(input.to_string().as_bytes())?;
        let ctx = self.host.context();
        self.host.state().only_reads = true;
        let found = pollster::block_on(self.connector.find_call_log(&ctx, call));
        self.host.state().only_reads = false;
        found
    }

    /// Returns the connector itself.
    pub fn get(&self) -> &C {
        &self.connector
    }
}
