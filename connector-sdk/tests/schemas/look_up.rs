//! Input and output of the look-up.

use serde_json::{Map, Value};
use switchboard_connector_sdk::testing::schemars::{self, JsonSchema};

/// A call whose entry is looked for. Unknown members may come; `null` means absent for every optional member.
#[derive(JsonSchema)]
#[schemars(
    title = "findCallLog: input",
    rename_all = "camelCase",
    extend("$id" = "find-call-log.input.schema.json")
)]
pub(crate) struct LookUp {
    reference: Reference,
    /// Value of the HTTP `Authorization` header for the CRM, scheme included; empty for a CRM without one. Secret.
    #[schemars(default, example = "Bearer example-token")]
    auth_header: String,
    /// The request that brought the look-up about, if one did: a whole input of `createCallLog`
    /// (`create-call-log.input.schema.json`). It is a repeated one, and may differ from the one that was written.
    call: Option<Map<String, Value>>,
}

/// What is left of the attempt that may have written.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Reference {
    /// The user's host of the CRM; empty if there is none.
    hostname: Option<String>,
    /// The user who logged the call.
    user_id: String,
    /// The contact that the entry is about.
    contact_id: String,
    /// What identifies the call: the record's `sessionId`, else `telephonySessionId`, else `id`.
    session: String,
    /// The record's `sessionId`.
    session_id: Option<String>,
    /// The record's `telephonySessionId`.
    telephony_session_id: Option<String>,
    /// The record's `id`.
    record_id: Option<String>,
    /// When the call started (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    started_at: String,
    /// `Inbound`, `Outbound`, or what was sent in its place.
    #[schemars(default)]
    direction: String,
    /// When the attempt began, by the host's clock (RFC 3339).
    #[schemars(extend("format" = "date-time"))]
    claimed_at: String,
}

/// Every entry that is or could be the call's. Other members may come.
#[derive(JsonSchema)]
#[schemars(
    title = "findCallLog: output",
    rename_all = "camelCase",
    extend("$id" = "find-call-log.output.schema.json")
)]
pub(crate) struct Found {
    /// The ids of the entries. None means, for certain, that the CRM has no such entry.
    log_ids: Vec<String>,
    /// Which of several is the call's, where one alone equals the repeated request in everything.
    likeliest: Option<String>,
}
