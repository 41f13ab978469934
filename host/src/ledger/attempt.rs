//! The attempts to log a call: what comes in from them, and what is kept of them.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::Value;

use super::state::{AttemptEnd, StateName, Token};
use super::{CallReference, Row};
use crate::egress::{Effect, End, SentRequest};

/// A request that wants to log a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClaim {
    /// The id in the host's log lines.
    pub call_id: String,
    /// What finds the entry later.
    pub reference: CallReference,
    /// How long nobody else may claim the call: more than the attempt may take.
    pub lease: Duration,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// The call is this request's to log.
    Claimed(Token),
    /// Another request has it or has logged it, its end is unclear, or it is not to be retried yet.
    Duplicate(Box<Row>),
}

/// The end of an attempt, as it is written down.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// What became of the call.
    pub end: AttemptEnd,
    /// The outcome's JSON, for requests that repeat the call; without secrets and private texts.
    pub outcome: Value,
    /// What was sent.
    pub sent: Vec<Sent>,
}

/// A request that an attempt made. Neither query nor headers nor bodies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The method.
    pub method: String,
    /// The host, with the port where it is not the scheme's own.
    pub host: String,
    /// The path, without its query.
    pub path: String,
    /// Whether it could change something.
    pub write: bool,
    /// How it ended.
    pub end: SentEnd,
    /// The answer's status, if there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SentEnd {
    /// It was answered.
    Answered,
    /// Nothing of it left the machine.
    NotSent,
    /// It left, and nobody knows what became of it.
    Unclear,
    /// Its end was still awaited.
    UnderWay,
}

/// What is kept of an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Which claim of the call it was.
    pub token: Token,
    /// The id in the host's log lines.
    pub call_id: String,
    /// When it claimed the call.
    #[serde(serialize_with = "super::row::as_text")]
    pub claimed_at: Timestamp,
    /// When it was allowed to write.
    #[serde(serialize_with = "maybe_as_text")]
    pub fenced_at: Option<Timestamp>,
    /// How it ended; `UNKNOWN` if its lease did.
    pub settled: Option<Settled>,
    /// How the doubt was settled, if it ended in `UNKNOWN`.
    pub resolved: Option<Resolved>,
    /// What it sent.
    pub sent: Vec<Sent>,
}

/// When and how an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Settled {
    /// When.
    #[serde(serialize_with = "super::row::as_text")]
    pub at: Timestamp,
    /// The call's state after it.
    pub state: StateName,
}

/// Who settled the doubt about an attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resolved {
    /// When.
    #[serde(serialize_with = "super::row::as_text")]
    pub at: Timestamp,
    /// The call's state after it.
    pub state: StateName,
    /// `look-up`, or the operator's name.
    pub by: String,
}

impl From<&SentRequest> for Sent {
    fn from(request: &SentRequest) -> Self {
        // Reasons stay out: they quote what a network or a CRM said.
        let (end, status) = match request.end {
            End::Answered(status) => (SentEnd::Answered, Some(status)),
            End::NotSent(_) => (SentEnd::NotSent, None),
            End::Unclear(_) => (SentEnd::Unclear, None),
            End::UnderWay => (SentEnd::UnderWay, None),
        };
        Self {
            method: request.method.clone(),
            host: request.host.clone(),
            path: request.path.clone(),
            write: request.effect == Effect::Write,
            end,
            status,
        }
    }
}

fn maybe_as_text<S: Serializer>(
    moment: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => serializer.collect_str(moment),
        None => serializer.serialize_none(),
    }
}
