//! What became of one call: the contract's output, and the sentence that the user reads.

mod answer;
mod codes;
mod kept;
mod settle;
mod unclear;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};
use switchboard_connector_sdk::model::{InputFault, InvalidInput};
use switchboard_connector_sdk::{Fault, FaultCode, MessageType};

pub(crate) use answer::{entry_id, read_answer};
pub(crate) use kept::{keep, recall};
pub(crate) use settle::{Settlement, settle};
pub(crate) use unclear::NextStep;

use crate::egress::SentRequest;

/// How long a message stays on screen if the connector does not say: 30 s.
const DEFAULT_TTL_MS: u64 = 30_000;

/// What the user reads where the ledger is to blame and not the CRM.
pub(crate) const WITHOUT_LEDGER: &str = "The call was not logged: the record of what is logged cannot be used now. Log \
                                         the call again later.";

/// What the user reads of a call that is logged.
const LOGGED: &str = "Call logged";

/// The member of a message with its text.
const MESSAGE: &str = "message";

/// The member of a message that says how it is shown.
const MESSAGE_TYPE: &str = "messageType";

/// What became of one call.
///
/// Serializes as the output of `createCallLog`: `logId` and `returnMessage` always; `duplicate`, `extraDataTracking`,
/// `warnings` and `error` where they apply.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutcome {
    call_id: String,
    log_id: Option<String>,
    return_message: Map<String, Value>,
    extra_data_tracking: Option<Value>,
    warnings: Vec<String>,
    error: Option<CallError>,
    requests: Vec<SentRequest>,
    is_duplicate: bool,
}

/// Why a call was not logged.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CallError {
    /// The code, for programs.
    pub code: FaultCode,
    /// What happened, for the person who looks closer.
    pub message: String,
    /// Every fault of the input, for `invalid-input`.
    pub faults: Vec<InputFault>,
    /// When a new attempt makes sense, from the end of this one; at most an hour.
    pub retry_after: Option<std::time::Duration>,
}

/// An entry that a connector reports, as it came in.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LoggedEntry {
    pub(crate) log_id: String,
    pub(crate) return_message: Option<Map<String, Value>>,
    pub(crate) extra_data_tracking: Option<Value>,
    pub(crate) warnings: Vec<String>,
}

impl LoggedEntry {
    /// Whether the connector wrote nothing that could hold a text.
    pub(crate) fn is_without_text(&self) -> bool {
        self.return_message.is_none()
            && self.warnings.is_empty()
            && self.extra_data_tracking.is_none()
    }
}

impl CallOutcome {
    /// The call is logged.
    pub(crate) fn logged(call_id: String, entry: LoggedEntry) -> Self {
        let return_message = entry.return_message.unwrap_or_default();
        Self {
            call_id,
            log_id: Some(entry.log_id),
            return_message: complete(return_message, MessageType::Success, LOGGED),
            extra_data_tracking: entry.extra_data_tracking,
            warnings: entry.warnings,
            error: None,
            requests: Vec::new(),
            is_duplicate: false,
        }
    }

    /// The entry exists; what its connector said of it is not known.
    pub(crate) fn found(call_id: String, log_id: String) -> Self {
        let entry = LoggedEntry {
            log_id,
            ..LoggedEntry::default()
        };
        Self::logged(call_id, entry)
    }

    /// The call is not logged, or nobody knows. `crm` is the CRM's name for people.
    pub(crate) fn failed(call_id: String, crm: &str, fault: &Fault) -> Self {
        Self::failed_with_message(call_id, crm, fault, Map::new())
    }

    /// As [`CallOutcome::failed`], with what the connector wants the user to read.
    pub(crate) fn failed_with_message(
        call_id: String,
        crm: &str,
        fault: &Fault,
        message: Map<String, Value>,
    ) -> Self {
        let code = fault.code();
        let sentence = codes::sentence(code, crm, fault);
        Self {
            call_id,
            log_id: None,
            return_message: complete(message, codes::message_type(code), &sentence),
            extra_data_tracking: None,
            warnings: Vec::new(),
            error: Some(CallError {
                code,
                message: fault.message().to_owned(),
                faults: fault.faults().to_vec(),
                retry_after: codes::wait(fault),
            }),
            requests: Vec::new(),
            is_duplicate: false,
        }
    }

    /// Makes the outcome of a call that never reached a host, for whoever must answer in the contract's form all the same.
    pub fn not_logged(crm: &str, fault: &Fault) -> Self {
        Self::failed(String::new(), crm, fault)
    }

    /// As [`CallOutcome::not_logged`], with `unavailable`, of a call whose ledger cannot be opened. `why` says what to do.
    pub fn without_ledger(why: impl Into<String>) -> Self {
        // The sentence names no CRM: none is to blame.
        Self::not_logged("", &Fault::unavailable(why)).with_message(WITHOUT_LEDGER)
    }

    /// The call did not get as far as a CRM: the log line stands here, since no pipeline writes it.
    pub(crate) fn refused(call_id: String, crm: &str, fault: &Fault) -> Self {
        let outcome = Self::failed(call_id, crm, fault);
        tracing::info!(
            crm,
            call_id = outcome.call_id,
            outcome = outcome.word(),
            code = fault.code().as_str(),
            duration_ms = 0,
            requests_sent = 0,
            "call ended"
        );
        outcome
    }

    /// The input is wrong; nothing was sent.
    pub(crate) fn invalid(call_id: String, crm: &str, invalid: &InvalidInput) -> Self {
        let fault = Fault::invalid_input(invalid.to_string());
        let faults = invalid.faults().iter().cloned();
        Self::failed(call_id, crm, &fault.with_faults(faults))
    }

    /// Returns the call's id in the host's log lines.
    pub fn call_id(&self) -> &str {
        &self.call_id
    }

    /// Returns the entry's id in the CRM; `None` if the call is not known to be logged.
    pub fn log_id(&self) -> Option<&str> {
        self.log_id.as_deref()
    }

    /// Whether another request has logged this call, or tried to: then this outcome is that request's, and this one has
    /// written nothing.
    pub fn is_duplicate(&self) -> bool {
        self.is_duplicate
    }

    /// Returns what the user reads: `message`, `messageType`, `ttl`, and what the connector added.
    pub fn return_message(&self) -> &Map<String, Value> {
        &self.return_message
    }

    /// Returns figures for the gateway.
    pub fn extra_data_tracking(&self) -> Option<&Value> {
        self.extra_data_tracking.as_ref()
    }

    /// Returns what the operator should know, whether or not the call is logged: what the host says, then the connector.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns why the call is not logged.
    pub fn error(&self) -> Option<&CallError> {
        self.error.as_ref()
    }

    /// Returns what was sent to the CRM and how each request ended, in order. No header, query or body
    /// stands in it; a path is as the connector made it.
    pub fn requests(&self) -> &[SentRequest] {
        &self.requests
    }

    /// Returns the exit code of `switchboard log`: 0 logged, 1 not logged, 2 bad input, 3 nobody knows yet.
    pub fn exit_code(&self) -> u8 {
        self.error
            .as_ref()
            .map_or(0, |error| codes::exit_code(error.code))
    }

    /// Returns the HTTP status with which a gateway answers.
    pub fn http_status(&self) -> u16 {
        self.error
            .as_ref()
            .map_or(200, |error| codes::http_status(error.code))
    }

    /// Says in a word or two what became of the call, for log lines.
    pub(crate) fn word(&self) -> &'static str {
        match self.exit_code() {
            0 => "logged",
            3 => "unknown",
            _ => "not logged",
        }
    }

    pub(crate) fn into_duplicate(mut self) -> Self {
        self.is_duplicate = true;
        self
    }

    /// Makes the outcome that of another call.
    pub(crate) fn of_call(mut self, call_id: &str) -> Self {
        call_id.clone_into(&mut self.call_id);
        self.requests = Vec::new();
        self
    }

    pub(crate) fn with_requests(mut self, requests: Vec<SentRequest>) -> Self {
        self.requests = requests;
        self
    }

    /// Puts what the host warns of before what the connector does.
    pub(crate) fn with_warnings(mut self, mut warnings: Vec<String>) -> Self {
        warnings.append(&mut self.warnings);
        self.warnings = warnings;
        self
    }

    /// Replaces every text that a connector, a CRM or a user may have written.
    pub(crate) fn map_texts(mut self, map: impl Fn(&str) -> String) -> Self {
        for text in &mut self.warnings {
            *text = map(text);
        }
        for (name, value) in &mut self.return_message {
            // A word of the contract, which may stand in a note by chance.
            if name != MESSAGE_TYPE {
                *value = mapped(value.take(), &map);
            }
        }
        let figures = self.extra_data_tracking.take();
        self.extra_data_tracking = figures.map(|figures| mapped(figures, &map));
        if let Some(error) = &mut self.error {
            error.message = map(&error.message);
            for fault in &mut error.faults {
                fault.pointer = map(&fault.pointer);
                fault.message = map(&fault.message);
            }
        }
        self
    }
}

/// Replaces the texts of a JSON value, names included.
fn mapped(value: Value, map: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => map(&text).into(),
        Value::Array(items) => items.into_iter().map(|item| mapped(item, map)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (map(&name), mapped(value, map)))
            .collect(),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other,
    }
}

/// Fills in what a message lacks.
fn complete(
    mut message: Map<String, Value>,
    message_type: MessageType,
    sentence: &str,
) -> Map<String, Value> {
    message.entry(MESSAGE).or_insert_with(|| sentence.into());
    message.entry(MESSAGE_TYPE).or_insert_with(|| {
        serde_json::to_value(message_type).expect("a message type is a JSON string")
    });
    message
        .entry("ttl")
        .or_insert_with(|| DEFAULT_TTL_MS.into());
    message
}

impl Serialize for CallOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("logId", &self.log_id)?;
        map.serialize_entry("returnMessage", &self.return_message)?;
        if self.is_duplicate {
            map.serialize_entry("duplicate", &true)?;
        }
        if let Some(figures) = &self.extra_data_tracking {
            map.serialize_entry("extraDataTracking", figures)?;
        }
        if !self.warnings.is_empty() {
            map.serialize_entry("warnings", &self.warnings)?;
        }
        if let Some(error) = &self.error {
            map.serialize_entry("error", error)?;
        }
        map.end()
    }
}

impl Serialize for CallError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("code", self.code.as_str())?;
        map.serialize_entry("message", &self.message)?;
        if !self.faults.is_empty() {
            map.serialize_entry("faults", &self.faults)?;
        }
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_millis().div_ceil(1000);
            map.serialize_entry(
                "retryAfterSeconds",
                &u64::try_from(seconds).unwrap_or(u64::MAX),
            )?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(members: &Value) -> LoggedEntry {
        LoggedEntry {
            log_id: "7".to_owned(),
            return_message: members["returnMessage"].as_object().cloned(),
            extra_data_tracking: members.get("extraDataTracking").cloned(),
            warnings: Vec::new(),
        }
    }

    #[test]
    fn a_bare_entry_is_completed_and_what_was_said_stays() {
        let outcome = CallOutcome::logged(String::new(), entry(&json!({})));
        let message = json!({ "message": "Call logged", "messageType": "success", "ttl": 30_000 });
        assert_eq!(Value::from(outcome.return_message), message);
        let message = json!({ "message": "m", "messageType": "warning", "ttl": 5, "details": [] });
        let given = entry(&json!({ "returnMessage": message }));
        let outcome = CallOutcome::logged(String::new(), given);
        assert_eq!(Value::from(outcome.return_message), message);
    }

    #[test]
    fn what_the_host_warns_of_comes_first() {
        let mut given = entry(&json!({}));
        given.warnings = vec!["connector".to_owned()];
        let outcome = CallOutcome::logged(String::new(), given);
        let outcome = outcome.with_warnings(vec!["host".to_owned(), "host, too".to_owned()]);
        assert_eq!(outcome.warnings(), ["host", "host, too", "connector"]);
    }

    #[test]
    fn every_text_is_replaced_and_no_word_of_the_contract() {
        let figures = json!({ "the note": ["the note", 7, true], "n": { "x": "the note" } });
        let message =
            json!({ "message": "the note", "messageType": "danger", "details": ["the note"] });
        let given = entry(&json!({ "returnMessage": message, "extraDataTracking": figures }));
        assert!(!given.is_without_text());
        let outcome = CallOutcome::logged(String::new(), given);
        let outcome = outcome.map_texts(|text| match text {
            "the note" | "danger" => "***".to_owned(),
            other => other.to_owned(),
        });
        let shown = serde_json::to_value(&outcome).unwrap();
        assert_eq!(
            shown,
            json!({
                "logId": "7",
                "returnMessage": {
                    "message": "***", "messageType": "danger", "ttl": 30_000, "details": ["***"],
                },
                "extraDataTracking": { "***": ["***", 7, true], "n": { "x": "***" } },
            })
        );
    }

    #[test]
    fn an_entry_with_figures_only_is_searched_for_texts() {
        assert!(entry(&json!({})).is_without_text());
        assert!(!entry(&json!({ "extraDataTracking": {} })).is_without_text());
    }

    #[test]
    fn nobody_is_told_to_wait_longer_than_an_hour() {
        use std::time::Duration;
        let day = Duration::from_secs(24 * 60 * 60);
        let fault = Fault::rate_limited("x").with_retry_after(day);
        let outcome = CallOutcome::not_logged("Acme", &fault);
        let shown = serde_json::to_value(&outcome).unwrap();
        assert_eq!(shown["error"]["retryAfterSeconds"], 3600);
        let text = outcome.return_message["message"].as_str().unwrap();
        assert!(text.ends_with("in an hour."), "{text}");
    }
}
