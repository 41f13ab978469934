//! Which activity type is taken, and how often Pipedrive is asked for them.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_connector_sdk::testing::{Answer, PretendHost};
use switchboard_connector_sdk::wire::ContextHead;
use switchboard_connector_sdk::{Fault, FaultCode};

use super::{ACTIVITIES, TYPES, call, created, host, log, person, sent, types, types_named};
use crate::Pipedrive;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MINUTES_5: Duration = Duration::from_secs(5 * 60);

#[test]
fn the_first_active_type_whose_name_contains_call_is_taken_in_any_case() {
    let answer = types_named(&[
        ("Old call", "old_call", false),
        ("Meeting", "call_like_key_only", true),
        ("Telefon-CALL", "phone", true),
        ("Call", "call", true),
    ]);
    assert_eq!(type_of(answer, json!({})), "phone");
}

#[test]
fn the_operators_type_wins_if_it_is_active() {
    let settings = json!({ "call_activity_type": "talk" });
    let active = types_named(&[("Call", "call", true), ("Talk", "talk", true)]);
    assert_eq!(type_of(active, settings.clone()), "talk");
    let inactive = types_named(&[("Call", "call", true), ("Talk", "talk", false)]);
    assert_eq!(type_of(inactive, settings), "call");
}

#[test]
fn flags_may_be_numbers_and_members_may_be_missing() {
    let answer = json!({ "data": [
        { "name": "Call", "active_flag": true },
        { "name": "Call", "key_string": "", "active_flag": true },
        { "name": "Call", "key_string": "unset" },
        { "name": null, "key_string": "nameless", "active_flag": true },
        { "name": "Call", "key_string": "zero", "active_flag": 0 },
        { "name": "Call", "key_string": "one", "active_flag": 1 },
    ] });
    assert_eq!(type_of(Answer::json(200, &answer), json!({})), "one");
}

#[test]
fn without_a_type_nothing_is_written_and_the_fault_says_which_to_create() {
    for answer in [types_named(&[("Meeting", "meeting", true)]), no_types()] {
        let host = host(person(), answer, created());
        let fault = log(&host, &call()).unwrap_err();
        assert_eq!(fault.code(), FaultCode::Rejected);
        assert!(
            fault.message().contains(r#"whose name contains "call""#),
            "{fault}"
        );
        assert!(fault.message().contains("call_activity_type"), "{fault}");
        assert_eq!(
            sent(&host)[1..],
            [format!("GET {TYPES}"), format!("GET {TYPES}")]
        );
    }
}

#[test]
fn a_type_that_was_just_created_is_found() {
    let host = host(person(), no_types(), created());
    host.answer("GET", TYPES, types());
    assert_eq!(log(&host, &call()).unwrap().log_id(), "9001");
    assert_eq!(n_asked(&host), 2);
}

#[test]
fn a_refresh_that_fails_is_not_taken_for_a_missing_type() {
    let host = host(person(), no_types(), created());
    host.answer("GET", TYPES, Answer::bytes(503, ""));
    assert_eq!(
        log(&host, &call()).unwrap_err().code(),
        FaultCode::Unavailable
    );
}

#[test]
fn types_are_kept_for_a_day() {
    let host = host(person(), types(), created());
    let connector = host.open::<Pipedrive>(json!({})).unwrap();
    for (wait, n_expected) in [
        (Duration::ZERO, 1),
        (DAY - Duration::from_secs(1), 1),
        (Duration::from_secs(1), 2),
        (DAY / 2, 2),
    ] {
        host.advance(wait);
        connector.create_call_log(&call()).unwrap();
        assert_eq!(n_asked(&host), n_expected, "{wait:?}");
    }
}

#[test]
fn each_tenant_has_its_own_types() {
    let host = host(person(), types(), created());
    host.answer(
        "GET",
        "https://other.pipedrive.com/api/v2/persons/77",
        person(),
    );
    let others = types_named(&[("Anruf/Call", "anruf", true)]);
    host.answer(
        "GET",
        "https://other.pipedrive.com/v1/activityTypes",
        others,
    );
    host.answer(
        "POST",
        "https://other.pipedrive.com/api/v2/activities",
        created(),
    );
    let connector = host.open::<Pipedrive>(json!({})).unwrap();
    let type_at = |hostname: &str| {
        let mut call = call();
        call["user"]["hostname"] = json!(hostname);
        connector.create_call_log(&call).unwrap();
        host.requests().last().unwrap().json()["type"].clone()
    };
    assert_eq!(type_at("acme.pipedrive.com"), "call");
    assert_eq!(type_at("other.pipedrive.com"), "anruf");
    assert_eq!(type_at("acme.pipedrive.com"), "call");
}

#[test]
fn old_types_are_used_where_a_refresh_fails() {
    let failures = [
        Answer::bytes(500, ""),
        Answer::bytes(200, "<html>"),
        Answer::fault(Fault::unavailable("no route")),
    ];
    for failure in failures {
        let host = host(person(), types(), created());
        host.answer("GET", TYPES, failure);
        let connector = host.open::<Pipedrive>(json!({})).unwrap();
        connector.create_call_log(&call()).unwrap();
        host.advance(DAY);
        connector.create_call_log(&call()).unwrap();
        assert_eq!(n_asked(&host), 2);
        let [line] = host.log().try_into().expect("one line is logged");
        assert!(line.message.contains("activity types"), "{line:?}");
    }
}

#[test]
fn a_refresh_leaves_the_call_most_of_its_time_and_is_not_tried_again_at_once() {
    for (remaining_ms, expected) in [(30_000, 5_000), (6_000, 2_000)] {
        let host = host(person(), types(), created());
        let slow = Answer::fault(Fault::timeout("no answer")).after(Duration::from_secs(1));
        host.answer("GET", TYPES, slow);
        let mut context = ContextHead::new("call-1");
        context.remaining_ms = remaining_ms;
        host.set_context(context);
        let connector = host.open::<Pipedrive>(json!({})).unwrap();
        connector.create_call_log(&call()).unwrap();
        // The clock of the pretend host has moved on by a second at each attempt.
        for (wait, n_expected) in [
            (DAY, 2),
            (MINUTES_5 - Duration::from_secs(1), 2),
            (MINUTES_5, 3),
        ] {
            host.advance(wait);
            connector.create_call_log(&call()).unwrap();
            assert_eq!(n_asked(&host), n_expected, "{wait:?}");
        }
        let requests = host.requests();
        let asked = requests.iter().filter(|request| request.head.url == TYPES);
        let limits: Vec<_> = asked.map(|request| request.head.timeout_ms).collect();
        assert_eq!(limits, [None, Some(expected), Some(expected)]);
    }
}

#[test]
fn types_are_asked_for_again_once_an_activity_was_rejected() {
    let rejected = Answer::json(400, &json!({ "error": "unknown type" }));
    let host = host(person(), types(), rejected);
    host.answer("POST", ACTIVITIES, created());
    host.answer("GET", TYPES, types_named(&[("Call", "call_2", true)]));
    let connector = host.open::<Pipedrive>(json!({})).unwrap();
    let fault = connector.create_call_log(&call()).unwrap_err();
    assert_eq!(fault.code(), FaultCode::Rejected);
    connector.create_call_log(&call()).unwrap();
    assert_eq!(host.requests().last().unwrap().json()["type"], "call_2");
}

fn no_types() -> Answer {
    Answer::json(200, &json!({ "success": true, "data": null }))
}

fn type_of(answer: Answer, settings: Value) -> Value {
    let host = host(person(), answer, created());
    let connector = host.open::<Pipedrive>(settings).unwrap();
    connector.create_call_log(&call()).unwrap();
    let requests = host.requests();
    let activity = requests.last().unwrap();
    assert_eq!(activity.head.url, ACTIVITIES);
    activity.json()["type"].clone()
}

fn n_asked(host: &PretendHost) -> usize {
    let asked = format!("GET {TYPES}");
    sent(host).iter().filter(|line| **line == asked).count()
}
