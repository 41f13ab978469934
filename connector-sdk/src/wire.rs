//! The JSON that host and SDK exchange in heads and contexts.
//!
//! Unknown members are ignored and missing ones have a meaning, so that either side may be newer. Authors need this
//! module in tests only: [`CallContext`](crate::CallContext) and [`Http`](crate::http::Http) wrap it. A head is made
//! with `new`, which takes what it is for; the other members are set afterwards.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The head of an HTTP request.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RequestHead {
    /// The method in capital letters.
    pub method: String,
    /// The absolute URL.
    pub url: String,
    /// Name and value of each header, in order.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The request's own time limit in milliseconds. The host shortens it to what the call has left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// `"read"` if the connector vouches that this request changes nothing although its method could. The host
    /// believes it where the manifest lists the request under `read_requests`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<String>,
}

impl RequestHead {
    /// Makes the head of a request without headers.
    pub fn new(method: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            method: method.into(),
            url: url.into(),
            headers: Vec::new(),
            timeout_ms: None,
            effect: None,
        }
    }
}

/// Shows names of headers and no query: what a connector sends may be secret.
impl fmt::Debug for RequestHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RequestHead")
            .field("method", &self.method)
            .field("url", &without_query(&self.url))
            .field("headers", &names(&self.headers))
            .field("timeout_ms", &self.timeout_ms)
            .field("effect", &self.effect)
            .finish()
    }
}

/// The head of an answer.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// Name (lower case) and value of each header, in order. Bytes that are not UTF-8 are replaced.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The URL that answered, after redirects. Empty from a host that does not say.
    #[serde(default)]
    pub url: String,
}

impl ResponseHead {
    /// Makes the head of an answer from `url` without headers.
    pub fn new(status: u16, url: impl Into<String>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            url: url.into(),
        }
    }
}

/// Shows names of headers and no query: a CRM may answer with cookies and tokens.
impl fmt::Debug for ResponseHead {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ResponseHead")
            .field("status", &self.status)
            .field("headers", &names(&self.headers))
            .field("url", &without_query(&self.url))
            .finish()
    }
}

/// What a connector is opened with.
#[derive(Serialize, Deserialize)]
#[non_exhaustive]
pub struct OpenInput {
    /// `[settings]` of the manifest, variables filled in.
    pub settings: Box<RawValue>,
    /// The CRM's name in its manifest.
    #[serde(default)]
    pub crm: String,
    /// The host.
    #[serde(default)]
    pub host: HostInfo,
}

impl OpenInput {
    /// Makes what a connector is opened with for the CRM `crm`.
    pub fn new(settings: Box<RawValue>, crm: impl Into<String>, host: HostInfo) -> Self {
        Self {
            settings,
            crm: crm.into(),
            host,
        }
    }
}

/// Shows no settings: a part of them may be secret.
impl fmt::Debug for OpenInput {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OpenInput")
            .field("crm", &self.crm)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Who hosts the connector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct HostInfo {
    /// The program, e.g. `switchboard`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The names that the host's `call` knows.
    pub operations: Vec<String>,
}

impl HostInfo {
    /// Describes a host whose `call` knows no names.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            operations: Vec::new(),
        }
    }
}

/// What travels beside the input of an operation.
///
/// ```
/// use switchboard_connector_sdk::wire::ContextHead;
///
/// let mut context = ContextHead::new("call-7");
/// context.attempt = 2;
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct ContextHead {
    /// The call's id in outcome, log lines and ledger.
    pub call_id: String,
    /// The W3C trace context of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How long the call may still take. A host that does not say sets no limit.
    pub remaining_ms: u64,
    /// Which attempt at this call this is, from 1.
    pub attempt: u32,
    /// Whether writes are captured instead of sent.
    pub dry_run: bool,
    /// The user's language (BCP 47).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// The gateway's tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

impl ContextHead {
    /// Makes the context of the first attempt at a call, without a limit.
    pub fn new(call_id: impl Into<String>) -> Self {
        Self {
            call_id: call_id.into(),
            ..Self::default()
        }
    }
}

impl Default for ContextHead {
    fn default() -> Self {
        Self {
            call_id: String::new(),
            traceparent: None,
            remaining_ms: u64::MAX,
            attempt: 1,
            dry_run: false,
            locale: None,
            tenant: None,
        }
    }
}

fn names(headers: &[(String, String)]) -> Vec<&str> {
    headers.iter().map(|(name, _)| name.as_str()).collect()
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde::de::DeserializeOwned;
    use serde_json::{Value, json};

    use super::*;

    /// Reads a head and returns what this build would write.
    fn again<T: DeserializeOwned + Serialize>(head: Value) -> Value {
        let head: T = serde_json::from_str(&head.to_string()).unwrap();
        serde_json::to_value(head).unwrap()
    }

    #[test]
    fn a_head_of_a_newer_peer_is_read_without_what_is_not_known() {
        let newer = |mut head: Value| {
            head["priority"] = json!({ "level": [1, 2] });
            head
        };
        let request = json!({
            "method": "GET", "url": "https://a.example", "headers": [["a", "b"]], "timeout_ms": 5, "effect": "read",
        });
        assert_eq!(again::<RequestHead>(newer(request.clone())), request);
        let response =
            json!({ "status": 200, "headers": [["a", "b"]], "url": "https://a.example" });
        assert_eq!(again::<ResponseHead>(newer(response.clone())), response);
        let context = json!({
            "call_id": "c", "traceparent": "00-1", "remaining_ms": 7, "attempt": 2, "dry_run": true, "locale": "de",
            "tenant": "t",
        });
        assert_eq!(again::<ContextHead>(newer(context.clone())), context);
        let host = json!({ "name": "h", "version": "9", "operations": ["x"] });
        let open = json!({ "settings": { "a": 1.50 }, "crm": "acme", "host": newer(host.clone()) });
        let read = again::<OpenInput>(newer(open));
        assert_eq!(
            read,
            json!({ "settings": { "a": 1.5 }, "crm": "acme", "host": host })
        );
    }

    #[test]
    fn a_head_of_an_older_peer_is_read_with_what_its_silence_means() {
        assert_eq!(
            again::<RequestHead>(json!({ "method": "GET", "url": "https://a.example" })),
            json!({ "method": "GET", "url": "https://a.example", "headers": [] })
        );
        assert_eq!(
            again::<ResponseHead>(json!({ "status": 204 })),
            json!({ "status": 204, "headers": [], "url": "" })
        );
        assert_eq!(
            again::<ContextHead>(json!({})),
            json!({ "call_id": "", "remaining_ms": u64::MAX, "attempt": 1, "dry_run": false })
        );
        assert_eq!(
            again::<OpenInput>(json!({ "settings": {} })),
            json!({ "settings": {}, "crm": "", "host": { "name": "", "version": "", "operations": [] } })
        );
    }

    #[test]
    fn a_head_without_what_it_is_for_is_refused() {
        fn refused<T: DeserializeOwned + Debug>(head: Value) {
            serde_json::from_str::<T>(&head.to_string()).unwrap_err();
        }
        refused::<RequestHead>(json!({ "method": "GET" }));
        refused::<RequestHead>(json!({ "url": "https://a.example" }));
        refused::<ResponseHead>(json!({ "url": "https://a.example" }));
        refused::<ResponseHead>(json!({ "status": 70_000 }));
        refused::<OpenInput>(json!({ "crm": "acme" }));
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let headers = vec![("authorization".to_owned(), "Bearer c4n4ry".to_owned())];
        let url = "https://a.example/x?api_token=c4n4ry#c4n4ry".to_owned();
        let mut request = RequestHead::new("GET", &url);
        request.headers = headers.clone();
        let mut response = ResponseHead::new(200, url);
        response.headers = headers;
        let open: OpenInput =
            serde_json::from_str(r#"{"settings": {"key": "c4n4ry"}, "crm": "acme"}"#).unwrap();
        let shown = format!("{request:?} {response:?} {open:?}");
        assert!(!shown.contains("c4n4ry"), "{shown}");
        for kept in ["https://a.example/x", "authorization", "acme"] {
            assert!(shown.contains(kept), "{shown}");
        }
    }
}
