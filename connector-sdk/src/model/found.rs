//! The outcome of `findCallLog`.

use serde::{Deserialize, Serialize};

/// What a connector found in the CRM: every entry that is or could be the one that is looked for.
///
/// The host decides. It leaves out the entries that it knows as those of other calls; of what remains, none means that
/// nothing was written, so the call may be logged again, and one is the call's entry.
///
/// ```
/// use switchboard_connector_sdk::Found;
///
/// assert_eq!(Found::entries(["7", "8", "7"]).log_ids(), ["7", "8"]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    log_ids: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    likeliest: Option<String>,
}

impl Found {
    /// Reports that the CRM has no such entry, for certain: the call will be logged again.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reports entries by their ids. An id that comes twice counts once.
    pub fn entries(log_ids: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let mut found = Self::none();
        for log_id in log_ids {
            let log_id = log_id.into();
            if !found.log_ids.contains(&log_id) {
                found.log_ids.push(log_id);
            }
        }
        found
    }

    /// Says which of several entries is the call's, where one alone equals it in everything that can be compared.
    ///
    /// The host follows it only where several remain: leaving the others out instead would turn them into none, if this
    /// one turned out to be another call's.
    #[must_use]
    pub fn with_likeliest(mut self, log_id: impl Into<String>) -> Self {
        self.likeliest = Some(log_id.into());
        self
    }

    /// Returns the ids, each once, in order.
    pub fn log_ids(&self) -> &[String] {
        &self.log_ids
    }

    /// Returns which of several entries is the call's.
    pub fn likeliest(&self) -> Option<&str> {
        self.likeliest.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn written(found: &Found) -> Value {
        serde_json::to_value(found).unwrap()
    }

    #[test]
    fn entries_are_written_by_their_ids() {
        assert_eq!(written(&Found::none()), json!({ "logIds": [] }));
        let one = Found::entries([String::from("7")]);
        assert_eq!(written(&one), json!({ "logIds": ["7"] }));
        let several = Found::entries(["7", "8"]).with_likeliest("8");
        assert_eq!(
            written(&several),
            json!({ "logIds": ["7", "8"], "likeliest": "8" })
        );
        assert_eq!(several.likeliest(), Some("8"));
    }

    #[test]
    fn an_answer_of_a_newer_connector_is_read_and_one_without_ids_is_not() {
        let read = |json: Value| serde_json::from_value::<Found>(json);
        let newer = json!({ "logIds": ["7"], "likeliest": null, "searched": 3 });
        assert_eq!(read(newer).unwrap(), Found::entries(["7"]));
        for unreadable in [
            json!({}),
            json!({ "logIds": null }),
            json!({ "logIds": [7] }),
        ] {
            read(unreadable).unwrap_err();
        }
    }
}
