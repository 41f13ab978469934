//! What the views show of an input.

use super::*;

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
    assert_eq!(record.kind(), Some("5"));
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
fn links_to_the_voicemail_are_read_where_they_stand() {
    let call = read(&with("/voicemailLink", json!("https://vm.example/1")));
    assert_eq!(call.voicemail_link(), Some("https://vm.example/1"));
    assert_eq!(call.call_log().voicemail_link(), None);
    let call = read(&with("/callLog/voicemail", json!({ "link": "x" })));
    assert_eq!(
        (call.voicemail_link(), call.call_log().voicemail_link()),
        (None, Some("x"))
    );
    for other in [json!(true), json!([]), json!({ "link": [7] }), json!({})] {
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

#[test]
fn a_number_in_place_of_a_text_of_the_record_is_read_as_its_digits() {
    let mut input = with("/contactInfo/phoneNumber", json!("5551234"));
    input["callLog"]["result"] = json!(1.5);
    input["callLog"]["customSubject"] = json!(7);
    input["callLog"]["to"] = json!({ "phoneNumber": 5551234, "name": 12 });
    let text = input
        .to_string()
        .replace(r#""result":1.5"#, r#""result":1.50"#);
    let call = CreateCallLog::from_json(&text).unwrap();
    let record = call.call_log();
    assert_eq!(record.result(), Some("1.50"));
    assert_eq!(call.subject(), "7");
    assert_eq!(record.to().phone_number.as_deref(), Some("5551234"));
    assert_eq!(record.to().name.as_deref(), Some("12"));
    assert_eq!(call.contact().phone_number(), Some("5551234"));
}
