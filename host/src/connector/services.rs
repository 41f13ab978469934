//! The host's services for one call: its wire, its log, the clock.
//!
//! One object belongs to one call, whatever the connector does with it: clones share the call's wire and its log. The
//! pipeline revokes it when the call is settled.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, RResult, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt};
use serde_json::Value;
use switchboard_abi::{HostServices, HostServices_TO, HostServicesBox, RawFault, RawMessage};
use switchboard_connector_sdk::Fault;
use switchboard_connector_sdk::wire::RequestHead;
use tracing::{debug, error, info, trace, warn};

use crate::egress::Wire;
use crate::redact::Redactor;

/// How much of one log line is written.
const MAX_LINE_BYTES: usize = 8 * 1024;

/// How much of a message is searched for secrets. More than is written, so that one at the end is seen whole.
const MAX_SEARCHED_BYTES: usize = 4 * MAX_LINE_BYTES;

/// How many lines one call may write.
const MAX_LINES: usize = 100;

/// Where a connector's log lines go, and what is taken out of them.
#[derive(Clone)]
pub(crate) struct LogSink {
    crm: Arc<str>,
    connector: Arc<str>,
    redactor: Redactor,
}

impl LogSink {
    pub(crate) fn new(crm: &str, connector: &str, redactor: Redactor) -> Self {
        Self {
            crm: crm.into(),
            connector: connector.into(),
            redactor,
        }
    }

    /// Returns the same sink for a call, whose input holds more to take out.
    pub(crate) fn with_redactor(&self, redactor: Redactor) -> Self {
        Self {
            redactor,
            ..self.clone()
        }
    }

    pub(super) fn redact(&self, text: &str) -> String {
        self.redactor.redact(text)
    }

    /// Writes a line of a connector that belongs to no call.
    pub(super) fn write(&self, level: u8, message: &str, fields: &[u8]) {
        self.write_for("", level, message, fields);
    }

    fn write_for(&self, call_id: &str, level: u8, message: &str, fields: &[u8]) {
        let message = cut(&self.redact(cut_to(message, MAX_SEARCHED_BYTES))).to_owned();
        let fields = match serde_json::from_slice::<Value>(fields) {
            Ok(fields) => cut(&self.redactor.redact_json(fields).to_string()).to_owned(),
            Err(_) => String::new(),
        };
        let (crm, connector) = (&*self.crm, &*self.connector);
        // The level is part of a tracing call site, so each level is a call site of its own.
        macro_rules! line {
            ($level:ident) => {
                $level!(target: "switchboard::connector", crm, connector, call_id, fields, "{message}")
            };
        }
        match level {
            0 | 1 => line!(error),
            2 => line!(warn),
            3 => line!(info),
            4 => line!(debug),
            _ => line!(trace),
        }
    }
}

/// The log of one call.
pub(crate) struct CallLog {
    sink: LogSink,
    call_id: String,
    n_lines: AtomicUsize,
}

impl CallLog {
    pub(crate) fn new(sink: LogSink, call_id: String) -> Self {
        Self {
            sink,
            call_id,
            n_lines: AtomicUsize::new(0),
        }
    }

    fn write(&self, level: u8, message: &str, fields: &[u8]) {
        match self.n_lines.fetch_add(1, Ordering::Relaxed) {
            0..MAX_LINES => self.sink.write_for(&self.call_id, level, message, fields),
            MAX_LINES => {
                let message =
                    format!("more than {MAX_LINES} lines in one call; the rest is dropped");
                self.sink.write_for(&self.call_id, 2, &message, b"");
            }
            _ => {}
        }
    }
}

/// What a connector holds during a call.
#[derive(Clone)]
pub(crate) struct CallServices {
    wire: Wire,
    log: Arc<CallLog>,
}

impl CallServices {
    pub(crate) fn new(wire: Wire, log: CallLog) -> Self {
        Self {
            wire,
            log: Arc::new(log),
        }
    }

    /// Makes the object that crosses the boundary.
    pub(crate) fn to_raw(&self) -> HostServicesBox {
        HostServices_TO::from_value(self.clone(), TD_Opaque)
    }
}

impl HostServices for CallServices {
    fn http(&self, request: RawMessage) -> FfiFuture<RResult<RawMessage, RawFault>> {
        let wire = self.wire.clone();
        async move { RResult::from(send(&wire, request).await.map_err(RawFault::from)) }.into_ffi()
    }

    fn log(&self, level: u8, message: RStr<'_>, fields: RVec<u8>) {
        self.log.write(level, &message, &fields);
    }

    fn now_unix_ms(&self) -> u64 {
        now_unix_ms()
    }

    fn call(
        &self,
        operation: RStr<'_>,
        _input: RVec<u8>,
    ) -> FfiFuture<RResult<RVec<u8>, RawFault>> {
        let fault = Fault::unsupported(format!("this host does not know {operation}"));
        std::future::ready(RErr(fault.into())).into_ffi()
    }
}

async fn send(wire: &Wire, request: RawMessage) -> Result<RawMessage, Fault> {
    let head: RequestHead = serde_json::from_slice(&request.head)
        .map_err(|error| Fault::internal(format!("cannot read a request's head: {error}")))?;
    let (head, body) = wire.send(head, request.body.into()).await?;
    let head = serde_json::to_vec(&head)
        .map_err(|error| Fault::internal(format!("cannot write an answer's head: {error}")))?;
    Ok(RawMessage {
        head: head.into(),
        body: body.into(),
    })
}

pub(super) fn now_unix_ms() -> u64 {
    let elapsed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn cut(text: &str) -> &str {
    cut_to(text, MAX_LINE_BYTES)
}

fn cut_to(text: &str, n_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(n_bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_cut_at_a_character() {
        let text = "ż".repeat(MAX_LINE_BYTES);
        assert_eq!(cut(&text).len(), MAX_LINE_BYTES);
        let text = format!("a{text}");
        assert_eq!(cut(&text).len(), MAX_LINE_BYTES - 1);
        assert_eq!(cut("short"), "short");
    }
}
