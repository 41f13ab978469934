//! The pretend host behaves as its documentation says: a test kit that errs lets every connector err.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::fault::{Fault, FaultCode};
use crate::http::Response;
use crate::model::InputFault;
use crate::{CallContext, CallLogged, Connector, CreateCallLog, NoSettings, Opening};

const URL: &str = "https://crm.example/calls";

struct Acme;

impl Connector for Acme {
    type Settings = NoSettings;

    fn open(_: NoSettings, host: &Opening) -> Result<Self, Fault> {
        host.log()
            .info(&format!("{} at {}", host.crm(), host.now()));
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let request = ctx.http().post(URL).authorization(call.auth_header());
        let answer = request
            .json(&call.subject())
            .send()
            .await?
            .error_for_status()?;
        Ok(CallLogged::new(answer.text()))
    }
}

fn get(ctx: &CallContext) -> Result<Response, Fault> {
    pollster::block_on(ctx.http().get(URL).send())
}

#[test]
fn a_connector_runs_from_settings_to_outcome() {
    let host = PretendHost::new();
    host.answer("POST", URL, Answer::bytes(201, "7"));
    let acme = host.open::<Acme>(json!({})).unwrap();
    assert_eq!(host.log()[0].message, "test at 2026-03-06T00:00:00Z");
    let logged = acme.create_call_log(&example_call()).unwrap();
    assert_eq!(logged.log_id(), "7");
    let request = &host.requests()[0];
    assert_eq!(
        (request.head.method.as_str(), request.head.url.as_str()),
        ("POST", URL)
    );
    assert_eq!(
        request.header("Authorization"),
        Some("Bearer example-token")
    );
    assert_eq!(request.json(), json!("Inbound Call from John Smith"));
}

#[test]
fn settings_and_inputs_are_checked_as_the_host_does() {
    let host = PretendHost::new();
    let fault = host.open::<Acme>(json!({ "base_url": "x" })).err().unwrap();
    assert_eq!(
        fault,
        Fault::invalid_input(
            "cannot read [settings]: unknown field `base_url`, there are no fields"
        )
    );
    let acme = host.open::<Acme>(json!({})).unwrap();
    let fault = acme.create_call_log(&json!([])).unwrap_err();
    let message = "expected an object, found an array";
    let named = [InputFault::new("", message)];
    assert_eq!(fault, Fault::invalid_input(message).with_faults(named));
    assert!(host.requests().is_empty());
}

#[test]
fn answers_come_in_order_and_the_last_one_stays() {
    let host = PretendHost::new();
    for status in [500, 429, 200] {
        host.answer("GET", URL, Answer::bytes(status, ""));
    }
    let ctx = host.context();
    let statuses: Vec<_> = (0..4).map(|_| get(&ctx).unwrap().status()).collect();
    assert_eq!(statuses, [500, 429, 200, 200]);
}

#[test]
fn a_request_without_an_answer_fails_and_is_named() {
    let host = PretendHost::new();
    host.answer("POST", URL, Answer::bytes(200, ""));
    let fault = get(&host.context()).unwrap_err();
    assert_eq!(
        fault,
        Fault::unavailable(format!("no answer was scripted for GET {URL}"))
    );
    assert_eq!(host.requests().len(), 1);
}

#[test]
fn an_answer_that_takes_long_moves_the_clock() {
    let host = PretendHost::new();
    host.answer(
        "GET",
        URL,
        Answer::bytes(200, "").after(Duration::from_secs(25)),
    );
    host.answer("GET", URL, Answer::lost().after(Duration::from_secs(10)));
    let ctx = host.context();
    get(&ctx).unwrap();
    assert_eq!(ctx.remaining(), Duration::from_secs(5));
    assert_eq!(get(&ctx).unwrap_err().code(), FaultCode::UnknownOutcome);
    assert_eq!(ctx.remaining(), Duration::ZERO);
}

#[test]
fn the_example_call_is_a_whole_one() {
    let call = CreateCallLog::from_json(example_call().to_string()).unwrap();
    assert!(call.note().is_some() && !call.call_log().legs().is_empty());
}

#[derive(schemars::JsonSchema)]
#[allow(dead_code, reason = "only its schema is of interest")]
struct Settings {
    base_url: String,
}

/// Runs the check on a file with this content and returns the words of its panic.
fn checked(name: &str, content: Option<&str>) -> Option<String> {
    let folder = std::env::temp_dir();
    let path = folder.join(format!("switchboard-{}-{name}.json", std::process::id()));
    if let Some(content) = content {
        std::fs::write(&path, content).unwrap();
    }
    let checked = std::panic::catch_unwind(|| assert_schema_is_current::<Settings>(&path));
    let _ = std::fs::remove_file(&path);
    checked
        .err()
        .map(|panic| *panic.downcast::<String>().unwrap())
}

#[test]
fn a_settings_schema_that_differs_from_its_type_fails_and_says_what_to_run() {
    let schema: Value = schemars::schema_for!(Settings).into();
    let current = format!("{schema:#}\n");
    assert_eq!(checked("current", Some(&current)), None);
    let folded = format!("{}\r\n", schema);
    assert_eq!(checked("folded", Some(&folded)), None);
    for (name, content) in [
        ("old", Some("{}\n")),
        ("broken", Some("{")),
        ("missing", None),
    ] {
        let words = checked(name, content).unwrap();
        assert!(words.contains("run UPDATE_SCHEMA=1 cargo test"), "{words}");
    }
}
