//! `log --retry`.

use std::time::Duration;

use mock_crm::{Reply, Rule};
use rustix::process::Signal;
use serde_json::{Value, json};
use switchboard_tests::{Invocation, Output, Scene, input};

const SOON: Duration = Duration::from_secs(30);

/// Prepares a call that is tried again up to so many times.
fn log(scene: &Scene, call: &Value, n_retries: &str) -> Invocation {
    let flags = ["--log-format", "json", "--retry", n_retries];
    scene.log(call, flags).unwrap()
}

fn rate_limited(retry_after: &str) -> Reply {
    Reply::empty(429).header("retry-after", retry_after)
}

/// Returns the log lines with this message.
fn lines(output: &Output, message: &str) -> Vec<Value> {
    let lines = output.stderr.lines();
    let lines = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["message"] == message).collect()
}

#[test]
fn a_call_is_tried_again_until_it_is_logged() {
    let scene = Scene::example().unwrap();
    let refusals = Rule::post("/activities").times(2).reply(rate_limited("0"));
    scene.crm.script(refusals);
    let output = log(&scene, &input("1").unwrap(), "5").run().unwrap();
    assert_eq!(output.code, Some(0), "{output:?}");
    assert_eq!(output.json().unwrap()["logId"], "act-1");
    assert_eq!((scene.crm.requests().len(), scene.crm.n_entries()), (3, 1));
    let codes = lines(&output, "call ended").into_iter();
    let codes: Vec<_> = codes.map(|line| line["code"].clone()).collect();
    assert_eq!(codes, ["rate-limited", "rate-limited", "ok"]);
    let left = lines(&output, "trying again").into_iter();
    let left: Vec<_> = left.map(|line| line["retries_left"].clone()).collect();
    assert_eq!(left, [4, 3]);
}

#[test]
fn the_outcome_of_the_last_try_is_the_one_that_is_printed() {
    let scene = Scene::example().unwrap();
    let refusals = Rule::post("/activities").times(2).reply(rate_limited("0"));
    scene.crm.script(refusals);
    let output = log(&scene, &input("1").unwrap(), "1").run().unwrap();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(
        output.json().unwrap()["error"]["code"],
        "rate-limited",
        "{output:?}"
    );
    assert_eq!((scene.crm.requests().len(), scene.crm.n_entries()), (2, 0));
}

#[test]
fn what_does_not_pass_or_may_be_written_is_not_tried_again() {
    let scene = Scene::example().unwrap();
    for (session, status, code) in [
        ("1", 401, "unauthorized"),
        ("2", 422, "rejected"),
        ("3", 500, "unknown-outcome"),
    ] {
        let rule = Rule::post("/activities").once().reply(Reply::empty(status));
        scene.crm.script(rule);
        let output = log(&scene, &input(session).unwrap(), "3").run().unwrap();
        assert_eq!(output.json().unwrap()["error"]["code"], code, "{output:?}");
        assert_eq!(lines(&output, "trying again"), [] as [Value; 0]);
    }
    let output = log(&scene, &json!({}), "3").run().unwrap();
    assert_eq!(output.code, Some(2), "{output:?}");
    assert_eq!((scene.crm.requests().len(), scene.crm.n_entries()), (3, 0));
}

#[test]
fn a_signal_ends_the_waiting_that_the_crm_asks_for() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let scene = Scene::example().unwrap();
        let refusal = Rule::post("/activities").once().reply(rate_limited("1000"));
        scene.crm.script(refusal);
        let running = log(&scene, &input("1").unwrap(), "5").start().unwrap();
        let waiting = running.until_stderr("trying again").unwrap();
        let waiting: Value = serde_json::from_str(&waiting).unwrap();
        assert!((999_000..=1_001_000).contains(&waiting["wait_ms"].as_u64().unwrap()));
        running.signal(signal).unwrap();
        let output = running.finish().unwrap();
        assert_eq!((output.code, output.signal), (Some(1), None), "{output:?}");
        assert_eq!(output.json().unwrap()["error"]["code"], "rate-limited");
        assert_eq!(scene.crm.requests().len(), 1);
    }
}

#[test]
fn a_signal_during_a_try_is_its_last() {
    let scene = Scene::pipedrive("").unwrap();
    let gate = mock_crm::Gate::new();
    scene
        .crm
        .script(Rule::get("/api/v2/persons/77").hold(&gate));
    let mut call = input("1").unwrap();
    call["user"]["hostname"] = json!(scene.crm.authority());
    let running = log(&scene, &call, "5").start().unwrap();
    scene.crm.wait_for_requests(1, SOON).unwrap();
    running.signal(Signal::TERM).unwrap();
    let output = running.finish().unwrap();
    assert_eq!(output.code, Some(1), "{output:?}");
    assert_eq!(output.json().unwrap()["error"]["code"], "unavailable");
    assert_eq!(scene.crm.requests().len(), 1);
}

#[test]
fn the_number_of_tries_has_a_bound() {
    let scene = Scene::example().unwrap();
    for n_retries in ["101", "-1", "many"] {
        let retry = format!("--retry={n_retries}");
        let call = scene.log(&input("1").unwrap(), [retry]).unwrap();
        let output = call.run().unwrap();
        assert_eq!((output.code, &*output.stdout), (Some(2), ""), "{output:?}");
        assert!(output.stderr.contains("--retry <N>"), "{output:?}");
    }
    assert_eq!(scene.crm.requests(), []);
}
