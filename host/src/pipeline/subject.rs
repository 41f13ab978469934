//! What the ledger knows a call by.

use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{CallDuration, Direction, InputFault, InvalidInput};

use crate::ledger::{CallKey, CallReference};

/// What is done: the only operation that a ledger keeps so far.
pub(crate) const OPERATION: &str = "createCallLog";

/// How many bytes an id may have that a call is known by.
const MAX_ID_BYTES: usize = 500;

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
    ///
    /// # Errors
    ///
    /// An id is longer than any that a CRM or RingCentral makes, or holds a NUL character.
    pub(super) fn of(
        call: &CreateCallLog,
        crm: &str,
        idempotency_key: Option<&str>,
    ) -> Result<Self, InvalidInput> {
        if let Some(invalid) = InvalidInput::new(unfit_ids(call)) {
            return Err(invalid);
        }
        let reference = reference(call);
        let key = match idempotency_key {
            Some(own) => CallKey::of_caller(OPERATION, crm, own),
            None => CallKey::of_call(
                OPERATION,
                crm,
                &reference.hostname,
                &reference.user_id,
                &reference.session,
            ),
        };
        let is_running = matches!(call.call_log().duration(), CallDuration::Pending);
        Ok(Self {
            key,
            reference,
            is_running,
        })
    }
}

fn reference(call: &CreateCallLog) -> CallReference {
    let (user, record) = (call.user(), call.call_log());
    CallReference {
        hostname: user.hostname().unwrap_or_default().to_owned(),
        user_id: user.id().to_owned(),
        contact_id: call.contact().id().to_owned(),
        session: record.session().to_owned(),
        session_id: record.session_id().map(str::to_owned),
        telephony_session_id: record.telephony_session_id().map(str::to_owned),
        record_id: record.id().map(str::to_owned),
        started_at: record.start_time(),
        direction: direction(record.direction()),
    }
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

fn unfit_ids(call: &CreateCallLog) -> Vec<InputFault> {
    let (user, record) = (call.user(), call.call_log());
    let ids = [
        ("/user/id", Some(user.id())),
        ("/user/hostname", user.hostname()),
        ("/contactInfo/id", Some(call.contact().id())),
        ("/callLog/sessionId", record.session_id()),
        ("/callLog/telephonySessionId", record.telephony_session_id()),
        ("/callLog/id", record.id()),
    ];
    let ids = ids.into_iter().filter_map(|(at, id)| Some((at, id?)));
    ids.filter_map(|(at, id)| Some(InputFault::new(at, unfit(id)?)))
        .collect()
}

/// Says what keeps a text from being an id.
pub(super) fn unfit(id: &str) -> Option<String> {
    if id.len() > MAX_ID_BYTES {
        let found = id.len();
        return Some(format!(
            "has {found} bytes, an id has at most {MAX_ID_BYTES}"
        ));
    }
    id.contains('\0')
        .then(|| "holds a NUL character, which no id has".to_owned())
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
        Subject::of(call, "acme", None).unwrap()
    }

    #[test]
    fn a_call_is_known_by_user_and_session_or_by_the_callers_key() {
        let call = call(|_| {});
        let key = subject(&call).key.to_string();
        assert_eq!(key, "createCallLog/acme/acme.example/42/s-1");
        let own = Subject::of(&call, "acme", Some("order 77")).unwrap();
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
    fn ids_that_are_none_are_refused_all_at_once() {
        let call = call(|input| {
            input["user"]["hostname"] = "a\0b".into();
            input["callLog"]["sessionId"] = "x".repeat(501).into();
        });
        let faults = Subject::of(&call, "acme", None).unwrap_err();
        let at: Vec<_> = faults
            .faults()
            .iter()
            .map(|it| it.pointer.as_str())
            .collect();
        assert_eq!(at, ["/user/hostname", "/callLog/sessionId"]);
    }

    #[test]
    fn of_an_unknown_direction_little_is_kept() {
        let call = call(|input| input["callLog"]["direction"] = "\0side\u{7}ways".repeat(9).into());
        let direction = subject(&call).reference.direction;
        assert_eq!(direction, "sideways".repeat(4));
    }
}
