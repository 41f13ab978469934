//! What holds for every input.

use proptest::prelude::*;
use serde_json::Map;

use super::*;

/// The names that the contract knows, so that arbitrary values meet the code that reads them.
const NAMES: [&str; 24] = [
    "user",
    "contactInfo",
    "authHeader",
    "callLog",
    "note",
    "additionalSubmission",
    "ringSenseAIScore",
    "id",
    "hostname",
    "timezoneOffset",
    "userSettings",
    "phoneNumber",
    "name",
    "sessionId",
    "startTime",
    "duration",
    "direction",
    "from",
    "to",
    "extension",
    "billing",
    "recording",
    "legs",
    "proxyConfig",
];

/// The values that the contract gives a meaning.
const TEXTS: [&str; 8] = [
    "",
    " ",
    "pending",
    "Inbound",
    "+16505550100",
    "2026-03-05T23:59:30Z",
    "1772712000000",
    "\u{0}\u{10ffff}/~",
];

fn any_json() -> impl Strategy<Value = Value> {
    let name = || {
        prop_oneof![
            prop::sample::select(&NAMES[..]).prop_map(str::to_owned),
            any::<String>()
        ]
    };
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(&TEXTS[..]).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 60, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..8)
                .prop_map(|members| Value::from(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every pointer into the example's objects and arrays.
fn places(value: &Value, pointer: &str) -> Vec<String> {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(n, value)| (n.to_string(), value))
            .collect(),
        _ => Vec::new(),
    };
    let mut found = vec![pointer.to_owned()];
    for (token, child) in children {
        found.extend(places(child, &format!("{pointer}/{token}")));
    }
    found
}

/// The example with some of its values replaced.
fn mutated_example() -> impl Strategy<Value = Value> {
    let place = prop::sample::select(places(&example(), ""));
    prop::collection::vec((place, any_json()), 1..5).prop_map(|changes| {
        let mut input = example();
        for (place, value) in changes {
            if let Some(found) = input.pointer_mut(&place) {
                *found = value;
            }
        }
        input
    })
}

/// Checks what holds for every input, good or bad.
pub(super) fn check(text: &str) {
    match CreateCallLog::from_json(text) {
        Ok(call) => {
            assert_eq!(call.raw().get(), text.trim_matches([' ', '\t', '\r', '\n']));
            assert_shows(&call, &serde_json::from_str(text).unwrap());
            let again = CreateCallLog::from_checked_json(text.as_bytes()).unwrap();
            assert_eq!(again.raw().get(), call.raw().get());
        }
        Err(invalid) => {
            assert!(!invalid.faults().is_empty());
            let input = serde_json::from_str::<Value>(text);
            assert_eq!(input.is_err(), is_unreadable(&invalid), "{invalid}");
            // Of two members with one key a plain reading keeps the last, and a fault may stand in the first.
            let is_ambiguous = invalid.to_string().contains("stands twice");
            if let (Ok(input), false) = (input, is_ambiguous) {
                let faults = invalid.faults().iter();
                faults.for_each(|fault| assert_resolves(&input, fault));
            }
        }
    }
}

/// Whether an input was refused because it is no JSON that a parser takes.
fn is_unreadable(invalid: &InvalidInput) -> bool {
    let starts = [
        "the input is empty",
        "the input is not JSON",
        "the input is JSON that",
        "the input starts with a byte",
    ];
    let mut messages = invalid.faults().iter().map(|fault| &fault.message);
    messages.any(|message| starts.iter().any(|start| message.starts_with(start)))
}

/// The views show what a plain reading of the same text finds.
fn assert_shows(call: &CreateCallLog, input: &Value) {
    let (user, contact) = (call.user(), call.contact());
    assert_is_id(Some(user.id()), &input["user"]["id"]);
    assert_is_id(user.timezone_offset(), &input["user"]["timezoneOffset"]);
    assert_is_id(Some(contact.id()), &input["contactInfo"]["id"]);
    let texts = [
        (Some(call.auth_header()), "/authHeader"),
        (call.note(), "/note"),
        (call.transcript(), "/transcript"),
        (user.hostname(), "/user/hostname"),
        (user.timezone_name(), "/user/timezoneName"),
        (contact.name(), "/contactInfo/name"),
        (contact.phone_number(), "/contactInfo/phoneNumber"),
    ];
    for (shown, pointer) in texts {
        let sent = input.pointer(pointer).and_then(Value::as_str);
        assert_eq!(shown.unwrap_or(""), sent.unwrap_or(""), "{pointer}");
    }
    let parts = [
        (user.raw(), "/user"),
        (contact.raw(), "/contactInfo"),
        (call.call_log().raw(), "/callLog"),
    ];
    for (raw, pointer) in parts {
        let shown: Value = serde_json::from_str(raw.get()).unwrap();
        assert_eq!(Some(&shown), input.pointer(pointer));
    }
    assert_shows_record(call.call_log(), &input["callLog"]);
    let legs = input["callLog"]["legs"].as_array();
    let legs = legs.map_or(&[][..], Vec::as_slice);
    assert_eq!(call.call_log().legs().len(), legs.len());
    for (leg, sent) in call.call_log().legs().iter().zip(legs) {
        assert_shows_record(&leg.record, sent);
        assert_eq!(
            &serde_json::from_str::<Value>(leg.record.raw().get()).unwrap(),
            sent
        );
    }
}

fn assert_shows_record(record: &CallRecord, sent: &Value) {
    assert_is_id(record.id(), &sent["id"]);
    assert_is_id(record.session_id(), &sent["sessionId"]);
    assert_is_id(record.extension().id.as_deref(), &sent["extension"]["id"]);
    let billing = record.billing();
    assert_is_id(
        billing.cost_included.as_deref(),
        &sent["billing"]["costIncluded"],
    );
    assert_is_id(record.from().name.as_deref(), &sent["from"]["name"]);
    assert_is_id(record.result(), &sent["result"]);
    assert_eq!(
        record.duration_as_sent().is_some(),
        sent.get("duration").is_some()
    );
}

/// A string is shown as it is, a number as digits that mean the same.
fn assert_is_id(shown: Option<&str>, sent: &Value) {
    match sent {
        Value::String(text) => assert_eq!(shown, Some(&**text)),
        Value::Number(_) => {
            let shown: Value = serde_json::from_str(shown.unwrap()).unwrap();
            assert_eq!(&shown, sent);
        }
        _ => assert_eq!(shown, None),
    }
}

/// A fault's pointer leads to a value, or to a member that is missing in an object.
fn assert_resolves(input: &Value, fault: &InputFault) {
    let resolves = input.pointer(&fault.pointer).is_some();
    let parent = fault.pointer.rsplit_once('/').map(|(parent, _)| parent);
    let is_missing = fault.message.contains("required")
        && parent
            .and_then(|parent| input.pointer(parent))
            .is_some_and(Value::is_object);
    assert!(resolves || is_missing, "{fault}");
}

proptest! {
    #[test]
    fn any_json_is_accepted_whole_or_refused_with_pointers(input in any_json()) {
        check(&input.to_string());
    }

    #[test]
    fn any_change_of_the_example_is_accepted_whole_or_refused_with_pointers(input in mutated_example()) {
        check(&input.to_string());
        check(&format!(" {input:#}\n"));
    }

    #[test]
    fn any_text_is_refused(text in any::<String>()) {
        prop_assert!(CreateCallLog::from_json(text).is_err());
    }

    #[test]
    fn any_bytes_in_the_middle_of_the_example_are_survived(
        bytes in prop::collection::vec(any::<u8>(), 0..8),
        at in 0..EXAMPLE.len(),
        n_removed in 0..40_usize,
    ) {
        let mut text = EXAMPLE.as_bytes().to_vec();
        let end = text.len().min(at + n_removed);
        text.splice(at..end, bytes);
        match std::str::from_utf8(&text) {
            Ok(text) => check(text),
            Err(_) => prop_assert!(CreateCallLog::from_json(&text).is_err()),
        }
    }

    #[test]
    fn any_time_text_is_read_or_refused(text in "[-0-9TtZz:+ .\\[\\]A-Z]{0,30}") {
        check(&with("/callLog/startTime", Value::from(text)).to_string());
    }
}
