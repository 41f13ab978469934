//! The pretend host behaves as its documentation says: a test kit that errs lets every connector err.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::fault::{Fault, FaultCode};
use crate::http::Response;
use crate::model::InputFault;
use crate::{
    CallContext, CallLogged, CallReference, Connector, CreateCallLog, Found, NoSettings, Opening,
};

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

/// Looks up by a request of the method and effect that the call's contact and user name.
struct Seeker;

impl Connector for Seeker {
    type Settings = NoSettings;

    fn open(_: NoSettings, _: &Opening) -> Result<Self, Fault> {
        Ok(Self)
    }

    async fn create_call_log(
        &self,
        ctx: &CallContext,
        _call: CreateCallLog,
    ) -> Result<CallLogged, Fault> {
        let answer = ctx.http().post(URL).send().await?;
        Ok(CallLogged::new(answer.text()))
    }

    async fn find_call_log(&self, ctx: &CallContext, call: CallReference) -> Result<Found, Fault> {
        let request = ctx.http().request(call.contact_id(), URL);
        let request = match call.user_id() {
            "read" => request.as_read(),
            _ => request,
        };
        Ok(Found::entries([request.send().await?.text()]))
    }
}

#[test]
fn a_look_up_reads_and_writes_nothing() {
    let host = PretendHost::new();
    for method in ["GET", "POST", "DELETE"] {
        host.answer(method, URL, Answer::bytes(200, "7"));
    }
    let seeker = host.open::<Seeker>(json!({})).unwrap();
    let look_up = |method: &str, effect: &str| {
        let mut input = reference_to(&example_call());
        input["reference"]["contactId"] = json!(method);
        input["reference"]["userId"] = json!(effect);
        seeker.find_call_log(&input)
    };
    assert_eq!(look_up("GET", ""), Ok(Found::entries(["7"])));
    assert_eq!(look_up("POST", "read"), Ok(Found::entries(["7"])));
    for method in ["POST", "DELETE"] {
        let refused = Fault::internal(format!("a look-up only reads; not sent: {method} {URL}"));
        assert_eq!(look_up(method, ""), Err(refused));
    }
    assert_eq!(host.requests().len(), 2);
    assert_eq!(
        seeker.create_call_log(&example_call()).unwrap().log_id(),
        "7"
    );
}

#[test]
fn a_connector_without_a_look_up_says_so() {
    let host = PretendHost::new();
    let acme = host.open::<Acme>(json!({})).unwrap();
    let fault = acme
        .find_call_log(&reference_to(&example_call()))
        .unwrap_err();
    let expected = Fault::unsupported("this connector does not look up entries");
    assert_eq!(fault, expected);
}

#[test]
fn a_reference_is_what_the_ledger_keeps_of_a_call() {
    let mut call = example_call();
    call["user"]["hostname"] = json!("acme.example");
    call["callLog"]["startTime"] = json!(1_772_712_000_000_u64);
    let expected = json!({
        "reference": {
            "hostname": "acme.example",
            "userId": call["user"]["id"],
            "contactId": "77",
            "session": call["callLog"]["sessionId"],
            "sessionId": call["callLog"]["sessionId"],
            "telephonySessionId": call["callLog"]["telephonySessionId"],
            "recordId": call["callLog"]["id"],
            "startedAt": "2026-03-05T12:00:00Z",
            "direction": "Inbound",
            "claimedAt": "2026-03-06T00:00:00Z",
        },
        "authHeader": "Bearer example-token",
    });
    assert_eq!(reference_to(&call), expected);
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
