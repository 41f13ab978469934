//! Reads what a connector answered.
//!
//! A connector may be written without the SDK, or against another version of it, so nothing here is taken on trust.

use serde::Deserialize;
use serde_json::{Map, Value};
use switchboard_connector_sdk::Fault;

use super::LoggedEntry;

/// The largest answer: 1 MiB. It holds an id and a message.
pub(crate) const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// What a connector answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// It created an entry.
    Logged(LoggedEntry),
    /// It says itself that it did not, and what the user should read.
    NotLogged(Map<String, Value>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAnswer {
    #[serde(default)]
    log_id: Value,
    #[serde(default)]
    return_message: Option<Map<String, Value>>,
    #[serde(default)]
    extra_data_tracking: Option<Value>,
    #[serde(default)]
    warnings: Vec<String>,
}

/// Reads an answer of `createCallLog`.
///
/// # Errors
///
/// `internal` for what is no such answer, and for one that claims success without an id.
pub(crate) fn read_answer(json: &[u8]) -> Result<Answer, Fault> {
    if json.len() > MAX_ANSWER_BYTES {
        return Err(Fault::internal(format!(
            "the connector answered {} bytes, at most {MAX_ANSWER_BYTES} are read; tell its author",
            json.len()
        )));
    }
    // Read as an object first: serde would take an array for a struct, too.
    let object = serde_json::from_slice::<Map<String, Value>>(json);
    let raw = object.and_then(|object| RawAnswer::deserialize(Value::from(object)));
    let raw = raw.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Fault::internal(format!(
            "the connector's answer is not the JSON object {{logId, returnMessage}} that was expected \
             (line {line}, column {column}); tell its author"
        ))
    })?;
    let message = raw.return_message.map(normalize);
    if let Some(log_id) = log_id(&raw.log_id) {
        return Ok(Answer::Logged(LoggedEntry {
            log_id,
            return_message: message,
            extra_data_tracking: raw.extra_data_tracking,
            warnings: raw.warnings,
        }));
    }
    match message {
        Some(message)
            if message
                .get("messageType")
                .is_some_and(|kind| kind != "success") =>
        {
            Ok(Answer::NotLogged(message))
        }
        _ => Err(Fault::internal(
            "the connector answered success without a logId; tell its author",
        )),
    }
}

fn log_id(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Brings a message to the contract: three types, and a text and a time of the right kind or none.
fn normalize(mut message: Map<String, Value>) -> Map<String, Value> {
    if let Some(kind) = message.get_mut("messageType") {
        let known = match kind.as_str() {
            Some("success" | "info") => "success",
            Some("warning") => "warning",
            Some("danger" | "error") => "danger",
            _ => {
                tracing::warn!(
                    "the connector's messageType is none of the contract's; shown as danger"
                );
                "danger"
            }
        };
        *kind = known.into();
    }
    if message.get("message").is_some_and(|text| !text.is_string()) {
        message.remove("message");
    }
    if message.get("ttl").is_some_and(|ttl| ttl.as_u64().is_none()) {
        message.remove("ttl");
    }
    message
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use switchboard_connector_sdk::FaultCode;

    use super::*;

    fn read(answer: Value) -> Result<Answer, Fault> {
        read_answer(answer.to_string().as_bytes())
    }

    fn logged(answer: Value) -> LoggedEntry {
        match read(answer) {
            Ok(Answer::Logged(entry)) => entry,
            other => panic!("not logged: {other:?}"),
        }
    }

    #[test]
    fn a_number_as_id_becomes_its_digits() {
        assert_eq!(logged(json!({ "logId": 9001 })).log_id, "9001");
        assert_eq!(logged(json!({ "logId": "a-1" })).log_id, "a-1");
    }

    #[test]
    fn message_types_of_app_connect_become_those_of_the_contract() {
        for (given, shown) in [("error", "danger"), ("info", "success"), ("loud", "danger")] {
            let entry = logged(json!({
                "logId": "1",
                "returnMessage": { "message": "m", "messageType": given, "ttl": 5, "details": [1] },
            }));
            let message = Value::from(entry.return_message.unwrap());
            let expected =
                json!({ "message": "m", "messageType": shown, "ttl": 5, "details": [1] });
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn success_without_an_id_is_a_fault_of_the_connector() {
        for answer in [
            json!({}),
            json!({ "logId": null }),
            json!({ "logId": "" }),
            json!({ "logId": null, "returnMessage": { "messageType": "success" } }),
        ] {
            assert_eq!(read(answer).unwrap_err().code(), FaultCode::Internal);
        }
    }

    #[test]
    fn a_connector_may_say_that_it_did_not_log() {
        let message = json!({ "message": "create a type first", "messageType": "warning" });
        let answer = read(json!({ "logId": null, "returnMessage": message }));
        assert_eq!(
            answer,
            Ok(Answer::NotLogged(message.as_object().unwrap().clone()))
        );
    }

    #[test]
    fn garbage_and_too_much_are_faults_that_say_what_to_do() {
        let huge = vec![b' '; MAX_ANSWER_BYTES + 1];
        for answer in [b"".as_slice(), b"[1]", b"\xff", b"{\"logId\":", &huge] {
            let fault = read_answer(answer).unwrap_err();
            assert_eq!(fault.code(), FaultCode::Internal);
            assert!(fault.message().contains("tell its author"), "{fault}");
        }
    }
}
