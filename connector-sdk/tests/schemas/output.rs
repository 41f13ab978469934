//! The output.

use serde_json::{Value, json};
use switchboard_connector_sdk::FaultCode;
use switchboard_connector_sdk::testing::schemars::{self, JsonSchema};

/// What became of a call: the entry's id, and what the user reads. Other members may come.
#[derive(JsonSchema)]
#[schemars(
    title = "createCallLog: output",
    rename_all = "camelCase",
    extend(
        "$id" = "create-call-log.output.schema.json",
        "required" = ["logId", "returnMessage"],
        "if" = { "properties": { "logId": { "type": "null" } } },
        "then" = { "required": ["error"] },
        "else" = { "properties": { "error": false } }
    )
)]
pub(crate) struct Output {
    /// The entry's id in the CRM; null if the call is not known to be logged, and then `error` says why.
    #[schemars(length(min = 1))]
    log_id: Option<String>,
    return_message: ReturnMessage,
    /// The call had been logged before; this is what became of it then.
    duplicate: bool,
    /// What the operator should know although the call is logged.
    warnings: Vec<String>,
    /// Figures for the gateway, in whatever shape the connector gives them.
    extra_data_tracking: Value,
    error: CallError,
}

/// What the user reads. A connector may add members, for instance `details`.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct ReturnMessage {
    /// One sentence; of a failure it says what to do.
    message: String,
    message_type: MessageType,
    /// How many milliseconds the message stays on screen.
    #[schemars(example = 30_000)]
    ttl: u64,
}

/// How a message is shown.
#[derive(JsonSchema)]
#[schemars(rename_all = "lowercase", inline)]
enum MessageType {
    Success,
    Warning,
    Danger,
}

/// Why a call was not logged.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", extend("required" = ["code", "message"]))]
struct CallError {
    /// The code, for programs.
    #[schemars(extend("enum" = codes()))]
    code: String,
    /// What happened, for the person who looks closer.
    message: String,
    /// Every fault of the input, for `invalid-input`.
    faults: Vec<InputFault>,
    /// When a new attempt makes sense, if the CRM says so; at most an hour.
    retry_after_seconds: u64,
}

/// One fault of an input.
#[derive(JsonSchema)]
struct InputFault {
    /// JSON pointer (RFC 6901) to the value; empty for the whole input.
    #[schemars(regex(pattern = "^(/|$)"))]
    pointer: String,
    /// What was found and expected. Never shows a secret or private value.
    message: String,
}

fn codes() -> Value {
    json!(FaultCode::all().map(FaultCode::as_str).collect::<Vec<_>>())
}
