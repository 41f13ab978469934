//! Inputs that are only composed.

use std::borrow::Cow;

use serde_json::value::RawValue;
use switchboard_connector_sdk::CreateCallLog;
use switchboard_connector_sdk::model::{InputFault, InvalidInput};

use super::settings::is_truthy;
use super::{Format, write};
use crate::input::{AUTH_HEADER, Members, raw_text};
use crate::redact::Redactor;

const RECORD: &str = "callLog";
const START: &str = "startTime";

/// The parameters of App Connect's own composer that stand beside the call record and have a place in it.
const PARAMETERS: [&str; 5] = ["subject", START, "duration", "result", "recordingLink"];

/// A call that is composed and no more.
#[derive(Debug, Clone)]
pub struct Draft {
    call: CreateCallLog,
    is_started: bool,
}

/// Where a draft's start stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// Among the parameters.
    Beside,
    /// In the record.
    Within,
    /// The draft is composed without a date.
    Nowhere,
}

/// Reads an input of which nothing is sent: the details are composed and that is all.
///
/// It may lack `authHeader`. It may have the form of the parameters of App Connect's own composer: if one of `subject`,
/// `startTime`, `duration`, `result` and `recordingLink` stands beside `callLog` and is not `null`, these five and
/// `voicemailLink` count in place of the record's `customSubject`, `startTime`, `duration`, `result`, `recording.link`
/// and `voicemail.link`; what is not among them is not composed, but for the start, which may be that of the record.
///
/// # Errors
///
/// [`InvalidInput`] with every fault, as [`CreateCallLog::from_json`]; what is secret in the input is taken out of the
/// messages.
pub fn read_input(json: &[u8]) -> Result<Draft, InvalidInput> {
    read(json).map_err(|invalid| {
        let redactor = Redactor::new(vec![json.into()], Default::default());
        with_each(invalid, |fault| {
            let (pointer, message) = (&fault.pointer, &fault.message);
            InputFault::new(redactor.redact(pointer), redactor.redact(message))
        })
    })
}

impl Draft {
    /// Composes the body of the call's log entry.
    pub fn compose(&self, format: Format) -> String {
        let start = self.call.call_log().start_time();
        write(&self.call, self.is_started.then_some(start), format)
    }

    /// Whether the call brings a body of its own, `composedLogDetails`, which is what would be logged.
    pub fn brings_details(&self) -> bool {
        self.call.composed_log_details().is_some()
    }
}

fn read(json: &[u8]) -> Result<Draft, InvalidInput> {
    let started = |json: &[u8]| {
        let call = CreateCallLog::from_json(json)?;
        Ok(Draft {
            call,
            is_started: true,
        })
    };
    let Some(mut input) = Members::read(json) else {
        return started(json);
    };
    let json = authorized(json, &mut input);
    if PARAMETERS.iter().all(|name| sent(&input, name).is_none()) {
        return started(&json);
    }
    read_parameters(&mut input)
}

/// Fills in the authorization, which composing does not need.
fn authorized<'j>(json: &'j [u8], input: &mut Members<'_>) -> Cow<'j, [u8]> {
    if sent(input, AUTH_HEADER).is_some() {
        return Cow::Borrowed(json);
    }
    input.set(AUTH_HEADER, raw_text(""));
    Cow::Owned(input.to_json().into_bytes())
}

/// Reads the input as it came before anything in it is replaced: what it is refused for must not vanish.
fn read_parameters(input: &mut Members<'_>) -> Result<Draft, InvalidInput> {
    let start = settle_start(input);
    CreateCallLog::from_json(input.to_json()).map_err(|invalid| start.where_it_stands(invalid))?;
    place_parameters(input);
    Ok(Draft {
        call: CreateCallLog::from_json(input.to_json())?,
        is_started: start != Start::Nowhere,
    })
}

/// Gives the record the start among the parameters, else leaves it its own, as App Connect does.
fn settle_start(input: &mut Members<'_>) -> Start {
    let beside = truthy(input, START).map(RawValue::to_owned);
    let settled = change_record(input, |record| {
        if record.iter().filter(|(name, _)| *name == START).count() > 1 {
            // That is refused.
            return Start::Within;
        }
        if let Some(beside) = beside {
            record.set(START, beside);
            return Start::Beside;
        }
        if truthy(record, START).is_some() {
            return Start::Within;
        }
        // Every call has a start; this one's is not written.
        record.set(START, raw("0".to_owned()));
        Start::Nowhere
    });
    settled.unwrap_or(Start::Within)
}

impl Start {
    /// Points at the parameter for what was found in its copy within the record.
    fn where_it_stands(self, invalid: InvalidInput) -> InvalidInput {
        if self != Self::Beside {
            return invalid;
        }
        let copy = format!("/{RECORD}/{START}");
        with_each(invalid, |fault| match fault.pointer == copy {
            true => InputFault::new(format!("/{START}"), &*fault.message),
            false => fault.clone(),
        })
    }
}

/// Puts the other parameters where the record has them.
fn place_parameters(input: &mut Members<'_>) {
    let link = |name| sent(input, name).map(|link| member("link", link));
    let as_sent = |name| input.get(name).map(RawValue::to_owned);
    let placed = [
        ("customSubject", as_sent("subject")),
        ("duration", as_sent("duration")),
        ("result", as_sent("result")),
        ("recording", link("recordingLink")),
        ("voicemail", link("voicemailLink")),
    ];
    change_record(input, |record| {
        for (name, value) in placed {
            match value {
                Some(value) => record.set(name, value),
                None => record.remove(name),
            }
        }
    });
}

/// Changes the call record; `None` if there is none.
fn change_record<T>(
    input: &mut Members<'_>,
    change: impl FnOnce(&mut Members<'_>) -> T,
) -> Option<T> {
    let json = input.get(RECORD)?.to_owned();
    let mut record = Members::read(json.get().as_bytes())?;
    let outcome = change(&mut record);
    input.set(RECORD, raw(record.to_json()));
    Some(outcome)
}

/// Returns a member's text; `null` is the same as absent.
fn sent<'m>(members: &'m Members<'_>, name: &str) -> Option<&'m RawValue> {
    members.get(name).filter(|value| value.get() != "null")
}

/// As [`sent`], of what JavaScript takes for something.
fn truthy<'m>(members: &'m Members<'_>, name: &str) -> Option<&'m RawValue> {
    sent(members, name).filter(|value| is_truthy(value))
}

/// Writes an object of one member.
fn member(name: &str, value: &RawValue) -> Box<RawValue> {
    let mut object = Members::default();
    object.set(name, value.to_owned());
    raw(object.to_json())
}

fn raw(json: String) -> Box<RawValue> {
    RawValue::from_string(json).expect("what was written as JSON is JSON")
}

/// Changes faults one by one.
fn with_each(invalid: InvalidInput, change: impl Fn(&InputFault) -> InputFault) -> InvalidInput {
    let faults = invalid.faults().iter().map(change).collect();
    InvalidInput::new(faults).unwrap_or(invalid)
}
