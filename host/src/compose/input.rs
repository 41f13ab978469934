//! Inputs that are only composed.

use std::borrow::Cow;

use serde_json::value::RawValue;
use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{InputFault, InvalidInput};

use crate::input::{AUTH_HEADER, Members, raw_text};
use crate::redact::Redactor;

/// The parameters of App Connect's own composer that stand beside the call record and have a place in it.
const PARAMETERS: [&str; 5] = [
    "subject",
    "startTime",
    "duration",
    "result",
    "recordingLink",
];

/// Reads an input of which nothing is sent: the details are composed and that is all.
///
/// It may lack `authHeader`. It may have the form of the parameters of App Connect's own composer: if one of `subject`,
/// `startTime`, `duration`, `result` and `recordingLink` stands beside `callLog`, these five and `voicemailLink` count
/// in place of the record's `customSubject`, `startTime`, `duration`, `result`, `recording.link` and `voicemail.link`;
/// what is not among them is not composed.
///
/// # Errors
///
/// [`InvalidInput`] with every fault, as [`CreateCallLog::from_json`]; what is secret in the input is taken out of the
/// messages.
pub fn read_input(json: &[u8]) -> Result<CreateCallLog, InvalidInput> {
    let completed = completed(json);
    CreateCallLog::from_json(&completed).map_err(|invalid| {
        let redactor = Redactor::new(vec![json.into()], Default::default());
        let redacted = |fault: &InputFault| {
            let (pointer, message) = (&fault.pointer, &fault.message);
            InputFault::new(redactor.redact(pointer), redactor.redact(message))
        };
        let faults = invalid.faults().iter().map(redacted).collect();
        InvalidInput::new(faults).unwrap_or(invalid)
    })
}

/// Fills in what an input lacks. What is no object comes back as it is, to be refused.
fn completed(json: &[u8]) -> Cow<'_, [u8]> {
    let Some(mut input) = Members::read(json) else {
        return Cow::Borrowed(json);
    };
    if sent(&input, AUTH_HEADER).is_none() {
        input.set(AUTH_HEADER, raw_text(""));
    }
    if PARAMETERS.iter().any(|name| input.get(name).is_some()) {
        place_parameters(&mut input);
    }
    Cow::Owned(input.to_json().into_bytes())
}

/// Puts App Connect's parameters where an input has them.
fn place_parameters(input: &mut Members<'_>) {
    let record = input.get("callLog").map(RawValue::to_owned);
    let Some(mut record) = record.as_deref().and_then(object) else {
        return;
    };
    let link = |name| sent(input, name).map(|link| member("link", link));
    let start = sent(input, "startTime");
    let is_started = start.is_some();
    for (name, value) in [
        (
            "customSubject",
            input.get("subject").map(RawValue::to_owned),
        ),
        ("duration", input.get("duration").map(RawValue::to_owned)),
        ("result", input.get("result").map(RawValue::to_owned)),
        ("recording", link("recordingLink")),
        ("voicemail", link("voicemailLink")),
        // Every input has a start; one without is composed without its date.
        (
            "startTime",
            Some(start.map_or_else(epoch, RawValue::to_owned)),
        ),
    ] {
        match value {
            Some(value) => record.set(name, value),
            None => record.remove(name),
        }
    }
    input.set("callLog", raw(record.to_json()));
    if !is_started {
        leave_out_the_date(input);
    }
}

fn leave_out_the_date(input: &mut Members<'_>) {
    let user = input.get("user").map(RawValue::to_owned);
    let Some(mut user) = user.as_deref().and_then(object) else {
        return;
    };
    let settings = sent(&user, "userSettings").map(RawValue::to_owned);
    let settings = settings
        .as_deref()
        .map_or_else(|| Some(Members::default()), object);
    let Some(mut settings) = settings else {
        return;
    };
    settings.set(
        "addCallLogDateTime",
        member("value", &raw("false".to_owned())),
    );
    user.set("userSettings", raw(settings.to_json()));
    input.set("user", raw(user.to_json()));
}

/// Returns a member's text; `null` is the same as absent.
fn sent<'m>(members: &'m Members<'_>, name: &str) -> Option<&'m RawValue> {
    members.get(name).filter(|value| value.get() != "null")
}

fn object(json: &RawValue) -> Option<Members<'_>> {
    Members::read(json.get().as_bytes())
}

/// Writes an object of one member.
fn member(name: &str, value: &RawValue) -> Box<RawValue> {
    let mut object = Members::default();
    object.set(name, value.to_owned());
    raw(object.to_json())
}

fn epoch() -> Box<RawValue> {
    raw("0".to_owned())
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("what was written as JSON is JSON")
}
