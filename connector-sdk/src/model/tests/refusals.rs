//! What an input is refused for, and in which words.

use super::*;

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
            "expected an object, found the number 1",
        ),
        (
            "/user/platformAdditionalInfo",
            json!("x"),
            "expected an object, found a string",
        ),
        (
            "/contactInfo",
            json!(7),
            "expected an object, found the number 7",
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
            "expected an object, found the boolean true",
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
            "expected an object, found the number 1",
        ),
        (
            "/callLog/billing",
            json!(1),
            "expected an object, found the number 1",
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
        "/callLog/legs/1: expected an object, found the number 5",
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
