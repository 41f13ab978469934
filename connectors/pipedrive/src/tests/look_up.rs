//! Which activities are taken for that of an earlier attempt.
//!
//! The attempt of the example call began at 2026-03-06T00:00:00Z.

use serde_json::{Value, json};
use switchboard_connector_sdk::testing::{Answer, PretendHost, reference_to};
use switchboard_connector_sdk::{Fault, FaultCode, Found};

use super::{ACTIVITIES, TYPES, call, sent, types};
use crate::Pipedrive;

/// The first page of what is asked for.
const LIST: &str = "https://acme.pipedrive.com/api/v2/activities?person_id=77\
    &updated_since=2026-03-05T00%3A00%3A00Z&sort_by=id&limit=500";

/// Returns the example call's activity as Pipedrive lists it.
fn listed() -> Value {
    json!({
        "id": 9001,
        "subject": "Inbound Call from John Smith",
        "type": "call",
        "owner_id": 42,
        "creator_user_id": 42,
        "is_deleted": false,
        "add_time": "2026-03-06T00:00:03Z",
        "update_time": "2026-03-06T00:00:03Z",
        "person_id": 77,
        "participants": [{ "person_id": 77, "primary": true }],
        "due_date": "2018-09-11",
        "due_time": "13:24:00",
        "duration": "00:01:00",
        "done": true,
        "note": "<strong>composed</strong>",
    })
}

/// Returns the example call's activity with other members.
fn listed_with(changes: &Value) -> Value {
    let mut activity = listed();
    for (name, value) in changes.as_object().unwrap() {
        activity[name] = value.clone();
    }
    activity
}

fn page(activities: &[Value]) -> Answer {
    let additional = json!({ "next_cursor": null });
    let page = json!({ "success": true, "data": activities, "additional_data": additional });
    Answer::json(200, &page)
}

fn look_up_by(host: &PretendHost, input: &Value) -> Result<Found, Fault> {
    host.open::<Pipedrive>(json!({}))?.find_call_log(input)
}

/// Looks the example call up in a Pipedrive that lists these activities.
fn found_in(activities: &[Value]) -> Result<Found, Fault> {
    let host = PretendHost::new();
    host.answer("GET", LIST, page(activities));
    look_up_by(&host, &reference_to(&call()))
}

/// As [`found_in`], brought about by this request.
fn found_again(activities: &[Value], repeated: Value) -> Found {
    let host = PretendHost::new();
    host.answer("GET", LIST, page(activities));
    host.answer("GET", TYPES, types());
    let mut input = reference_to(&call());
    input["call"] = repeated;
    look_up_by(&host, &input).unwrap()
}

#[test]
fn the_activity_that_create_call_log_writes_is_found() {
    assert_eq!(found_in(&[listed()]), Ok(Found::entries(["9001"])));
    assert_eq!(found_in(&[]), Ok(Found::none()));
}

#[test]
fn what_may_have_changed_since_hides_nothing() {
    for changes in [
        json!({ "subject": "Called John" }),
        json!({ "note": null }),
        json!({ "type": "deleted_type" }),
        json!({ "duration": "00:30:00" }),
        json!({ "done": false, "is_deleted": true }),
        json!({ "person_id": 78, "participants": [{ "person_id": 78 }, { "person_id": 77 }] }),
        json!({ "participants": null }),
        json!({ "due_time": "13:24" }),
        // Assigned to somebody, or written with another's token.
        json!({ "owner_id": 314 }),
        json!({ "creator_user_id": 1 }),
        json!({ "owner_id": 314, "creator_user_id": null }),
    ] {
        let activity = listed_with(&changes);
        assert_eq!(
            found_in(&[activity]),
            Ok(Found::entries(["9001"])),
            "{changes}"
        );
    }
}

#[test]
fn another_calls_activity_is_not_named() {
    for changes in [
        json!({ "person_id": 78, "participants": [{ "person_id": 78, "primary": true }] }),
        json!({ "person_id": null, "participants": null }),
        json!({ "due_date": "2018-09-12" }),
        json!({ "due_time": "13:25:00" }),
        json!({ "due_time": "01:24:00" }),
        // A task for the day, such as users add after a call.
        json!({ "due_time": null }),
        json!({ "due_time": "", "duration": "" }),
        json!({ "due_date": null, "due_time": null }),
        json!({ "owner_id": 314, "creator_user_id": 1 }),
        json!({ "add_time": "2026-03-04T23:59:59Z" }),
        json!({ "add_time": "2026-03-04 23:59:59" }),
    ] {
        let activity = listed_with(&changes);
        assert_eq!(found_in(&[activity]), Ok(Found::none()), "{changes}");
    }
}

#[test]
fn clocks_may_differ_by_a_day_and_a_creation_time_may_be_missing() {
    for added in [
        json!("2026-03-05T00:00:00Z"),
        json!("2026-03-05T01:00:00.000+01:00"),
        json!("2026-03-05 00:00:00"),
        json!(null),
        json!("yesterday"),
        json!(1_772_755_200),
    ] {
        let activity = listed_with(&json!({ "add_time": added }));
        assert_eq!(
            found_in(&[activity]),
            Ok(Found::entries(["9001"])),
            "{added}"
        );
    }
    let mut without = listed();
    without.as_object_mut().unwrap().remove("add_time");
    assert_eq!(found_in(&[without]), Ok(Found::entries(["9001"])));
}

/// Pipedrive writes whole seconds: what it created right at the limit would else be earlier than the limit.
#[test]
fn a_part_of_a_second_moves_no_limit() {
    let host = PretendHost::new();
    host.answer(
        "GET",
        LIST,
        page(&[listed_with(&json!({ "add_time": "2026-03-05T00:00:00Z" }))]),
    );
    let mut input = reference_to(&call());
    input["reference"]["claimedAt"] = json!("2026-03-06T00:00:00.9Z");
    assert_eq!(look_up_by(&host, &input), Ok(Found::entries(["9001"])));
}

#[test]
fn every_page_is_read_and_only_read() {
    let host = PretendHost::new();
    let first = json!({
        "success": true,
        "data": [listed_with(&json!({ "id": 1 })), listed_with(&json!({ "due_time": "09:00:00" }))],
        "additional_data": { "next_cursor": "ey/J+" },
    });
    host.answer("GET", LIST, Answer::json(200, &first));
    let second = format!("{LIST}&cursor=ey%2FJ%2B");
    let last = json!({
        "data": [listed_with(&json!({ "id": 2 }))],
        "additional_data": { "next_cursor": "" },
    });
    host.answer("GET", &second, Answer::json(200, &last));
    let found = look_up_by(&host, &reference_to(&call()));
    assert_eq!(found, Ok(Found::entries(["1", "2"])));
    assert_eq!(
        sent(&host),
        [format!("GET {LIST}"), format!("GET {second}")]
    );
    let requests = host.requests();
    let mut tokens = requests
        .iter()
        .map(|request| request.header("authorization"));
    assert!(tokens.all(|token| token == Some("Bearer example-token")));
}

/// "None" has the call logged again, and the answer may have held its activity.
#[test]
fn an_answer_that_cannot_be_read_is_never_taken_for_none() {
    let endless = json!({ "data": [], "additional_data": { "next_cursor": "c" } });
    let failed = json!({ "success": false, "data": [] });
    let nameless = listed_with(&json!({ "id": null }));
    for (answer, code) in [
        (Answer::bytes(200, ""), FaultCode::Unavailable),
        (
            Answer::json(200, &json!({ "success": false })),
            FaultCode::Unavailable,
        ),
        (
            Answer::json(200, &json!({ "data": null })),
            FaultCode::Unavailable,
        ),
        (Answer::json(200, &failed), FaultCode::Unavailable),
        (page(&[nameless]), FaultCode::Unavailable),
        (
            page(&[listed_with(&json!({ "due_time": "noon" }))]),
            FaultCode::Unavailable,
        ),
        (
            page(&[listed_with(&json!({ "due_date": "11/09/18" }))]),
            FaultCode::Unavailable,
        ),
        (Answer::json(200, &endless), FaultCode::Unavailable),
        (Answer::bytes(401, ""), FaultCode::Unauthorized),
        (Answer::bytes(404, ""), FaultCode::NotFound),
        (Answer::bytes(429, ""), FaultCode::RateLimited),
        (Answer::bytes(500, ""), FaultCode::Unavailable),
        (
            Answer::fault(Fault::timeout("no answer")),
            FaultCode::Timeout,
        ),
    ] {
        let host = PretendHost::new();
        let first = json!({ "data": [listed()], "additional_data": { "next_cursor": "c" } });
        host.answer("GET", LIST, Answer::json(200, &first));
        host.answer("GET", &format!("{LIST}&cursor=c"), answer.clone());
        let found = look_up_by(&host, &reference_to(&call()));
        let fault = found.expect_err("the second page cannot be read");
        assert_eq!(fault.code(), code, "{answer:?}");
        assert_eq!(host.requests().len(), 2);
    }
}

/// An activity that is ruled out otherwise stands in nobody's way.
#[test]
fn an_unreadable_due_time_of_another_contact_does_not_matter() {
    let others = json!({ "person_id": 78, "participants": null, "due_time": "noon" });
    assert_eq!(
        found_in(&[listed_with(&others), listed()]),
        Ok(Found::entries(["9001"]))
    );
}

#[test]
fn of_several_the_one_that_equals_the_repeated_request_is_the_likeliest() {
    for changes in [
        json!({ "subject": "Called John" }),
        json!({ "note": "composed otherwise" }),
        json!({ "note": null }),
        json!({ "type": "meeting" }),
        json!({ "duration": "00:30:00" }),
        json!({ "owner_id": 314 }),
    ] {
        let other = listed_with(&changes);
        let mut other = [other, listed()];
        other[1]["id"] = json!(9002);
        let expected = Found::entries(["9001", "9002"]);
        assert_eq!(
            found_again(&other, call()),
            expected.clone().with_likeliest("9002"),
            "{changes}"
        );
        assert_eq!(found_in(&other), Ok(expected));
    }
}

#[test]
fn a_length_may_be_listed_with_seconds_or_without() {
    for listed_as in ["01:00", "01:00:00"] {
        let hour = listed_with(&json!({ "duration": listed_as }));
        let other = listed_with(&json!({ "id": 9002, "duration": "00:01:00" }));
        let mut repeated = call();
        repeated["callLog"]["duration"] = json!(3600);
        let expected = Found::entries(["9001", "9002"]).with_likeliest("9001");
        assert_eq!(found_again(&[hour, other], repeated), expected);
    }
}

#[test]
fn none_is_likeliest_where_several_or_none_equal_the_repeated_request() {
    let twins = [listed(), listed_with(&json!({ "id": 9002 }))];
    let both = Found::entries(["9001", "9002"]);
    assert_eq!(found_again(&twins, call()), both);
    let mut edited = call();
    edited["composedLogDetails"] = json!("another note");
    assert_eq!(found_again(&twins, edited), both);
}

#[test]
fn a_repeated_request_turns_no_activity_into_none() {
    let mut edited = call();
    edited["composedLogDetails"] = json!("another note");
    edited["callLog"]["customSubject"] = json!("another subject");
    edited["callLog"]["duration"] = json!(3600);
    edited["contactInfo"]["id"] = json!("78");
    edited["user"]["id"] = json!("nobody");
    let found = found_again(&[listed()], edited);
    assert_eq!(found, Found::entries(["9001"]));
}

#[test]
fn an_assignee_of_the_repeated_request_may_own_what_another_token_wrote() {
    let assigned = listed_with(&json!({ "owner_id": 314, "creator_user_id": 1 }));
    let mut repeated = call();
    repeated["user"]["platformAdditionalInfo"] = json!({ "assigneeId": 314 });
    repeated["additionalSubmission"] = json!({ "isAssignedToUser": true });
    let found = found_again(&[assigned], repeated);
    assert_eq!(found, Found::entries(["9001"]));
}

#[test]
fn types_that_cannot_be_read_are_not_compared() {
    let host = PretendHost::new();
    let other = listed_with(&json!({ "id": 9002, "note": "" }));
    host.answer("GET", LIST, page(&[listed(), other]));
    host.answer("GET", TYPES, Answer::bytes(503, ""));
    let mut input = reference_to(&call());
    input["call"] = call();
    let expected = Found::entries(["9001", "9002"]).with_likeliest("9001");
    assert_eq!(look_up_by(&host, &input), Ok(expected));
}

#[test]
fn a_reference_that_pipedrive_cannot_have_is_refused_before_any_request() {
    for (name, value, pointer) in [
        ("hostname", "https://acme.pipedrive.com/", "/user/hostname"),
        (
            "hostname",
            "acme.pipedrive.com@evil.example",
            "/user/hostname",
        ),
        ("hostname", "", "/user/hostname"),
        ("contactId", "77/../78", "/contactInfo/id"),
        ("userId", "abc-pipedrive", "/user/id"),
    ] {
        let host = PretendHost::new();
        let mut input = reference_to(&call());
        input["reference"][name] = json!(value);
        let fault = look_up_by(&host, &input).unwrap_err();
        assert_eq!(fault.code(), FaultCode::InvalidInput, "{fault}");
        assert!(fault.message().starts_with(pointer), "{fault}");
        assert_eq!(host.requests(), []);
    }
}

/// What is written and what is looked for come from the same functions, so that they cannot drift apart.
#[test]
fn what_was_written_for_any_start_is_found() {
    for start in [
        "2026-03-05T23:59:30-05:00",
        "1970-01-01T00:00:00Z",
        "2026-01-01T00:00:59.999Z",
    ] {
        let mut call = call();
        call["callLog"]["startTime"] = json!(start);
        let host = super::host(super::person(), types(), super::created());
        super::log(&host, &call).unwrap();
        let written = host.requests().last().unwrap().json();
        assert_eq!(host.requests().last().unwrap().head.url, ACTIVITIES);
        let echoed = listed_with(&written);
        host.answer("GET", LIST, page(&[echoed]));
        let found = look_up_by(&host, &reference_to(&call));
        assert_eq!(found, Ok(Found::entries(["9001"])), "{start}");
    }
}
