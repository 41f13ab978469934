//! Decides what became of a call: by what egress recorded first, by what the connector says second.
//!
//! A connector can be wrong about the end of its own requests, or lie; the record cannot. So a connector that fails
//! after a write with an unclear end does not get to say that nothing was written, whatever code it chose.

use serde_json::{Map, Value};
use switchboard_connector_sdk::{Fault, FaultCode};

use super::LoggedEntry;
use super::answer::Answer;
use crate::egress::{Record, WriteVerdict};

/// What became of a call.
#[derive(Debug, PartialEq)]
pub(crate) enum Settlement {
    /// The entry exists.
    Done(LoggedEntry),
    /// Nothing was written; the same call may be logged again.
    Failed(Fault, Map<String, Value>),
    /// The CRM refused the entry as it is; nothing was written.
    Rejected(Fault, Map<String, Value>),
    /// An entry may exist.
    Unknown(Fault),
}

/// Settles a call by the worst of all its writes.
///
/// `own_network` says that the connector may have sent requests that egress has not seen.
pub(crate) fn settle(
    answer: Result<Answer, Fault>,
    record: &Record,
    own_network: bool,
) -> Settlement {
    let (fault, message) = match answer {
        Ok(Answer::Logged(entry)) => return Settlement::Done(entry),
        Ok(Answer::NotLogged(message)) => (not_logged(&message), message),
        Err(fault) => (fault, Map::new()),
    };
    if let Some(log_id) = fault.log_id() {
        return Settlement::Done(half_done(log_id, &fault));
    }
    match record.verdict() {
        WriteVerdict::Written => Settlement::Unknown(unknown("a write succeeded", &fault)),
        WriteVerdict::Unclear => {
            Settlement::Unknown(unknown("the end of a write is unclear", &fault))
        }
        WriteVerdict::Rejected if !own_network => Settlement::Rejected(known(fault), message),
        WriteVerdict::NothingWritten if !own_network => Settlement::Failed(known(fault), message),
        _ if fault.nothing_sent() => Settlement::Failed(known(fault), message),
        _ => Settlement::Unknown(unknown(
            "the connector has a network of its own, so what it sent is not known",
            &fault,
        )),
    }
}

fn not_logged(message: &Map<String, Value>) -> Fault {
    let text = message.get("message").and_then(Value::as_str);
    Fault::rejected(text.unwrap_or("the connector did not log the call"))
}

/// The entry was created and a later step failed. Logging the call again would make a second one.
fn half_done(log_id: &str, fault: &Fault) -> LoggedEntry {
    let warning = format!(
        "the entry was created, but a later step failed: {}",
        fault.message()
    );
    let mut message = Map::new();
    message.insert(
        "message".to_owned(),
        "Call logged, but not completely".into(),
    );
    message.insert("messageType".to_owned(), "warning".into());
    LoggedEntry {
        log_id: log_id.to_owned(),
        return_message: Some(message),
        warnings: vec![warning],
        ..LoggedEntry::default()
    }
}

fn unknown(what: &str, fault: &Fault) -> Fault {
    if fault.code() == FaultCode::UnknownOutcome {
        return Fault::unknown_outcome(fault.message());
    }
    Fault::unknown_outcome(format!("{what}; {}: {}", fault.code(), fault.message()))
}

/// The host knows that nothing was written, so a connector's "nobody knows" is the CRM being out of reach.
fn known(fault: Fault) -> Fault {
    match fault.code() {
        FaultCode::UnknownOutcome => Fault::unavailable(fault.message()),
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::egress::{Effect, End, SentRequest};

    use super::*;

    fn record(ends: &[End]) -> Record {
        let requests = ends.iter().map(|end| SentRequest {
            method: "POST".to_owned(),
            host: "crm.example".to_owned(),
            path: "/calls".to_owned(),
            effect: Effect::Write,
            end: end.clone(),
        });
        Record::new(requests.collect(), Arc::default())
    }

    fn settled(fault: Fault, ends: &[End]) -> (&'static str, FaultCode) {
        match settle(Err(fault), &record(ends), false) {
            Settlement::Done(_) => panic!("done"),
            Settlement::Failed(fault, _) => ("failed", fault.code()),
            Settlement::Rejected(fault, _) => ("rejected", fault.code()),
            Settlement::Unknown(fault) => ("unknown", fault.code()),
        }
    }

    #[test]
    fn the_record_decides_and_the_connector_only_names_the_reason() {
        let lost = || End::Unclear("reset".to_owned());
        let table: [(Fault, &[End], (&str, FaultCode)); 9] = [
            (
                Fault::unauthorized("x"),
                &[],
                ("failed", FaultCode::Unauthorized),
            ),
            (
                Fault::rate_limited("x"),
                &[End::Answered(429)],
                ("failed", FaultCode::RateLimited),
            ),
            (
                Fault::rejected("x"),
                &[End::Answered(422)],
                ("rejected", FaultCode::Rejected),
            ),
            (
                Fault::rejected("x"),
                &[End::Answered(500)],
                ("unknown", FaultCode::UnknownOutcome),
            ),
            (
                Fault::rejected("x"),
                &[lost()],
                ("unknown", FaultCode::UnknownOutcome),
            ),
            (
                Fault::panicked("x"),
                &[End::Answered(201)],
                ("unknown", FaultCode::UnknownOutcome),
            ),
            (Fault::panicked("x"), &[], ("failed", FaultCode::Panicked)),
            (
                Fault::rejected("x"),
                &[End::Answered(422), End::Answered(201)],
                ("unknown", FaultCode::UnknownOutcome),
            ),
            (
                Fault::unknown_outcome("x"),
                &[End::NotSent("dns".to_owned())],
                ("failed", FaultCode::Unavailable),
            ),
        ];
        for (fault, ends, expected) in table {
            assert_eq!(settled(fault.clone(), ends), expected, "{fault} {ends:?}");
        }
    }

    #[test]
    fn a_named_entry_is_logged_whatever_failed_later() {
        let fault = Fault::unavailable("no participants").with_log_id("7");
        let settlement = settle(Err(fault), &record(&[End::Answered(201)]), false);
        let Settlement::Done(entry) = settlement else {
            panic!("{settlement:?}")
        };
        assert_eq!(entry.log_id, "7");
        assert!(entry.warnings[0].contains("no participants"), "{entry:?}");
    }

    #[test]
    fn a_connector_with_its_own_network_must_say_that_nothing_was_sent() {
        let fault = Fault::unavailable("x");
        let settlement = settle(Err(fault.clone()), &record(&[]), true);
        assert!(
            matches!(settlement, Settlement::Unknown(_)),
            "{settlement:?}"
        );
        let settlement = settle(Err(fault.with_nothing_sent()), &record(&[]), true);
        assert!(
            matches!(settlement, Settlement::Failed(..)),
            "{settlement:?}"
        );
    }
}
