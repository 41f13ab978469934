//! Reads what a connector answers to `findCallLog`.

use serde_json::Value;
use switchboard_connector_sdk::Fault;

/// The largest answer: 1 MiB. It holds ids.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The entries that could be a call's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidates {
    /// Each once, in order.
    pub(super) log_ids: Vec<String>,
    /// Which of several it is, by the connector's comparison.
    pub(super) likeliest: Option<String>,
}

impl Candidates {
    /// Reads an answer: `{ "logIds": ["7", 8], "likeliest": "7" }`.
    ///
    /// # Errors
    ///
    /// `internal` for anything else. What cannot be read must not count as "no entry".
    pub(super) fn read(json: &[u8]) -> Result<Self, Fault> {
        let value = (json.len() <= MAX_ANSWER_BYTES).then(|| serde_json::from_slice(json).ok());
        let value: Value = value.flatten().ok_or_else(unreadable)?;
        let ids = value["logIds"].as_array().ok_or_else(unreadable)?;
        let mut log_ids = Vec::with_capacity(ids.len());
        for id in ids {
            let id = id_of(id).ok_or_else(unreadable)?;
            if !log_ids.contains(&id) {
                log_ids.push(id);
            }
        }
        let likeliest = match &value["likeliest"] {
            Value::Null => None,
            id => Some(id_of(id).ok_or_else(unreadable)?),
        };
        Ok(Self { log_ids, likeliest })
    }
}

fn id_of(value: &Value) -> Option<String> {
    match value {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn unreadable() -> Fault {
    Fault::internal(
        "the connector's answer is not the JSON object {logIds} that was expected; tell its author",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Option<(Vec<String>, Option<String>)> {
        let candidates = Candidates::read(json.as_bytes()).ok()?;
        Some((candidates.log_ids, candidates.likeliest))
    }

    #[test]
    fn ids_are_texts_or_numbers_and_count_once() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(read(r#"{"logIds":[]}"#), Some((ids(&[]), None)));
        let found = read(r#"{"logIds":["7",8,"7","9"],"likeliest":8,"new":1}"#);
        assert_eq!(found, Some((ids(&["7", "8", "9"]), Some("8".to_owned()))));
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_no_entry() {
        for json in [
            "",
            "[]",
            "{}",
            r#"{"logIds":null}"#,
            r#"{"logIds":"7"}"#,
            r#"{"logIds":[""]}"#,
            r#"{"logIds":[null]}"#,
            r#"{"logIds":["7"],"likeliest":{}}"#,
        ] {
            assert_eq!(read(json), None, "{json}");
        }
        let long = format!(r#"{{"logIds":["{}"]}}"#, "7".repeat(MAX_ANSWER_BYTES));
        assert_eq!(read(&long), None);
    }
}
