//! The input of `findCallLog`: what is left of a call whose entry may exist.

use std::fmt;

use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::input::CreateCallLog;
use super::record::Direction;
use crate::fault::Fault;

/// A call whose entry is looked for: the input of `findCallLog`.
///
/// It holds what the ledger remembers of the attempt that may have written: ids and times, no text. Everything here
/// but [`call`](Self::call) is of that attempt.
#[derive(Clone)]
pub struct CallReference {
    reference: Reference,
    direction: Direction,
    auth_header: String,
    call: Option<CreateCallLog>,
}

/// The input as the host writes it. Unknown members are ignored, so that a host may be newer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Input {
    reference: Reference,
    #[serde(default)]
    auth_header: String,
    call: Option<Box<RawValue>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    hostname: Option<String>,
    user_id: String,
    contact_id: String,
    session: String,
    session_id: Option<String>,
    telephony_session_id: Option<String>,
    record_id: Option<String>,
    #[serde(deserialize_with = "moment")]
    started_at: Timestamp,
    #[serde(default)]
    direction: String,
    #[serde(deserialize_with = "moment")]
    claimed_at: Timestamp,
}

impl CallReference {
    /// Reads what the host sent.
    ///
    /// # Errors
    ///
    /// `invalid-input`. The fault says where, never what: the input holds a secret.
    pub(crate) fn from_json(json: &[u8]) -> Result<Self, Fault> {
        let input: Input = serde_json::from_slice(json).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Fault::invalid_input(format!(
                "cannot read what is looked for (line {line}, column {column})"
            ))
        })?;
        let call = input.call.as_deref();
        let call = call.map(|raw| CreateCallLog::from_checked_json(raw.get().as_bytes()));
        Ok(Self {
            direction: Direction::named(input.reference.direction.clone()),
            reference: input.reference,
            auth_header: input.auth_header,
            call: call.transpose()?,
        })
    }

    /// Returns what identifies the call: the record's `sessionId`, else `telephonySessionId`, else `id`.
    pub fn session(&self) -> &str {
        &self.reference.session
    }

    /// Returns the id of the call's session.
    pub fn session_id(&self) -> Option<&str> {
        self.reference.session_id.as_deref()
    }

    /// Returns the id of the call's telephony session, `s-...`.
    pub fn telephony_session_id(&self) -> Option<&str> {
        self.reference.telephony_session_id.as_deref()
    }

    /// Returns the record's id.
    pub fn record_id(&self) -> Option<&str> {
        self.reference.record_id.as_deref()
    }

    /// Returns the id of the contact that the entry is about.
    pub fn contact_id(&self) -> &str {
        &self.reference.contact_id
    }

    /// Returns the user's host of the CRM.
    pub fn hostname(&self) -> Option<&str> {
        let hostname = self.reference.hostname.as_deref();
        hostname.filter(|hostname| !hostname.is_empty())
    }

    /// Returns the id of the user who logged the call.
    pub fn user_id(&self) -> &str {
        &self.reference.user_id
    }

    /// Returns when the call started.
    pub fn started_at(&self) -> Timestamp {
        self.reference.started_at
    }

    /// Returns which way the call went.
    pub fn direction(&self) -> &Direction {
        &self.direction
    }

    /// Returns when the attempt began, by the host's clock. An entry that was created before it is not this attempt's;
    /// the clocks of host and CRM may differ by minutes.
    pub fn claimed_at(&self) -> Timestamp {
        self.reference.claimed_at
    }

    /// Returns the value of the HTTP `Authorization` header for the CRM, scheme included. Secret. May be empty.
    pub fn auth_header(&self) -> &str {
        &self.auth_header
    }

    /// Returns the request that brought the look-up about, if one did: a repeated one, whose texts, length and
    /// assignment may differ from those that were written.
    pub fn call(&self) -> Option<&CreateCallLog> {
        self.call.as_ref()
    }
}

/// Shows ids only: the input holds a secret, and the call private texts.
impl fmt::Debug for CallReference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CallReference")
            .field("session", &self.session())
            .finish_non_exhaustive()
    }
}

/// Reads RFC 3339.
fn moment<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(D::Error::custom)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::fault::FaultCode;
    use crate::testing::{example_call, reference_to};

    fn read(input: &Value) -> Result<CallReference, Fault> {
        CallReference::from_json(input.to_string().as_bytes())
    }

    #[test]
    fn every_member_has_a_view() {
        let reference = read(&json!({
            "reference": {
                "hostname": "acme.example", "userId": "42-acme", "contactId": "77", "session": "s", "sessionId": "s",
                "telephonySessionId": "t", "recordId": "r", "startedAt": "2026-03-05T23:59:30Z",
                "direction": "Outbound", "claimedAt": "2026-03-06T00:00:00.5Z",
            },
            "authHeader": "Bearer t",
        }))
        .unwrap();
        assert_eq!(reference.hostname(), Some("acme.example"));
        assert_eq!(
            (reference.user_id(), reference.contact_id()),
            ("42-acme", "77")
        );
        assert_eq!(
            (reference.session(), reference.session_id()),
            ("s", Some("s"))
        );
        assert_eq!(reference.telephony_session_id(), Some("t"));
        assert_eq!(reference.record_id(), Some("r"));
        assert_eq!(reference.started_at().to_string(), "2026-03-05T23:59:30Z");
        assert_eq!(reference.direction(), &Direction::Outbound);
        assert_eq!(reference.claimed_at().to_string(), "2026-03-06T00:00:00.5Z");
        assert_eq!(reference.auth_header(), "Bearer t");
        assert!(reference.call().is_none());
    }

    #[test]
    fn what_is_optional_may_be_absent_null_or_newer() {
        let mut input = reference_to(&example_call());
        input["priority"] = json!([1]);
        input["authHeader"].take();
        let input = input.to_string().replace("\"authHeader\":null,", "");
        let mut input: Value = serde_json::from_str(&input).unwrap();
        for name in ["hostname", "sessionId", "telephonySessionId", "recordId"] {
            input["reference"][name] = Value::Null;
        }
        input["reference"]["mood"] = json!("new");
        input["call"] = Value::Null;
        input["reference"]
            .as_object_mut()
            .unwrap()
            .remove("direction");
        let reference = read(&input).unwrap();
        assert_eq!((reference.hostname(), reference.session_id()), (None, None));
        assert_eq!(reference.direction(), &Direction::Other(String::new()));
        assert_eq!(reference.auth_header(), "");
        input["reference"]["hostname"] = json!("");
        assert_eq!(read(&input).unwrap().hostname(), None);
    }

    #[test]
    fn the_request_that_brought_it_about_is_read_as_leniently_as_by_create_call_log() {
        let mut input = reference_to(&example_call());
        input["call"] = example_call();
        input["call"]["aiNote"] = json!(5);
        let reference = read(&input).unwrap();
        let call = reference.call().unwrap();
        assert_eq!(call.contact().id(), "77");
        assert_eq!(call.ai_note(), None);
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused_without_a_word_of_it() {
        let whole = reference_to(&example_call());
        let mut refused = vec![json!({}), json!([]), json!("c4n4ry")];
        for name in ["userId", "contactId", "session", "startedAt", "claimedAt"] {
            let mut input = whole.clone();
            input["reference"][name] = json!({ "c4n4ry": 1 });
            refused.push(input.clone());
            input["reference"].as_object_mut().unwrap().remove(name);
            refused.push(input);
        }
        let mut yesterday = whole.clone();
        yesterday["reference"]["claimedAt"] = json!("c4n4ry");
        refused.push(yesterday);
        let mut without_id = whole;
        without_id["call"] = example_call();
        without_id["call"]["contactInfo"] = json!({ "id": "" });
        refused.push(without_id);
        for input in refused {
            let fault = read(&input).unwrap_err();
            assert_eq!(fault.code(), FaultCode::InvalidInput, "{input}");
            assert!(!fault.message().contains("c4n4ry"), "{fault}");
        }
    }

    #[test]
    fn debug_output_shows_no_secret() {
        let mut input = reference_to(&example_call());
        input["authHeader"] = json!("Bearer c4n4ry");
        input["call"] = example_call();
        input["call"]["note"] = json!("c4n4ry");
        let shown = format!("{:?}", read(&input).unwrap());
        assert_eq!(shown, r#"CallReference { session: "4503991004", .. }"#);
    }
}
