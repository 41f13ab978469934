//! The outcome of a call as the ledger keeps it, for requests that repeat the call.

use std::time::Duration;

use serde_json::Value;
use switchboard_connector_sdk::{FaultCode, MessageType};

use super::{CallError, CallOutcome, LOGGED, MESSAGE, MESSAGE_TYPE};

/// The member by which a kept outcome says that the call was still running.
const RUNNING: &str = "madeWhileRunning";

/// Writes an outcome down. `mask` takes out what a ledger does not keep. The faults of an input stay out: they quote it.
pub(crate) fn keep(
    outcome: &CallOutcome,
    is_running: bool,
    mask: impl Fn(&str) -> String,
) -> Value {
    let said = outcome.return_message.get(MESSAGE).cloned();
    let mut outcome = outcome.clone().map_texts(mask);
    if outcome.log_id.is_some() && outcome.return_message.get(MESSAGE) != said.as_ref() {
        // What is left of a sentence without its names is none.
        let sentence = Value::from(LOGGED);
        outcome.return_message.insert(MESSAGE.to_owned(), sentence);
    }
    if let Some(error) = &mut outcome.error {
        error.faults.clear();
    }
    let mut kept = serde_json::to_value(&outcome).expect("an outcome is JSON");
    if is_running {
        kept[RUNNING] = true.into();
    }
    kept
}

/// Reads an outcome that was written down, as that of another request for the same call. `None` if it is none.
pub(crate) fn recall(call_id: &str, mut kept: Value) -> Option<CallOutcome> {
    let return_message = match kept["returnMessage"].take() {
        Value::Object(message) => message,
        _ => return None,
    };
    let warnings = kept["warnings"].take();
    let log_id = kept["logId"].as_str().map(str::to_owned);
    let error = error(&kept["error"]);
    if log_id.is_some() == error.is_some() {
        return None;
    }
    let was_running = kept[RUNNING] == true;
    let outcome = CallOutcome {
        call_id: call_id.to_owned(),
        log_id,
        return_message,
        extra_data_tracking: kept.get_mut("extraDataTracking").map(Value::take),
        warnings: serde_json::from_value(warnings).unwrap_or_default(),
        error,
        requests: Vec::new(),
        is_duplicate: true,
    };
    Some(match was_running && outcome.log_id.is_some() {
        true => outcome.with_message("Call logged; the entry was made while the call was running"),
        false => outcome,
    })
}

fn error(kept: &Value) -> Option<CallError> {
    let code = kept["code"].as_str()?;
    let seconds = kept["retryAfterSeconds"].as_u64();
    Some(CallError {
        code: FaultCode::all().find(|it| it.as_str() == code)?,
        message: kept["message"].as_str()?.to_owned(),
        faults: Vec::new(),
        retry_after: seconds.map(Duration::from_secs),
    })
}

impl CallOutcome {
    /// Replaces what the user reads; how it is shown becomes a warning.
    pub(crate) fn with_message(mut self, message: &str) -> Self {
        let message_type = serde_json::to_value(MessageType::Warning);
        let message_type = message_type.expect("a message type is a JSON string");
        let said = &mut self.return_message;
        said.insert(MESSAGE.to_owned(), message.into());
        said.insert(MESSAGE_TYPE.to_owned(), message_type);
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use switchboard_connector_sdk::Fault;

    use super::*;
    use crate::outcome::LoggedEntry;

    fn logged() -> CallOutcome {
        let entry = LoggedEntry {
            log_id: "7".to_owned(),
            return_message: json!({ "message": "Logged for Jane" }).as_object().cloned(),
            extra_data_tracking: Some(json!({ "n": 1 })),
            warnings: vec!["w".to_owned()],
        };
        CallOutcome::logged("first".to_owned(), entry)
    }

    fn shown(outcome: &CallOutcome) -> Value {
        serde_json::to_value(outcome).unwrap()
    }

    fn as_it_is(text: &str) -> String {
        text.to_owned()
    }

    #[test]
    fn an_outcome_comes_back_as_that_of_a_duplicate() {
        let outcome = logged();
        let recalled = recall("second", keep(&outcome, false, as_it_is)).unwrap();
        let mut expected = shown(&outcome);
        expected["duplicate"] = true.into();
        assert_eq!(shown(&recalled), expected);
        assert_eq!(recalled.call_id(), "second");
        assert!(recalled.is_duplicate());
    }

    #[test]
    fn a_failure_comes_back_without_the_faults_of_its_input() {
        let fault = Fault::invalid_input("x").with_retry_after(Duration::from_millis(1500));
        let fault =
            fault.with_faults([switchboard_connector_sdk::model::InputFault::new("/a", "b")]);
        let outcome = CallOutcome::failed("first".to_owned(), "Acme", &fault);
        let kept = keep(&outcome, false, as_it_is);
        assert!(kept["error"].get("faults").is_none());
        let recalled = recall("second", kept).unwrap();
        let error = recalled.error().unwrap();
        assert_eq!(error.code, FaultCode::InvalidInput);
        assert_eq!(error.retry_after, Some(Duration::from_secs(2)));
    }

    #[test]
    fn texts_are_masked_before_they_are_kept() {
        let kept = keep(&logged(), false, |text| text.replace("Jane", "***"));
        assert_eq!(kept["returnMessage"]["message"], "Call logged");
        assert_eq!(kept["warnings"], json!(["w"]));
    }

    #[test]
    fn a_repeat_is_told_that_the_entry_was_made_too_early() {
        let recalled = recall("second", keep(&logged(), true, as_it_is)).unwrap();
        let message = recalled.return_message();
        assert_eq!(message["messageType"], "warning");
        assert!(
            message["message"]
                .as_str()
                .unwrap()
                .contains("while the call was running")
        );
    }

    #[test]
    fn what_is_no_outcome_is_not_taken_for_one() {
        let message = json!({ "message": "m" });
        for kept in [
            json!(null),
            json!({ "logId": "7" }),
            json!({ "logId": null, "returnMessage": message }),
            json!({ "logId": "7", "returnMessage": message, "error": { "code": "timeout", "message": "x" } }),
            json!({ "logId": null, "returnMessage": message, "error": { "code": "no code", "message": "x" } }),
        ] {
            assert_eq!(recall("second", kept.clone()), None, "{kept}");
        }
    }
}
