//! What became of one call: the contract's output, and the sentence that the user reads.

mod answer;
mod codes;
mod settle;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Map, Value};
use switchboard_connector_sdk::model::{InputFault, InvalidInput};
use switchboard_connector_sdk::{Fault, FaultCode, MessageType};

pub(crate) use answer::read_answer;
pub(crate) use settle::{Settlement, settle};

use crate::egress::SentRequest;

/// How long a message stays on screen if the connector does not say: 30 s.
const DEFAULT_TTL_MS: u64 = 30_000;

/// What became of one call.
///
/// Serializes as the output of `createCallLog`: `logId` and `returnMessage` always; `extraDataTracking`, `warnings` and
/// `error` where they apply.
#[derive(Debug, Clone, PartialEq)]
pub struct CallOutcome {
    call_id: String,
    log_id: Option<String>,
    return_message: Map<String, Value>,
    extra_data_tracking: Option<Value>,
    warnings: Vec<String>,
    error: Option<CallError>,
    requests: Vec<SentRequest>,
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
    /// When a new attempt makes sense, from the end of this one.
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
    /// Whether the connector wrote nothing for people to read.
    pub(crate) fn is_without_text(&self) -> bool {
        self.return_message.is_none() && self.warnings.is_empty()
    }
}

impl CallOutcome {
    /// The call is logged.
    pub(crate) fn logged(call_id: String, entry: LoggedEntry) -> Self {
        let return_message = entry.return_message.unwrap_or_default();
        Self {
            call_id,
            log_id: Some(entry.log_id),
            return_message: complete(return_message, MessageType::Success, "Call logged"),
            extra_data_tracking: entry.extra_data_tracking,
            warnings: entry.warnings,
            error: None,
            requests: Vec::new(),
        }
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
                retry_after: fault.retry_after(),
            }),
            requests: Vec::new(),
        }
    }

    /// Makes the outcome of a call that never reached a host, for whoever must answer in the contract's form all the same.
    pub fn not_logged(crm: &str, fault: &Fault) -> Self {
        Self::failed(String::new(), crm, fault)
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

    /// Returns what the user reads: `message`, `messageType`, `ttl`, and what the connector added.
    pub fn return_message(&self) -> &Map<String, Value> {
        &self.return_message
    }

    /// Returns figures for the gateway.
    pub fn extra_data_tracking(&self) -> Option<&Value> {
        self.extra_data_tracking.as_ref()
    }

    /// Returns what the operator should know although the call is logged.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Returns why the call is not logged.
    pub fn error(&self) -> Option<&CallError> {
        self.error.as_ref()
    }

    /// Returns what was sent to the CRM and how each request ended, in order. Nothing secret stands in it.
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

    pub(crate) fn with_requests(mut self, requests: Vec<SentRequest>) -> Self {
        self.requests = requests;
        self
    }

    /// Replaces every text that a person reads.
    pub(crate) fn map_texts(mut self, map: impl Fn(&str) -> String) -> Self {
        for text in &mut self.warnings {
            *text = map(text);
        }
        map_strings(&mut self.return_message, &map);
        if let Some(error) = &mut self.error {
            error.message = map(&error.message);
            for fault in &mut error.faults {
                fault.message = map(&fault.message);
            }
        }
        self
    }
}

fn map_strings(members: &mut Map<String, Value>, map: &impl Fn(&str) -> String) {
    for (_, value) in members.iter_mut() {
        map_value(value, map);
    }
}

fn map_value(value: &mut Value, map: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = map(text),
        Value::Array(items) => items.iter_mut().for_each(|item| map_value(item, map)),
        Value::Object(members) => map_strings(members, map),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Fills in what a message lacks. The order of the three members is that of the contract.
fn complete(
    mut given: Map<String, Value>,
    message_type: MessageType,
    sentence: &str,
) -> Map<String, Value> {
    let mut message = Map::new();
    let text = given.remove("message").unwrap_or_else(|| sentence.into());
    let kind = given.remove("messageType").unwrap_or_else(|| {
        serde_json::to_value(message_type).expect("a message type is a JSON string")
    });
    let ttl = given.remove("ttl").unwrap_or_else(|| DEFAULT_TTL_MS.into());
    message.insert("message".to_owned(), text);
    message.insert("messageType".to_owned(), kind);
    message.insert("ttl".to_owned(), ttl);
    message.extend(given);
    message
}

impl Serialize for CallOutcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("logId", &self.log_id)?;
        map.serialize_entry("returnMessage", &self.return_message)?;
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
