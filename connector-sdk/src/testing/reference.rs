//! Inputs of `findCallLog`.

use serde_json::{Value, json};

use crate::model::CreateCallLog;

/// Returns the input of `findCallLog` for an input of `createCallLog`, as the host makes it when no request brings the
/// look-up about. Change members to make other cases; a request that is repeated stands under `call`.
///
/// The attempt began at 2026-03-06T00:00:00Z, where the clock of a [`PretendHost`](super::PretendHost) starts.
///
/// # Panics
///
/// If the input cannot be logged; the message names its faults.
pub fn reference_to(call: &Value) -> Value {
    let read = CreateCallLog::from_json(call.to_string());
    let read = read.unwrap_or_else(|faults| panic!("the input cannot be logged: {faults}"));
    let record = read.call_log();
    json!({
        "reference": {
            "hostname": read.user().hostname().unwrap_or_default(),
            "userId": read.user().id(),
            "contactId": read.contact().id(),
            "session": record.session(),
            "sessionId": record.session_id(),
            "telephonySessionId": record.telephony_session_id(),
            "recordId": record.id(),
            "startedAt": record.start_time().to_string(),
            "direction": call["callLog"]["direction"].as_str().unwrap_or_default(),
            "claimedAt": "2026-03-06T00:00:00Z",
        },
        "authHeader": read.auth_header(),
    })
}
