//! The path of one call.
//!
//! ```text
//! input -> prepare -> look (ledger) -> wait for a place -> complete -> call the connector -> settle -> outcome
//!                       |                                      first request: claim; first write: fence
//!                       `-> another request has the call: its outcome
//! ```
//!
//! A call runs in a task of the host from its start to its end: a caller that goes away ends the waiting and nothing
//! else. Whatever ends a call early (its deadline, a shutdown, a panic), a write that egress has begun is waited for
//! before the call is settled.

mod claim;
mod duplicate;
mod first;
mod kept;
mod once;
mod prepare;
mod rehearse;
mod subject;

use std::any::Any;
use std::sync::{Arc, Weak};
use std::time::Duration;

use switchboard_connector_sdk::Fault;
use switchboard_connector_sdk::model::InvalidInput;
use switchboard_connector_sdk::wire::ContextHead;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{Instrument, Span, info};

use crate::call_input::CallInput;
use crate::connector::{CREATE_CALL_LOG, CallLog, CallServices, Closing, Instance, Running};
use crate::crm::{Crm, Ready};
use crate::dry_run::shown_path;
use crate::egress::{Guard, Record, Request, Show, Terms, Unguarded, Wire, WriteVerdict, Writes};
use crate::host::{CallOptions, Stop};
use crate::ledger::Ledger;
use crate::limits::Permit;
use crate::outcome::{CallOutcome, Settlement, read_answer, settle};
use crate::redact::Redactor;
use claim::CallClaim;
use prepare::{Prepared, prepare};

pub(crate) use first::Firsts;
pub(crate) use rehearse::rehearse;

/// How long a connector may take to report a write that ended after the call's time was over.
const GRACE: Duration = Duration::from_secs(1);

/// One call on its way.
pub(crate) struct Call {
    pub(crate) id: String,
    pub(crate) crm: Arc<Crm>,
    pub(crate) input: CallInput,
    pub(crate) options: CallOptions,
    pub(crate) writes: Writes,
    pub(crate) ledger: Option<Ledger>,
    /// The calls of the host that others wait for.
    pub(crate) firsts: Arc<Firsts>,
    pub(crate) redactor: Redactor,
    /// What a request under way keeps.
    pub(crate) underway: Weak<dyn Any + Send + Sync>,
    pub(crate) stop: Stop,
}

/// Why a call ended before it could go to a connector.
enum Early {
    Invalid(InvalidInput),
    Fault(Fault),
}

/// What a connector's work on a call came to.
struct Attempt {
    settlement: Settlement,
    record: Record,
    captured: Option<Request>,
}

impl From<Fault> for Early {
    fn from(fault: Fault) -> Self {
        Early::Fault(fault)
    }
}

/// Takes a call from its input to its outcome, and writes its log line.
pub(crate) async fn run(call: Call) -> CallOutcome {
    let started = Instant::now();
    let (outcome, record) = log_call(&call, started).instrument(span(&call)).await;
    info!(
        crm = call.crm.name(),
        call_id = call.id,
        outcome = outcome.word(),
        code = outcome.error().map_or("ok", |error| error.code.as_str()),
        log_id = outcome.log_id(),
        duplicate = outcome.is_duplicate().then_some(true),
        error = outcome.error().map(|error| error.message.as_str()),
        duration_ms = duration_ms(started),
        requests_sent = record.n_sent(),
        "call ended"
    );
    outcome.with_requests(record.requests)
}

/// Log lines on the way stand in the span; the call's own line names everything itself.
fn span(call: &Call) -> Span {
    tracing::info_span!("call", crm = call.crm.name(), call_id = call.id)
}

fn duration_ms(started: Instant) -> u64 {
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

async fn log_call(call: &Call, started: Instant) -> (CallOutcome, Record) {
    let mut prepared = match prepare(call) {
        Ok(prepared) => prepared,
        Err(early) => return (refused(call, early), Record::default()),
    };
    match &call.ledger {
        Some(ledger) => kept::log_call(call, ledger, prepared, started).await,
        None => {
            let terms = Way::unkept(started + prepared.ready.limits.timeout);
            let attempt = attempt(call, &mut prepared, &terms).await;
            outcome(call, prepared, attempt)
        }
    }
}

/// Makes the outcome of a call that a connector worked on, or that never came to its turn.
fn outcome(
    call: &Call,
    prepared: Prepared<'_>,
    attempt: Result<Attempt, Fault>,
) -> (CallOutcome, Record) {
    let (id, crm) = (call.id.clone(), call.crm.display_name());
    let (outcome, record) = match attempt {
        Ok(Attempt {
            settlement: Settlement::Done(entry),
            record,
            ..
        }) if entry.is_without_text() && prepared.warnings.is_empty() => {
            return (CallOutcome::logged(id, entry), record);
        }
        Ok(attempt) => (settled(id, crm, attempt.settlement), attempt.record),
        Err(fault) => (CallOutcome::failed(id, crm, &fault), Record::default()),
    };
    let outcome = outcome.with_warnings(prepared.warnings);
    let redactor = prepared.redactor;
    (outcome.map_texts(|text| redactor.redact(text)), record)
}

/// Makes the outcome of a call that got to no connector.
fn refused(call: &Call, early: Early) -> CallOutcome {
    let (id, crm) = (call.id.clone(), call.crm.display_name());
    let outcome = match early {
        Early::Invalid(invalid) => CallOutcome::invalid(id, crm, &call.input.explain(invalid)),
        Early::Fault(fault) => CallOutcome::failed(id, crm, &fault),
    };
    // The faults of an input are redacted, too: they quote values, and a token may stand in the wrong place.
    outcome.map_texts(|text| call.redactor.redact(text))
}

fn settled(id: String, crm: &str, settlement: Settlement) -> CallOutcome {
    match settlement {
        Settlement::Done(entry) => CallOutcome::logged(id, entry),
        Settlement::Failed(fault, message) | Settlement::Rejected(fault, message) => {
            CallOutcome::failed_with_message(id, crm, &fault, message)
        }
        Settlement::Unknown(fault) => CallOutcome::failed(id, crm, &fault),
    }
}

/// On what terms a connector works on a call.
struct Way {
    deadline: Instant,
    /// Which attempt at the call it is, from 1.
    attempt: u32,
    /// The call's claim, where a ledger keeps it.
    claim: Option<Arc<CallClaim>>,
}

impl Way {
    /// Without a ledger.
    fn unkept(deadline: Instant) -> Self {
        Self {
            deadline,
            attempt: 1,
            claim: None,
        }
    }

    fn guard(&self) -> Arc<dyn Guard> {
        match &self.claim {
            Some(claim) => Arc::clone(claim) as Arc<dyn Guard>,
            None => Arc::new(Unguarded),
        }
    }

    /// Waits until the ledger keeps the call from going on, which may never be.
    async fn barred(&self) {
        match &self.claim {
            Some(claim) => claim.stopped().await,
            None => std::future::pending().await,
        }
    }
}

async fn attempt(call: &Call, prepared: &mut Prepared<'_>, way: &Way) -> Result<Attempt, Fault> {
    let ready = prepared.ready;
    if call.writes == Writes::Capture && ready.own_network {
        return Err(own_network());
    }
    let deadline = way.deadline;
    let (_permit, instance) = tokio::select! {
        biased;
        () = call.stop.now() => return Err(stopped()),
        place = place(ready, deadline) => place?,
    };

    let input = prepared.complete(call.input.json());
    let underway = Weak::clone(&call.underway);
    let redactor = prepared.redactor.clone();
    let show = Show::new(move |path| shown_path(path, &redactor));
    let wire = ready.egress.begin(Terms {
        deadline,
        writes: call.writes,
        guard: way.guard(),
        underway,
        show,
    });
    let services = Closing(services(&call.id, prepared, &wire));
    let context = context(call, way)?;
    if ready.own_network {
        // Its requests are its own: nobody sees the first one, or the first write.
        let fenced = timeout_at(deadline, way.guard().before_write()).await;
        fenced.map_err(|_| {
            Fault::timeout("the ledger did not answer in the time that a call may take")
        })??;
    }
    let running = instance.call(&services.0, CREATE_CALL_LOG, context, input);
    let answer = finish(running, &wire, way, &call.stop).await;
    drop(services);
    wire.writes_ended().await;
    let record = wire.record();
    let answer = answer.and_then(|json| read_answer(&json));
    Ok(Attempt {
        settlement: settle(answer, &record, ready.own_network),
        record,
        captured: wire.captured(),
    })
}

/// Waits for a place to run and for an instance to run on.
async fn place(ready: &Ready, deadline: Instant) -> Result<(Permit, Instance), Fault> {
    let permit = ready.gate.enter(deadline).await?;
    let instance = timeout_at(deadline, ready.connector.instance()).await;
    let instance = instance.unwrap_or_else(|_| {
        Err(Fault::timeout(
            "the connector did not open again in the time that a call may take",
        ))
    });
    Ok((permit, instance?))
}

fn own_network() -> Fault {
    Fault::unsupported(
        "the connector may open connections of its own, which a dry run cannot keep from writing",
    )
}

fn stopped() -> Fault {
    Fault::unavailable("the host was told to stop")
}

fn services(call_id: &str, prepared: &Prepared<'_>, wire: &Wire) -> CallServices {
    let log = prepared.ready.connector.log();
    let sink = log.with_redactor(prepared.redactor.clone());
    CallServices::new(wire.clone(), CallLog::new(sink, call_id.to_owned()))
}

fn context(call: &Call, way: &Way) -> Result<Vec<u8>, Fault> {
    let remaining = way.deadline.saturating_duration_since(Instant::now());
    let mut head = ContextHead::new(&call.id);
    head.traceparent = call.options.traceparent.clone();
    head.remaining_ms = u64::try_from(remaining.as_millis()).unwrap_or(u64::MAX);
    head.attempt = way.attempt;
    head.dry_run = call.writes == Writes::Capture;
    head.locale = call.options.locale.clone();
    head.tenant = call.options.tenant.clone();
    serde_json::to_vec(&head)
        .map_err(|error| Fault::internal(format!("cannot write the call's context: {error}")))
}

/// Waits for the connector's answer, until the deadline, a stop, a captured write or the ledger's refusal; a write under
/// way is waited for in any case.
async fn finish(
    mut running: Running,
    wire: &Wire,
    way: &Way,
    stop: &Stop,
) -> Result<Vec<u8>, Fault> {
    let fault = tokio::select! {
        biased;
        () = wire.has_captured() => return Err(Fault::closed("a write was captured")),
        () = way.barred() => return Err(Fault::closed("the ledger does not let this call go on")),
        answer = running.answer() => return answer,
        () = tokio::time::sleep_until(way.deadline) => {
            Fault::timeout("the connector did not answer in the time that a call may take")
        }
        () = stop.now() => stopped(),
    };
    wire.expire();
    if wire.writes_under_way() == 0 && wire.record().verdict() == WriteVerdict::NothingWritten {
        return Err(fault);
    }
    wire.writes_ended().await;
    // The connector may know the entry's id by now.
    timeout(GRACE, running.answer()).await.unwrap_or(Err(fault))
}
