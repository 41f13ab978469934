//! Inputs that are only composed.

use std::borrow::Cow;

use serde_json::value::RawValue;
use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{InputFault, InvalidInput};

use super::members::Members;
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
        let redactor = Redactor::new(json.into(), Default::default());
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
    let text = std::str::from_utf8(json).ok();
    let Some(mut input) = text.and_then(Members::read) else {
        return Cow::Borrowed(json);
    };
    if input.get("authHeader").is_none() {
        input.put("authHeader", Some(raw("")));
    }
    if PARAMETERS.iter().any(|name| input.as_sent(name).is_some()) {
        place_parameters(&mut input);
    }
    let completed = String::from(Box::<str>::from(input.to_json()));
    Cow::Owned(completed.into_bytes())
}

/// Puts App Connect's parameters where an input has them.
fn place_parameters(input: &mut Members<'_>) {
    let owned = |name| input.as_sent(name).map(RawValue::to_owned);
    let link = |name| input.get(name).map(|link| object("link", link));
    let Some(json) = owned("callLog") else {
        return;
    };
    let Some(mut record) = Members::read(json.get()) else {
        return;
    };
    record.put("customSubject", owned("subject"));
    record.put("duration", owned("duration"));
    record.put("result", owned("result"));
    record.put("recording", link("recordingLink"));
    record.put("voicemail", link("voicemailLink"));
    let start = input.get("startTime").map(RawValue::to_owned);
    let is_started = start.is_some();
    // Every input has a start; one without is composed without its date.
    record.put("startTime", start.or_else(|| Some(raw(0))));
    input.put("callLog", Some(record.to_json()));
    if !is_started {
        leave_out_the_date(input);
    }
}

fn leave_out_the_date(input: &mut Members<'_>) {
    let Some(json) = input.get("user").map(RawValue::to_owned) else {
        return;
    };
    let Some(mut user) = Members::read(json.get()) else {
        return;
    };
    let settings = user.get("userSettings").map(RawValue::to_owned);
    let settings = settings.unwrap_or_else(|| Members::default().to_json());
    let Some(mut settings) = Members::read(settings.get()) else {
        return;
    };
    settings.put("addCallLogDateTime", Some(object("value", &raw(false))));
    user.put("userSettings", Some(settings.to_json()));
    input.put("user", Some(user.to_json()));
}

fn object(name: &str, value: &RawValue) -> Box<RawValue> {
    let mut object = Members::default();
    object.put(name, Some(value.to_owned()));
    object.to_json()
}

fn raw(value: impl serde::Serialize) -> Box<RawValue> {
    serde_json::value::to_raw_value(&value).expect("a plain value is JSON")
}
