//! What an input of `createCallLog` may be, and what is said of one that may not.

use serde_json::{Value, json};

use super::*;

mod hostile;
mod properties;

/// A whole input, as it is written.
const EXAMPLE: &str = include_str!("../testing/create-call-log.json");

fn example() -> Value {
    serde_json::from_str(EXAMPLE).unwrap()
}

/// Returns the example with one value changed or added.
fn with(pointer: &str, value: Value) -> Value {
    let mut input = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = input.pointer_mut(parent).unwrap();
    parent[name] = value;
    input
}

fn without(pointer: &str) -> Value {
    let mut input = example();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = input.pointer_mut(parent).unwrap();
    parent.as_object_mut().unwrap().remove(name).unwrap();
    input
}

fn read(input: &Value) -> CreateCallLog {
    CreateCallLog::from_json(input.to_string()).unwrap()
}

/// Returns the faults of an input as a person reads them.
fn faults(json: impl AsRef<[u8]>) -> Vec<String> {
    let invalid = CreateCallLog::from_json(json).map(|_| ()).unwrap_err();
    invalid.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn every_view_of_the_example_shows_what_stands_there() {
    let call = CreateCallLog::from_json(EXAMPLE).unwrap();
    assert_eq!(call.auth_header(), "Bearer example-token");
    assert_eq!(call.note(), Some("Asked for a quote; call back on Monday."));
    assert_eq!(
        call.ai_note(),
        Some("The caller asked for a renewal quote.")
    );
    assert_eq!(call.transcript(), Some("John: Hello\nJane: Hi John"));
    assert_eq!(call.subject(), "Inbound Call from John Smith");
    assert_eq!(call.composed_log_details(), None);

    let user = call.user();
    assert_eq!(user.id(), "1477535004-example");
    assert_eq!(user.hostname(), Some("crm.example.com"));
    assert_eq!(user.timezone_name(), Some("America/Los_Angeles"));
    assert_eq!(user.timezone_offset(), Some("-08:00"));
    assert_eq!(user.rc_account_id(), None);

    let contact = call.contact();
    assert_eq!((contact.id(), contact.kind()), ("77", Some("Contact")));
    assert_eq!(contact.name(), Some("John Smith"));
    assert_eq!(contact.phone_number(), Some("+16504445566"));

    let record = call.call_log();
    assert_eq!(record.session(), "4503991004");
    assert_eq!(record.id(), Some("X2AvJPtwNQbNQA"));
    assert_eq!(record.start_time().to_string(), "2018-09-11T13:24:09Z");
    assert_eq!(record.duration(), CallDuration::Seconds(7.0));
    assert_eq!(record.direction(), &Direction::Inbound);
    assert_eq!(record.from().location.as_deref(), Some("Palo Alto, CA"));
    assert_eq!(record.to().phone_number.as_deref(), Some("+18662019834"));
    assert_eq!(record.extension().id.as_deref(), Some("1477535004"));
    assert_eq!(record.billing().cost_included.as_deref(), Some("0.000"));
    assert!(record.recording().is_none());
    let leg = &record.legs()[0];
    assert_eq!(leg.leg_type.as_deref(), Some("Accept"));
    assert!(leg.is_master);
    assert_eq!(leg.record.from().name.as_deref(), Some("John Smith"));
}

#[test]
fn each_missing_member_is_named() {
    for (pointer, message) in [
        ("/user", "is required and missing"),
        ("/user/id", "is required and missing"),
        ("/contactInfo", "is required and missing"),
        ("/contactInfo/id", "is required and missing"),
        ("/authHeader", "is required and missing"),
        ("/callLog", "is required and missing"),
        ("/callLog/startTime", "is required and missing"),
    ] {
        let expected = [format!("{pointer}: {message}")];
        assert_eq!(faults(without(pointer).to_string()), expected);
        assert_eq!(faults(with(pointer, Value::Null).to_string()), expected);
    }
}

#[test]
fn each_member_of_the_wrong_kind_is_named_with_what_stands_there() {
    for (pointer, value, message) in [
        ("/user", json!([]), "expected an object, found an array"),
        (
            "/user/id",
            json!(true),
            "expected a string or a number, found the boolean true",
        ),
        (
            "/user/hostname",
            json!(5),
            "expected a string, found the number 5",
        ),
        (
            "/user/timezoneName",
            json!({}),
            "expected a string, found an object",
        ),
        (
            "/user/timezoneOffset",
            json!(false),
            "expected a string or a number, found the boolean false",
        ),
        (
            "/user/rcAccountId",
            json!([1]),
            "expected a string or a number, found an array",
        ),
        (
            "/user/userSettings",
            json!(1),
            "expected an object, found a number",
        ),
        (
            "/user/platformAdditionalInfo",
            json!("x"),
            "expected an object, found a string",
        ),
        (
            "/contactInfo",
            json!(7),
            "expected an object, found a number",
        ),
        (
            "/contactInfo/id",
            json!({}),
            "expected a string or a number, found an object",
        ),
        (
            "/contactInfo/type",
            json!(1),
            "expected a string, found the number 1",
        ),
        (
            "/contactInfo/name",
            json!(true),
            "expected a string, found the boolean true",
        ),
        (
            "/contactInfo/phoneNumber",
            json!(16505550100_u64),
            "expected a string, found the number 16505550100",
        ),
        (
            "/authHeader",
            json!(4711),
            "expected a string, found a number",
        ),
        (
            "/callLog",
            json!(true),
            "expected an object, found a boolean",
        ),
        ("/note", json!(4711), "expected a string, found a number"),
        ("/aiNote", json!([]), "expected a string, found an array"),
        (
            "/transcript",
            json!(true),
            "expected a string, found a boolean",
        ),
        (
            "/ringSenseTranscript",
            json!({}),
            "expected a string, found an object",
        ),
        (
            "/ringSenseSummary",
            json!(1),
            "expected a string, found a number",
        ),
        (
            "/ringSenseBulletedSummary",
            json!(1),
            "expected a string, found a number",
        ),
        (
            "/ringSenseLink",
            json!(1),
            "expected a string, found a number",
        ),
        (
            "/ringSenseAIScore",
            json!([1]),
            "expected a string, a number or an object, found an array",
        ),
        (
            "/ringSenseAIScore",
            json!(true),
            "expected a string, a number or an object, found a boolean",
        ),
        (
            "/composedLogDetails",
            json!(1),
            "expected a string, found a number",
        ),
        (
            "/additionalSubmission",
            json!([]),
            "expected an object, found an array",
        ),
        (
            "/callLog/sessionId",
            json!(false),
            "expected a string or a number, found the boolean false",
        ),
        (
            "/callLog/id",
            json!([]),
            "expected a string or a number, found an array",
        ),
        (
            "/callLog/from",
            json!("+1"),
            "expected an object, found a string",
        ),
        (
            "/callLog/to",
            json!([]),
            "expected an object, found an array",
        ),
        (
            "/callLog/to/extensionId",
            json!({}),
            "expected a string or a number, found an object",
        ),
        (
            "/callLog/extension",
            json!(1),
            "expected an object, found a number",
        ),
        (
            "/callLog/billing",
            json!(1),
            "expected an object, found a number",
        ),
        (
            "/callLog/recording",
            json!("x"),
            "expected an object, found a string",
        ),
        (
            "/callLog/legs",
            json!({}),
            "expected an array, found an object",
        ),
    ] {
        let found = faults(with(pointer, value).to_string());
        assert_eq!(found, [format!("{pointer}: {message}")]);
    }
}

#[test]
fn a_leg_of_the_wrong_shape_is_named_by_its_index() {
    let legs = json!([{}, 5, { "sessionId": true, "from": [] }, null]);
    let found = faults(with("/callLog/legs", legs).to_string());
    let expected = [
        "/callLog/legs/1: expected an object, found a number",
        "/callLog/legs/2/sessionId: expected a string or a number, found the boolean true",
        "/callLog/legs/2/from: expected an object, found an array",
        "/callLog/legs/3: expected an object, found null",
    ];
    assert_eq!(found, expected);
}

#[test]
fn an_empty_id_is_refused_and_an_empty_name_is_none() {
    for pointer in ["/user/id", "/contactInfo/id"] {
        for empty in ["", "  "] {
            let found = faults(with(pointer, json!(empty)).to_string());
            assert_eq!(found, [format!("{pointer}: must not be empty")]);
        }
    }
    let call = read(&with("/contactInfo/name", json!("")));
    assert_eq!(call.contact().name(), None);
    assert_eq!(call.subject(), "Inbound Call from +16504445566");
}

#[test]
fn an_authorization_that_no_header_can_carry_is_refused_and_not_shown() {
    for (value, place) in [
        ("Bearer s3cret\n", "byte 14 of 14"),
        ("\0", "byte 1 of 1"),
        ("ab\u{7f}c", "byte 3 of 4"),
    ] {
        let input = with("/authHeader", json!(value));
        let message =
            format!("a control character, such as a line break, at {place}; leave it out");
        let expected = [format!("/authHeader: holds {message}")];
        assert_eq!(faults(input.to_string()), expected);
    }
    for value in ["", "Bearer\tx", "Bearer żółw"] {
        assert_eq!(
            read(&with("/authHeader", json!(value))).auth_header(),
            value
        );
    }
}

#[test]
fn one_of_three_ids_names_the_call() {
    let record = |ids: Value| {
        let mut input = example();
        let record = input["callLog"].as_object_mut().unwrap();
        for name in ["sessionId", "telephonySessionId", "id"] {
            record.remove(name);
        }
        record.extend(ids.as_object().unwrap().clone());
        input
    };
    for (ids, session) in [
        (json!({ "id": "a" }), "a"),
        (json!({ "id": "a", "telephonySessionId": "b" }), "b"),
        (
            json!({ "id": "a", "telephonySessionId": "b", "sessionId": 7 }),
            "7",
        ),
        (json!({ "id": "a", "sessionId": "" }), "a"),
        (json!({ "id": "a", "sessionId": null }), "a"),
        (json!({ "id": "a", "sessionId": " " }), "a"),
    ] {
        assert_eq!(read(&record(ids)).call_log().session(), session);
    }
    for ids in [
        json!({}),
        json!({ "id": "", "sessionId": null }),
        json!({ "id": " " }),
    ] {
        assert_eq!(
            faults(record(ids).to_string()),
            ["/callLog/sessionId: one of sessionId, telephonySessionId and id is required"]
        );
    }
}

#[test]
fn a_start_that_is_no_moment_is_refused() {
    for (start, shown) in [
        (json!("2026-03-05"), r#"the string "2026-03-05""#),
        (json!("soon"), r#"the string "soon""#),
        (json!(""), r#"the string """#),
        (json!(true), "the boolean true"),
        (json!([]), "an array"),
    ] {
        let found = faults(with("/callLog/startTime", start).to_string());
        assert_eq!(
            found,
            [format!(
                "/callLog/startTime: expected a date with a time like 2026-03-05T23:59:30Z, or milliseconds since 1970, \
                 found {shown}"
            )]
        );
    }
}

#[test]
fn a_phone_number_is_e164_or_stands_in_the_call() {
    let call = |number: &str| {
        let mut input = with("/contactInfo/phoneNumber", json!(number));
        input["callLog"]["from"] = json!({ "phoneNumber": "anonymous", "extensionNumber": "102" });
        input["callLog"]["to"] = json!({ "phoneNumber": "12345", "extensionNumber": 9 });
        input.to_string()
    };
    for number in ["+16505550100", "", "anonymous", "102", "12345", "9"] {
        let read = CreateCallLog::from_json(call(number)).unwrap();
        let expected = Some(number).filter(|number| !number.is_empty());
        assert_eq!(read.contact().phone_number(), expected);
    }
    assert_eq!(
        faults(call("6505550100")),
        [
            "/contactInfo/phoneNumber: \"6505550100\" is not an E.164 number (expected + and up to 15 digits)"
        ]
    );
    for number in ["Anonymous", "103", " 102", "+016505550100"] {
        assert_eq!(faults(call(number)).len(), 1, "{number}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let input = json!({
        "user": { "hostname": 1 },
        "contactInfo": { "id": "", "phoneNumber": "650" },
        "callLog": { "startTime": "soon", "legs": 1, "from": 2 },
        "note": 3,
    });
    let pointers: Vec<_> = faults(input.to_string())
        .iter()
        .map(|fault| fault.split(':').next().unwrap().to_owned())
        .collect();
    assert_eq!(
        pointers,
        [
            "/user/id",
            "/user/hostname",
            "/contactInfo/id",
            "/authHeader",
            "/callLog/startTime",
            "/callLog/from",
            "/callLog/legs",
            "/callLog/sessionId",
            "/contactInfo/phoneNumber",
            "/note",
        ]
    );
}

#[test]
fn null_is_absent_for_every_optional_member() {
    let mut input = example();
    for name in [
        "note",
        "aiNote",
        "transcript",
        "additionalSubmission",
        "unknown",
    ] {
        input[name] = Value::Null;
    }
    for name in ["hostname", "timezoneName", "timezoneOffset", "userSettings"] {
        input["user"][name] = Value::Null;
    }
    for name in ["type", "phoneNumber", "name"] {
        input["contactInfo"][name] = Value::Null;
    }
    for name in [
        "from",
        "to",
        "extension",
        "billing",
        "legs",
        "duration",
        "direction",
    ] {
        input["callLog"][name] = Value::Null;
    }
    let call = read(&input);
    assert_eq!(call.note(), None);
    assert_eq!(call.user().hostname(), None);
    assert!(call.user().settings().raw().is_none());
    assert!(call.member("unknown").is_none());
    assert_eq!(call.call_log().duration(), CallDuration::Unknown);
    assert_eq!(call.subject(), "Call with Unknown");
}

#[test]
fn unknown_values_of_the_record_are_kept() {
    let mut input = example();
    let record = &mut input["callLog"];
    record["direction"] = json!("Sideways");
    record["duration"] = json!("long");
    record["type"] = json!(5);
    record["from"]["phoneNumber"] = json!(5);
    record["lastModifiedTime"] = json!("yesterday");
    let call = read(&input);
    let record = call.call_log();
    assert_eq!(record.direction(), &Direction::Other("Sideways".to_owned()));
    assert_eq!(record.duration(), CallDuration::Unknown);
    assert_eq!(record.kind(), None);
    assert_eq!(record.last_modified_time(), Some("yesterday"));
    assert!(record.raw().get().contains(r#""type":5"#));
    for (duration, expected) in [
        (json!("pending"), CallDuration::Pending),
        (json!(12.5), CallDuration::Seconds(12.5)),
        (json!(-3), CallDuration::Seconds(-3.0)),
        (json!({}), CallDuration::Unknown),
    ] {
        let call = read(&with("/callLog/duration", duration));
        assert_eq!(call.call_log().duration(), expected);
    }
}

#[test]
fn numbers_and_unknown_members_keep_their_text() {
    let id = "1234567890123456789012345";
    let text = EXAMPLE
        .replace(
            r#""id": "77""#,
            &format!(r#""id": {id}, "zoho": [1.50, 1E3]"#),
        )
        .replace(r#""note""#, r#""hashedAccountId": 0.10, "note""#);
    let call = CreateCallLog::from_json(&text).unwrap();
    assert_eq!(call.contact().id(), id);
    assert_eq!(call.raw().get(), text.trim());
    assert_eq!(call.member("hashedAccountId").unwrap().get(), "0.10");
    assert!(call.contact().raw().get().contains("[1.50, 1E3]"));
    assert!(
        call.call_log()
            .raw()
            .get()
            .contains(r#""costIncluded" : 0.000"#)
    );
    assert_eq!(
        call.call_log().billing().cost_purchased.as_deref(),
        Some("0.000")
    );
}

#[test]
fn a_subject_is_the_users_own_or_made_from_direction_and_contact() {
    for (direction, subject) in [
        ("Inbound", "Inbound Call from John Smith"),
        ("Outbound", "Outbound Call to John Smith"),
        ("inbound", "Call with John Smith"),
    ] {
        let call = read(&with("/callLog/direction", json!(direction)));
        assert_eq!(call.subject(), subject);
    }
    let own = read(&with("/callLog/customSubject", json!("Renewal")));
    assert_eq!(own.subject(), "Renewal");
    let empty = read(&with("/callLog/customSubject", json!("")));
    assert_eq!(empty.subject(), "Inbound Call from John Smith");
}

#[test]
fn fields_read_what_manifests_and_gateways_name() {
    let fields = json!({
        "deals": 12, "leads": "x-1", "empty": "", "nothing": null, "on": true, "text": "true", "list": [1, 2],
    });
    let call = read(&with("/additionalSubmission", fields));
    let fields = call.additional_submission();
    assert_eq!(fields.text("deals").as_deref(), Some("12"));
    assert_eq!(fields.text("leads").as_deref(), Some("x-1"));
    for name in ["empty", "nothing", "missing"] {
        assert!(fields.get(name).is_none(), "{name}");
        assert_eq!(fields.text(name), None);
        assert!(!fields.is_true(name));
    }
    assert!(fields.is_true("on") && fields.is_true("text"));
    assert!(!fields.is_true("deals"));
    assert_eq!(fields.value::<Vec<u8>>("list"), Some(vec![1, 2]));
    assert_eq!(fields.value::<u8>("list"), None);
    let none = read(&without("/additionalSubmission"));
    assert!(none.additional_submission().get("deals").is_none());
}

#[test]
fn only_a_view_without_a_value_fails_what_the_host_has_checked() {
    for pointer in [
        "/user",
        "/user/id",
        "/contactInfo",
        "/contactInfo/id",
        "/authHeader",
        "/callLog",
        "/callLog/startTime",
    ] {
        for input in [without(pointer), with(pointer, json!([]))] {
            let read = CreateCallLog::from_checked_json(input.to_string().as_bytes());
            let invalid = read.map(|_| ()).unwrap_err();
            let [fault] = invalid.faults() else {
                panic!("{pointer}: {invalid}");
            };
            assert_eq!(fault.pointer, pointer);
        }
    }
    let mut input = with("/ringSenseAIScore", json!([1]));
    input["contactInfo"]["phoneNumber"] = json!("6505550100");
    input["contactInfo"]["name"] = json!(5);
    input["callLog"]["legs"] = json!({});
    let call = CreateCallLog::from_checked_json(input.to_string().as_bytes()).unwrap();
    assert_eq!(call.contact().phone_number(), Some("6505550100"));
    assert_eq!(call.contact().name(), None);
    assert!(call.ring_sense_ai_score().is_none() && call.call_log().legs().is_empty());
    assert_eq!(call.raw().get(), input.to_string());
}

#[test]
fn links_to_the_voicemail_are_read_where_they_are_texts() {
    let call = read(&with("/voicemailLink", json!("https://vm.example/1")));
    assert_eq!(call.voicemail_link(), Some("https://vm.example/1"));
    assert_eq!(call.call_log().voicemail_link(), None);
    let call = read(&with("/callLog/voicemail", json!({ "link": "x" })));
    assert_eq!(
        (call.voicemail_link(), call.call_log().voicemail_link()),
        (None, Some("x"))
    );
    for other in [json!(7), json!([]), json!({ "link": 7 }), json!({})] {
        assert_eq!(
            read(&with("/voicemailLink", other.clone())).voicemail_link(),
            None
        );
        let call = read(&with("/callLog/voicemail", other));
        assert_eq!(call.call_log().voicemail_link(), None);
    }
}

#[test]
fn a_duration_is_kept_as_it_was_sent() {
    let sent = |value: Value| {
        let call = read(&with("/callLog/duration", value));
        call.call_log().duration_as_sent().unwrap().get().to_owned()
    };
    assert_eq!(sent(json!(null)), "null");
    assert_eq!(sent(json!("12")), "\"12\"");
    assert_eq!(sent(json!(0.5)), "0.5");
    let call = read(&without("/callLog/duration"));
    assert!(call.call_log().duration_as_sent().is_none());
}
