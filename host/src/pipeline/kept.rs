//! The path of a call that a ledger keeps from being logged twice.

use std::sync::Arc;

use jiff::Timestamp;
use switchboard_connector_sdk::Fault;
use tokio::time::Instant;

use super::claim::{CallClaim, Obstacle, retry_at};
use super::duplicate::{Found, Repeat, unavailable};
use super::prepare::Prepared;
use super::subject::Subject;
use super::{Attempt, Call, Way, attempt, outcome};
use crate::dry_run::shown_path;
use crate::egress::Record;
use crate::ledger::state::AttemptEnd;
use crate::ledger::{Ledger, Sent};
use crate::outcome::{CallOutcome, Settlement, keep};
use crate::redact::Redactor;

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
    let number = match repeat.look(&mut prepared).await {
        Found::Free { attempt } => attempt,
        Found::Answer(outcome) => return (*outcome, Record::default()),
    };
    let lease = ready.limits.timeout + ready.ledger.lease_margin;
    let claim = CallClaim::new(ledger.clone(), subject.clone(), &call.id, lease);
    let claim = Arc::new(claim);
    let way = Way {
        deadline: repeat.deadline,
        attempt: number,
        claim: Some(Arc::clone(&claim)),
    };
    let mut attempt = attempt(call, &mut prepared, &way).await;
    if is_logged(&attempt) {
        // The connector may have got here without a request.
        claim.claim().await;
    }
    match claim.obstacle() {
        None => {}
        Some(Obstacle::Taken(row)) => return (repeat.taken(*row).await, record(attempt)),
        Some(Obstacle::Refused(fault)) => attempt = Err(fault),
    }
    end(call, prepared, &subject, &claim, attempt).await
}

/// Makes the outcome of a call and writes it down.
async fn end(
    call: &Call,
    prepared: Prepared<'_>,
    subject: &Subject,
    claim: &CallClaim,
    attempt: Result<Attempt, Fault>,
) -> (CallOutcome, Record) {
    let (ready, redactor) = (prepared.ready, prepared.redactor.for_keeping());
    let (end, is_barred) = (attempt_end(&attempt), claim.obstacle().is_some());
    let (mut outcome, record) = outcome(call, prepared, attempt);
    if end == AttemptEnd::Unknown {
        let next = ready.next_step(Timestamp::now());
        outcome = outcome.into_unclear(call.crm.display_name(), &subject.key, &next);
    } else if is_barred {
        outcome = unavailable(outcome);
    }
    let kept = keep(&outcome, subject.is_running, |text| redactor.redact(text));
    let lost = claim.settle(end, kept, sent(&record, &redactor)).await;
    (outcome.with_warnings(lost.into_iter().collect()), record)
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
