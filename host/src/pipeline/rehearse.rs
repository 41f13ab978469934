//! A dry run: the path of a call up to its first write.

use switchboard_connector_sdk::FaultCode;
use tokio::time::Instant;
use tracing::{Instrument, info};

use super::{Attempt, Call, Way, attempt, duration_ms, outcome, prepare, refused, span};
use crate::dry_run::{DryRun, show};

/// Takes a call up to its first write, which is captured, and writes a log line.
pub(crate) async fn rehearse(call: Call) -> DryRun {
    let started = Instant::now();
    let ended = run(&call, started).instrument(span(&call)).await;
    let error = match &ended {
        DryRun::Captured { .. } => None,
        DryRun::Ended(outcome) => outcome.error(),
    };
    let sent = ended.requests().iter().filter(|it| it.end.was_sent());
    info!(
        crm = call.crm.name(),
        call_id = call.id,
        code = error.map_or("ok", |error| FaultCode::as_str(error.code)),
        error = error.map(|error| error.message.as_str()),
        duration_ms = duration_ms(started),
        requests_sent = sent.count(),
        "dry run ended"
    );
    ended
}

async fn run(call: &Call, started: Instant) -> DryRun {
    let mut prepared = match prepare(call) {
        Ok(prepared) => prepared,
        Err(early) => return DryRun::Ended(refused(call, early)),
    };
    let way = Way::unkept(started + prepared.ready.limits.timeout);
    match attempt(call, &mut prepared, &way).await {
        Ok(Attempt {
            captured: Some(write),
            record,
            ..
        }) => {
            let redactor = prepared.redactor;
            let warnings = prepared.warnings.iter();
            DryRun::Captured {
                request: show(&write, &redactor),
                warnings: warnings.map(|text| redactor.redact(text)).collect(),
                requests: record.requests,
            }
        }
        attempt => {
            let (outcome, record) = outcome(call, prepared, attempt);
            DryRun::ended(outcome.with_requests(record.requests))
        }
    }
}
