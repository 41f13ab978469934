//! What Pipedrive's answers mean.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_connector_sdk::testing::{Answer, PretendHost};
use switchboard_connector_sdk::{Fault, FaultCode};

use super::{ACTIVITIES, PERSON, TYPES, call, created, host, log, person, sent, types};

const REFUSALS: [(u16, FaultCode); 14] = [
    (400, FaultCode::Rejected),
    (401, FaultCode::Unauthorized),
    (402, FaultCode::Rejected),
    (403, FaultCode::Unauthorized),
    (404, FaultCode::NotFound),
    (408, FaultCode::Rejected),
    (409, FaultCode::Rejected),
    (410, FaultCode::NotFound),
    (422, FaultCode::Rejected),
    (429, FaultCode::RateLimited),
    (302, FaultCode::Unavailable),
    (500, FaultCode::Unavailable),
    (503, FaultCode::Unavailable),
    (599, FaultCode::Unavailable),
];

#[test]
fn every_refusal_of_every_request_is_the_fault_that_fits() {
    for (status, code) in REFUSALS {
        let refusal = Answer::json(status, &json!({ "success": false, "error": "because" }));
        let hosts = [
            (
                host(refusal.clone(), types(), created()),
                "GET /api/v2/persons/77",
                1,
            ),
            (
                host(person(), refusal.clone(), created()),
                "GET /v1/activityTypes",
                2,
            ),
            (
                host(person(), types(), refusal),
                "POST /api/v2/activities",
                3,
            ),
        ];
        for (host, request, n_requests) in hosts {
            let fault = log(&host, &call()).unwrap_err();
            let message = fault.message();
            let asked = format!("Pipedrive answered {status} to {request}");
            assert!(message.starts_with(&asked), "{fault}");
            assert!(message.ends_with(": because"), "{fault}");
            assert_eq!(fault.code(), code);
            assert_eq!(host.requests().len(), n_requests);
        }
    }
}

/// A user whose hostname was mistaken was told that the contact is gone.
#[test]
fn what_is_gone_is_named() {
    for status in [404, 410] {
        let gone = Answer::json(status, &json!({ "error": "because" }));
        let hosts = [
            (
                host(gone.clone(), types(), created()),
                "/api/v2/persons/77: because",
            ),
            (
                host(person(), gone.clone(), created()),
                "the list of activity types is not there, not the contact",
            ),
            (
                host(person(), types(), gone),
                "the owner, deal, lead or organization of the activity is gone",
            ),
        ];
        for (host, gone) in hosts {
            let fault = log(&host, &call()).unwrap_err();
            assert_eq!(fault.code(), FaultCode::NotFound);
            assert!(fault.message().contains(gone), "{fault}");
        }
    }
}

#[test]
fn a_refusal_without_a_reason_is_told_without() {
    let host = host(person(), types(), Answer::bytes(502, "<html>"));
    let fault = log(&host, &call()).unwrap_err();
    assert_eq!(
        fault.message(),
        "Pipedrive answered 502 to POST /api/v2/activities"
    );
}

#[test]
fn a_rate_limit_says_when_to_try_again() {
    let cases = [
        (
            vec![("retry-after", "7"), ("x-ratelimit-reset", "2")],
            Some(7),
        ),
        (
            vec![("retry-after", "Fri, 06 Mar 2026 00:00:09 GMT")],
            Some(9),
        ),
        (vec![("x-ratelimit-reset", "2")], Some(2)),
        (vec![("x-ratelimit-reset", "0")], None),
        (vec![("x-ratelimit-reset", "soon")], None),
        (vec![], None),
    ];
    for (headers, seconds) in cases {
        let answer = Answer::bytes(429, "");
        let answer = headers.iter().fold(answer, |answer, (name, value)| {
            answer.with_header(name, value)
        });
        let fault = log(&host(answer, types(), created()), &call()).unwrap_err();
        assert_eq!(fault.code(), FaultCode::RateLimited);
        assert_eq!(
            fault.retry_after(),
            seconds.map(Duration::from_secs),
            "{headers:?}"
        );
    }
}

#[test]
fn an_accepted_activity_without_an_id_may_exist() {
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"data":null}"#,
        r#"{"data":{}}"#,
        r#"{"data":{"id":null}}"#,
        r#"{"data":{"id":""}}"#,
    ] {
        let host = host(person(), types(), Answer::bytes(201, body));
        let fault = log(&host, &call()).unwrap_err();
        assert_eq!(fault.code(), FaultCode::UnknownOutcome, "{body}");
    }
}

#[test]
fn a_lost_activity_is_reported_as_the_host_saw_it() {
    let fault = log(&host(person(), types(), Answer::lost()), &call()).unwrap_err();
    assert_eq!(fault.code(), FaultCode::UnknownOutcome);
}

#[test]
fn the_outcome_reports_the_headers_that_are_there() {
    let outcome = |activity: Answer| -> Value {
        let logged = log(&host(person(), types(), activity), &call()).unwrap();
        serde_json::to_value(logged).unwrap()
    };
    let message = json!({ "message": "Call logged", "messageType": "success", "ttl": 2000 });
    let plain = json!({ "logId": "9001", "returnMessage": message, "extraDataTracking": {} });
    assert_eq!(outcome(created()), plain);

    let limited = created().with_header("x-ratelimit-remaining", "79");
    let tracked = json!({ "ratelimitRemaining": "79" });
    assert_eq!(outcome(limited)["extraDataTracking"], tracked);
}

#[test]
fn an_id_that_is_a_text_is_taken_as_it_is() {
    let answer = Answer::json(200, &json!({ "data": { "id": "a-9001" } }));
    let logged = log(&host(person(), types(), answer), &call()).unwrap();
    assert_eq!(logged.log_id(), "a-9001");
}

#[test]
fn the_persons_organization_joins_the_activity() {
    let forms = [json!(321), json!({ "name": "Acme", "value": 321 })];
    for form in forms {
        let person = Answer::json(200, &json!({ "data": { "id": 77, "org_id": form } }));
        let host = host(person, types(), created());
        log(&host, &call()).unwrap();
        assert_eq!(host.requests()[2].json()["org_id"], 321);
    }
}

#[test]
fn a_person_that_is_gone_or_unreadable_ends_the_call_before_a_write() {
    let answers = [
        (
            Answer::json(200, &json!({ "success": true, "data": null })),
            FaultCode::NotFound,
        ),
        (Answer::bytes(200, "<html>"), FaultCode::Unavailable),
        (
            Answer::fault(Fault::unavailable("no route")),
            FaultCode::Unavailable,
        ),
    ];
    for (answer, code) in answers {
        let host = host(answer, types(), created());
        assert_eq!(log(&host, &call()).unwrap_err().code(), code);
        assert_eq!(sent(&host), [format!("GET {PERSON}")]);
    }
}

#[test]
fn every_request_is_authorized_as_the_input_says() {
    let host = host(person(), types(), created());
    log(&host, &call()).unwrap();
    let expected = [
        format!("GET {PERSON}"),
        format!("GET {TYPES}"),
        format!("POST {ACTIVITIES}"),
    ];
    assert_eq!(sent(&host), expected);
    for request in host.requests() {
        assert_eq!(
            request.header("authorization"),
            Some("Bearer example-token")
        );
    }
}

#[test]
fn a_call_without_authorization_sends_none() {
    let host = host(person(), types(), created());
    let mut call = call();
    call["authHeader"] = json!("");
    log(&host, &call).unwrap();
    assert!(
        host.requests()
            .iter()
            .all(|request| request.header("authorization").is_none())
    );
}

#[test]
fn no_fault_and_no_log_line_holds_a_secret_or_a_note() {
    let mut call = call();
    call["note"] = json!("canary-note");
    call["composedLogDetails"] = json!("canary-details");
    call["authHeader"] = json!("Bearer canary-token");
    for answer in REFUSALS.map(|(status, _)| Answer::bytes(status, "")) {
        let host: PretendHost = host(person(), types(), answer);
        let fault = log(&host, &call).unwrap_err();
        let shown = format!("{fault:?} {:?}", host.log());
        assert!(!shown.contains("canary"), "{shown}");
    }
}
