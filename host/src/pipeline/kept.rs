//! The path of a call that a ledger keeps from being logged twice.

use std::sync::Arc;
use std::time::Duration;

use switchboard_connector_sdk::Fault;
use tokio::time::{Instant, timeout_at};

use super::claim::{CallClaim, Obstacle, retry_at};
use super::duplicate::{Found, Free, Repeat, unavailable};
use super::prepare::Prepared;
use super::subject::Subject;
use super::{Attempt, Call, Way, attempt, outcome};
use crate::dry_run::shown_path;
use crate::egress::Record;
use crate::ledger::state::AttemptEnd;
use crate::ledger::{Ledger, Sent, Settlement as Settled};
use crate::outcome::{CallOutcome, Settlement, keep};
use crate::redact::Redactor;

/// How long a claim may take for an entry that a connector names without having sent a request.
const LATE_CLAIM_TIME: Duration = Duration::from_secs(5);

/// Takes a call that was checked to its outcome.
pub(super) async fn log_call(
    call: &Call,
    ledger: &Ledger,
    mut prepared: Prepared<'_>,
    started: Instant,
) -> (CallOutcome, Record) {
    let (ready, subject) = (prepared.ready, prepared.subject.clone());
    let repeat = Repeat {
        call,
        ready,
        ledger,
        subject: &subject,
        deadline: started + ready.limits.timeout,
    };
    let Free { first, attempt } = match repeat.look(&mut prepared).await {
        Found::Free(free) => free,
        Found::Answer(outcome, record) => return (*outcome, record),
    };
    let lease = ready.limits.timeout + ready.ledger.lease_margin;
    let claim = CallClaim::new(ledger.clone(), subject.clone(), &call.id, lease);
    let way = Way {
        deadline: repeat.deadline,
        attempt,
        claim: Some(Arc::new(claim)),
    };
    let (outcome, record) = log_claimed(call, prepared, &repeat, &way).await;
    first.tell(&outcome);
    (outcome, record)
}

async fn log_claimed(
    call: &Call,
    mut prepared: Prepared<'_>,
    repeat: &Repeat<'_>,
    way: &Way,
) -> (CallOutcome, Record) {
    let mut attempt = attempt(call, &mut prepared, way).await;
    let Some(claim) = &way.claim else {
        return outcome(call, prepared, attempt);
    };
    if is_logged(&attempt) && claim.obstacle().is_none() {
        // The connector may have got here without a request. Its entry exists, whatever the ledger says.
        let limit = Instant::now() + LATE_CLAIM_TIME;
        let _ = timeout_at(limit, claim.claim()).await;
        if let Some(Obstacle::Taken(row)) = claim.obstacle() {
            return (repeat.taken(*row).await, record(attempt));
        }
        return end(call, prepared, repeat.subject, claim, attempt).await;
    }
    match claim.obstacle() {
        None => {}
        Some(Obstacle::Taken(row)) => return (repeat.taken(*row).await, record(attempt)),
        Some(Obstacle::Refused(fault)) => attempt = barred(attempt, fault),
    }
    end(call, prepared, repeat.subject, claim, attempt).await
}

/// Makes the outcome of a call and writes it down.
async fn end(
    call: &Call,
    prepared: Prepared<'_>,
    subject: &Subject,
    claim: &Arc<CallClaim>,
    attempt: Result<Attempt, Fault>,
) -> (CallOutcome, Record) {
    let (ready, redactor) = (prepared.ready, prepared.redactor.for_keeping());
    let end = attempt_end(&attempt);
    let (mut outcome, record) = outcome(call, prepared, attempt);
    if end == AttemptEnd::Unknown {
        let next = ready.next_step(ready.ledger.quarantine);
        outcome = outcome.into_unclear(call.crm.display_name(), &subject.key, &next);
    } else if outcome.log_id().is_none() && claim.obstacle().is_some() {
        outcome = unavailable(outcome);
    }
    let settled = Settled {
        end,
        outcome: keep(&outcome, subject.is_running, |text| redactor.redact(text)),
        sent: sent(&record, &redactor),
    };
    let unsettled = claim.settle(settled, &call.underway).await;
    (
        outcome.with_warnings(unsettled.into_iter().collect()),
        record,
    )
}

/// Makes an attempt that the ledger did not let write one that has failed for that reason.
fn barred(attempt: Result<Attempt, Fault>, fault: Fault) -> Result<Attempt, Fault> {
    let mut attempt = attempt.map_err(|_| fault.clone())?;
    attempt.settlement = Settlement::Failed(fault, serde_json::Map::new());
    Ok(attempt)
}

fn attempt_end(attempt: &Result<Attempt, Fault>) -> AttemptEnd {
    let failed = |fault: &Fault| AttemptEnd::Failed {
        retry_at: retry_at(fault),
    };
    match attempt {
        Ok(attempt) => match &attempt.settlement {
            Settlement::Done(entry) => AttemptEnd::Done {
                log_id: entry.log_id.clone(),
            },
            Settlement::Failed(fault, _) => failed(fault),
            Settlement::Rejected(..) => AttemptEnd::Rejected,
            Settlement::Unknown(_) => AttemptEnd::Unknown,
        },
        Err(fault) => failed(fault),
    }
}

fn is_logged(attempt: &Result<Attempt, Fault>) -> bool {
    let settlement = attempt.as_ref().map(|attempt| &attempt.settlement);
    matches!(settlement, Ok(Settlement::Done(_)))
}

fn record(attempt: Result<Attempt, Fault>) -> Record {
    attempt.map_or_else(|_| Record::default(), |attempt| attempt.record)
}

/// Returns what was sent as the ledger keeps it.
fn sent(record: &Record, redactor: &Redactor) -> Vec<Sent> {
    let requests = record.requests.iter();
    let sent = requests.map(|request| Sent {
        path: shown_path(&request.path, redactor),
        ..Sent::from(request)
    });
    sent.collect()
}
