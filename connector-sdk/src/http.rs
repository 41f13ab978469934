//! HTTP through the host's wire.
//!
//! The host owns the network: it checks that the manifest allows the address, follows redirects of reads, keeps the
//! time limit, and notes what was sent. A request looks like one of `reqwest`.

use std::fmt;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use switchboard_abi::{HostServicesBox, RawMessage};

use crate::fault::Fault;
use crate::wire::{RequestHead, ResponseHead};

/// Encodes a text as one segment of a URL's path. `/`, `?`, `#` and spaces do not get through.
///
/// `.` and `..` have no spelling that is a plain segment: URL parsers take `%2E%2E` for `..`, too. They are encoded
/// twice, so that they name nothing instead of another object. An empty text yields an empty segment.
///
/// ```
/// use switchboard_connector_sdk::http::path_segment;
/// assert_eq!(path_segment("a/b c"), "a%2Fb%20c");
/// assert_eq!(path_segment("v1.0"), "v1.0");
/// ```
pub fn path_segment(text: &str) -> String {
    // The unreserved characters of RFC 3986.
    const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    match text {
        "." | ".." => text.replace('.', "%252E"),
        _ => utf8_percent_encode(text, SEGMENT).to_string(),
    }
}

/// Starts requests of one call.
#[derive(Clone, Copy)]
pub struct Http<'a> {
    host: &'a HostServicesBox,
}

macro_rules! methods {
    ($($(#[$doc:meta])* $name:ident => $method:literal;)*) => {
        impl<'a> Http<'a> {
            $($(#[$doc])* pub fn $name(self, url: impl Into<String>) -> RequestBuilder<'a> {
                self.request($method, url)
            })*
        }
    };
}

methods! {
    /// Starts a `GET`.
    get => "GET";
    /// Starts a `HEAD`.
    head => "HEAD";
    /// Starts an `OPTIONS`.
    options => "OPTIONS";
    /// Starts a `POST`.
    post => "POST";
    /// Starts a `PUT`.
    put => "PUT";
    /// Starts a `PATCH`.
    patch => "PATCH";
    /// Starts a `DELETE`.
    delete => "DELETE";
}

impl<'a> Http<'a> {
    pub(crate) fn new(host: &'a HostServicesBox) -> Self {
        Self { host }
    }

    /// Starts a request with a method that has no function of its own, in any case.
    pub fn request(self, method: &str, url: impl Into<String>) -> RequestBuilder<'a> {
        let head = RequestHead {
            method: method.to_ascii_uppercase(),
            url: url.into(),
            headers: Vec::new(),
            timeout_ms: None,
            effect: None,
        };
        RequestBuilder {
            host: self.host,
            head,
            body: Ok(Vec::new()),
            content_type: None,
        }
    }
}

/// A request in the making.
#[must_use = "a request is sent by `send`"]
pub struct RequestBuilder<'a> {
    host: &'a HostServicesBox,
    head: RequestHead,
    /// A body that could not be written fails when the request is sent, so that building reads as one chain.
    body: Result<Vec<u8>, Fault>,
    /// The body's own `Content-Type`; a header of that name wins, wherever it stands in the chain.
    content_type: Option<&'static str>,
}

impl RequestBuilder<'_> {
    /// Adds a header. The host refuses those that it sets itself: `Host`, `Content-Length`, `Transfer-Encoding`,
    /// `Connection`, `Upgrade`, `TE`, `Expect` and `Proxy-*`.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.head.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds the header `Authorization` with a ready value, such as the call's
    /// [`auth_header`](crate::CreateCallLog::auth_header). An empty value adds nothing.
    pub fn authorization(self, value: &str) -> Self {
        if value.is_empty() {
            self
        } else {
            self.header("authorization", value)
        }
    }

    /// Adds basic authorization (RFC 7617).
    pub fn basic_auth(self, user: &str, password: Option<&str>) -> Self {
        let pair = format!("{user}:{}", password.unwrap_or_default());
        let value = format!("Basic {}", BASE64_STANDARD.encode(pair));
        self.header("authorization", &value)
    }

    /// Adds bearer authorization (RFC 6750).
    pub fn bearer_auth(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Adds parameters to the URL's query, encoded.
    pub fn query<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        parameters: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let pairs = encode_pairs(parameters);
        if pairs.is_empty() {
            return self;
        }
        // A fragment is never sent, and would swallow the query.
        let url = self.head.url.split('#').next().unwrap_or_default();
        let separator = match url.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        self.head.url = format!("{url}{separator}{pairs}");
        self
    }

    /// Sets a JSON body and its `Content-Type`, unless a header says another.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        self.body = serde_json::to_vec(body)
            .map_err(|error| Fault::internal(format!("cannot write a body as JSON: {error}")));
        self.content_type = Some("application/json");
        self
    }

    /// Sets a body of form fields and its `Content-Type`, unless a header says another.
    pub fn form<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        fields: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.body = Ok(encode_pairs(fields).into_bytes());
        self.content_type = Some("application/x-www-form-urlencoded");
        self
    }

    /// Sets a body of plain text and its `Content-Type`, unless a header says another.
    pub fn text(mut self, body: impl Into<String>) -> Self {
        self.body = Ok(body.into().into_bytes());
        self.content_type = Some("text/plain; charset=utf-8");
        self
    }

    /// Sets the body. Its `Content-Type` is up to the connector.
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Ok(body.into());
        self.content_type = None;
        self
    }

    /// Limits the request's time. The host shortens it to what the call has left.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.head.timeout_ms = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX));
        self
    }

    /// Vouches that this request changes nothing although its method could: a search or a token refresh by `POST`.
    ///
    /// The host believes it only where the manifest lists the request under `read_requests`; otherwise the request
    /// counts as a write.
    pub fn as_read(mut self) -> Self {
        self.head.effect = Some("read".to_owned());
        self
    }

    /// Sends the request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    ///
    /// `unavailable` if the CRM could not be reached, `timeout`, `forbidden-host` if the manifest does not allow the
    /// address, `unknown-outcome` if a write left and its end is unclear, `closed` after the call has ended.
    pub async fn send(self) -> Result<Response, Fault> {
        let host = self.host;
        let answer = host.http(self.into_raw()?).await;
        let answer = answer.into_result().map_err(Fault::from)?;
        let head = serde_json::from_slice(&answer.head)
            .map_err(|_| Fault::internal("cannot read the head of the host's answer"))?;
        Ok(Response {
            head,
            body: answer.body.into(),
            now_unix_ms: host.now_unix_ms(),
        })
    }

    fn into_raw(mut self) -> Result<RawMessage, Fault> {
        let body = self.body?;
        if let Some(value) = self.content_type
            && find(&self.head.headers, "content-type").is_none()
        {
            let header = ("content-type".to_owned(), value.to_owned());
            self.head.headers.push(header);
        }
        let head = serde_json::to_vec(&self.head)
            .map_err(|error| Fault::internal(format!("cannot write a request: {error}")))?;
        Ok(RawMessage {
            head: head.into(),
            body: body.into(),
        })
    }
}

/// The answer to a request.
pub struct Response {
    head: ResponseHead,
    body: Vec<u8>,
    now_unix_ms: u64,
}

impl Response {
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

fn find<'h>(headers: &'h [(String, String)], name: &str) -> Option<&'h str> {
    let found = headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str())
}

fn encode_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
