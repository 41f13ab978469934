//! What a connector sends through the host, and what it learns from the answer.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::fault::{Fault, FaultCode};
use crate::testing::{Answer, PretendHost, SentRequest};
use crate::wire::RequestHead;

const URL: &str = "https://crm.example/x";

/// Sends a request and returns what left, as the host saw it.
fn sent(build: impl FnOnce(Http<'_>) -> RequestBuilder<'_>) -> SentRequest {
    let host = PretendHost::new();
    let ctx = host.context();
    // Without a scripted answer the request fails, and is recorded.
    let fault = pollster::block_on(build(ctx.http()).send()).unwrap_err();
    assert_eq!(fault.code(), FaultCode::Unavailable);
    host.requests().remove(0)
}

fn answered(answer: Answer) -> Result<Response, Fault> {
    let host = PretendHost::new();
    host.answer("GET", URL, answer);
    let ctx = host.context();
    pollster::block_on(ctx.http().get(URL).send())
}

fn fault_of(answer: Answer) -> Fault {
    answered(answer).unwrap().error_for_status().unwrap_err()
}

fn headers(request: &SentRequest) -> Vec<(&str, &str)> {
    let headers = request.head.headers.iter();
    headers
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

#[test]
fn every_method_is_sent_in_capital_letters_and_bare() {
    type Build = fn(Http<'_>) -> RequestBuilder<'_>;
    let methods: [(&str, Build); 9] = [
        ("GET", |http| http.get(URL)),
        ("HEAD", |http| http.head(URL)),
        ("OPTIONS", |http| http.options(URL)),
        ("POST", |http| http.post(URL)),
        ("PUT", |http| http.put(URL)),
        ("PATCH", |http| http.patch(URL)),
        ("DELETE", |http| http.delete(URL)),
        ("REPORT", |http| http.request("REPORT", URL)),
        ("GET", |http| http.request("get", URL)),
    ];
    for (method, build) in methods {
        let request = sent(build);
        assert_eq!(request.head, RequestHead::new(method, URL));
        assert!(request.body.is_empty());
    }
}

#[test]
fn parameters_are_encoded_behind_what_the_url_has() {
    let pairs = [("a b", "c&d"), ("é", "1+1")];
    let query = "a+b=c%26d&%C3%A9=1%2B1";
    for (url, expected) in [
        ("https://a.example", format!("https://a.example?{query}")),
        ("https://a.example/?", format!("https://a.example/?{query}")),
        (
            "https://a.example/?x=1",
            format!("https://a.example/?x=1&{query}"),
        ),
        (
            "https://a.example/?x=1&",
            format!("https://a.example/?x=1&{query}"),
        ),
        (
            "https://a.example/x#y",
            format!("https://a.example/x?{query}"),
        ),
        (
            "https://a.example/x#y?z",
            format!("https://a.example/x?{query}"),
        ),
        (
            "https://a.example/x?z#y?",
            format!("https://a.example/x?z&{query}"),
        ),
    ] {
        assert_eq!(sent(|http| http.get(url).query(pairs)).head.url, expected);
    }
    let none: [(&str, &str); 0] = [];
    assert_eq!(sent(|http| http.get(URL).query(none)).head.url, URL);
    let twice = sent(|http| http.get(URL).query([("a", "1")]).query([("a", "2")]));
    assert_eq!(twice.head.url, format!("{URL}?a=1&a=2"));
}

#[test]
fn headers_keep_their_order_and_are_not_merged() {
    let request = sent(|http| {
        http.post(URL)
            .header("X-B", "1")
            .header("x-a", "2")
            .header("X-B", "3")
            .authorization("")
            .authorization("Token t")
    });
    let expected = [
        ("X-B", "1"),
        ("x-a", "2"),
        ("X-B", "3"),
        ("authorization", "Token t"),
    ];
    assert_eq!(headers(&request), expected);
    assert_eq!(request.header("x-b"), Some("1"));
}

#[test]
fn authorization_is_basic_or_bearer() {
    for (request, value) in [
        // The example of RFC 7617, section 2.
        (
            sent(|http| http.get(URL).basic_auth("Aladdin", Some("open sesame"))),
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        (
            sent(|http| http.get(URL).basic_auth("test", None)),
            "Basic dGVzdDo=",
        ),
        // RFC 7617, section 2.1: the pair is UTF-8.
        (
            sent(|http| http.get(URL).basic_auth("test", Some("123£"))),
            "Basic dGVzdDoxMjPCow==",
        ),
        (
            sent(|http| http.get(URL).bearer_auth("mF_9.B5f")),
            "Bearer mF_9.B5f",
        ),
    ] {
        assert_eq!(headers(&request), [("authorization", value)]);
    }
}

#[test]
fn each_body_brings_its_content_type_and_the_last_one_counts() {
    const JSON: &str = "application/json";
    for (request, body, content_type) in [
        (
            sent(|http| http.post(URL).json(&json!({ "a": 1 }))),
            r#"{"a":1}"#,
            Some(JSON),
        ),
        (
            sent(|http| http.post(URL).form([("a", "b c"), ("d", "&")])),
            "a=b+c&d=%26",
            Some("application/x-www-form-urlencoded"),
        ),
        (
            sent(|http| http.post(URL).text("hé")),
            "hé",
            Some("text/plain; charset=utf-8"),
        ),
        (sent(|http| http.post(URL).body(*b"raw")), "raw", None),
        (
            sent(|http| http.post(URL).json(&1).body("raw")),
            "raw",
            None,
        ),
        (
            sent(|http| http.post(URL).text("x").json(&1)),
            "1",
            Some(JSON),
        ),
        (
            sent(|http| http.post(URL).header("Content-Type", "a/b").json(&1)),
            "1",
            Some("a/b"),
        ),
        (
            sent(|http| http.post(URL).json(&1).header("content-type", "a/b")),
            "1",
            Some("a/b"),
        ),
    ] {
        assert_eq!(request.body, body.as_bytes());
        assert_eq!(request.header("content-type"), content_type, "{body}");
        assert!(request.head.headers.len() <= 1, "{body}");
    }
}

#[test]
fn a_body_that_cannot_be_written_fails_the_sending_and_sends_nothing() {
    let host = PretendHost::new();
    let ctx = host.context();
    let unwritable = std::collections::HashMap::from([((1, 2), 3)]);
    let sending = ctx.http().post(URL).json(&unwritable).send();
    let fault = pollster::block_on(sending).unwrap_err();
    assert_eq!(fault.code(), FaultCode::Internal);
    assert!(host.requests().is_empty());
}

#[test]
fn time_limit_and_effect_travel_in_the_head() {
    let request = sent(|http| {
        http.post(URL)
            .timeout(Duration::from_millis(1500))
            .as_read()
    });
    assert_eq!(request.head.timeout_ms, Some(1500));
    assert_eq!(request.head.effect.as_deref(), Some("read"));
    let longest = sent(|http| http.get(URL).timeout(Duration::MAX));
    assert_eq!(longest.head.timeout_ms, Some(u64::MAX));
}

#[test]
fn a_path_segment_is_one_segment() {
    for (text, encoded) in [
        ("a-b_c~d.e", "a-b_c~d.e"),
        ("a/b?c#d", "a%2Fb%3Fc%23d"),
        ("%2e", "%252e"),
        ("é\\", "%C3%A9%5C"),
        ("...", "..."),
        (".", "%252E"),
        ("..", "%252E%252E"),
    ] {
        assert_eq!(path_segment(text), encoded);
    }
}

#[test]
fn an_answer_is_read_as_what_it_is() {
    let answer = Answer::bytes(201, b"\xffa".to_vec())
        .with_header("X-Id", "1")
        .with_header("x-id", "2");
    let answer = answered(answer).unwrap();
    assert!(answer.is_success());
    assert_eq!((answer.status(), answer.url()), (201, URL));
    assert_eq!(
        (answer.header("X-ID"), answer.headers().len()),
        (Some("1"), 2)
    );
    assert_eq!(answer.bytes(), b"\xffa");
    assert_eq!(answer.text(), "\u{fffd}a");
    let json = answered(Answer::json(200, &json!({ "id": 7 }))).unwrap();
    assert_eq!(json.json::<Value>().unwrap(), json!({ "id": 7 }));
    assert_eq!(json.error_for_status().unwrap().status(), 200);
}

#[test]
fn every_status_has_its_fault() {
    for (status, code) in [
        (100, FaultCode::Rejected),
        (302, FaultCode::Rejected),
        (400, FaultCode::Rejected),
        (401, FaultCode::Unauthorized),
        (402, FaultCode::Rejected),
        (403, FaultCode::Forbidden),
        (404, FaultCode::NotFound),
        (408, FaultCode::Unavailable),
        (409, FaultCode::Rejected),
        (410, FaultCode::NotFound),
        (422, FaultCode::Rejected),
        (429, FaultCode::RateLimited),
        (500, FaultCode::Unavailable),
        (503, FaultCode::Unavailable),
        (599, FaultCode::Unavailable),
    ] {
        let fault = fault_of(Answer::bytes(status, ""));
        assert_eq!(fault.code(), code, "{status}");
        assert_eq!(fault.message(), format!("the CRM answered {status}"));
        assert_eq!(fault.retry_after(), None);
    }
    for status in [200, 201, 204, 299] {
        assert!(
            answered(Answer::bytes(status, ""))
                .unwrap()
                .error_for_status()
                .is_ok()
        );
    }
}

#[test]
fn the_crms_own_words_are_found() {
    for (body, text) in [
        (json!({ "error": "no" }), Some("no")),
        (json!({ "error": " ", "message": "m" }), Some("m")),
        (json!({ "error": true, "message": "m" }), Some("m")),
        (
            json!({ "success": false, "error": { "code": 5, "message": "nested" } }),
            Some("nested"),
        ),
        (
            json!({ "error": "invalid_grant", "error_description": "expired" }),
            Some("invalid_grant"),
        ),
        (json!({ "detail": "d", "title": "t" }), Some("d")),
        (json!({ "errors": ["first", "second"] }), Some("first")),
        (json!({ "errors": [{ "title": "t" }] }), Some("t")),
        (
            json!([{ "message": "in a list", "errorCode": "X" }]),
            Some("in a list"),
        ),
        (json!({ "errors": [] }), None),
        (json!({ "code": 5 }), None),
        (json!("text"), None),
        (json!(null), None),
    ] {
        let answer = answered(Answer::json(400, &body)).unwrap();
        assert_eq!(answer.error_text().as_deref(), text, "{body}");
        let fault = answer.error_for_status().unwrap_err();
        let expected = match text {
            Some(text) => format!("the CRM answered 400: {text}"),
            None => "the CRM answered 400".to_owned(),
        };
        assert_eq!(fault, Fault::rejected(expected));
    }
    assert_eq!(
        answered(Answer::bytes(400, "<html>")).unwrap().error_text(),
        None
    );
    let long = answered(Answer::json(400, &json!({ "error": "é".repeat(1000) }))).unwrap();
    assert_eq!(long.error_text().unwrap(), "é".repeat(300));
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_hosts_clock() {
    // The pretend host's clock stands at 2026-03-06T00:00:00Z.
    for (value, wait) in [
        ("120", Some(120)),
        (" 7 ", Some(7)),
        ("Fri, 06 Mar 2026 00:01:30 GMT", Some(90)),
        ("Fri, 06 Mar 2026 00:00:00 GMT", None),
        ("Thu, 05 Mar 2026 00:00:00 GMT", None),
        ("0", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
    ] {
        let fault = fault_of(Answer::bytes(429, "").with_header("retry-after", value));
        assert_eq!(fault.code(), FaultCode::RateLimited);
        assert_eq!(
            fault.retry_after(),
            wait.map(Duration::from_secs),
            "{value}"
        );
    }
    let forever =
        fault_of(Answer::bytes(503, "").with_header("retry-after", &u64::MAX.to_string()));
    assert_eq!(forever.retry_after(), Some(Duration::from_millis(u64::MAX)));
}

#[test]
fn neither_a_json_error_nor_debug_output_shows_content() {
    let body = json!({ "id": "c4n4ry" });
    let answer = Answer::json(200, &body).with_header("set-cookie", "c4n4ry");
    let answer = answered(answer).unwrap();
    let fault = answer.json::<Vec<u8>>().unwrap_err();
    assert_eq!(
        fault,
        Fault::unavailable("the CRM's answer is not the JSON that was expected (line 1, column 0)")
    );
    let fault = answered(Answer::bytes(200, "c4n4ry"))
        .unwrap()
        .json::<Value>();
    let request = sent(|http| {
        http.post(URL)
            .bearer_auth("c4n4ry")
            .query([("k", "c4n4ry")])
            .text("c4n4ry")
    });
    let shown = format!("{answer:?} {fault:?} {request:?}");
    assert!(!shown.contains("c4n4ry"), "{shown}");
}

#[test]
fn a_fault_of_the_host_reaches_the_connector_whole() {
    let lost = answered(Answer::lost()).unwrap_err();
    assert_eq!(lost.code(), FaultCode::UnknownOutcome);
    let closed = Fault::closed("the call has ended").with_retry_after(Duration::from_secs(1));
    assert_eq!(answered(Answer::fault(closed.clone())).unwrap_err(), closed);
}
