//! The outcome of `createCallLog`.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// How a message is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MessageType {
    /// The call is logged.
    Success,
    /// The user should know or do something.
    Warning,
    /// Something is broken.
    Danger,
}

/// What the user reads after a call was logged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReturnMessage {
    message: String,
    message_type: MessageType,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl: Option<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl ReturnMessage {
    /// Makes a message that stays on screen as long as the host decides.
    pub fn new(message_type: MessageType, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            message_type,
            ttl: None,
            others: Map::new(),
        }
    }

    /// Sets how long the message stays on screen, in milliseconds.
    #[must_use]
    pub fn with_ttl_ms(mut self, ttl_ms: u64) -> Self {
        self.ttl = Some(ttl_ms);
        self
    }

    /// Adds App Connect's `details`: an array of sections, shown when the message is opened.
    #[must_use]
    pub fn with_details(mut self, details: Value) -> Self {
        self.others.insert("details".to_owned(), details);
        self
    }
}

/// What a connector reports of a call that it has logged.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallLogged {
    log_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_message: Option<ReturnMessage>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extra_data_tracking: Option<Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

impl CallLogged {
    /// Reports the entry's id in the CRM. Without a message of its own the user reads `Call logged`.
    pub fn new(log_id: impl Into<String>) -> Self {
        Self {
            log_id: log_id.into(),
            return_message: None,
            extra_data_tracking: None,
            warnings: Vec::new(),
        }
    }

    /// Sets what the user reads.
    #[must_use]
    pub fn with_message(mut self, message: ReturnMessage) -> Self {
        self.return_message = Some(message);
        self
    }

    /// Adds figures for the gateway, e.g. how many requests the CRM still allows.
    #[must_use]
    pub fn with_extra_data_tracking(mut self, figures: Value) -> Self {
        self.extra_data_tracking = Some(figures);
        self
    }

    /// Adds something that the operator should know although the call is logged.
    #[must_use]
    pub fn with_warning(mut self, warning: impl Into<String>) -> Self {
        self.warnings.push(warning.into());
        self
    }

    /// Returns the entry's id in the CRM.
    pub fn log_id(&self) -> &str {
        &self.log_id
    }

    /// Returns the warnings, in order.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn written(logged: &CallLogged) -> Value {
        serde_json::to_value(logged).unwrap()
    }

    #[test]
    fn an_outcome_writes_only_what_the_connector_said() {
        let bare = CallLogged::new("7");
        assert_eq!(written(&bare), json!({ "logId": "7" }));
        assert_eq!((bare.log_id(), bare.warnings().len()), ("7", 0));
        let whole = CallLogged::new(String::from("7"))
            .with_message(ReturnMessage::new(MessageType::Warning, "no deal"))
            .with_extra_data_tracking(json!({ "ratelimit": { "remaining": 3 } }))
            .with_warning("one")
            .with_warning("two");
        assert_eq!(
            written(&whole),
            json!({
                "logId": "7",
                "returnMessage": { "message": "no deal", "messageType": "warning" },
                "extraDataTracking": { "ratelimit": { "remaining": 3 } },
                "warnings": ["one", "two"],
            })
        );
        assert_eq!(whole.warnings(), ["one", "two"]);
    }

    #[test]
    fn a_message_has_the_members_of_the_contract() {
        for (kind, name) in [
            (MessageType::Success, "success"),
            (MessageType::Warning, "warning"),
            (MessageType::Danger, "danger"),
        ] {
            let message = ReturnMessage::new(kind, "m").with_ttl_ms(3000);
            assert_eq!(
                serde_json::to_value(message).unwrap(),
                json!({ "message": "m", "messageType": name, "ttl": 3000 })
            );
        }
        let details =
            json!([{ "title": "t", "items": [{ "id": "1", "type": "text", "text": "x" }] }]);
        let message = ReturnMessage::new(MessageType::Danger, "m").with_details(details.clone());
        assert_eq!(
            serde_json::to_value(message).unwrap(),
            json!({ "message": "m", "messageType": "danger", "details": details })
        );
    }
}
