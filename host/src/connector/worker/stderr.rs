//! What a worker writes to its stderr, as lines of the host's log.
//!
//! A connector's own words go through its log service. What comes here is what libraries print, and the last words of a
//! process that aborts.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::time::Instant;

use super::link::Link;
use crate::connector::services::{LogSink, MAX_LINE_BYTES};

/// So many lines are written in each [`PERIOD`].
const MAX_LINES: usize = 20;

/// How often lines are granted anew.
const PERIOD: Duration = Duration::from_secs(10);

/// The level of a warning, as connectors number them.
const WARN: u8 = 2;

/// Logs what comes, a line at a time, until the worker has ended. Everything is read, not everything is written: a
/// connector that prints without end must not be held up by a full pipe in the middle of a call.
pub(super) async fn keep_logging(mut stderr: Receiver, log: LogSink, link: Arc<Link>) {
    let mut lines = Lines::new(log, link);
    let mut buffer = vec![0; 4 * MAX_LINE_BYTES];
    while let Ok(n_bytes) = stderr.read(&mut buffer).await
        && n_bytes > 0
    {
        lines.take(&buffer[..n_bytes]);
    }
    lines.end();
}

struct Lines {
    log: LogSink,
    link: Arc<Link>,
    /// The beginning of a line whose end has not come.
    begun: Vec<u8>,
    since: Instant,
    n_lines: usize,
    n_dropped: usize,
}

impl Lines {
    fn new(log: LogSink, link: Arc<Link>) -> Self {
        Self {
            log,
            link,
            begun: Vec::new(),
            since: Instant::now(),
            n_lines: 0,
            n_dropped: 0,
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let room = MAX_LINE_BYTES.saturating_sub(self.begun.len());
            self.begun
                .extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                self.end_line();
            }
        }
    }

    fn end_line(&mut self) {
        let line = std::mem::take(&mut self.begun);
        if self.since.elapsed() >= PERIOD {
            self.report_dropped();
            (self.since, self.n_lines) = (Instant::now(), 0);
        }
        if self.n_lines == MAX_LINES {
            self.n_dropped += 1;
            return;
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            self.n_lines += 1;
            let text = self.link.redact(text.to_owned());
            self.log.write("", WARN, &format!("stderr: {text}"), b"");
        }
    }

    fn report_dropped(&mut self) {
        if self.n_dropped > 0 {
            let message = format!("stderr: {} more lines are left out", self.n_dropped);
            self.log.write("", WARN, &message, b"");
            self.n_dropped = 0;
        }
    }

    fn end(mut self) {
        if !self.begun.is_empty() {
            self.end_line();
        }
        self.report_dropped();
    }
}
