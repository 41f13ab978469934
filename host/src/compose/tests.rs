mod components;
mod deviations;
mod properties;
mod settings;

use serde_json::{Value, json};

use super::*;
use crate::manifest::LogFormat;

const FORMATS: [Format; 3] = Format::ALL;

/// A call with nothing to say but when it was, which it is told not to say.
fn silent() -> Value {
    json!({
        "user": { "id": "42", "userSettings": { "addCallLogDateTime": { "value": false } } },
        "contactInfo": { "id": "77" },
        "authHeader": "",
        "callLog": { "id": "1", "startTime": "2026-03-05T17:04:05Z" },
    })
}

/// Puts a value at a pointer; objects on the way are made.
fn put(input: &mut Value, pointer: &str, value: Value) {
    let mut place = input;
    for name in pointer.split('/').skip(1) {
        place = &mut place[name];
    }
    *place = value;
}

/// Composes a call that says nothing but this.
fn details(format: Format, changes: &[(&str, Value)]) -> String {
    let mut input = silent();
    for (pointer, value) in changes {
        put(&mut input, pointer, value.clone());
    }
    compose(
        &CreateCallLog::from_json(input.to_string()).unwrap(),
        format,
    )
}

fn setting(name: &str, value: Value) -> (String, Value) {
    (
        format!("/user/userSettings/{name}"),
        json!({ "value": value }),
    )
}

#[test]
fn a_format_is_named_by_its_media_type() {
    for format in FORMATS {
        assert_eq!(format.to_string().parse(), Ok(format));
    }
    let error = "text/rtf".parse::<Format>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected text/plain, text/html or text/markdown, found \"text/rtf\""
    );
}

#[test]
fn a_manifest_names_the_same_formats_and_one_that_is_the_connectors() {
    for format in [LogFormat::Plain, LogFormat::Html, LogFormat::Markdown] {
        assert_eq!(format.details().map(Format::as_str), Some(format.as_str()));
    }
    assert_eq!(LogFormat::Custom.details(), None);
}

#[test]
fn a_call_with_nothing_to_say_has_no_details() {
    for format in FORMATS {
        assert_eq!(details(format, &[]), "");
    }
}
