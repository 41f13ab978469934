//! Every input that is refused: what is said of it, and that no CRM hears of it.

#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use serde_json::{Value, json};
use switchboard_tests::{Output, Scene, input};

/// No arguments beside those that every call has.
const NONE: [&str; 0] = [];

const FIELDS: &str = r#"
[log]
unknown_custom_fields = "refuse"

[[custom_fields]]
name = "stage"
title = "Stage"
type = "selection"
options = [{ value = "1", title = "New" }, { value = "2", title = "Won" }]
required = true

[[custom_fields]]
name = "urgent"
type = "checkbox"

[[custom_fields]]
name = "due"
type = "date"

[[custom_fields]]
name = "a/b~c"
type = "input"
required = true
"#;

const OF_THE_MODEL: &str = r#"
/user | null | is required and missing
/user | "x" | expected an object, found a string
/user/id | null | is required and missing
/user/id | " " | must not be empty
/user/id | [] | expected a string or a number, found an array
/user/hostname | 7 | expected a string, found the number 7
/user/timezoneName | 1 | expected a string, found the number 1
/user/timezoneOffset | true | expected a string or a number, found the boolean true
/user/rcAccountId | {} | expected a string or a number, found an object
/user/userSettings | [] | expected an object, found an array
/user/platformAdditionalInfo | "{}" | expected an object, found a string
/contactInfo | null | is required and missing
/contactInfo | 7 | expected an object, found the number 7
/contactInfo/id | null | is required and missing
/contactInfo/id | "" | must not be empty
/contactInfo/type | 1 | expected a string, found the number 1
/contactInfo/name | {} | expected a string, found an object
/contactInfo/phoneNumber | "6505550100" | "6505550100" is not an E.164 number (expected + and up to 15 digits)
/contactInfo/phoneNumber | 16505550100 | expected a string, found the number 16505550100
/authHeader | null | is required and missing
/authHeader | 7 | expected a string, found a number
/authHeader | "x\n" | holds a control character, such as a line break, at byte 2 of 2; leave it out
/callLog | null | is required and missing
/callLog | [] | expected an object, found an array
/callLog/id | true | expected a string or a number, found the boolean true
/callLog/sessionId | [] | expected a string or a number, found an array
/callLog/telephonySessionId | {} | expected a string or a number, found an object
/callLog/startTime | null | is required and missing
/callLog/startTime | "2026-03-05" | expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, found the string "2026-03-05"
/callLog/startTime | "yesterday" | expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, found the string "yesterday"
/callLog/startTime | true | expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, found the boolean true
/callLog/from | "+1" | expected an object, found a string
/callLog/to | [] | expected an object, found an array
/callLog/to/extensionId | [] | expected a string or a number, found an array
/callLog/extension | 7 | expected an object, found the number 7
/callLog/billing | 0 | expected an object, found the number 0
/callLog/recording | "x" | expected an object, found a string
/callLog/legs | {} | expected an array, found an object
/callLog/legs/0 | 1 | expected an object, found the number 1
/callLog/legs/0/sessionId | {} | expected a string or a number, found an object
/note | ["x"] | expected a string, found an array
/aiNote | 1 | expected a string, found a number
/transcript | 1 | expected a string, found a number
/ringSenseTranscript | {} | expected a string, found an object
/ringSenseSummary | 1 | expected a string, found a number
/ringSenseBulletedSummary | [] | expected a string, found an array
/ringSenseLink | true | expected a string, found a boolean
/ringSenseAIScore | [] | expected a string, a number or an object, found an array
/composedLogDetails | {} | expected a string, found an object
/additionalSubmission | "{}" | expected an object, found a string
"#;

const OF_THE_CUSTOM_FIELDS: &str = r#"
/additionalSubmission/stage | null | is required and missing; expected "1" or "2" (field "Stage")
/additionalSubmission/stage | "" | is required and missing; expected "1" or "2" (field "Stage")
/additionalSubmission/stage | "3" | expected "1" or "2", found the string "3" (field "Stage")
/additionalSubmission/stage | 3 | expected "1" or "2", found the number 3 (field "Stage")
/additionalSubmission/stage | ["1"] | expected "1" or "2", found an array (field "Stage")
/additionalSubmission/a~1b~0c | "" | is required and missing
/additionalSubmission/urgent | "yes" | expected true or false, found the string "yes"
/additionalSubmission/due | "31.1.2026" | expected an ISO date like 2026-01-31, with or without a time, found the string "31.1.2026"
/additionalSubmission/due | 20260131 | expected an ISO date like 2026-01-31, with or without a time, found the number 20260131
/additionalSubmission/color | "red" | is no custom field; expected "stage", "urgent", "due" or "a/b~c"
"#;

/// An input to which nothing can be objected.
fn good() -> Value {
    let mut call = input("1").unwrap();
    call["additionalSubmission"] = json!({ "stage": 1, "a/b~c": "x", "urgent": "", "due": null });
    call
}

/// Returns the good input with one value changed or added.
fn with(pointer: &str, value: Value) -> Value {
    let mut call = good();
    if let Some(present) = call.pointer_mut(pointer) {
        *present = value;
        return call;
    }
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    call.pointer_mut(parent).unwrap()[name] = value;
    call
}

fn log(scene: &Scene, text: &[u8]) -> Output {
    let invocation = scene.log(&Value::Null, NONE).unwrap();
    invocation.stdin(text).run().unwrap()
}

/// Requires that an input is refused for exactly these faults and that the CRM has heard nothing.
fn check(scene: &Scene, text: impl AsRef<[u8]>, faults: &[(&str, &str)]) {
    let text = text.as_ref();
    let start = String::from_utf8_lossy(&text[..text.len().min(40)]);
    let output = log(scene, text);
    let mut outcome = output.json().unwrap();
    let sentence = outcome["returnMessage"]["message"].take();
    let sentence = sentence.as_str().unwrap();
    assert!(
        sentence.starts_with("The call was not logged: "),
        "{sentence}"
    );
    assert!(
        sentence.ends_with("Correct it and log the call again."),
        "{sentence}"
    );
    let shown = |&(pointer, message): &(&str, &str)| match pointer {
        "" => message.to_owned(),
        _ => format!("{pointer}: {message}"),
    };
    let messages: Vec<_> = faults.iter().map(shown).collect();
    let faults = faults
        .iter()
        .map(|(pointer, message)| json!({ "pointer": pointer, "message": message }));
    let expected = json!({
        "logId": null,
        "returnMessage": { "message": null, "messageType": "danger", "ttl": 30000 },
        "error": {
            "code": "invalid-input",
            "message": messages.join("; "),
            "faults": faults.collect::<Vec<_>>(),
        },
    });
    assert_eq!(
        (output.code, outcome),
        (Some(2), expected),
        "{start}: {messages:?}"
    );
    assert_eq!(scene.crm.requests(), [], "{start}");
}

/// Checks a table of values that are wrong alone: where, what stands there, what is said of it.
fn check_all(scene: &Scene, table: &str) {
    for line in table.lines().filter(|line| !line.is_empty()) {
        let [pointer, value, message] = line.splitn(3, " | ").collect::<Vec<_>>()[..] else {
            panic!("not a line of the table: {line}");
        };
        let value = serde_json::from_str(value).unwrap();
        check(
            scene,
            with(pointer, value).to_string(),
            &[(pointer, message)],
        );
    }
}

#[test]
fn what_cannot_be_read_sends_nothing() {
    let scene = Scene::example_with(FIELDS).unwrap();
    let good = good().to_string();
    let too_large = good.replace("Asked for a quote", &"x".repeat(10 * 1024 * 1024));
    let one_object = "expected an object, found ";
    for (text, message) in [
        ("", "the input is empty, expected one JSON object"),
        ("[]", &*format!("{one_object}an array")),
        ("null", &format!("{one_object}null")),
        ("\"{}\"", &format!("{one_object}a string")),
        (
            "{",
            "the input is not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            "{} {}",
            "the input is not JSON: trailing characters at line 1 column 4",
        ),
        (
            "\u{feff}{}",
            "the input starts with a byte order mark; leave it out",
        ),
        (
            r#"{"additionalSubmission":{"stage":1,"a/b~c":"\ud800"}}"#,
            "the input is JSON that cannot be passed on safely: unexpected end of hex escape at line 1 column 51; send whole \
             characters: this escape is half of one, as where a text was cut within an emoji",
        ),
        (
            "[1e999]",
            "the input is JSON that cannot be passed on safely: number out of range at line 1 column 6; send numbers that a \
             double can hold",
        ),
        (
            &too_large,
            "the input is longer than the 10485760 bytes that are read; leave transcripts out",
        ),
    ] {
        check(&scene, text, &[("", message)]);
    }
    let not_utf_8 = [good.as_bytes(), b"\xff"].concat();
    let message = format!("the input is not UTF-8 from byte {} on", good.len());
    check(&scene, not_utf_8, &[("", &message)]);
}

#[test]
fn each_fault_of_the_model_is_named_and_sends_nothing() {
    let scene = Scene::example_with(FIELDS).unwrap();
    check_all(&scene, OF_THE_MODEL);
}

#[test]
fn what_parsers_read_differently_sends_nothing() {
    let scene = Scene::example_with(FIELDS).unwrap();
    let good = good().to_string();
    let inserted = |at: &str, text: &str| {
        assert!(good.contains(at), "{at}");
        good.replacen(at, &format!("{at}{text}"), 1)
    };
    let twice = "stands twice in one object; leave one of the two out";
    check(
        &scene,
        inserted("{", r#""note":"other","#),
        &[("/note", twice)],
    );
    let submission = r#""additionalSubmission":{"#;
    check(
        &scene,
        inserted(submission, r#""sta\u0067e":"1","#),
        &[("/additionalSubmission/stage", twice)],
    );
    let nested = |n: usize| format!(r#""a":{}{},"#, "[".repeat(n), "]".repeat(n));
    let place = format!("/a{}", "/0".repeat(63));
    check(
        &scene,
        inserted("{", &nested(64)),
        &[(&place, "is nested deeper than 64 levels")],
    );
}

#[test]
fn a_call_without_any_id_sends_nothing() {
    let scene = Scene::example_with(FIELDS).unwrap();
    let mut call = good();
    for name in ["sessionId", "telephonySessionId", "id"] {
        call["callLog"][name] = Value::Null;
    }
    let message = "one of sessionId, telephonySessionId and id is required";
    check(&scene, call.to_string(), &[("/callLog/sessionId", message)]);
}

#[test]
fn each_fault_of_the_custom_fields_is_named_and_sends_nothing() {
    let scene = Scene::example_with(FIELDS).unwrap();
    check_all(&scene, OF_THE_CUSTOM_FIELDS);
    let faults = [
        (
            "/additionalSubmission/stage",
            r#"is required and missing; expected "1" or "2" (field "Stage")"#,
        ),
        ("/additionalSubmission/a~1b~0c", "is required and missing"),
    ];
    for absent in [Value::Null, json!({})] {
        let call = with("/additionalSubmission", absent);
        check(&scene, call.to_string(), &faults);
    }
}

#[test]
fn faults_of_the_model_and_of_the_custom_fields_stand_in_one_answer() {
    let scene = Scene::example_with(FIELDS).unwrap();
    let call = json!({
        "user": { "id": "" },
        "contactInfo": { "id": "77" },
        "authHeader": "Bearer x",
        "callLog": { "startTime": "2026-03-05T10:00:00Z", "id": "1", "legs": 7 },
        "note": 7,
        "additionalSubmission": { "urgent": 1, "color": "red", "stage": "won" },
    });
    let faults = [
        ("/user/id", "must not be empty"),
        ("/callLog/legs", "expected an array, found the number 7"),
        ("/note", "expected a string, found a number"),
        (
            "/additionalSubmission/stage",
            r#"expected "1" or "2", found the string "won" (field "Stage")"#,
        ),
        (
            "/additionalSubmission/urgent",
            "expected true or false, found the number 1",
        ),
        ("/additionalSubmission/a~1b~0c", "is required and missing"),
        (
            "/additionalSubmission/color",
            r#"is no custom field; expected "stage", "urgent", "due" or "a/b~c""#,
        ),
    ];
    check(&scene, call.to_string(), &faults);
}

#[test]
fn the_same_input_without_its_fault_is_logged() {
    let scene = Scene::example_with(FIELDS).unwrap();
    let output = log(&scene, good().to_string().as_bytes());
    assert_eq!(
        (output.code, scene.crm.n_entries()),
        (Some(0), 1),
        "{output:?}"
    );
}
