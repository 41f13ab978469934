//! Reads what a connector answers to `findCallLog`.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use switchboard_connector_sdk::Fault;

use crate::outcome::entry_id;

/// The largest answer: 1 MiB. It holds ids.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;

/// The entries that could be a call's.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Candidates {
    pub(super) log_ids: BTreeSet<String>,
    /// Which of several it is, by the connector's comparison.
    pub(super) likeliest: Option<String>,
}

/// The answer as it came in. Unknown members are ignored, so that a connector may be newer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    #[serde(borrow)]
    log_ids: Vec<&'a RawValue>,
    #[serde(borrow)]
    likeliest: Option<&'a RawValue>,
}

impl Candidates {
    /// Reads an answer: `{ "logIds": ["7", 8], "likeliest": "7" }`.
    ///
    /// # Errors
    ///
    /// `internal` for anything else. What cannot be read must not count as "no entry".
    pub(super) fn read(json: &[u8]) -> Result<Self, Fault> {
        let answer = (json.len() <= MAX_ANSWER_BYTES).then(|| serde_json::from_slice(json).ok());
        let answer: Answer<'_> = answer.flatten().ok_or_else(unreadable)?;
        let read = |id: &RawValue| entry_id(id).ok_or_else(unreadable);
        let log_ids = answer.log_ids.iter().map(|id| read(id));
        let likeliest = answer.likeliest.map(read).transpose()?;
        Ok(Self {
            log_ids: log_ids.collect::<Result<_, _>>()?,
            likeliest,
        })
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
        Some((
            candidates.log_ids.into_iter().collect(),
            candidates.likeliest,
        ))
    }

    #[test]
    fn ids_are_texts_or_numbers_and_count_once() {
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(read(r#"{"logIds":[]}"#), Some((ids(&[]), None)));
        let found = read(r#"{"logIds":["7",8,"7","9"],"likeliest":8,"new":1}"#);
        assert_eq!(found, Some((ids(&["7", "8", "9"]), Some("8".to_owned()))));
        // No conversion has rounded it.
        let long = read(r#"{"logIds":[12345678901234567890123],"likeliest":null}"#);
        assert_eq!(long, Some((ids(&["12345678901234567890123"]), None)));
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
