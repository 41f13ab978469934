//! The call record.

use serde_json::{Value, json};
use switchboard_connector_sdk::jiff::Timestamp;
use switchboard_connector_sdk::model::MAX_LEGS;
use switchboard_connector_sdk::testing::schemars::{self, JsonSchema};

use crate::input::Id;

/// The RingCentral call record, "Detailed" view, with what App Connect adds to it. At least one of `sessionId`,
/// `telephonySessionId` and `id` is there.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase", extend("anyOf" = one_of_the_ids()))]
pub(crate) struct CallRecord {
    /// When the call started: ISO 8601 with `Z` or an offset, without one in UTC, or milliseconds since 1970. A date
    /// alone is none.
    start_time: Moment,
    #[schemars(flatten)]
    part: Part,
    /// The legs of the call's journey, in order.
    #[schemars(length(max = MAX_LEGS))]
    legs: Option<Vec<Leg>>,
    /// The subject that the user gave the call: a text or a number.
    custom_subject: Option<Value>,
    /// What App Connect knows of a voicemail: an object with `link` and `messageId`.
    voicemail: Option<Value>,
}

/// One leg of a call's journey: like a record.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Leg {
    /// When the leg started.
    start_time: Option<Moment>,
    #[schemars(flatten)]
    part: Part,
    /// E.g. `Accept` or `PstnToSip`.
    leg_type: Option<Value>,
    /// `true` for the leg that stands for the call.
    master: Option<Value>,
}

/// What records and legs have in common.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Part {
    /// The id of the call's session, which identifies the call.
    session_id: Option<Id>,
    /// The id of the call's telephony session, `s-...`.
    telephony_session_id: Option<Id>,
    /// The record's id.
    id: Option<Id>,
    /// Seconds, or `"pending"` while the call runs. Anything else counts as unknown: in a composed entry `null` is
    /// `0 seconds`, and another text stands as it is.
    duration: Option<Value>,
    /// `Inbound`: the contact called; `Outbound`: the user called. Another text is kept.
    direction: Option<Value>,
    /// `Voice` or `Fax`.
    r#type: Option<Value>,
    /// What started the call, e.g. `Phone Call`.
    action: Option<Value>,
    /// How the call ended, e.g. `Accepted`, `Missed`.
    result: Option<Value>,
    /// `PSTN` or `VoIP`.
    transport: Option<Value>,
    /// When the record was last changed.
    last_modified_time: Option<Value>,
    /// Who called.
    from: Option<Party>,
    /// Who was called.
    to: Option<Party>,
    /// The RingCentral extension that the record belongs to.
    extension: Option<Extension>,
    /// What the call cost.
    billing: Option<Billing>,
    /// The recording of the call.
    recording: Option<Recording>,
}

/// One side of a call.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Party {
    /// A text, usually E.164, or a number, which counts as its digits.
    phone_number: Option<Value>,
    /// The number within the RingCentral account: a text or a number.
    extension_number: Option<Value>,
    /// The extension's id within the RingCentral account.
    extension_id: Option<Id>,
    /// A text or a number.
    name: Option<Value>,
    /// City and state or country.
    location: Option<Value>,
}

/// A RingCentral extension.
#[derive(JsonSchema)]
struct Extension {
    /// Its id.
    id: Option<Id>,
    /// Its address in the RingCentral API.
    uri: Option<Value>,
}

/// What a call cost, in the account's currency.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Billing {
    /// Paid from what the plan includes.
    cost_included: Option<Value>,
    /// Paid beside it.
    cost_purchased: Option<Value>,
}

/// The recording of a call.
#[derive(JsonSchema)]
#[schemars(rename_all = "camelCase")]
struct Recording {
    /// Its id.
    id: Option<Id>,
    /// Its address in the RingCentral API.
    uri: Option<Value>,
    /// `Automatic` or `OnDemand`.
    r#type: Option<Value>,
    /// Where the sound is.
    content_uri: Option<Value>,
    /// Where a person can listen to it.
    link: Option<Value>,
}

/// A moment: a date with a time, or milliseconds since 1970.
#[derive(JsonSchema)]
#[schemars(
    untagged,
    example = "2026-03-05T23:59:30.000Z",
    example = "2026-03-05T15:59:30-0800",
    example = 1_772_755_170_000_i64
)]
enum Moment {
    /// Milliseconds in digits, or a date that is followed by a time.
    Text(
        #[schemars(regex(
            pattern = r"^\s*([0-9]+|([+-][0-9]{2})?[0-9]{4}-?[0-9]{2}-?[0-9]{2}[Tt ][0-9].*)\s*$"
        ))]
        String,
    ),
    /// Milliseconds since 1970.
    Millis(
        #[schemars(range(min = Timestamp::MIN.as_second() * 1000, max = Timestamp::MAX.as_second() * 1000))]
         i64,
    ),
}

fn one_of_the_ids() -> Value {
    let filled = |name: &str| {
        let id = json!({ "type": ["string", "number"], "pattern": r"\S" });
        json!({ "required": [name], "properties": { name: id } })
    };
    ["sessionId", "telephonySessionId", "id"]
        .map(filled)
        .into_iter()
        .collect()
}
