//! The connector against a pretend host: no network, no CRM.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_connector_sdk::testing::{
    Answer, OpenConnector, PretendHost, SentRequest, assert_schema_is_current, example_call,
    reference_to,
};
use switchboard_connector_sdk::{CallLogged, Fault, FaultCode, Found};

use crate::{Example, Settings};

const ACTIVITIES: &str = "https://crm.example.com/activities";
const OF_SESSION: &str = "https://crm.example.com/activities?sessionId=4503991004";

#[test]
fn the_settings_schema_is_current() {
    assert_schema_is_current::<Settings>("settings.schema.json");
}

#[test]
fn a_call_becomes_one_activity() {
    let host = host_answering(Answer::json(201, &json!({ "id": "act-1" })));
    let logged = log(&host, &example_call()).unwrap();
    assert_eq!(logged, CallLogged::new("act-1"));

    let request = only_request(&host);
    assert_eq!(request.head.method, "POST");
    assert_eq!(request.head.url, ACTIVITIES);
    assert_eq!(
        request.header("authorization"),
        Some("Bearer example-token")
    );
    assert_eq!(
        request.json(),
        json!({
            "contact": {
                "id": "77",
                "type": "Contact",
                "name": "John Smith",
                "phoneNumber": "+16504445566",
            },
            "subject": "Inbound Call from John Smith",
            "body": "Asked for a quote; call back on Monday.",
            "start": "2018-09-11T13:24:09Z",
            "duration": 7,
            "sessionId": "4503991004",
        })
    );
}

#[test]
fn what_is_not_known_is_null() {
    let host = host_answering(Answer::json(201, &json!({ "id": 7 })));
    let mut call = example_call();
    call["contactInfo"] = json!({ "id": 77 });
    call["callLog"]["duration"] = json!("pending");
    call["note"] = Value::Null;
    log(&host, &call).unwrap();

    let activity = only_request(&host).json();
    let nobody = json!({ "id": "77", "type": null, "name": null, "phoneNumber": null });
    assert_eq!(activity["contact"], nobody);
    assert_eq!(activity["subject"], "Inbound Call from Unknown");
    assert_eq!(activity["body"], Value::Null);
    assert_eq!(activity["duration"], Value::Null);
}

#[test]
fn a_composed_body_wins_over_the_note() {
    let host = host_answering(Answer::json(201, &json!({ "id": 7 })));
    let mut call = example_call();
    call["composedLogDetails"] = json!("- Note: composed\n");
    log(&host, &call).unwrap();
    assert_eq!(only_request(&host).json()["body"], "- Note: composed\n");
}

#[test]
fn an_id_may_be_a_number() {
    let host = host_answering(Answer::json(200, &json!({ "id": 9001 })));
    assert_eq!(log(&host, &example_call()).unwrap().log_id(), "9001");
}

#[test]
fn a_crm_without_authorization_gets_no_header() {
    let host = host_answering(Answer::json(201, &json!({ "id": 7 })));
    let mut call = example_call();
    call["authHeader"] = json!("");
    log(&host, &call).unwrap();
    assert_eq!(only_request(&host).header("authorization"), None);
}

#[test]
fn an_accepted_activity_without_an_id_may_exist() {
    for body in ["", "OK", "{}", r#"{"id":null}"#, r#"{"id":""}"#, "[]"] {
        let host = host_answering(Answer::bytes(201, body));
        let fault = log(&host, &example_call()).unwrap_err();
        assert_eq!(fault.code(), FaultCode::UnknownOutcome, "{body}");
    }
}

#[test]
fn every_refusal_is_the_fault_that_fits() {
    let refusals = [
        (400, FaultCode::Rejected),
        (401, FaultCode::Unauthorized),
        (403, FaultCode::Forbidden),
        (404, FaultCode::NotFound),
        (422, FaultCode::Rejected),
        (429, FaultCode::RateLimited),
        (500, FaultCode::Unavailable),
        (503, FaultCode::Unavailable),
    ];
    for (status, code) in refusals {
        let answer = Answer::json(status, &json!({ "error": "because" }));
        let host = host_answering(answer.with_header("retry-after", "3"));
        let fault = log(&host, &example_call()).unwrap_err();
        let expected = Fault::new(code, format!("the CRM answered {status}: because"));
        assert_eq!(fault, expected.with_retry_after(Duration::from_secs(3)));
    }
}

#[test]
fn a_lost_write_is_reported_as_the_host_saw_it() {
    let fault = log(&host_answering(Answer::lost()), &example_call()).unwrap_err();
    assert_eq!(fault.code(), FaultCode::UnknownOutcome);
}

#[test]
fn activities_of_the_session_are_found_on_every_page() {
    let host = PretendHost::new();
    let first = json!({
        "activities": [
            { "id": "act-1", "sessionId": "4503991004" },
            { "id": "act-2", "sessionId": "45039910040" },
            { "id": "act-3", "sessionId": null },
            { "id": "act-4" },
        ],
        "next": "4 & more",
    });
    host.answer("GET", OF_SESSION, Answer::json(200, &first));
    let last = json!({ "activities": [{ "id": 5, "sessionId": 4_503_991_004_u64 }] });
    let url = format!("{OF_SESSION}&cursor=4+%26+more");
    host.answer("GET", &url, Answer::json(200, &last));
    assert_eq!(look_up(&host), Ok(Found::entries(["act-1", "5"])));
    let requests = host.requests();
    let tokens = requests
        .iter()
        .map(|request| request.header("authorization"));
    let token = Some("Bearer example-token");
    assert_eq!(tokens.collect::<Vec<_>>(), [token, token]);
}

#[test]
fn a_session_without_activities_has_none() {
    let host = PretendHost::new();
    host.answer(
        "GET",
        OF_SESSION,
        Answer::json(200, &json!({ "activities": [] })),
    );
    assert_eq!(look_up(&host), Ok(Found::none()));
}

/// "None" has the call logged again, and the answer may have held its activity.
#[test]
fn an_answer_that_cannot_be_read_is_never_taken_for_none() {
    let unread = [
        (Answer::bytes(200, ""), FaultCode::Unavailable),
        (Answer::json(200, &json!({})), FaultCode::Unavailable),
        (
            Answer::json(200, &json!({ "activities": null })),
            FaultCode::Unavailable,
        ),
        (
            Answer::json(
                200,
                &json!({ "activities": [{ "sessionId": "4503991004" }] }),
            ),
            FaultCode::Unavailable,
        ),
        (
            Answer::json(200, &json!({ "activities": [], "next": "1" })),
            FaultCode::Unavailable,
        ),
        (Answer::bytes(401, ""), FaultCode::Unauthorized),
        (Answer::bytes(404, ""), FaultCode::NotFound),
        (Answer::bytes(503, ""), FaultCode::Unavailable),
        (
            Answer::fault(Fault::timeout("no answer")),
            FaultCode::Timeout,
        ),
    ];
    for (answer, code) in unread {
        let host = PretendHost::new();
        let first = json!({ "activities": [{ "id": 1, "sessionId": "4503991004" }], "next": "1" });
        host.answer("GET", OF_SESSION, Answer::json(200, &first));
        host.answer("GET", &format!("{OF_SESSION}&cursor=1"), answer.clone());
        let fault = look_up(&host).expect_err("the second page cannot be read");
        assert_eq!(fault.code(), code, "{answer:?}");
    }
}

#[test]
fn slashes_at_the_end_of_the_base_url_do_not_matter() {
    for base_url in ["https://crm.example.com/v1", "https://crm.example.com/v1//"] {
        let connector = open(&PretendHost::new(), base_url).unwrap();
        assert_eq!(
            connector.get().activities_url,
            "https://crm.example.com/v1/activities"
        );
    }
    let connector = open(&PretendHost::new(), "http://127.0.0.1:8080").unwrap();
    assert_eq!(
        connector.get().activities_url,
        "http://127.0.0.1:8080/activities"
    );
}

#[test]
fn a_base_url_that_is_none_is_refused_without_quoting_it() {
    for base_url in [
        "",
        "crm.example.com",
        "ftp://crm.example.com",
        "https://",
        "https:///activities",
        "https://crm.example.com/?key=hidden",
        "https://crm.example.com/#top",
        "https://crm.example.com /",
        "https://crm.example.com\n",
    ] {
        let opened = open(&PretendHost::new(), base_url);
        let fault = opened.err().unwrap_or_else(|| panic!("{base_url} opened"));
        assert_eq!(fault.code(), FaultCode::InvalidInput, "{base_url}");
        assert!(fault.message().contains("[settings] base_url"), "{fault}");
        assert!(!fault.message().contains("hidden"), "{fault}");
    }
}

#[test]
fn a_setting_that_is_not_known_is_refused() {
    let settings = json!({ "base_url": "https://crm.example.com", "base_uri": "" });
    let opened = PretendHost::new().open::<Example>(settings);
    let fault = opened.err().expect("the settings are refused");
    assert_eq!(fault.code(), FaultCode::InvalidInput);
    assert!(fault.message().contains("base_uri"), "{fault}");
}

fn host_answering(answer: Answer) -> PretendHost {
    let host = PretendHost::new();
    host.answer("POST", ACTIVITIES, answer);
    host
}

fn open(host: &PretendHost, base_url: &str) -> Result<OpenConnector<Example>, Fault> {
    host.open(json!({ "base_url": base_url }))
}

fn log(host: &PretendHost, call: &Value) -> Result<CallLogged, Fault> {
    open(host, "https://crm.example.com")?.create_call_log(call)
}

fn look_up(host: &PretendHost) -> Result<Found, Fault> {
    let example = open(host, "https://crm.example.com")?;
    example.find_call_log(&reference_to(&example_call()))
}

fn only_request(host: &PretendHost) -> SentRequest {
    let requests = host.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.into_iter().next().unwrap()
}
