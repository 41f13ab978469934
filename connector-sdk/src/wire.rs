//! The JSON that host and SDK exchange in heads and contexts.
//!
//! Unknown members are ignored and missing ones have a meaning, so that either side may be newer. Authors do not
//! need this module: [`CallContext`](crate::CallContext) and [`Http`](crate::http::Http) wrap it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The head of an HTTP request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResponseHead {
    /// The status code.
    pub status: u16,
    /// Name (lower case) and value of each header, in order. Bytes that are not UTF-8 are replaced.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The URL that answered, after redirects.
    pub url: String,
}

/// What a connector is opened with.
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenInput {
    /// `[settings]` of the manifest, variables filled in.
    pub settings: Box<RawValue>,
    /// The CRM's name in its manifest.
    pub crm: String,
    /// The host.
    pub host: HostInfo,
}

/// Who hosts the connector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct HostInfo {
    /// The program, e.g. `switchboard`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The names that the host's `call` knows.
    pub operations: Vec<String>,
}

/// What travels beside the input of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ContextHead {
    /// The call's id in outcome, log lines and ledger.
    pub call_id: String,
    /// The W3C trace context of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// How long the call may still take.
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
