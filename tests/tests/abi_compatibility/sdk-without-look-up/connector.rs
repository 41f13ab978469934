//! What an author implements.

use std::future::Future;
use std::time::Duration;

use abi_stable::std_types::{RStr, RVec};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, value::RawValue};
use switchboard_abi::HostServicesBox;

use crate::fault::Fault;
use crate::http::Http;
use crate::model::{CallLogged, CreateCallLog};
use crate::wire::{ContextHead, HostInfo};

/// A connector: logs phone calls into one CRM.
///
/// The host opens a connector once for each manifest that names its library and then calls it from many threads at a
/// time. A connector starts no threads and opens no sockets or files; everything outside it is reached through the
/// host. Its futures may be polled on any thread, and dropped when the host gives up on a call.
///
/// A panic is caught and reported; the host then opens a fresh instance for the calls to come.
pub trait Connector: Send + Sync + Sized + 'static {
    /// `[settings]` of the manifest. A connector without settings uses [`NoSettings`](crate::NoSettings).
    type Settings: DeserializeOwned;

    /// Opens the connector. It should check its settings and return; the host waits at most 10 seconds.
    ///
    /// # Errors
    ///
    /// The host disables the CRM and shows the fault to the operator.
    fn open(settings: Self::Settings, host: &Opening) -> Result<Self, Fault>;

    /// Creates one entry for one call and returns its id. An `async fn` satisfies this.
    ///
    /// # Errors
    ///
    /// The fault's code says what the user can do. The host has seen which requests were sent: a fault after a write
    /// whose end is unclear is reported as `unknown-outcome`, whatever its code. If the entry exists and a later step
    /// failed, name it: [`Fault::with_log_id`].
    fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> impl Future<Output = Result<CallLogged, Fault>> + Send;
}

/// What a connector is opened with, beside its settings.
pub struct Opening {
    host: HostServicesBox,
    crm: String,
    info: HostInfo,
}

impl Opening {
    pub(crate) fn new(host: HostServicesBox, crm: String, info: HostInfo) -> Self {
        Self { host, crm, info }
    }

    /// Returns the CRM's name in its manifest.
    pub fn crm(&self) -> &str {
        &self.crm
    }

    /// Returns the host's name, its version, and the services that it has by name.
    pub fn host(&self) -> &HostInfo {
        &self.info
    }

    /// Starts a log line.
    pub fn log(&self) -> Log<'_> {
        Log::new(&self.host)
    }

    /// Returns the host's time.
    pub fn now(&self) -> Timestamp {
        now(&self.host)
    }
}

/// One call: the way to the CRM, the log, the clock.
///
/// What is done through it counts as done by this call. When the call has ended the host revokes it, and requests end
/// with the fault `closed`.
pub struct CallContext {
    host: HostServicesBox,
    head: ContextHead,
    started: Timestamp,
}

impl CallContext {
    pub(crate) fn new(host: HostServicesBox, head: ContextHead) -> Self {
        let started = now(&host);
        Self {
            host,
            head,
            started,
        }
    }

    /// Starts an HTTP request. The host sends it, if the manifest allows its address.
    pub fn http(&self) -> Http<'_> {
        Http::new(&self.host)
    }

    /// Starts a log line. The host adds the connector and the call, writes at most 8 KB of it, and at most 100 lines of a
    /// call. Do not log secrets, notes or transcripts.
    pub fn log(&self) -> Log<'_> {
        Log::new(&self.host)
    }

    /// Returns how long the call may still take. What starts afterwards fails with `timeout`.
    pub fn remaining(&self) -> Duration {
        let elapsed = now(&self.host).duration_since(self.started);
        let elapsed = elapsed.try_into().unwrap_or(Duration::ZERO);
        Duration::from_millis(self.head.remaining_ms).saturating_sub(elapsed)
    }

    /// Returns the host's time.
    pub fn now(&self) -> Timestamp {
        now(&self.host)
    }

    /// Returns the call's id in the outcome and in the host's log lines.
    pub fn call_id(&self) -> &str {
        &self.head.call_id
    }

    /// Returns the W3C trace context of the request.
    pub fn traceparent(&self) -> Option<&str> {
        self.head.traceparent.as_deref()
    }

    /// Returns which attempt at this call this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.head.attempt
    }

    /// Whether the host captures writes instead of sending them.
    pub fn is_dry_run(&self) -> bool {
        self.head.dry_run
    }

    /// Returns the user's language (BCP 47).
    pub fn locale(&self) -> Option<&str> {
        self.head.locale.as_deref()
    }

    /// Returns the gateway's tenant.
    pub fn tenant(&self) -> Option<&str> {
        self.head.tenant.as_deref()
    }

    /// Runs a service of the host by name, JSON in and JSON out.
    ///
    /// # Errors
    ///
    /// `unsupported` from a host that does not know the name. Which it knows, [`Opening::host`] says.
    pub async fn call_host(
        &self,
        operation: &str,
        input: &impl Serialize,
    ) -> Result<Box<RawValue>, Fault> {
        let input = serde_json::to_vec(input)
            .map_err(|error| Fault::internal(format!("cannot write the input as JSON: {error}")))?;
        let answer = self
            .host
            .call(RStr::from_str(operation), RVec::from(input))
            .await;
        let answer = answer.into_result().map_err(Fault::from)?;
        serde_json::from_slice(&answer)
            .map_err(|_| Fault::internal(format!("the host answered {operation} with no JSON")))
    }
}

/// A log line in the making.
///
/// ```
/// # fn example(ctx: &switchboard_connector_sdk::CallContext) {
/// ctx.log().with("status", 404).with("person", "77").warn("the contact is gone");
/// # }
/// ```
#[must_use = "a line is written by error, warn, info, debug or trace"]
pub struct Log<'a> {
    host: &'a HostServicesBox,
    fields: Map<String, Value>,
}

impl<'a> Log<'a> {
    fn new(host: &'a HostServicesBox) -> Self {
        Self {
            host,
            fields: Map::new(),
        }
    }

    /// Adds a field.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(name.to_owned(), value.into());
        self
    }

    /// Writes the line: something is broken.
    pub fn error(self, message: &str) {
        self.write(1, message);
    }

    /// Writes the line: something should be looked at.
    pub fn warn(self, message: &str) {
        self.write(2, message);
    }

    /// Writes the line: something worth knowing happened.
    pub fn info(self, message: &str) {
        self.write(3, message);
    }

    /// Writes the line: of use when looking for a fault.
    pub fn debug(self, message: &str) {
        self.write(4, message);
    }

    /// Writes the line: every step.
    pub fn trace(self, message: &str) {
        self.write(5, message);
    }

    fn write(self, level: u8, message: &str) {
        let fields = if self.fields.is_empty() {
            RVec::new()
        } else {
            // A map of JSON values always serializes.
            serde_json::to_vec(&self.fields).unwrap_or_default().into()
        };
        self.host.log(level, RStr::from_str(message), fields);
    }
}

fn now(host: &HostServicesBox) -> Timestamp {
    let millis = i64::try_from(host.now_unix_ms()).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}
