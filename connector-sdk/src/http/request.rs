//! A request, from its method to its sending.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use switchboard_abi::{HostServicesBox, RawMessage};

use super::find;
use super::response::Response;
use crate::fault::Fault;
use crate::wire::RequestHead;

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

impl<'a> RequestBuilder<'a> {
    pub(super) fn new(host: &'a HostServicesBox, method: &str, url: String) -> Self {
        Self {
            host,
            head: RequestHead::new(method.to_ascii_uppercase(), url),
            body: Ok(Vec::new()),
            content_type: None,
        }
    }

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
        let body = answer.body.into();
        Ok(Response::new(head, body, host.now_unix_ms()))
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

fn encode_pairs<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}
