//! Decides what became of a call: by what egress recorded first, by what the connector says second.
//!
//! A connector can be wrong about the end of its own requests, or lie; the record cannot. So a connector that fails
//! after a write with an unclear end does not get to say that nothing was written, whatever code it chose; and one that
//! names an entry although none of its writes was applied is not believed, unless it has read since: it may have found
//! the entry of an earlier attempt. A connector that wrote nothing at all is believed: it has found one, too.

use serde_json::{Map, Value};
use switchboard_connector_sdk::{Fault, FaultCode};

use super::LoggedEntry;
use super::answer::Answer;
use crate::egress::{Effect, End, Record, WriteVerdict};

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
    let believable = own_network || !contradicts_entry(record);
    let (fault, message) = match answer {
        Ok(Answer::Logged(entry)) if believable => return Settlement::Done(entry),
        Ok(Answer::Logged(_)) => (no_entry(), Map::new()),
        Ok(Answer::NotLogged(message)) => (not_logged(&message), message),
        Err(fault) => (fault, Map::new()),
    };
    if let Some(log_id) = fault.log_id()
        && believable
    {
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

/// Whether no entry can have come of the call: it tried to write, no write was applied, and nothing was read after the
/// last one.
fn contradicts_entry(record: &Record) -> bool {
    if record.verdict() > WriteVerdict::Rejected {
        return false;
    }
    let requests = &record.requests;
    let last_write = requests.iter().rposition(|it| it.effect == Effect::Write);
    last_write.is_some_and(|last_write| {
        let later = &requests[last_write..];
        !later
            .iter()
            .any(|it| matches!(it.end, End::Answered(200..300)))
    })
}

fn no_entry() -> Fault {
    Fault::internal(
        "the connector reports an entry though the CRM took none of its requests to create one; tell its author",
    )
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

/// Corrects the code of a failure without a write. The host knows that nothing was written, so a connector's "nobody
/// knows" is the CRM being out of reach; and the codes by which the host speaks of itself are not a connector's.
fn known(fault: Fault) -> Fault {
    match fault.code() {
        FaultCode::UnknownOutcome => Fault::unavailable(fault.message()),
        FaultCode::InProgress
        | FaultCode::Closed
        | FaultCode::Overloaded
        | FaultCode::UnknownCrm
        | FaultCode::Disabled => Fault::internal(fault.message()),
        _ => fault,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::egress::SentRequest;

    use super::*;

    fn record(ends: &[End]) -> Record {
        sent(ends.iter().map(|end| (Effect::Write, end.clone())))
    }

    fn sent(requests: impl IntoIterator<Item = (Effect, End)>) -> Record {
        let requests = requests.into_iter().map(|(effect, end)| SentRequest {
            method: "POST".to_owned(),
            host: "crm.example".to_owned(),
            path: "/calls".to_owned(),
            effect,
            end,
        });
        Record::new(requests.collect(), Arc::default())
    }

    fn entry() -> Answer {
        Answer::Logged(LoggedEntry {
            log_id: "7".to_owned(),
            ..LoggedEntry::default()
        })
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
        let table: [(Fault, &[End], (&str, FaultCode)); 10] = [
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
            (Fault::crashed("x"), &[], ("failed", FaultCode::Crashed)),
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
    fn an_entry_is_not_believed_if_no_write_was_applied() {
        let not_sent = End::NotSent("dns".to_owned());
        for end in [End::Answered(422), End::Answered(429), not_sent] {
            let before = (Effect::Read, End::Answered(200));
            let record = sent([before, (Effect::Write, end.clone())]);
            let settlement = settle(Ok(entry()), &record, false);
            let (Settlement::Failed(fault, _) | Settlement::Rejected(fault, _)) = settlement else {
                panic!("{end:?}: {settlement:?}")
            };
            assert_eq!(fault.code(), FaultCode::Internal);
            assert!(fault.message().contains("tell its author"), "{fault}");
        }
        let fault = Fault::unavailable("x").with_log_id("7");
        assert_eq!(
            settled(fault, &[End::Answered(422)]),
            ("rejected", FaultCode::Unavailable)
        );
    }

    #[test]
    fn an_entry_that_was_found_or_may_exist_is_believed() {
        let write = |status| (Effect::Write, End::Answered(status));
        let read = || (Effect::Read, End::Answered(200));
        let lost = (Effect::Write, End::Unclear("reset".to_owned()));
        for requests in [
            vec![],
            vec![read()],
            vec![write(201)],
            vec![write(422), write(201)],
            vec![write(422), read()],
            vec![write(429), read()],
            vec![lost],
        ] {
            let settlement = settle(Ok(entry()), &sent(requests.clone()), false);
            assert!(
                matches!(settlement, Settlement::Done(_)),
                "{requests:?}: {settlement:?}"
            );
        }
        let settlement = settle(Ok(entry()), &sent([write(422)]), true);
        assert!(matches!(settlement, Settlement::Done(_)), "{settlement:?}");
    }

    #[test]
    fn codes_by_which_the_host_speaks_of_itself_are_not_a_connectors() {
        for code in [
            FaultCode::InProgress,
            FaultCode::Closed,
            FaultCode::Overloaded,
            FaultCode::UnknownCrm,
            FaultCode::Disabled,
        ] {
            let fault = Fault::new(code, "x");
            assert_eq!(
                settled(fault, &[]),
                ("failed", FaultCode::Internal),
                "{code}"
            );
        }
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
