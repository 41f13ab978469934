//! Reads what a connector answered.
//!
//! A connector may be written without the SDK, or against another version of it, so nothing here is taken on trust.

use std::collections::HashMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use switchboard_connector_sdk::Fault;

use super::LoggedEntry;

/// The largest answer: 1 MiB. It holds an id and a message.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The longest id of an entry; a ledger looks calls up by it.
const MAX_ID_BYTES: usize = 500;

/// What a connector answered.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// It created an entry.
    Logged(LoggedEntry),
    /// It says itself that it did not, and what the user should read.
    NotLogged(Map<String, Value>),
}

/// The members of an answer, each with its exact text: one that cannot be read does not take the others along.
struct Members<'a>(HashMap<String, &'a RawValue>);

/// Reads an answer of `createCallLog`.
///
/// An entry that is named is logged, whatever is wrong with the rest of the answer: what else cannot be read is left
/// out and said in the log.
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
    let members = serde_json::from_slice(json).map(Members);
    let members = members.map_err(|error| {
        let (line, column) = (error.line(), error.column());
        Fault::internal(format!(
            "the connector's answer is not the JSON object {{logId, returnMessage}} that was expected \
             (line {line}, column {column}); tell its author"
        ))
    })?;
    let message = members.read("returnMessage").map(normalize);
    if let Some(log_id) = members.log_id() {
        return Ok(Answer::Logged(LoggedEntry {
            log_id,
            return_message: message,
            extra_data_tracking: members.read("extraDataTracking"),
            warnings: members.read("warnings").unwrap_or_default(),
        }));
    }
    let says_not_logged = |message: &Map<_, _>| {
        let kind = message.get("messageType");
        kind.is_some_and(|kind| kind != "success")
    };
    message
        .filter(says_not_logged)
        .map(Answer::NotLogged)
        .ok_or_else(|| {
            Fault::internal(
                "the connector answered success without a logId of 1 to 500 bytes; tell its author",
            )
        })
}

impl Members<'_> {
    /// Returns the entry's id; of a number its text, which no conversion has rounded.
    fn log_id(&self) -> Option<String> {
        entry_id(self.0.get("logId")?)
    }

    /// Reads a member that may be absent or null.
    fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let raw = self.0.get(name)?.get();
        serde_json::from_str(raw).unwrap_or_else(|_| {
            tracing::warn!("the connector's {name} is not as expected and left out");
            None
        })
    }
}

/// Reads the id of an entry: a text of 1 to 500 bytes without NUL characters, or a number, whose text is kept.
pub(crate) fn entry_id(raw: &RawValue) -> Option<String> {
    let id = match serde_json::from_str(raw.get()).ok()? {
        Value::String(id) => id,
        Value::Number(_) => raw.get().to_owned(),
        _ => return None,
    };
    let is_one = (1..=MAX_ID_BYTES).contains(&id.len()) && !id.contains('\0');
    is_one.then_some(id)
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
    fn a_named_entry_is_logged_whatever_is_wrong_beside_it() {
        for rest in [
            r#""warnings": null"#,
            r#""warnings": "one""#,
            r#""returnMessage": "ok""#,
            r#""extraDataTracking": 1e999, "unknown": -1e999"#,
        ] {
            let answer = format!(r#"{{ "logId": 12345678901234567890123, {rest} }}"#);
            let expected = LoggedEntry {
                log_id: "12345678901234567890123".to_owned(),
                ..LoggedEntry::default()
            };
            assert_eq!(
                read_answer(answer.as_bytes()),
                Ok(Answer::Logged(expected)),
                "{rest}"
            );
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
