//! What the ledger knows a call by.

use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{CallDuration, Direction};

use crate::connector::CREATE_CALL_LOG;
use crate::ledger::{CallKey, CallReference};

/// How much is kept of a direction that the contract does not know.
const MAX_DIRECTION_CHARS: usize = 32;

/// What the ledger knows a call by.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub(crate) key: CallKey,
    pub(crate) reference: CallReference,
    /// Whether the call was still running, so that the entry lacks its end.
    pub(crate) is_running: bool,
}

impl Subject {
    /// Reads it from an input. The caller's own key stands in for user and session.
    pub(super) fn of(call: &CreateCallLog, crm: &str, idempotency_key: Option<&str>) -> Self {
        let reference = reference(call);
        let key = match idempotency_key {
            Some(own) => CallKey::of_caller(CREATE_CALL_LOG, crm, own),
            None => {
                let (user, session) = (call.user(), call.call_log().session());
                let hostname = user.hostname().unwrap_or_default();
                CallKey::of_call(CREATE_CALL_LOG, crm, hostname, user.id(), session)
            }
        };
        let is_running = matches!(call.call_log().duration(), CallDuration::Pending);
        Self {
            key,
            reference,
            is_running,
        }
    }
}

fn reference(call: &CreateCallLog) -> CallReference {
    let (user, record) = (call.user(), call.call_log());
    CallReference {
        hostname: kept(user.hostname().unwrap_or_default()),
        user_id: kept(user.id()),
        contact_id: kept(call.contact().id()),
        session: kept(record.session()),
        session_id: record.session_id().map(kept),
        telephony_session_id: record.telephony_session_id().map(kept),
        record_id: record.id().map(kept),
        started_at: record.start_time(),
        direction: direction(record.direction()),
    }
}

/// Returns an id without NUL characters, which no CRM has and no database keeps.
fn kept(id: &str) -> String {
    id.replace('\0', "")
}

fn direction(direction: &Direction) -> String {
    match direction {
        Direction::Inbound => "Inbound".to_owned(),
        Direction::Outbound => "Outbound".to_owned(),
        Direction::Other(other) => {
            let printable = other.chars().filter(|it| !it.is_control());
            printable.take(MAX_DIRECTION_CHARS).collect()
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn call(changes: impl Fn(&mut Value)) -> CreateCallLog {
        let mut input = json!({
            "user": { "id": 42, "hostname": "Acme.Example" },
            "contactInfo": { "id": "77" },
            "authHeader": "Bearer x",
            "callLog": { "sessionId": "s-1", "startTime": "2026-01-05T09:30:00Z", "direction": "Inbound" },
        });
        changes(&mut input);
        CreateCallLog::from_json(input.to_string()).unwrap()
    }

    fn subject(call: &CreateCallLog) -> Subject {
        Subject::of(call, "acme", None)
    }

    #[test]
    fn a_call_is_known_by_user_and_session_or_by_the_callers_key() {
        let call = call(|_| {});
        let key = subject(&call).key.to_string();
        assert_eq!(key, "createCallLog/acme/acme.example/42/s-1");
        let own = Subject::of(&call, "acme", Some("order 77"));
        assert_eq!(own.key.to_string(), "createCallLog/acme/order+77");
        assert_eq!(own.reference.session, "s-1");
        assert!(!own.is_running);
    }

    #[test]
    fn a_call_without_length_is_running_if_it_says_so() {
        let pending = call(|input| input["callLog"]["duration"] = "pending".into());
        assert!(subject(&pending).is_running);
        let unknown = call(|input| input["callLog"]["duration"] = "long".into());
        assert!(!subject(&unknown).is_running);
    }

    #[test]
    fn of_an_unknown_direction_little_is_kept() {
        let call = call(|input| input["callLog"]["direction"] = "\0side\u{7}ways".repeat(9).into());
        let direction = subject(&call).reference.direction;
        assert_eq!(direction, "sideways".repeat(4));
    }
}
