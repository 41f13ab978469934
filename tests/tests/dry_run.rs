//! `switchboard log --dry-run`: what would be written is shown, and nothing is written.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "only functions marked as tests are exempt by themselves"
)]

use std::time::Duration;

use mock_crm::{Gate, MockCrm, Reply, Rule};
use serde_json::{Value, json};
use switchboard_host::{CallOptions, DryRun, Effect, End};
use switchboard_tests::{Output, Scene, Stage, input, settings};

const DRY_RUN: [&str; 1] = ["--dry-run"];

/// Longer than anything here takes.
const SOON: Duration = Duration::from_secs(20);

/// What no output may hold, whatever the input's `authHeader` says before it.
const TOKEN: &str = "c4nary-token";

fn call() -> Value {
    let mut call = input("1").unwrap();
    call["authHeader"] = json!(format!("Bearer {TOKEN}"));
    call["note"] = json!("Call back on <Monday> & ask");
    call
}

fn dry_run(stage: &Stage, crm: &str) -> Output {
    let arguments = ["log", "--crm", crm, "--dry-run"];
    let invocation = stage.place.switchboard(arguments).unwrap();
    invocation.stdin(call().to_string()).run().unwrap()
}

/// Returns method and path of everything that the CRM received.
fn received(crm: &MockCrm) -> Vec<String> {
    let requests = crm.requests().into_iter();
    requests
        .map(|it| format!("{} {}", it.method, it.path()))
        .collect()
}

#[test]
fn the_example_connectors_write_is_shown_and_its_crm_hears_nothing() {
    let mut scene = Scene::example_with("[log]\nformat = \"custom\"").unwrap();
    scene.place.guard(&[TOKEN]);
    let flags = ["--dry-run", "--log-level", "trace"];
    let output = scene.log(&call(), flags).unwrap().run().unwrap();
    let expected = json!({
        "dryRun": true,
        "request": {
            "method": "POST",
            "url": format!("{}/activities", scene.crm.url()),
            "headers": { "authorization": "***", "content-type": "application/json" },
            "body": {
                "contact": {
                    "id": "77",
                    "type": "Contact",
                    "name": "John Smith",
                    "phoneNumber": "+16504445566",
                },
                "subject": "Inbound Call from John Smith",
                "body": "Call back on <Monday> & ask",
                "start": "2018-09-11T13:24:09Z",
                "duration": 7,
                "sessionId": "1",
            },
        },
    });
    assert_eq!(output.json().unwrap(), expected, "{output:#?}");
    assert_eq!((output.code, output.stdout.lines().count()), (Some(0), 1));
    assert!(!output.stderr.contains("logged again"), "{output:#?}");
    assert!(!output.stderr.contains("Monday"), "{output:#?}");
    assert_eq!(received(&scene.crm), [""; 0]);
}

#[test]
fn pipedrives_reads_are_done_and_what_is_shown_is_what_a_real_run_writes() {
    let mut scene = Scene::pipedrive("").unwrap();
    scene.place.guard(&[TOKEN]);
    let mut call = call();
    call["user"]["hostname"] = json!(scene.crm.authority());
    let output = scene.log(&call, DRY_RUN).unwrap().run().unwrap();
    assert_eq!(output.code, Some(0), "{output:#?}");
    let reads = ["GET /api/v2/persons/77", "GET /v1/activityTypes"];
    assert_eq!(received(&scene.crm), reads);

    let real = scene.log(&call, [] as [&str; 0]).unwrap().run().unwrap();
    assert_eq!(real.json().unwrap()["logId"], "9001", "{real:#?}");
    let write = scene.crm.requests().pop().unwrap();
    let shown = &output.json().unwrap()["request"];
    let url = format!("{}{}", scene.crm.url(), write.target);
    assert_eq!(
        (&shown["method"], &shown["url"], &shown["body"]),
        (&json!(write.method), &json!(url), &write.json().unwrap())
    );
    let kind = |name| shown["headers"][name].as_str();
    for name in ["accept", "content-type"] {
        assert_eq!(kind(name), write.header(name), "{name}");
    }
    assert_eq!(kind("authorization"), Some("***"));
    assert_eq!((scene.crm.n_entries(), scene.crm.requests().len()), (1, 5));
}

#[test]
fn a_call_that_ends_before_its_write_says_why() {
    let scene = Scene::pipedrive("").unwrap();
    let refusal = Reply::json(401, &json!({ "error": "unknown token" }));
    scene
        .crm
        .script(Rule::get("/api/v2/persons/77").reply(refusal));
    let mut call = call();
    call["user"]["hostname"] = json!(scene.crm.authority());
    let output = scene.log(&call, DRY_RUN).unwrap().run().unwrap();
    let expected = json!({
        "dryRun": true,
        "request": null,
        "logId": null,
        "returnMessage": {
            "message": "The call was not logged: Pipedrive did not accept your sign-in. Reconnect Pipedrive and log the \
                        call again.",
            "messageType": "warning",
            "ttl": 30000,
        },
        "error": {
            "code": "unauthorized",
            "message": "Pipedrive answered 401 to GET /api/v2/persons/77: unknown token",
        },
    });
    assert_eq!((output.code, output.json().unwrap()), (Some(1), expected));
}

#[test]
fn what_is_wrong_before_the_connector_is_told_as_ever() {
    let scene = Scene::example().unwrap();
    let wrong_input = scene.log(&json!({}), DRY_RUN).unwrap();
    let unknown_crm = scene
        .place
        .switchboard(["log", "--dry-run", "--crm", "acme"])
        .unwrap();
    let missing_file = scene
        .log(&json!({}), ["--dry-run", "missing.json"])
        .unwrap();
    scene
        .place
        .write_manifest("broken", "manifest_version = 1")
        .unwrap();
    let broken = scene
        .place
        .switchboard(["log", "--dry-run", "--crm", "broken"])
        .unwrap();
    for (invocation, exit, code) in [
        (wrong_input, 2, "invalid-input"),
        (unknown_crm.stdin("{}"), 2, "unknown-crm"),
        (missing_file, 2, "invalid-input"),
        (broken.stdin("{}"), 1, "disabled"),
    ] {
        let output = invocation.run().unwrap();
        let ended = output.json().unwrap();
        assert_eq!(
            (output.code, &ended["error"]["code"]),
            (Some(exit), &json!(code)),
            "{output:#?}"
        );
        assert_eq!(
            (&ended["dryRun"], &ended["request"]),
            (&json!(true), &Value::Null)
        );
    }
    assert_eq!(received(&scene.crm), [""; 0]);
}

#[test]
fn a_connector_hears_nothing_after_its_write() {
    // It panics as soon as it has an answer.
    let settings = |stage: &Stage, method: &str| {
        let url = format!("{}/activities", stage.crm.url());
        settings(&[("method", method), ("url", &url)])
    };
    let stage = Stage::new().unwrap();
    stage
        .add_faulty("panics-after-await", &settings(&stage, "POST"))
        .unwrap();
    let output = dry_run(&stage, "panics-after-await");
    assert_eq!(output.code, Some(0), "{output:#?}");
    let request = &output.json().unwrap()["request"];
    assert_eq!(request["body"]["method"], "POST", "{output:#?}");
    assert_eq!(received(&stage.crm), [""; 0]);

    let stage = Stage::new().unwrap();
    stage
        .add_faulty("panics-after-await", &settings(&stage, "GET"))
        .unwrap();
    let output = dry_run(&stage, "panics-after-await");
    let ended = output.json().unwrap();
    assert_eq!(
        (output.code, &ended["request"], &ended["error"]["code"]),
        (Some(1), &Value::Null, &json!("panicked")),
        "{output:#?}"
    );
    assert_eq!(received(&stage.crm), ["GET /activities"]);
}

#[test]
fn a_connector_that_never_comes_to_a_write_ends_with_the_calls_time() {
    let stage = Stage::with_faulty("never-completes", "[limits]\ntimeout = \"1s\"").unwrap();
    let output = dry_run(&stage, "never-completes");
    let code = &output.json().unwrap()["error"]["code"];
    assert_eq!(
        (output.code, code),
        (Some(1), &json!("timeout")),
        "{output:#?}"
    );
}

#[test]
fn a_signal_ends_a_dry_run_at_once() {
    let scene = Scene::pipedrive("").unwrap();
    let gate = Gate::new();
    scene.crm.script(Rule::any("*").hold(&gate));
    let mut call = call();
    call["user"]["hostname"] = json!(scene.crm.authority());
    let running = scene.log(&call, DRY_RUN).unwrap().start().unwrap();
    scene.crm.wait_for_requests(1, SOON).unwrap();
    running.signal(rustix::process::Signal::INT).unwrap();
    let output = running.finish().unwrap();
    let ended = output.json().unwrap();
    assert_eq!(
        (output.code, &ended["request"], &ended["error"]["code"]),
        (Some(1), &Value::Null, &json!("unavailable")),
        "{output:#?}"
    );
}

#[test]
fn an_entry_without_a_write_is_no_write_to_show() {
    let scene = Scene::chatty("ending = \"logged\"").unwrap();
    let output = scene.log(&call(), DRY_RUN).unwrap().run().unwrap();
    let expected = json!({
        "dryRun": true,
        "request": null,
        "logId": "1",
        "returnMessage": { "message": "done", "messageType": "success", "ttl": 30000, "details": "done" },
        "warnings": [
            "the connector ended without a write, so there is no request to show",
            "done",
        ],
    });
    assert_eq!((output.code, output.json().unwrap()), (Some(1), expected));
}

#[test]
fn a_connector_with_a_network_of_its_own_is_refused() {
    let stage = Stage::with_faulty("own-network", "").unwrap();
    let output = dry_run(&stage, "own-network");
    let error = json!({
        "code": "unsupported",
        "message": "the connector may open connections of its own, which a dry run cannot keep from writing",
    });
    let ended = output.json().unwrap();
    assert_eq!(
        (output.code, &ended["error"]),
        (Some(1), &error),
        "{output:#?}"
    );
    assert_eq!(
        (&ended["request"], &ended["logId"]),
        (&Value::Null, &Value::Null)
    );
}

#[test]
fn warnings_stand_beside_the_request() {
    let scene = Scene::example().unwrap();
    let mut call = call();
    call["additionalSubmission"] = json!({ "colour": "red" });
    let output = scene.log(&call, DRY_RUN).unwrap().run().unwrap();
    let ended = output.json().unwrap();
    let [warning] = &ended["warnings"].as_array().unwrap()[..] else {
        panic!("{output:#?}")
    };
    assert!(warning.as_str().unwrap().contains("colour"), "{warning}");
    assert_eq!(ended["request"]["method"], "POST");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_embedder_sees_the_write_and_no_call_is_left_under_way() {
    let scene = Scene::example().unwrap();
    let host = scene.host().unwrap();
    let input = call().to_string();
    let runs = (0..20).map(|_| host.dry_run("example", input.clone(), CallOptions::default()));
    let runs: Vec<_> = runs.collect();
    for run in runs {
        let ended = run.await;
        let DryRun::Captured { request, .. } = &ended else {
            panic!("{ended:?}")
        };
        assert_eq!(request.method, "POST");
        assert!(!format!("{ended:?}").contains("Monday"), "{ended:?}");
        let [write] = ended.requests() else {
            panic!("{ended:?}")
        };
        assert_eq!(write.effect, Effect::Write);
        assert!(matches!(write.end, End::NotSent(_)), "{write:?}");
    }
    let options = CallOptions::default();
    let logged = host.create_call_log("example", input, options).await;
    assert_eq!(logged.log_id(), Some("act-1"), "{logged:?}");
    host.shutdown(Duration::ZERO).await;
    assert_eq!((host.n_calls(), received(&scene.crm).len()), (0, 1));
}

#[test]
fn a_note_that_cannot_be_printed_does_not_end_on_stderr() {
    let scene = Scene::example().unwrap();
    std::fs::write(scene.place.root().join("call.json"), call().to_string()).unwrap();
    let program = switchboard_tests::program("switchboard-host", "switchboard").unwrap();
    let mut shell = std::process::Command::new("sh");
    shell
        .args(["-c", r#"exec "$0" "$@" > /dev/full"#])
        .arg(program);
    shell.args([
        "--manifests",
        "manifests",
        "--connectors",
        "connectors",
        "log",
        "--crm",
        "example",
    ]);
    shell.args(["--dry-run", "call.json"]);
    let output = scene.place.invocation(shell).run().unwrap();
    assert_eq!(output.code, Some(1), "{output:#?}");
    assert!(
        output.stderr.contains("cannot write to stdout"),
        "{output:#?}"
    );
    assert!(!output.stderr.contains("Monday"), "{output:#?}");
}
