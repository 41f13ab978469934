//! The host's services for one call: its wire, its log, the clock.
//!
//! One object belongs to one call, whatever the connector does with it: clones share the call's wire and its log. The
//! pipeline closes it when the connector has answered; what a connector does with it later has no effect. The object
//! for opening has a log of the same kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use abi_stable::sabi_trait::TD_Opaque;
use abi_stable::std_types::{RErr, RResult, RStr, RVec};
use async_ffi::{FfiFuture, FutureExt};
use serde_json::Value;
use switchboard_abi::{HostServices, HostServices_TO, HostServicesBox, RawFault, RawMessage};
use switchboard_connector_sdk::Fault;
use switchboard_connector_sdk::wire::RequestHead;
use tracing::{Level, debug, enabled, error, info, trace, warn};

use crate::egress::Wire;
use crate::loader::printable;
use crate::redact::Redactor;

/// How much of one log line is written, message and fields together.
pub(super) const MAX_LINE_BYTES: usize = 8 * 1024;

/// How much of a message is searched for secrets. More than is written, so that one at the end is seen whole. Longer
/// fields are left out: cut off, they are no JSON that could be searched.
pub(super) const MAX_SEARCHED_BYTES: usize = 4 * MAX_LINE_BYTES;

/// How many lines one call, or one opening, may write.
pub(super) const MAX_LINES: usize = 100;

/// The target of connectors' lines.
const TARGET: &str = "switchboard::connector";

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

    pub(super) fn write(&self, call_id: &str, level: u8, message: &str, fields: &[u8]) {
        let message = self.redact(cut(message, MAX_SEARCHED_BYTES));
        let message = printable(&message);
        let message = cut(&message, MAX_LINE_BYTES);
        let fields = self.shown_fields(fields);
        let fields = cut(&fields, MAX_LINE_BYTES - message.len());
        let (crm, connector) = (&*self.crm, &*self.connector);
        // The level is part of a tracing call site, so each level is a call site of its own.
        macro_rules! line {
            ($level:ident) => {
                $level!(target: TARGET, crm, connector, call_id, fields, "{message}")
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

    fn shown_fields(&self, fields: &[u8]) -> String {
        if fields.len() > MAX_SEARCHED_BYTES {
            return format!("{} bytes of fields are left out", fields.len());
        }
        match serde_json::from_slice::<Value>(fields) {
            Ok(fields) => printable(&self.redactor.redact_json(fields).to_string()),
            Err(_) => String::new(),
        }
    }
}

/// Whether lines of connectors are written at this level.
fn is_enabled(level: u8) -> bool {
    match level {
        0 | 1 => enabled!(target: TARGET, Level::ERROR),
        2 => enabled!(target: TARGET, Level::WARN),
        3 => enabled!(target: TARGET, Level::INFO),
        4 => enabled!(target: TARGET, Level::DEBUG),
        _ => enabled!(target: TARGET, Level::TRACE),
    }
}

/// Returns the least important level at which lines of connectors are written, from 1 (error) to 5 (trace); 0: none are.
pub(super) fn highest_level() -> u8 {
    (1..=5).rev().find(|level| is_enabled(*level)).unwrap_or(0)
}

/// The log of one call, or of one opening.
pub(crate) struct CallLog {
    sink: LogSink,
    call_id: String,
    n_lines: AtomicUsize,
    is_closed: AtomicBool,
}

impl CallLog {
    /// Begins the log of a call. An opening has no call id.
    pub(crate) fn new(sink: LogSink, call_id: String) -> Self {
        Self {
            sink,
            call_id,
            n_lines: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Writes a line, unless its level is off, the log is closed or full. Only what is written counts.
    pub(super) fn write(&self, level: u8, message: &str, fields: &[u8]) {
        if self.is_closed.load(Ordering::Relaxed) || !is_enabled(level) {
            return;
        }
        match self.n_lines.fetch_add(1, Ordering::Relaxed) {
            0..MAX_LINES => self.sink.write(&self.call_id, level, message, fields),
            MAX_LINES => {
                let message = format!("more than {MAX_LINES} lines; the rest is dropped");
                self.sink.write(&self.call_id, 2, &message, b"");
            }
            _ => {}
        }
    }

    /// Drops what is written from now on.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
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

    /// Ends the services: nothing more is sent or logged, whoever still holds them. A write that has left goes on.
    pub(crate) fn close(&self) {
        self.wire.revoke();
        self.log.close();
    }

    /// Sends a request of the connector.
    pub(super) async fn http(&self, request: RawMessage) -> Result<RawMessage, Fault> {
        send(&self.wire, request).await
    }

    /// Writes a log line of the connector.
    pub(super) fn log(&self, level: u8, message: &str, fields: &[u8]) {
        self.log.write(level, message, fields);
    }

    /// Runs a service of the host by name. This version has none.
    pub(super) async fn call(&self, operation: &str, _input: Vec<u8>) -> Result<Vec<u8>, Fault> {
        Err(unknown_service(operation))
    }

    /// Returns the call's id.
    pub(super) fn call_id(&self) -> &str {
        &self.log.call_id
    }

    /// Returns what takes the call's secrets out of a text.
    pub(super) fn redactor(&self) -> &Redactor {
        &self.log.sink.redactor
    }

    /// Makes the object that crosses the boundary.
    pub(super) fn to_raw(&self) -> HostServicesBox {
        HostServices_TO::from_value(self.clone(), TD_Opaque)
    }
}

/// Services that end with their call, in whatever way it is left: a panic must not leave a connector the wire.
pub(crate) struct Closing(pub(crate) CallServices);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
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
        let fault = unknown_service(&operation);
        std::future::ready(RErr(fault.into())).into_ffi()
    }
}

fn unknown_service(operation: &str) -> Fault {
    Fault::unsupported(format!("this host does not know {operation}"))
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

pub(super) fn cut(text: &str, n_bytes: usize) -> &str {
    &text[..text.floor_char_boundary(n_bytes)]
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::Mutex;

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// What was logged, as the text format writes it.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Written {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }

        fn n_lines(&self) -> usize {
            self.text().lines().count()
        }
    }

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Written {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// Runs with a log of level info, and returns what is in it.
    fn logged(run: impl FnOnce(&CallLog, &Written)) -> Written {
        let written = Written::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(written.clone())
            .with_ansi(false)
            .with_max_level(Level::INFO)
            .finish();
        let input = br#"{ "authHeader": "Bearer tok-4711" }"#;
        let redactor = Redactor::new(vec![input.as_slice().into()], Arc::default());
        let log = CallLog::new(LogSink::new("crm", "acme", redactor), "id".to_owned());
        tracing::subscriber::with_default(subscriber, || run(&log, &written));
        written
    }

    #[test]
    fn a_line_is_cut_at_a_character() {
        let text = "ż".repeat(MAX_LINE_BYTES);
        assert_eq!(cut(&text, MAX_LINE_BYTES).len(), MAX_LINE_BYTES);
        let text = format!("a{text}");
        assert_eq!(cut(&text, MAX_LINE_BYTES).len(), MAX_LINE_BYTES - 1);
        assert_eq!(cut("short", MAX_LINE_BYTES), "short");
    }

    #[test]
    fn message_and_fields_are_one_line_of_8_kib() {
        let fields = format!(r#"{{"n":"{}"}}"#, "f".repeat(MAX_LINE_BYTES));
        let short = logged(|log, _| log.write(3, "m", fields.as_bytes())).text();
        assert!((MAX_LINE_BYTES..MAX_LINE_BYTES + 256).contains(&short.len()));
        let long = "m".repeat(2 * MAX_LINE_BYTES);
        let long = logged(|log, _| log.write(3, &long, fields.as_bytes())).text();
        assert!((MAX_LINE_BYTES..MAX_LINE_BYTES + 256).contains(&long.len()));
        assert!(!long.contains("ff"), "fields were written");
    }

    #[test]
    fn no_text_makes_a_line_of_its_own_or_shows_a_secret() {
        let forged = "refused\n2026-11-22T12:00:00Z INFO call ended\r\u{1b}[2K\u{2028}tok-4711";
        let fields = serde_json::json!({ "text": forged }).to_string();
        let written = logged(|log, _| log.write(3, forged, fields.as_bytes()));
        let text = written.text();
        assert_eq!(written.n_lines(), 1, "{text}");
        assert!(text.contains(r"refused\n2026"), "{text}");
        let is_harmless = |it: char| it == '\n' || !(it.is_control() || it == '\u{2028}');
        assert!(text.chars().all(is_harmless), "{text:?}");
        assert!(!text.contains("tok-4711"), "{text}");
    }

    #[test]
    fn fields_without_end_are_left_out_with_their_length() {
        let fields = format!(r#"["{}"]"#, "x".repeat(MAX_SEARCHED_BYTES));
        let text = logged(|log, _| log.write(3, "m", fields.as_bytes())).text();
        let expected = format!("{} bytes of fields are left out", fields.len());
        assert!(text.contains(&expected), "{text}");
    }

    #[test]
    fn a_hundred_lines_are_written_and_those_of_a_level_that_is_off_do_not_count() {
        let written = logged(|log, _| {
            (0..MAX_LINES).for_each(|_| log.write(4, "debug", b""));
            (0..2 * MAX_LINES).for_each(|_| log.write(3, "info", b""));
        });
        let text = written.text();
        assert_eq!(text.matches(": info").count(), MAX_LINES, "{text}");
        assert_eq!(text.matches("more than 100 lines").count(), 1, "{text}");
        assert_eq!(written.n_lines(), MAX_LINES + 1);
    }

    #[test]
    fn nothing_is_written_after_the_end() {
        logged(|log, written| {
            log.write(3, "in time", b"");
            log.close();
            log.write(1, "too late", b"");
            assert_eq!(written.n_lines(), 1, "{}", written.text());
        });
    }
}
