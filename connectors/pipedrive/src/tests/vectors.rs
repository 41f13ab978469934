//! Requests and outcomes that App Connect makes of the same inputs, compared whole.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use switchboard_connector_sdk::FaultCode;
use switchboard_connector_sdk::testing::{Answer, PretendHost, SentRequest};

use super::log;

/// What App Connect throws, or reports as if nothing were unclear, and we name.
const FAULTS: [(&str, FaultCode); 4] = [
    ("activity_2xx_without_id", FaultCode::UnknownOutcome),
    ("activity_429", FaultCode::RateLimited),
    ("no_matching_activity_type", FaultCode::Rejected),
    ("person_401", FaultCode::Unauthorized),
];

#[test]
fn requests_and_outcomes_are_those_of_app_connect() {
    let vectors = vectors();
    assert!(vectors.len() >= 12, "{} vectors", vectors.len());
    for vector in vectors {
        let name = vector["name"].as_str().unwrap();
        let host = answering(&vector["crm_responses"]);
        let outcome = log(&host, &vector["input"]);

        let requests: Vec<_> = host.requests().iter().map(comparable).collect();
        let expected: Vec<_> = vector["requests"]
            .as_array()
            .unwrap()
            .iter()
            .map(expected)
            .collect();
        assert_eq!(requests, expected, "{name}");

        match FAULTS.iter().find(|(failing, _)| *failing == name) {
            Some((_, code)) => assert_eq!(outcome.unwrap_err().code(), *code, "{name}"),
            None => {
                let mut returned = vector["output"]["returned"].clone();
                returned["logId"] = json!(returned["logId"].to_string());
                assert_eq!(
                    serde_json::to_value(outcome.unwrap()).unwrap(),
                    returned,
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_rate_limit_of_app_connect_says_when_to_try_again() {
    let vector = vectors()
        .into_iter()
        .find(|vector| vector["name"] == "activity_429")
        .unwrap();
    let fault = log(&answering(&vector["crm_responses"]), &vector["input"]).unwrap_err();
    assert_eq!(fault.retry_after(), Some(std::time::Duration::from_secs(2)));
}

fn vectors() -> Vec<Value> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/vectors/pipedrive");
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = entries.collect();
    paths.sort();
    let read = |path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    paths.into_iter().map(read).collect()
}

fn answering(responses: &Value) -> PretendHost {
    let host = PretendHost::new();
    for response in responses.as_array().unwrap() {
        let status = response["status"].as_u64().unwrap();
        let mut answer = Answer::json(u16::try_from(status).unwrap(), &response["body"]);
        for (name, value) in response["headers"].as_object().into_iter().flatten() {
            answer = answer.with_header(name, value.as_str().unwrap());
        }
        let [method, url] = ["method", "url"].map(|member| response[member].as_str().unwrap());
        host.answer(method, url, answer);
    }
    host
}

fn comparable(request: &SentRequest) -> Value {
    let body = if request.body.is_empty() {
        Value::Null
    } else {
        request.json()
    };
    json!({
        "method": request.head.method,
        "url": request.head.url,
        "authorization": request.header("authorization"),
        "body": body,
    })
}

/// Returns App Connect's request as ours has to be: an absent deal is left out, not sent as an empty text.
fn expected(request: &Value) -> Value {
    let mut body = request["body"].clone();
    if body["deal_id"] == "" {
        body.as_object_mut().unwrap().remove("deal_id");
    }
    json!({
        "method": request["method"],
        "url": request["url"],
        "authorization": request["headers"]["authorization"],
        "body": body,
    })
}
