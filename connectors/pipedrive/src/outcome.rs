//! What Pipedrive's answer to a new activity means for the user.

use serde::Deserialize;
use serde_json::{Map, Value};
use switchboard_connector_sdk::http::Response;
use switchboard_connector_sdk::model::Id;
use switchboard_connector_sdk::{CallLogged, Fault, MessageType, ReturnMessage};

/// How long the user sees that the call is logged.
const TTL_MS: u64 = 2000;

/// Which headers are reported to the gateway, and as what.
const TRACKED: [(&str, &str); 3] = [
    ("ratelimitRemaining", "x-ratelimit-remaining"),
    ("ratelimitAmount", "x-ratelimit-limit"),
    ("ratelimitReset", "x-ratelimit-reset"),
];

#[derive(Deserialize)]
struct Answer {
    data: Created,
}

#[derive(Deserialize)]
struct Created {
    id: Id,
}

/// Reads a 2xx answer.
///
/// # Errors
///
/// `unknown-outcome` if it does not name the activity: one may exist, and logging the call again could make
/// two.
pub(crate) fn logged(answer: &Response) -> Result<CallLogged, Fault> {
    let created: Answer = answer.json().map_err(|_| {
        Fault::unknown_outcome(format!(
            "Pipedrive answered {} without the id of the activity",
            answer.status()
        ))
    })?;
    let message = ReturnMessage::new(MessageType::Success, "Call logged").with_ttl_ms(TTL_MS);
    Ok(CallLogged::new(created.data.id.as_str())
        .with_message(message)
        .with_extra_data_tracking(tracked(answer)))
}

fn tracked(answer: &Response) -> Value {
    let members = TRACKED.iter().filter_map(|(member, header)| {
        let value = answer.header(header)?;
        Some(((*member).to_owned(), value.into()))
    });
    Value::Object(members.collect::<Map<_, _>>())
}
