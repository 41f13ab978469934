//! What a call would write, without writing it.

mod shown;

use std::fmt;

use serde::{Serialize, Serializer};
use serde_json::Value;
use switchboard_connector_sdk::Fault;

use crate::egress::SentRequest;
use crate::outcome::CallOutcome;

pub(crate) use shown::{show, shown_path};

/// The exit code of a dry run that captured nothing, where the call itself has none.
const NOTHING_CAPTURED: u8 = 1;

/// What became of a dry run.
///
/// Serializes as one object: `dryRun`, always true; `request`, what would have been sent, or null; and the members of
/// the call's outcome if it ended before a write, else `warnings` where there are any.
#[derive(Debug, Clone, PartialEq)]
pub enum DryRun {
    /// The connector got as far as a write. It was not sent, and the call ended there.
    Captured {
        /// The write.
        request: CapturedRequest,
        /// What the operator should know.
        warnings: Vec<String>,
        /// What was sent before, and how it ended. The captured write is the last one.
        requests: Vec<SentRequest>,
    },
    /// The call ended before a write.
    Ended(CallOutcome),
}

/// A write that was not sent. Secrets are `***`; notes and transcripts stand in it as they would be written.
#[derive(Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct CapturedRequest {
    /// The method.
    pub method: String,
    /// The URL.
    pub url: String,
    /// The connector's headers, an object of texts. All but `accept` and `content-type` are `***`.
    pub headers: Value,
    /// The body: as JSON if it is that, else its text; null if there is none.
    pub body: Value,
}

impl DryRun {
    /// The call ended before a write. An entry that the connector names all the same was there before.
    pub(crate) fn ended(outcome: CallOutcome) -> Self {
        const NO_WRITE: &str =
            "the connector ended without a write, so there is no request to show";
        let warning = outcome.log_id().map(|_| NO_WRITE.to_owned());
        DryRun::Ended(outcome.with_warnings(warning.into_iter().collect()))
    }

    /// Makes the end of a dry run that never reached a host.
    pub fn not_begun(crm: &str, fault: &Fault) -> Self {
        DryRun::Ended(CallOutcome::not_logged(crm, fault))
    }

    /// Returns what was sent to the CRM and how each request ended, in order.
    pub fn requests(&self) -> &[SentRequest] {
        match self {
            DryRun::Captured { requests, .. } => requests,
            DryRun::Ended(outcome) => outcome.requests(),
        }
    }

    /// Returns the exit code of `switchboard log --dry-run`: 0 if a write was captured, else as for a call, but not 0.
    pub fn exit_code(&self) -> u8 {
        match self {
            DryRun::Captured { .. } => 0,
            DryRun::Ended(outcome) => outcome.exit_code().max(NOTHING_CAPTURED),
        }
    }
}

impl Serialize for DryRun {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (request, rest) = match self {
            DryRun::Captured {
                request, warnings, ..
            } => (Some(request), Rest::Warnings { warnings }),
            DryRun::Ended(outcome) => (None, Rest::Outcome(outcome)),
        };
        let members = Members {
            dry_run: true,
            request,
            rest,
        };
        members.serialize(serializer)
    }
}

/// A dry run as it is written.
#[derive(Serialize)]
struct Members<'a> {
    #[serde(rename = "dryRun")]
    dry_run: bool,
    request: Option<&'a CapturedRequest>,
    #[serde(flatten)]
    rest: Rest<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Rest<'a> {
    Warnings {
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        warnings: &'a [String],
    },
    Outcome(&'a CallOutcome),
}

impl fmt::Debug for CapturedRequest {
    /// The query and the body hold what is private.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = formatter.debug_struct("CapturedRequest");
        debug.field("method", &self.method).finish_non_exhaustive()
    }
}
