//! An answer, and the fault that fits its status.

use std::fmt;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::find;
use crate::fault::Fault;
use crate::wire::ResponseHead;

/// The answer to a request.
pub struct Response {
    head: ResponseHead,
    body: Vec<u8>,
    now_unix_ms: u64,
}

impl Response {
    pub(super) fn new(head: ResponseHead, body: Vec<u8>, now_unix_ms: u64) -> Self {
        Self {
            head,
            body,
            now_unix_ms,
        }
    }

    /// Returns the status code.
    pub fn status(&self) -> u16 {
        self.head.status
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.head.status)
    }

    /// Returns the URL that answered, after redirects.
    pub fn url(&self) -> &str {
        &self.head.url
    }

    /// Returns a header by its name, in any case; the first of several.
    pub fn header(&self, name: &str) -> Option<&str> {
        find(&self.head.headers, name)
    }

    /// Returns every header with a lower-case name, in order.
    pub fn headers(&self) -> &[(String, String)] {
        &self.head.headers
    }

    /// Returns the body.
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// Returns the body as text. What is not UTF-8 is replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads the body as JSON.
    ///
    /// # Errors
    ///
    /// `unavailable` if it is something else. The fault says where, never what: the body may hold private data.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Fault::unavailable(format!(
                "the CRM's answer is not the JSON that was expected (line {line}, column {column})"
            ))
        })
    }

    /// Returns `Retry-After`, seconds or a date, from now.
    pub fn retry_after(&self) -> Option<Duration> {
        let value = self.header("retry-after")?.trim();
        if let Ok(seconds) = value.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let date = httpdate::parse_http_date(value).ok()?;
        let since_epoch = date.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(since_epoch.saturating_sub(Duration::from_millis(self.now_unix_ms)))
    }

    /// Passes an answer with a 2xx status and turns every other into the fault that fits.
    ///
    /// # Errors
    ///
    /// | status | fault |
    /// |---|---|
    /// | 401 | `unauthorized` |
    /// | 403 | `forbidden` |
    /// | 404, 410 | `not-found` |
    /// | 408, 5xx | `unavailable` |
    /// | 429 | `rate-limited` |
    /// | any other | `rejected` |
    ///
    /// The fault quotes the CRM's own text where the body is JSON with one, and carries `Retry-After`.
    pub fn error_for_status(self) -> Result<Self, Fault> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(self.fault())
        }
    }

    fn fault(&self) -> Fault {
        let make = match self.status() {
            401 => Fault::unauthorized,
            403 => Fault::forbidden,
            404 | 410 => Fault::not_found,
            429 => Fault::rate_limited,
            408 | 500.. => Fault::unavailable,
            _ => Fault::rejected,
        };
        let message = match self.error_text() {
            Some(text) => format!("the CRM answered {}: {text}", self.status()),
            None => format!("the CRM answered {}", self.status()),
        };
        make(message).with_retry_after(self.retry_after().unwrap_or_default())
    }

    /// Returns what the CRM says went wrong: the first text under `error`, `message`, `error_description`, `detail`,
    /// `title` or `errors` of a JSON body, at most 300 characters of it.
    pub fn error_text(&self) -> Option<String> {
        const MAX_CHARS: usize = 300;
        let body: Value = serde_json::from_slice(&self.body).ok()?;
        let text = error_in(&body)?;
        Some(text.chars().take(MAX_CHARS).collect())
    }
}

/// Shows status and size only: headers and body may hold anything.
impl fmt::Debug for Response {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Response")
            .field("status", &self.status())
            .field("body_len", &self.body.len())
            .finish()
    }
}

fn error_in(value: &Value) -> Option<&str> {
    const MEMBERS: [&str; 6] = [
        "error",
        "message",
        "error_description",
        "detail",
        "title",
        "errors",
    ];
    match value {
        Value::Object(members) => MEMBERS
            .iter()
            .filter_map(|name| members.get(*name))
            .find_map(error_text_of),
        Value::Array(items) => items.first().and_then(error_in),
        _ => None,
    }
}

fn error_text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text.trim()).filter(|text| !text.is_empty()),
        Value::Array(items) => items.first().and_then(error_text_of),
        nested => error_in(nested),
    }
}
