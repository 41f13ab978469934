//! Looks for the entry of a call whose end is unclear.
//!
//! The connector is asked by `findCallLog`, and may only read. It names every entry that could be the call's; the host
//! leaves out those of other calls. None means that nothing was written, one is the call's entry, several are for a
//! person to tell apart. The ledger decides whether the search came late enough to count.

mod answer;

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::value::RawValue;
use switchboard_connector_sdk::Fault;
use switchboard_connector_sdk::wire::ContextHead;
use tokio::time::{Instant, timeout_at};

use crate::connector::{CallLog, CallServices, Closing};
use crate::crm::Ready;
use crate::dry_run::shown_path;
use crate::egress::{Show, Terms, Unguarded, Writes};
use crate::error_chain::with_sources;
use crate::ledger::state::Found;
use crate::ledger::{Ledger, ResolveError, Row, StoreError};
use crate::manifest::SecretText;
use crate::redact::Redactor;
use answer::Candidates;

/// The operation by which a connector finds the entry of a call.
const OPERATION: &str = "findCallLog";

/// One search.
pub(crate) struct LookUp<'a> {
    pub(crate) id: &'a str,
    pub(crate) ready: &'a Ready,
    pub(crate) ledger: &'a Ledger,
    /// The call, in doubt.
    pub(crate) row: &'a Row,
    pub(crate) auth_header: SecretText,
    /// The input of the request that brought the search about, if one did.
    pub(crate) call: Option<Box<RawValue>>,
    pub(crate) redactor: Redactor,
    pub(crate) deadline: Instant,
    pub(crate) underway: Weak<dyn Any + Send + Sync>,
}

/// What a search came to.
#[derive(Debug)]
pub(crate) enum LookedUp {
    /// The ledger says now whether the call is logged, by this search or by somebody else's word.
    Settled,
    /// A write may still be on its way.
    TooEarly {
        /// The end of that time.
        until: Timestamp,
    },
    /// Several entries could be the call's.
    Several,
    /// The search failed; nothing follows.
    Failed(Fault),
}

/// The input of `findCallLog`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Input<'a> {
    reference: Reference<'a>,
    auth_header: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    call: Option<&'a RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference<'a> {
    #[serde(flatten)]
    kept: &'a crate::ledger::CallReference,
    /// An entry of an earlier attempt is the call's, too.
    claimed_at: String,
}

impl LookUp<'_> {
    /// Searches the CRM and tells the ledger.
    ///
    /// # Errors
    ///
    /// [`StoreError`]: nothing is known to be written down.
    pub(crate) async fn run(self) -> Result<LookedUp, StoreError> {
        let quarantine = self.ready.ledger.quarantine;
        let begun = Timestamp::now();
        let until = self.row.standing.since.saturating_add(quarantine);
        let until = until.unwrap_or(Timestamp::MAX);
        if begun < until {
            return Ok(LookedUp::TooEarly { until });
        }
        let candidates = match self.search().await {
            Ok(candidates) => candidates,
            Err(fault) => return Ok(LookedUp::Failed(self.redacted(&fault))),
        };
        let found = self.found(candidates).await?;
        let (key, token) = (&self.row.key, self.row.standing.token);
        tracing::info!(%key, call_id = self.id, ?found, "the entry of a call was looked for");
        let told = self.ledger.looked_up(key, token, found, begun, quarantine);
        match told.await {
            Ok(()) | Err(ResolveError::MovedOn { .. } | ResolveError::Missing { .. }) => {
                Ok(LookedUp::Settled)
            }
            Err(ResolveError::Quarantined { until, .. }) => Ok(LookedUp::TooEarly { until }),
            Err(ResolveError::Several { .. }) => Ok(LookedUp::Several),
            Err(ResolveError::Store(error)) => Err(error),
            Err(error @ ResolveError::EntryOfAnother { .. }) => {
                Ok(LookedUp::Failed(Fault::unavailable(with_sources(&error))))
            }
        }
    }

    /// Asks the connector.
    async fn search(&self) -> Result<Candidates, Fault> {
        let ready = self.ready;
        let _permit = ready.gate.enter(self.deadline).await?;
        let instance = timeout_at(self.deadline, ready.connector.instance()).await;
        let instance = instance.map_err(|_| too_late())??;
        let (input, context) = (self.input()?, self.context()?);
        let redactor = self.redactor.clone();
        let wire = ready.egress.begin(Terms {
            deadline: self.deadline,
            writes: Writes::Refuse,
            guard: Arc::new(Unguarded),
            underway: Weak::clone(&self.underway),
            show: Show::new(move |path| shown_path(path, &redactor)),
        });
        let sink = ready.connector.log().with_redactor(self.redactor.clone());
        let log = CallLog::new(sink, self.id.to_owned());
        let services = Closing(CallServices::new(wire, log));
        let mut running =
            ready
                .connector
                .call(instance, services.0.to_raw(), OPERATION, context, input);
        let answer = timeout_at(self.deadline, running.answer()).await;
        Candidates::read(&answer.unwrap_or_else(|_| Err(too_late()))?)
    }

    /// Leaves out the entries of other calls.
    async fn found(&self, candidates: Candidates) -> Result<Found, StoreError> {
        let mut remaining = Vec::new();
        for log_id in candidates.log_ids {
            if self.ledger.holder(self.row, &log_id).await?.is_none() {
                remaining.push(log_id);
            }
        }
        let likeliest = candidates.likeliest.filter(|it| remaining.contains(it));
        Ok(match (remaining.len(), likeliest) {
            (0, _) => Found::None,
            (1, _) => Found::One {
                log_id: remaining.swap_remove(0),
            },
            (_, Some(log_id)) => Found::One { log_id },
            (_, None) => Found::Several,
        })
    }

    fn input(&self) -> Result<Vec<u8>, Fault> {
        let kept = self.row.reference.as_ref();
        let kept = kept.ok_or_else(|| {
            Fault::internal("the ledger has forgotten what finds the entry of this call")
        })?;
        to_json(&Input {
            reference: Reference {
                kept,
                claimed_at: self.row.first_claimed_at.to_string(),
            },
            auth_header: self.auth_header.expose(),
            call: self.call.as_deref(),
        })
    }

    fn context(&self) -> Result<Vec<u8>, Fault> {
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        let mut head = ContextHead::new(self.id);
        head.remaining_ms = millis(remaining);
        to_json(&head)
    }

    fn redacted(&self, fault: &Fault) -> Fault {
        let text = self.redactor.redact(fault.message());
        let redacted = Fault::new(fault.code(), text);
        match fault.retry_after() {
            Some(wait) => redacted.with_retry_after(wait),
            None => redacted,
        }
    }
}

fn too_late() -> Fault {
    Fault::timeout("the connector did not find out in the time that a call may take")
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn to_json(value: &impl Serialize) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(value).map_err(|error| {
        Fault::internal(format!("cannot write what is looked for as JSON: {error}"))
    })
}
