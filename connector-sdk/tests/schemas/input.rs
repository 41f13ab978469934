//! The input.

use serde_json::{Map, Value};
use switchboard_connector_sdk::testing::schemars::{self, JsonSchema};

use crate::record::CallRecord;

/// One phone call to be logged: one entry in the CRM, for the given contact.
///
/// Unknown members are allowed everywhere and reach the connector as they are. `null` means absent for every optional
/// member. An input has at most 10 MiB and 10,000 legs, is nested at most 64 deep, and has no key twice in one object.
#[derive(JsonSchema)]
#[schemars(
    title = "createCallLog: input",
    rename_all = "camelCase",
    extend("$id" = "create-call-log.input.schema.json")
)]
pub(crate) struct Input {
    user: User,
    contact_info: Contact,
    /// Value of the HTTP `Authorization` header for the CRM, scheme included; empty for a CRM without one. Secret.
    #[schemars(
        regex(pattern = r"^[^\x00-\x08\x0a-\x1f\x7f]*$"),
        example = "Bearer example-token"
    )]
    auth_header: String,
    call_log: CallRecord,
    /// What the agent wrote. Private, like every text of the call below.
    note: Option<String>,
    /// Values of the manifest's custom fields, by the fields' names.
    additional_submission: Option<Map<String, Value>>,
    /// The AI's summary of the call.
    ai_note: Option<String>,
    /// The transcript of the call.
    transcript: Option<String>,
    /// ACE's transcript.
    ring_sense_transcript: Option<String>,
    /// ACE's summary.
    ring_sense_summary: Option<String>,
    /// ACE's summary in points.
    ring_sense_bulleted_summary: Option<String>,
    /// Where ACE shows the call.
    ring_sense_link: Option<String>,
    /// ACE's score of the call.
    #[schemars(rename = "ringSenseAIScore")]
    ring_sense_ai_score: Option<Score>,
    /// The body of the log entry, ready to be written.
    composed_log_details: Option<String>,
    /// Where a person can listen to the voicemail: a text. Wins over the record's `voicemail.link`.
    voicemail_link: Option<Value>,
    /// The voicemail's id at RingCentral.
    voicemail_message_id: Option<Value>,
    /// The RingCentral account, as App Connect names it to its analytics.
    hashed_account_id: Option<Value>,
    /// Whether a server logs the call, rather than the agent's browser.
    #[schemars(rename = "isFromSSCL")]
    is_from_sscl: Option<Value>,
    /// What connectors that work through a proxy need. Secret.
    proxy_config: Option<Value>,
}

/// The App Connect user who logs the call. Members whose names end in `token`, `secret`, `password`, `apikey` or
/// `user_key` are secret.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct User {
    /// The user's id in the CRM as App Connect writes it.
    #[schemars(example = "42-pipedrive")]
    id: FilledId,
    /// The tenant's host of the CRM.
    #[schemars(example = "acme.pipedrive.com")]
    hostname: Option<String>,
    /// The user's time zone by its IANA name.
    #[schemars(example = "America/Los_Angeles")]
    timezone_name: Option<String>,
    /// The user's distance from UTC. A number of magnitude below 16 is hours, another one minutes.
    #[schemars(example = "+05:30", example = "-0800", example = -8)]
    timezone_offset: Option<Id>,
    /// The user's settings in App Connect. Each is an object with a member `value`.
    user_settings: Option<Map<String, Value>>,
    /// What the gateway knows of the user in this CRM.
    platform_additional_info: Option<Map<String, Value>>,
    /// The RingCentral account.
    rc_account_id: Option<Id>,
}

/// The contact of the CRM that the call was with.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Contact {
    /// The contact's id in the CRM.
    id: FilledId,
    /// The kind of contact, in the CRM's words.
    #[schemars(example = &"Contact", example = &"Lead")]
    r#type: Option<String>,
    /// The contact's number: E.164 (`^\+[1-9][0-9]{1,14}$`), or equal to a `phoneNumber` or `extensionNumber` of the
    /// record's `from` or `to`, whatever its form. `""` means absent.
    #[schemars(example = "+14155551234")]
    phone_number: Option<String>,
    /// The contact's name. `""` means absent.
    name: Option<String>,
}

/// An id: a text, or a number, which keeps its digits.
#[derive(JsonSchema)]
#[schemars(untagged)]
pub(crate) enum Id {
    Text(String),
    Number(f64),
}

/// An id that must not be empty.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum FilledId {
    Text(#[schemars(regex(pattern = r"\S"))] String),
    Number(f64),
}

/// A score: a text, a number, or an object with a member `score`.
#[derive(JsonSchema)]
#[schemars(untagged)]
enum Score {
    Text(String),
    Number(f64),
    Object(Map<String, Value>),
}
